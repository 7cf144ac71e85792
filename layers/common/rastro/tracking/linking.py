"""The waterfall: which click brought this person here, how do we know, and how sure is it.

``Linker.link`` only reads and decides; ``apply`` writes its outcome onto a bot user and ``snapshot`` onto a payment, both pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.model import (
    DAY_MS,
    Attribution,
    BotUser,
    Campaign,
    Click,
    Confidence,
    LinkSource,
    Reason,
    Session,
    Slug,
)
from rastro.stores.ports import ClickStore, FunnelStore
from rastro.tracking import token as start_token
from rastro.tracking.token import SigningKeys, StartToken

SESSION_HISTORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The outcome of the waterfall: a click with its provenance, or a reason why there is none."""

    source: LinkSource = LinkSource.NONE
    confidence: Confidence = Confidence.NONE
    click: Click | None = None
    personal: bool = False
    """Whether the click is known to be this person's: else it carries the campaign and the fbclid, not the browser."""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """One step's find, or the reason why it found nothing."""

    link: Link | None = None
    reason: Reason | None = None


class Linker:
    """Walks the waterfall."""

    def __init__(
        self,
        *,
        clicks: ClickStore,
        funnels: FunnelStore,
        keys: Callable[[], SigningKeys],
        attribution_window_days: int,
    ) -> None:
        """Take the stores, the signing keys (read when needed) and the attribution window."""
        self._clicks = clicks
        self._funnels = funnels
        self._keys = keys
        self._window_ms = attribution_window_days * DAY_MS

    def link(
        self, bot_user: BotUser, slugs: Sequence[Slug], start_param: str | None, now_ms: int, *, at_start: bool = False
    ) -> Link:
        """Return the click that brought this person, or the reason why none is known.

        ``slugs`` are the funnels that lead to the bot; ``at_start`` says that the person opens the bot just now, with or without
        a ``start_param``. The newest click of an ad wins; one without an ad never replaces one with.
        """
        found: list[Link] = []
        reasons: list[Reason] = []
        for evidence in self._evidence(bot_user, slugs, start_param, at_start=at_start):
            if evidence.reason is not None:
                reasons.append(evidence.reason)
            link = evidence.link
            if link is None or link.click is None:
                continue
            if not 0 <= now_ms - link.click.clicked_at_ms + start_token.MINUTE_MS <= self._window_ms:
                reasons.append(Reason.OUTSIDE_WINDOW)
            else:
                found.append(link)
        if found:
            return _newest_of_an_ad(found)
        return Link(reason=_root_cause(reasons, bot_user))

    def _evidence(
        self, bot_user: BotUser, slugs: Sequence[Slug], start_param: str | None, *, at_start: bool
    ) -> Iterator[_Evidence]:
        if start_param:
            yield self._by_start_param(bot_user, slugs, start_param)
        yield from _guarded(lambda: self._by_session(bot_user, at_start=at_start))
        yield from _guarded(lambda: self._by_visitor(bot_user, slugs))
        yield from _guarded(lambda: self._by_fbclid(bot_user, slugs))

    def _by_start_param(self, bot_user: BotUser, slugs: Sequence[Slug], start_param: str) -> _Evidence:
        try:
            token = start_token.parse(self._keys(), start_param)
        except (SecretMissing, StoreUnavailable):
            return _Evidence(reason=Reason.STORES_UNAVAILABLE)
        if token is None:
            return _Evidence(reason=Reason.TOKEN_INVALID)
        slug = _slug_of(token, slugs)
        if slug is None:
            return _Evidence(reason=Reason.TOKEN_FOREIGN)
        try:
            click = self._clicks.get(token.token) or self._click_of(token, slug)
        except StoreUnavailable:
            click = self._click_of(token, slug)
        return _Evidence(
            link=Link(
                source=LinkSource.START_PARAM,
                confidence=Confidence.CERTAIN,
                click=click,
                # Somebody else came with this token first: a forwarded link proves the ad, not the person.
                personal=click.claimed_by in (None, bot_user.key),
            )
        )

    def _click_of(self, token: StartToken, slug: Slug) -> Click:
        """Return what the token alone proves of its click, for when every store has lost it."""
        try:
            campaign = self._funnels.campaign(token.campaign_ref)
        except StoreUnavailable:
            campaign = None
        return Click(
            tracking_token=token.token,
            slug=slug,
            clicked_at_ms=token.clicked_at_ms,
            pageview_event_id=token.pageview_event_id,
            campaign=campaign or Campaign(),
        )

    def _by_session(self, bot_user: BotUser, *, at_start: bool) -> _Evidence:
        """Find the link that the bot user has already; a person who opens the bot anew came back by an earlier click."""
        if bot_user.tracking_session_id is None:
            return _Evidence()
        try:
            click = self._clicks.get(bot_user.tracking_session_id)
        except StoreUnavailable:
            click = None
        if click is None:
            token = start_token.parse(self._keys(), bot_user.tracking_session_id)
            if token is None or bot_user.slug is None:
                return _Evidence(reason=Reason.CLICK_EXPIRED)
            click = self._click_of(token, bot_user.slug)
        saved_on_the_way = bot_user.link_source in (LinkSource.REDIRECT, LinkSource.BRIDGE)
        return _Evidence(
            link=Link(
                source=LinkSource.BOT_USER if at_start and not saved_on_the_way else bot_user.link_source,
                confidence=bot_user.link_confidence,
                click=click,
                personal=_is_of(click, bot_user),
            )
        )

    def _by_visitor(self, bot_user: BotUser, slugs: Sequence[Slug]) -> _Evidence:
        """Find a newer click of the browser that is tied to this person."""
        if bot_user.visitor_id is None:
            return _Evidence()
        click = self._clicks.newest_by_visitor(bot_user.visitor_id)
        if click is None or click.slug not in slugs or click.tracking_token == bot_user.tracking_session_id:
            return _Evidence()
        return _Evidence(link=Link(source=LinkSource.REDIRECT, confidence=Confidence.CERTAIN, click=click, personal=True))

    def _by_fbclid(self, bot_user: BotUser, slugs: Sequence[Slug]) -> _Evidence:
        if bot_user.fbclid is None:
            return _Evidence(reason=Reason.FBCLID_ABSENT)
        click = self._clicks.newest_by_fbclid(bot_user.fbclid)
        if click is None or click.slug not in slugs:
            return _Evidence(reason=Reason.FBCLID_UNKNOWN)
        if click.tracking_token == bot_user.tracking_session_id:
            return _Evidence()
        return _Evidence(
            link=Link(
                source=LinkSource.FBCLID,
                confidence=Confidence.CERTAIN,
                click=click,
                personal=_is_of(click, bot_user),
            )
        )


