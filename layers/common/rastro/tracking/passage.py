"""One visit to ``/go/{slug}``: who is it, where do they go, and what is written down about it.

The visitor always gets on: whatever fails here (cache, record, queue, signing keys) costs the trail, never the redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote, unquote_plus

from rastro.errors import Conflict, SecretMissing, StoreUnavailable
from rastro.model import Campaign, Click, Funnel, FunnelBot, FunnelMode, Slug, TrackingToken, VisitorId, bot_user_key
from rastro.stores.ports import ClickStore, EventQueue, FunnelStore
from rastro.tracking import token as start_token
from rastro.tracking.fbclid import fbc_for, new_fbp, parse_fbc, usable_fbclid, valid_fbp
from rastro.tracking.recognition import Recognition, Traces
from rastro.tracking.reference import BotUserReference, unseal
from rastro.tracking.rotation import bot_for
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import StartToken
from rastro.tracking.traffic import Traffic, classify
from rastro.tracking.visitor import (
    FBC_COOKIE,
    FBP_COOKIE,
    VISITOR_COOKIE,
    VISITOR_ID_BYTES,
    Cookie,
    valid_visitor_id,
)

PARAMETER_MAX_LENGTH = 1024
USER_AGENT_MAX_LENGTH = 1024
RANDOM_FBP_LIMIT = 2**31
_CAMPAIGN_PARAMETERS = tuple(field.name for field in fields(Campaign))
_OTHER_PARAMETERS = (*_CAMPAIGN_PARAMETERS, "u")


class Answer(StrEnum):
    """How a visit is answered."""

    REDIRECT = "redirect"
    PAGE = "page"
    PREVIEW = "preview"
    NO_CONTENT = "no_content"
    PAUSED = "paused"
    ELSEWHERE = "elsewhere"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"


class Randomness(Protocol):
    """Where unguessable bytes and numbers come from."""

    def token_bytes(self, count: int) -> bytes:
        """Return random bytes."""

    def token_urlsafe(self, count: int) -> str:
        """Return ``count`` random bytes in base64url."""

    def randbelow(self, limit: int) -> int:
        """Return a random number from 0 to ``limit`` - 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request for ``/go/{slug}`` as it came."""

    slug: Slug
    method: str
    raw_query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    cookies: Mapping[str, str]
    address: str | None
    """The client's address, from a source that the client cannot forge."""
    country: str | None = None
    """Two letters, from a source that the client cannot forge; ``None`` where none is configured or it does not know."""
    page_url: str
    """The public URL of the redirect, without a query; ``""`` where the request does not say its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a visit ends in."""

    answer: Answer
    traffic: Traffic
    funnel: Funnel | None = None
    location: str | None = None
    """Where to, for ``REDIRECT``, and the button of the page."""
    cookies: tuple[Cookie, ...] = ()
    click: Click | None = None
    nonce: str | None = None
    """The beacon nonce of the page."""
    faults: tuple[str, ...] = ()
    """What failed on the way, each a constant name for the log and the metrics."""


