"""What the system before would have recovered, and what with the three options that its seller asked for: small models.

They follow a journey under these premises, each the reading that is kindest to them: a click's data is in Redis only, until a
payment is made, which copies it; the redirect knows a person again by the browser or the fbclid; a bot user keeps the fbclid of
the click that it was linked to. Neither offers a bridge, or a code to type.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.scenarios.evidence import SeenClick


@dataclass(slots=True)
class _Person:
    token: str | None = None
    fbclid: str | None = None
    visitor_id: str | None = None


class StartParamOnly:
    """The system before: the token that comes with ``/start``, if Redis still knows it."""

    def __init__(self) -> None:
        """Start with nobody and an empty Redis."""
        self._cache_is_down = False
        self._clicks: dict[str, SeenClick] = {}
        self._by_fbclid: dict[str, str] = {}
        self._people: dict[tuple[str, str], _Person] = {}
        self._payments: dict[tuple[str, str], str | None] = {}

    def outcome(self, who: tuple[str, str]) -> str | None:
        """Return the token that the payment of somebody (a person in a funnel's bot) was linked to."""
        return self._payments.get(who)

    def cache_emptied(self) -> None:
        """Forget what Redis held."""
        self._clicks.clear()
        self._by_fbclid.clear()

    def cache_stopped(self) -> None:
        """Let Redis be down from now on."""
        self.cache_emptied()
        self._cache_is_down = True

    def lost(self, click: SeenClick) -> None:
        """Forget a click."""
        self._clicks.pop(click.token, None)

    def knew(self, who: tuple[str, str], fbclid: str) -> None:
        """Take over somebody with an fbclid on record."""
        self._people[who] = _Person(fbclid=fbclid)

    def clicked(self, click: SeenClick) -> None:
        """Let somebody pass the redirect."""
        if not self._cache_is_down:
            self._clicks[click.token] = click
            if click.fbclid is not None:
                self._by_fbclid[click.fbclid] = click.token

    def started(self, who: tuple[str, str], payload: str | None) -> None:
        """Let somebody open the bot."""
        person = self._people.setdefault(who, _Person())
        click = self._clicks.get(payload or "")
        if click is not None:
            person.token, person.fbclid, person.visitor_id = click.token, click.fbclid or person.fbclid, click.visitor_id

    def charged(self, who: tuple[str, str]) -> None:
        """Let somebody get a PIX code."""
        person = self._people.setdefault(who, _Person())
        self._payments[who] = person.token if person.token in self._clicks else None


class OptionsOneToThree(StartParamOnly):
    """The same with the three options: at the redirect, when the PIX is made, and whenever a bot user is written."""

    def clicked(self, click: SeenClick) -> None:
        """Save the token on whoever is known at the redirect (option 1)."""
        super().clicked(click)
        if click.token not in self._clicks:
            return
        for (_, funnel), person in self._people.items():
            same_browser = person.visitor_id is not None and person.visitor_id == click.visitor_id
            same_fbclid = person.fbclid is not None and person.fbclid == click.fbclid
            if funnel == click.slug and (same_browser or same_fbclid):
                person.token, person.fbclid = click.token, click.fbclid or person.fbclid

    def started(self, who: tuple[str, str], payload: str | None) -> None:
        """Look for the token by the fbclid on record where none came (option 3)."""
        super().started(who, payload)
        self._recover(self._people[who])

    def charged(self, who: tuple[str, str]) -> None:
        """Look for it once more when the PIX is made (option 2)."""
        self._recover(self._people.setdefault(who, _Person()))
        super().charged(who)

    def _recover(self, person: _Person) -> None:
        if person.token is None and person.fbclid is not None:
            person.token = self._by_fbclid.get(person.fbclid)
