"""What a journey leaves behind outside of Rastro: what the browsers were given, and who is behind what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rastro.model import Campaign, Slug
from rastro.tracking.signing import decode_exactly
from rastro.tracking.token import TOKEN_LENGTH, pageview_event_id

_CLICK_ID = slice(1, 13)
"""Where the click id stands in a token (``rastro.tracking.token``)."""


@dataclass(slots=True, kw_only=True)
class Browser:
    """Somebody's browser."""

    owner: str
    address: str
    user_agent: str
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenClick:
    """A click as its browser saw it: the link that it was led on by, and the cookies that it had then."""

    token: str
    owner: str
    slug: Slug
    campaign: Campaign
    fbclid: str | None
    fbc: str | None
    fbp: str | None
    visitor_id: str | None
    address: str
    user_agent: str

    @property
    def pageview_event_id(self) -> str:
        """The event id of its PageView."""
        return pageview_event_id((decode_exactly(self.token, TOKEN_LENGTH) or b"")[_CLICK_ID])


@dataclass(slots=True)
class Evidence:
    """The clicks of a journey by their names, the browsers, and whose token each person brought to a bot."""

    clicks: dict[str, SeenClick] = field(default_factory=dict)
    browsers: dict[tuple[str, str], Browser] = field(default_factory=dict)
    brought: dict[str, set[str]] = field(default_factory=dict)
    """By person, the names of the clicks whose token they brought."""
    fbclids: dict[str, str] = field(default_factory=dict)
    """By person, the fbclid on their old record."""

    def bring(self, person: str, click: str) -> None:
        """Note that a person brought a click's token."""
        self.brought.setdefault(person, set()).add(click)

    def of_browser(self, person: str) -> Mapping[str, set[str]]:
        """Return what may be told of a person's own browsers, by the names of the click's fields."""
        own = [click for click in self.clicks.values() if click.owner == person]
        return {
            "fbp": {click.fbp for click in own if click.fbp},
            "click_ip": {click.address for click in own},
            "click_user_agent": {click.user_agent for click in own},
        }

    def of_ad(self, person: str) -> Mapping[str, set[str]]:
        """Return what may be told of the ads that brought a person: their own clicks, those whose token they brought, and
        those with an fbclid that is theirs."""
        fbclids = {click.fbclid for click in self.clicks.values() if click.owner == person} | {self.fbclids.get(person)}
        brought = self.brought.get(person, set())
        theirs = [
            click
            for name, click in self.clicks.items()
            if click.owner == person or name in brought or (click.fbclid is not None and click.fbclid in fbclids)
        ]
        return {
            "tracking_token": {click.token for click in theirs},
            "fbc": {click.fbc for click in theirs if click.fbc},
            "fbclid": {click.fbclid for click in theirs if click.fbclid},
            "pageview_event_id": {click.pageview_event_id for click in theirs},
        }
