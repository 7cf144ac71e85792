"""The waterfall: which click brought this person here, how do we know, and how sure is it.

``Linker.link`` only reads and decides; ``apply`` writes its outcome onto a bot user and ``snapshot`` onto a payment, both pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    StartPayload,
    VisitorId,
)
from rastro.stores.ports import ClickStore, FunnelStore
from rastro.tracking import token as start_token
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import StartToken

SESSION_HISTORY = 10
DROPPED_PAYLOAD_MS = 5 * 60_000
"""How long before a ``/start`` without a payload a click may lie for its payload to have been dropped."""
CLOCK_SKEW_MS = 5_000
"""How far the clocks of two containers may lie apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The outcome of the waterfall: a click with its provenance, or a reason why there is none."""

    source: LinkSource = LinkSource.NONE
    confidence: Confidence = Confidence.NONE
    click: Click | None = None
    personal: bool = False
    """Whether the click is known to be this person's: else it carries the campaign and the fbclid, not the browser."""
    reason: Reason | None = None
    not_their_browser: VisitorId | None = None
    """A browser that was tied to this person and turned out to be somebody else's."""


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
        recent_click_minutes: int = 0,
    ) -> None:
        """Take the stores, the signing keys (read when needed) and the attribution window.

        With ``recent_click_minutes`` above 0 a person who opens the bot without a payload is linked, as ``probable``, to the one
        click on the funnel in that time that nobody came with.
        """
        self._clicks = clicks
        self._funnels = funnels
        self._keys = keys
        self._window_ms = attribution_window_days * DAY_MS
        self._recent_ms = recent_click_minutes * start_token.MINUTE_MS

    def link(
        self,
        bot_user: BotUser,
        slugs: Sequence[Slug],
        start_param: str | None,
        moment_ms: int,
        *,
        passing: Click | None = None,
    ) -> Link:
        """Return the click that brought this person, or the reason why none is known.

        ``slugs`` are the funnels that lead to the bot. ``start_param`` is what came with ``/start`` (``""`` for a bare one),
        ``None`` when the person does not open the bot just now. ``moment_ms`` is when the link has to have held: now, or the time
        of a sale that is looked at later, for which no click counts that came after it. ``passing`` is a click that is known to
        be the person's, made this moment at the redirect.

        Of what is known to be theirs the newest click of an ad wins, and one without an ad never replaces one with; an fbclid,
        which proves the ad and not the person, is asked only when nothing else is known.
        """
        foreign = self._foreign_browser(bot_user)
        if foreign is not None:
            known = disown(bot_user, foreign)
            return replace(self.link(known, slugs, start_param, moment_ms, passing=passing), not_their_browser=foreign)
        theirs = (
            lambda: self._by_start_param(bot_user, slugs, start_param) if start_param else _Evidence(),
            lambda: _passing(passing),
            lambda: self._by_session(bot_user, moment_ms, at_start=start_param is not None),
            lambda: self._by_visitor(bot_user, slugs),
        )
        evidence = [self._in_window(_guarded(step), moment_ms) for step in theirs]
        found = [one.link for one in evidence if one.link is not None]
        if found:
            return _newest_of_an_ad(found)
        by_fbclid = self._in_window(_guarded(lambda: self._by_fbclid(bot_user, slugs, moment_ms)), moment_ms)
        if by_fbclid.link is not None:
            return by_fbclid.link
        if start_param == "":
            recent = self._recent_click(bot_user, slugs, moment_ms)
            if recent is not None:
                return recent
        reasons = [one.reason for one in (*evidence, by_fbclid) if one.reason is not None]
        return Link(reason=_root_cause(reasons, bot_user))

    def claim(self, bot_user: BotUser, link: Link) -> None:
        """Note on the click of a personal link who came with it, unless somebody did before; the link stands without."""
        if link.click is None or not link.personal or link.click.claimed_by is not None:
            return
        try:
            self._clicks.claim(link.click, bot_user.key)
        except StoreUnavailable:
            return

    def _foreign_browser(self, bot_user: BotUser) -> VisitorId | None:
        """Return the browser that a passage tied to this person, if somebody else has come to the bot with that passage's token.

        That was a link of this person's which another opened: neither the click nor the browser is theirs.
        """
        if bot_user.visitor_id is None or not bot_user.sessions or bot_user.sessions[0].link_source is not LinkSource.REDIRECT:
            return None
        try:
            click = self._clicks.get(bot_user.sessions[0].tracking_token)
        except StoreUnavailable:
            return None
        if click is None or click.claimed_by in (None, bot_user.key):
            return None
        return bot_user.visitor_id if click.visitor_id == bot_user.visitor_id else None

    def payload(self, slugs: Sequence[Slug], start_param: str) -> StartPayload:
        """Return what kind of thing came with a ``/start``; raises what reading the signing keys raises."""
        if not start_param:
            return StartPayload.BARE
        token = start_token.parse(self._keys(), start_param)
        if token is None:
            return StartPayload.INVALID
        return StartPayload.FOREIGN if _slug_of(token, slugs) is None else StartPayload.TOKEN

    def _in_window(self, evidence: _Evidence, moment_ms: int) -> _Evidence:
        click = evidence.link.click if evidence.link else None
        if click is None:
            return evidence
        if click.clicked_at_ms > moment_ms + CLOCK_SKEW_MS:
            return _Evidence(reason=Reason.CLICK_AFTER_SALE)
        return evidence if moment_ms - click.clicked_at_ms <= self._window_ms else _Evidence(reason=Reason.OUTSIDE_WINDOW)

    def _by_start_param(self, bot_user: BotUser, slugs: Sequence[Slug], start_param: str) -> _Evidence:
        token = start_token.parse(self._keys(), start_param)
        if token is None:
            return _Evidence(reason=Reason.TOKEN_INVALID)
        slug = _slug_of(token, slugs)
        if slug is None:
            return _Evidence(reason=Reason.TOKEN_FOREIGN)
        click = self._click_behind(token, slug)
        # Somebody else came with this token first: a forwarded link proves the ad, not the person.
        personal = click.claimed_by in (None, bot_user.key)
        if click.bridge_for == bot_user.key:
            return self._by_bridge(click)
        return _evidence(LinkSource.START_PARAM, click, personal=personal)

    def _by_bridge(self, click: Click) -> _Evidence:
        """Find the ad behind a person who came back by the bot's own link: that click's, or an earlier one of its browser."""
        earlier = None
        if not click.from_ad and click.visitor_id is not None:
            try:
                earlier = self._clicks.newest_by_visitor(click.visitor_id, (click.slug,))
            except StoreUnavailable:
                earlier = None
        by_ad = earlier if earlier is not None and earlier.from_ad else click
        return _evidence(LinkSource.BRIDGE, by_ad, personal=True)

    def _click_behind(self, token: StartToken, slug: Slug) -> Click:
        """Return the click of a token, or what the token alone proves of it, for when every store has lost it."""
        try:
            click = self._clicks.get(token.token)
        except StoreUnavailable:
            click = None
        if click is not None:
            return click
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

    def _by_session(self, bot_user: BotUser, moment_ms: int, *, at_start: bool) -> _Evidence:
        """Find the link that the bot user had at that moment; a person who opens the bot anew came back by an earlier click."""
        session = bot_user.session_at(moment_ms + CLOCK_SKEW_MS)
        if session is None:
            return _Evidence(reason=Reason.CLICK_AFTER_SALE if bot_user.sessions else None)
        token = start_token.parse(self._keys(), session.tracking_token)
        if token is not None:
            click: Click | None = self._click_behind(token, session.slug)
        else:
            click = self._clicks.get(session.tracking_token)
        if click is None:
            return _Evidence(reason=Reason.CLICK_EXPIRED)
        # Who came with the token of a click that could not be read had nothing to claim: it is theirs unless another's.
        came_with_it = session.link_source is LinkSource.START_PARAM and click.claimed_by is None
        saved_on_the_way = session.link_source in (LinkSource.REDIRECT, LinkSource.BRIDGE)
        link = Link(
            source=LinkSource.BOT_USER if at_start and not saved_on_the_way else session.link_source,
            confidence=session.link_confidence,
            click=click,
            personal=came_with_it or is_of(click, bot_user),
        )
        return _Evidence(link=link)

    def _by_visitor(self, bot_user: BotUser, slugs: Sequence[Slug]) -> _Evidence:
        """Find another click of the browser that is tied to this person."""
        if bot_user.visitor_id is None:
            return _Evidence()
        click = self._clicks.newest_by_visitor(bot_user.visitor_id, slugs)
        if click is None or click.tracking_token == bot_user.tracking_session_id:
            return _Evidence()
        return _evidence(LinkSource.REDIRECT, click, personal=True)

    def _recent_click(self, bot_user: BotUser, slugs: Sequence[Slug], moment_ms: int) -> Link | None:
        """Return what a single unclaimed click of the last minutes tells of a person who came without a payload.

        That Telegram dropped it is then likelier than that they came on their own. Whose click it is stays a guess, which is no
        link unless the operator wants probable ones.
        """
        slug = bot_user.slug or (slugs[0] if slugs else None)
        window_ms = self._recent_ms or DROPPED_PAYLOAD_MS
        try:
            click = self._clicks.only_recent(slug, moment_ms - window_ms) if slug else None
        except StoreUnavailable:
            return None
        if click is None:
            return None
        if not self._recent_ms:
            return Link(reason=Reason.PAYLOAD_DROPPED)
        return Link(source=LinkSource.RECENT_CLICK, confidence=Confidence.PROBABLE, click=click, personal=False)

    def _by_fbclid(self, bot_user: BotUser, slugs: Sequence[Slug], moment_ms: int) -> _Evidence:
        if bot_user.fbclid is None:
            return _Evidence(reason=Reason.FBCLID_ABSENT)
        click = click_of_fbclid(self._clicks, bot_user.fbclid, moment_ms)
        if click is None or click.slug not in slugs:
            return _Evidence(reason=Reason.FBCLID_UNKNOWN)
        return _evidence(LinkSource.FBCLID, click, personal=is_of(click, bot_user))