def apply(bot_user: BotUser, link: Link, now_ms: int) -> BotUser:
    """Return the bot user with a link's outcome; an outcome without a click says why, and destroys no evidence."""
    if link.click is None:
        return replace(bot_user, link_source=LinkSource.NONE, link_confidence=Confidence.NONE, reason=link.reason)
    click = link.click
    is_new = click.tracking_token != bot_user.tracking_session_id
    session = Session(
        tracking_token=click.tracking_token,
        link_source=link.source,
        clicked_at_ms=click.clicked_at_ms,
        linked_at_ms=now_ms,
        from_ad=click.from_ad,
    )
    return replace(
        bot_user,
        slug=click.slug,
        tracking_session_id=click.tracking_token,
        first_session_id=bot_user.first_session_id or click.tracking_token,
        sessions=(session, *bot_user.sessions)[:SESSION_HISTORY] if is_new else bot_user.sessions,
        fbclid=click.fbclid or bot_user.fbclid,
        visitor_id=(click.visitor_id if link.personal else None) or bot_user.visitor_id,
        link_source=link.source,
        link_confidence=link.confidence,
        reason=None,
        linked_at_ms=now_ms if is_new else bot_user.linked_at_ms,
    )


def snapshot(link: Link) -> Attribution:
    """Return what a payment keeps of its link; a click that is not known to be the person's gives no browser data."""
    click = link.click
    if click is None:
        return Attribution(reason=link.reason)
    return Attribution(
        link_source=link.source,
        link_confidence=link.confidence,
        tracking_token=click.tracking_token,
        clicked_at_ms=click.clicked_at_ms,
        pageview_event_id=click.pageview_event_id,
        campaign=click.campaign,
        fbclid=click.fbclid,
        fbc=click.fbc,
        fbp=click.fbp if link.personal else None,
        click_ip=click.click_ip if link.personal else None,
        click_user_agent=click.click_user_agent if link.personal else None,
        event_source_url=click.event_source_url,
    )


def _guarded(step: Callable[[], _Evidence]) -> Iterator[_Evidence]:
    """Yield a step's evidence; a store that does not answer is a reason, not an error."""
    try:
        yield step()
    except (StoreUnavailable, SecretMissing):
        yield _Evidence(reason=Reason.STORES_UNAVAILABLE)


def _slug_of(token: StartToken, slugs: Sequence[Slug]) -> Slug | None:
    return next((slug for slug in slugs if start_token.funnel_ref(slug) == token.funnel_ref), None)


def _is_of(click: Click, bot_user: BotUser) -> bool:
    if click.claimed_by is not None:
        return click.claimed_by == bot_user.key
    return click.visitor_id is not None and click.visitor_id == bot_user.visitor_id


def _newest_of_an_ad(found: Sequence[Link]) -> Link:
    """Return the newest link by an ad, else the newest of all; of links to one click the first found stays."""

    def rank(link: Link) -> tuple[bool, bool, int]:
        click = link.click
        certain = link.confidence is Confidence.CERTAIN
        return (certain, click is not None and click.from_ad, click.clicked_at_ms if click else 0)

    return max(found, key=rank)


_ROOT_CAUSES = (
    Reason.STORES_UNAVAILABLE,
    Reason.TOKEN_FOREIGN,
    Reason.TOKEN_INVALID,
    Reason.OUTSIDE_WINDOW,
    Reason.CLICK_EXPIRED,
    Reason.FBCLID_UNKNOWN,
)


def _root_cause(reasons: Sequence[Reason], bot_user: BotUser) -> Reason:
    """Return the reason that explains most; without any trace of a click the person came directly."""
    for cause in _ROOT_CAUSES:
        if cause in reasons:
            return cause
    return bot_user.reason or Reason.DIRECT_ENTRY