class Redirect:
    """Lets visitors pass and records their clicks."""

    def __init__(
        self,
        *,
        funnels: FunnelStore,
        clicks: ClickStore,
        queue: EventQueue,
        recognition: Recognition,
        keys: Callable[[], SigningKeys],
        randomness: Randomness,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, who recognises people, the signing keys (read when needed), randomness and the clock."""
        self._funnels = funnels
        self._clicks = clicks
        self._queue = queue
        self._recognition = recognition
        self._keys = keys
        self._randomness = randomness
        self._now_ms = now_ms

    def visit(self, visit: Visit) -> Passage:
        """Answer one visit; a person's click is recorded before the answer."""
        traffic = classify(visit.method, visit.headers)
        try:
            funnel = self._funnels.get(visit.slug)
        except StoreUnavailable:
            return Passage(answer=Answer.UNAVAILABLE, traffic=traffic, faults=("funnel_unavailable",))
        if funnel is None or not funnel.bots:
            return Passage(answer=Answer.NOT_FOUND, traffic=traffic)
        if traffic is Traffic.PREFETCH:
            return Passage(answer=Answer.NO_CONTENT, traffic=traffic, funnel=funnel)
        closed = _closed(funnel, traffic, visit.country)
        if closed is not None and not self._came_from_bot(visit):
            return Passage(answer=closed, traffic=traffic, funnel=funnel)
        if traffic is not Traffic.PERSON:
            return Passage(answer=Answer.PREVIEW, traffic=traffic, funnel=funnel, location=bot_link(bot_for(funnel, None)))
        return self._let_pass(visit, funnel)

    def plain(self, slug: Slug) -> Passage:
        """Let a visitor pass without a trail, for when something failed that nothing here foresaw."""
        try:
            funnel = self._funnels.get(slug)
        except StoreUnavailable:
            funnel = None
        if funnel is None or not funnel.bots:
            return Passage(answer=Answer.UNAVAILABLE, traffic=Traffic.PERSON, faults=("unforeseen",))
        answer = Answer.PAUSED if funnel.paused else Answer.REDIRECT
        location = bot_link(bot_for(funnel, None))
        return Passage(answer=answer, traffic=Traffic.PERSON, funnel=funnel, location=location, faults=("unforeseen",))

    def _came_from_bot(self, visit: Visit) -> bool:
        """Say whether a bot itself sent this visitor: who is inside already is never turned away at the door."""
        try:
            return unseal(self._keys(), kept_parameters(visit.raw_query).get("u", ""), now_ms=self._now_ms()) is not None
        except (SecretMissing, StoreUnavailable):
            return False

    def _let_pass(self, visit: Visit, funnel: Funnel) -> Passage:
        visitor_id = self._visitor_id(visit)
        answer = Answer.PAGE if funnel.mode is FunnelMode.PAGE else Answer.REDIRECT
        passage = Passage(answer=answer, traffic=Traffic.PERSON, funnel=funnel, location=bot_link(bot_for(funnel, visitor_id)))
        try:
            keys = self._keys()
        except (SecretMissing, StoreUnavailable):
            # Without a key there is no token, and an unsigned one would be an invented one: the person goes on without.
            return replace(passage, faults=("signing_keys_unavailable",))
        query = kept_parameters(visit.raw_query)
        reference = unseal(keys, query.get("u", ""), now_ms=self._now_ms())
        bot = bot_for(funnel, visitor_id, sent_by=None if reference is None else reference.bot_id)
        click = self._click(keys, visit, query=query, slug=funnel.slug, bot=bot, visitor_id=visitor_id, reference=reference)
        fbclid_seen, faults = self._record(click)
        traces = Traces(
            reference=reference,
            returning=valid_visitor_id(visit.cookies.get(VISITOR_COOKIE)) is not None,
            fbclid_seen=fbclid_seen,
        )
        return replace(
            passage,
            location=bot_link(bot, click.tracking_token),
            click=click,
            cookies=_cookies(click),
            nonce=_nonce(keys, click) if answer is Answer.PAGE else None,
            # Where the record has just failed, asking it who passes would only cost the visitor more time.
            faults=faults or self._recognise(click, funnel, traces),
        )

    def _visitor_id(self, visit: Visit) -> VisitorId | None:
        known = valid_visitor_id(visit.cookies.get(VISITOR_COOKIE))
        return known or valid_visitor_id(self._randomness.token_urlsafe(VISITOR_ID_BYTES))

    def _recognise(self, click: Click, funnel: Funnel, traces: Traces) -> tuple[str, ...]:
        """Link whoever passes and is known already; what fails here is made up for when they write to the bot."""
        if not traces.any:
            return ()
        try:
            self._recognition.link_passing(click, funnel, traces, click.clicked_at_ms)
        except (StoreUnavailable, Conflict):
            return ("person_not_recognised",)
        return ()

    def _click(
        self,
        keys: SigningKeys,
        visit: Visit,
        *,
        query: Mapping[str, str],
        slug: Slug,
        bot: FunnelBot,
        visitor_id: VisitorId | None,
        reference: BotUserReference | None,
    ) -> Click:
        now_ms = self._now_ms()
        # As Meta's Parameter Builder has it: the fbclid of the URL, else of the page that led here.
        fbclid = usable_fbclid(query.get("fbclid")) or usable_fbclid(_fbclid_of(visit.headers.get("referer", "")))
        campaign = Campaign(**{name: query.get(name) for name in _CAMPAIGN_PARAMETERS})
        click_id = self._randomness.token_bytes(start_token.CLICK_ID_BYTES)
        return Click(
            tracking_token=start_token.mint(keys, click_id=click_id, clicked_at_ms=now_ms, slug=slug, campaign=campaign),
            slug=slug,
            clicked_at_ms=now_ms,
            pageview_event_id=start_token.pageview_event_id(click_id),
            campaign=campaign,
            bot_id=bot.bot_id,
            visitor_id=visitor_id,
            fbclid=fbclid,
            fbc=fbc_for(fbclid, visit.cookies.get(FBC_COOKIE), now_ms),
            fbp=valid_fbp(visit.cookies.get(FBP_COOKIE)) or new_fbp(self._randomness.randbelow(RANDOM_FBP_LIMIT), now_ms),
            click_ip=visit.address,
            click_user_agent=visit.headers.get("user-agent", "")[:USER_AGENT_MAX_LENGTH] or None,
            event_source_url=visit.page_url or None,
            bridge_for=None if reference is None else bot_user_key(reference.bot_id, reference.chat_id),
        )

    def _record(self, click: Click) -> tuple[bool, tuple[str, ...]]:
        """Write the click to its store, else to the queue to be restored.

        Returns whether its fbclid may have been seen before, and the faults met.
        """
        try:
            return self._clicks.put(click), ()
        except StoreUnavailable:
            try:
                self._queue.send_lost_click(click)
            except StoreUnavailable:
                return False, ("click_not_recorded", "click_lost")
            return False, ("click_not_recorded",)

    def seen(self, slug: Slug, nonce: str, *, fbp: str | None, fbc: str | None) -> bool:
        """Add what the page read from its browser to the click of its nonce; say whether the nonce is one of ours."""
        token = start_token.token_of_nonce(self._keys(), slug, nonce)
        if token is None:
            return False
        valid_fbc = parse_fbc(fbc)
        self._clicks.add_browser_ids(token.token, fbp=valid_fbp(fbp), fbc=valid_fbc.value if valid_fbc else None)
        return True

    def started(self, slug: Slug, nonce: str) -> tuple[StartToken, bool] | None:
        """Return the start token of a page's nonce and whether a ``/start`` came with it, or ``None`` for no nonce of ours."""
        token = start_token.token_of_nonce(self._keys(), slug, nonce)
        if token is None:
            return None
        click = self._clicks.get(token.token)
        return token, click is not None and click.claimed_by is not None


def bot_link(bot: FunnelBot, token: TrackingToken | None = None) -> str:
    """Return the link that opens a bot, with its ``start`` parameter if there is a token."""
    return f"https://t.me/{bot.username}" + (f"?start={token}" if token else "")


def kept_parameters(raw_query: str) -> dict[str, str]:
    """Return the ad's parameters of a query string, decoded once, the first of each name.

    A ``+`` is a space as HTML forms have it, but not in an fbclid, which goes unmodified. Values are cut at 1,024 characters;
    an fbclid never is: whether its length is usable is decided on the whole.
    """
    kept: dict[str, str] = {}
    for piece in raw_query.split("&"):
        raw_name, _, raw_value = piece.partition("=")
        name = unquote_plus(raw_name)
        if name == "fbclid":
            kept.setdefault(name, unquote(raw_value))
        elif name in _OTHER_PARAMETERS and raw_value:
            kept.setdefault(name, unquote_plus(raw_value)[:PARAMETER_MAX_LENGTH])
    return kept


def _fbclid_of(url: str) -> str | None:
    return kept_parameters(url.partition("?")[2].partition("#")[0]).get("fbclid") if "fbclid=" in url else None


def _closed(funnel: Funnel, traffic: Traffic, country: str | None) -> Answer | None:
    """Return how a funnel turns a visitor away, if it does.

    A break is for everybody, machines too. Countries are for people: a crawler fetches for people of every country.
    """
    if funnel.paused:
        return Answer.PAUSED
    outside = country is not None and funnel.countries and country not in funnel.countries
    return Answer.ELSEWHERE if outside and traffic is Traffic.PERSON else None


def _nonce(keys: SigningKeys, click: Click) -> str | None:
    token = start_token.parse(keys, click.tracking_token)
    return None if token is None else start_token.beacon_nonce(keys, token)


def _cookies(click: Click) -> tuple[Cookie, ...]:
    values = (
        Cookie(VISITOR_COOKIE, click.visitor_id or "", http_only=True),
        Cookie(FBP_COOKIE, click.fbp or ""),
        Cookie(FBC_COOKIE, click.fbc or ""),
    )
    # An fbclid is kept as it came, whatever it holds; where it cannot stand in a cookie, the record alone has its fbc.
    return tuple(cookie for cookie in values if cookie.can_be_set)