def click_of_fbclid(clicks: ClickStore, fbclid: str, moment_ms: int) -> Click | None:
    """Return the newest click with an fbclid as of a moment: one made since does not hide one made before.

    Where there is none before, the one made since is returned: it is the reason why there is no link.
    """
    newest = clicks.newest_by_fbclid(fbclid)
    until_ms = moment_ms + CLOCK_SKEW_MS
    if newest is None or newest.clicked_at_ms <= until_ms:
        return newest
    return clicks.newest_by_fbclid(fbclid, until_ms=until_ms) or newest


def apply(bot_user: BotUser, link: Link, now_ms: int) -> BotUser:
    """Return the bot user with a link's outcome; an outcome without a click says why, and destroys no evidence."""
    if link.not_their_browser is not None:
        bot_user = disown(bot_user, link.not_their_browser)
    if link.click is None:
        return replace(bot_user, link_source=LinkSource.NONE, link_confidence=Confidence.NONE, reason=link.reason)
    click = link.click
    is_new = click.tracking_token != bot_user.tracking_session_id
    linked_at_ms = now_ms if is_new or bot_user.linked_at_ms is None else bot_user.linked_at_ms
    session = Session(
        tracking_token=click.tracking_token,
        slug=click.slug,
        link_source=link.source,
        link_confidence=link.confidence,
        clicked_at_ms=click.clicked_at_ms,
        linked_at_ms=linked_at_ms,
        from_ad=click.from_ad,
    )
    return replace(
        bot_user,
        slug=click.slug,
        tracking_session_id=click.tracking_token,
        first_session_id=bot_user.first_session_id or click.tracking_token,
        sessions=(session, *(known for known in bot_user.sessions if known.tracking_token != session.tracking_token))[
            :SESSION_HISTORY
        ],
        fbclid=click.fbclid or bot_user.fbclid,
        visitor_id=(click.visitor_id if link.personal else None) or bot_user.visitor_id,
        link_source=link.source,
        link_confidence=link.confidence,
        reason=None,
        linked_at_ms=linked_at_ms,
    )


