"""Option 1: a person who passes the redirect and is known already is linked there and then, whatever ``/start`` brings later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rastro.errors import Conflict
from rastro.model import BotUser, Click, Funnel, LinkSource
from rastro.stores.ports import BotUserStore, FunnelStore
from rastro.tracking.linking import Linker, apply
from rastro.tracking.reference import BotUserReference

WRITE_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a visit shows of who passes."""

    reference: BotUserReference | None = None
    """The ``u`` of a link that a bot gave."""
    returning: bool = False
    """Whether the browser brought its visitor id along."""
    fbclid_seen: bool = False
    """Whether an earlier click may have carried the same fbclid."""

    @property
    def any(self) -> bool:
        """Say whether there is anything to recognise somebody by."""
        return self.reference is not None or self.returning or self.fbclid_seen


class Recognition:
    """Finds the bot users behind a passage and links them."""

    def __init__(self, *, bot_users: BotUserStore, funnels: FunnelStore, linker: Linker) -> None:
        """Take the people, the funnels and the waterfall."""
        self._bot_users = bot_users
        self._funnels = funnels
        self._linker = linker

    def link_passing(self, click: Click, funnel: Funnel, traces: Traces, now_ms: int) -> int:
        """Link everybody who is known to be the one passing; return how many were written.

        Raises ``StoreUnavailable`` where the record does not answer, ``Conflict`` where others keep writing the same person.
        """
        known = self._known(click, funnel, traces)
        return sum(self._link(bot_user, click, now_ms, personal=personal) for bot_user, personal in known)

    def _known(self, click: Click, funnel: Funnel, traces: Traces) -> Iterator[tuple[BotUser, bool]]:
        """Yield who it is, and whether the click is known to be that person's own."""
        reference, bots = traces.reference, {bot.bot_id for bot in funnel.bots}
        if reference is not None and reference.bot_id in bots:
            if traces.returning and self._is_somebody_elses(click, reference):
                return
            bot_user = self._bot_users.get(reference.bot_id, reference.chat_id)
            # A link that was passed on is worth nothing: once its owner has a click, no other takes that one's place by it.
            if bot_user is not None and bot_user.link_source is LinkSource.NONE:
                yield bot_user, True
            return
        if traces.returning and click.visitor_id is not None:
            yield from ((found, True) for found in self._bot_users.by_visitor(click.visitor_id) if found.bot_id in bots)
        if traces.fbclid_seen and click.fbclid is not None:
            found = [bot_user for bot_user in self._bot_users.by_fbclid(click.fbclid) if bot_user.bot_id in bots]
            # Who has a link has this ad's already: a shared fbclid must not put somebody else's click in its place.
            yield from ((bot_user, False) for bot_user in found if bot_user.link_source is LinkSource.NONE)

    def _is_somebody_elses(self, click: Click, reference: BotUserReference) -> bool:
        """Say whether the browser is tied to another person of the same bot: then the link was passed on."""
        if click.visitor_id is None:
            return False
        tied = [found for found in self._bot_users.by_visitor(click.visitor_id) if found.bot_id == reference.bot_id]
        return bool(tied) and all(found.chat_id != reference.chat_id for found in tied)

    def _link(self, bot_user: BotUser, click: Click, now_ms: int, *, personal: bool) -> bool:
        profile = self._funnels.bot(bot_user.bot_id)
        slugs = profile.slugs if profile else (click.slug,)
        current: BotUser | None = bot_user
        for _ in range(WRITE_ATTEMPTS):
            if current is None:
                return False
            known = replace(current, visitor_id=click.visitor_id) if personal else current
            link = self._linker.link(known, slugs, None, now_ms, passing=click if personal else None)
            if link.click is None or link.click.tracking_token == current.tracking_session_id:
                return False
            if not personal:
                link = replace(link, source=LinkSource.REDIRECT)
            try:
                self._bot_users.save(replace(apply(known, link, now_ms), updated_at_ms=now_ms))
            except Conflict:
                current = self._bot_users.get(bot_user.bot_id, bot_user.chat_id)
                continue
            return True
        raise Conflict(bot_user.key)