def disown(bot_user: BotUser, visitor_id: VisitorId) -> BotUser:
    """Return the person without a browser that turned out to be somebody else's, and without the link that came by it.

    That link was made when the person had none, so it is their latest.
    """
    if bot_user.visitor_id != visitor_id or not bot_user.sessions:
        return bot_user
    given_up, *rest = bot_user.sessions
    first = bot_user.first_session_id
    return replace(
        bot_user,
        visitor_id=None,
        sessions=tuple(rest),
        tracking_session_id=rest[0].tracking_token if rest else None,
        first_session_id=first if first != given_up.tracking_token else rest[-1].tracking_token if rest else None,
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


def _evidence(source: LinkSource, click: Click, *, personal: bool) -> _Evidence:
    return _Evidence(link=Link(source=source, confidence=Confidence.CERTAIN, click=click, personal=personal))


def _passing(click: Click | None) -> _Evidence:
    return _Evidence() if click is None else _evidence(LinkSource.REDIRECT, click, personal=True)


def _guarded(step: Callable[[], _Evidence]) -> _Evidence:
    """Return a step's evidence; a store that does not answer is a reason, not an error."""
    try:
        return step()
    except (StoreUnavailable, SecretMissing):
        return _Evidence(reason=Reason.STORES_UNAVAILABLE)


def _slug_of(token: StartToken, slugs: Sequence[Slug]) -> Slug | None:
    return next((slug for slug in slugs if start_token.funnel_ref(slug) == token.funnel_ref), None)


def is_of(click: Click, bot_user: BotUser) -> bool:
    """Say whether a click is known to be a person's own: they came with it, or it is of the browser that is tied to them."""
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
    Reason.CLICK_AFTER_SALE,
    Reason.CLICK_EXPIRED,
    Reason.FBCLID_UNKNOWN,
)


def _root_cause(reasons: Sequence[Reason], bot_user: BotUser) -> Reason:
    """Return the reason that explains most; without any trace of a click the person came directly."""
    for cause in _ROOT_CAUSES:
        if cause in reasons:
            return cause
    return bot_user.reason or Reason.DIRECT_ENTRY
