"""The redirect: ``GET /go/{slug}``, the page's beacon ``POST …/seen`` and its question ``GET …/status``."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs

from functions.redirect.settings import Settings
from rastro.clock import now_ms
from rastro.errors import InvalidInput, SecretMissing, StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse, json_response
from rastro.model import Click, Funnel, Slug
from rastro.observability import cache_failed, count, logger, observed
from rastro.stores.aws import AwsClients
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.queue import SqsEventQueue
from rastro.stores.secrets import SsmSecrets
from rastro.tracking import pages
from rastro.tracking.linking import Linker
from rastro.tracking.page_script import PageClick
from rastro.tracking.pages import Page
from rastro.tracking.passage import Answer, Passage, Redirect, Visit
from rastro.tracking.recognition import Recognition
from rastro.tracking.signing import KeyRing
from rastro.tracking.visitor import parse_cookies

SEEN_MAX_BYTES = 8192
FUNNEL_ATTEMPTS = 3
"""Without its funnel a visitor can be led nowhere: the one read that is worth a repetition. Every other is made up for."""
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CSP_NONCE_BYTES = 12
_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_COUNTRIES = frozenset(("XX", "ZZ"))
"""What proxies say when they do not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    settings: Settings
    redirect: Redirect


@cache
def dependencies() -> Dependencies:
    """Wire the redirect, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients(attempts=1)
    clicks = open_click_store(
        aws.table(settings.click_table),
        redis_url=settings.redis_url,
        redis_cluster=settings.redis_cluster,
        ttl_seconds=settings.click_cache_ttl_seconds,
        now_ms=now_ms,
        on_cache_error=cache_failed,
    )
    funnels = CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table, attempts=FUNNEL_ATTEMPTS)), now_ms)
    keys = KeyRing(SsmSecrets(aws.ssm, settings.secrets_prefix))
    linker = Linker(clicks=clicks, funnels=funnels, keys=keys, attribution_window_days=settings.attribution_window_days)
    bot_users = DynamoBotUserStore(aws.table(settings.bot_user_table))
    redirect = Redirect(
        funnels=funnels,
        clicks=clicks,
        queue=SqsEventQueue(lambda: aws.sqs, settings.capi_queue_url),
        recognition=Recognition(bot_users=bot_users, funnels=funnels, linker=linker),
        keys=keys,
        randomness=secrets,
        now_ms=now_ms,
    )
    return Dependencies(settings=settings, redirect=redirect)


@observed
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request."""
    return handle(dependencies(), HttpRequest(event)).to_event()


def handle(wired: Dependencies, request: HttpRequest) -> HttpResponse:
    """Answer one request for ``/go/{slug}`` or what lies below it."""
    slug = Slug(request.parameter("slug"))
    if not _SLUG.fullmatch(slug):
        return _page(404, pages.not_found)
    match (request.method, request.path.removesuffix("/").rpartition("/")[2]):
        case ("POST", "seen"):
            return _seen(wired, slug, request)
        case ("GET", "status"):
            return _status(wired, slug, request)
        case _:
            return _go(wired, slug, request)


def _go(wired: Dependencies, slug: Slug, request: HttpRequest) -> HttpResponse:
    base_url = request.base_url(wired.settings.public_url)
    visit = Visit(
        slug=slug,
        method=request.method,
        raw_query=request.raw_query,
        headers=request.headers,
        cookies=parse_cookies(list(request.cookies)),
        address=request.client_address(wired.settings.trusted_address_header),
        country=_country(request.headers, wired.settings.trusted_country_header),
        page_url=f"{base_url}/go/{slug}" if base_url else "",
    )
    try:
        passage = wired.redirect.visit(visit)
    except Exception:  # noqa: BLE001 - the documented fail-open
        # The one place that catches everything: a visitor is never stopped by our fault.
        logger.exception("redirect_failed_open")
        passage = wired.redirect.plain(slug)
    _tell(passage)
    return _respond(passage)


def _country(headers: Mapping[str, str], trusted_header: str) -> str | None:
    """Return the visitor's country as the operator's own proxy says it; a header that a client can set is never looked at."""
    given = headers.get(trusted_header.lower(), "").upper() if trusted_header else ""
    return given if _COUNTRY.fullmatch(given) and given not in _NO_COUNTRIES else None


def _tell(passage: Passage) -> None:
    count(f"visit_{passage.traffic}")
    if passage.answer in (Answer.PAUSED, Answer.ELSEWHERE):
        count(f"turned_away_{passage.answer}")
    click = passage.click
    for fault in passage.faults:
        count(fault)
        logger.error(
            fault,
            slug=passage.funnel.slug if passage.funnel else None,
            pageview_event_id=click.pageview_event_id if click else None,
            clicked_at_ms=click.clicked_at_ms if click else None,
            utm_campaign=click.campaign.utm_campaign if click else None,
            campaign_code=click.campaign.campaign_code if click else None,
        )


def _respond(passage: Passage) -> HttpResponse:
    cookies = [cookie.header() for cookie in passage.cookies]
    no_store = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    match passage.answer:
        case Answer.REDIRECT:
            return HttpResponse(status=302, headers={"location": passage.location or ""} | no_store, cookies=cookies)
        case Answer.NO_CONTENT:
            return HttpResponse(status=204, headers=no_store)
        case Answer.UNAVAILABLE:
            return _page(503, pages.unavailable, {"retry-after": "5"})
        case _:
            return replace(_page(404 if passage.answer is Answer.NOT_FOUND else 200, partial(_render, passage)), cookies=cookies)


def _render(passage: Passage, csp: str) -> Page:
    funnel, click = passage.funnel, passage.click
    match passage.answer:
        case Answer.PAUSED if funnel is not None:
            return pages.paused(funnel, csp)
        case Answer.ELSEWHERE if funnel is not None:
            return pages.elsewhere(funnel, csp)
        case Answer.PAGE | Answer.PREVIEW if funnel is not None:
            known = None if click is None or passage.nonce is None else _page_click(funnel, click, passage.nonce)
            return pages.landing(funnel, href=passage.location or "", csp=csp, click=known)
        case _:
            return pages.not_found(csp)


def _page_click(funnel: Funnel, click: Click, nonce: str) -> PageClick:
    return PageClick(
        token=click.tracking_token,
        nonce=nonce,
        pageview_event_id=click.pageview_event_id,
        pixel_ids=tuple(pixel.pixel_id for pixel in funnel.pixels),
    )


def _page(status: int, render: Callable[[str], Page], more: dict[str, str] | None = None) -> HttpResponse:
    csp = secrets.token_urlsafe(_CSP_NONCE_BYTES)
    page = render(csp)
    headers = {
        "content-type": pages.CONTENT_TYPE,
        "content-security-policy": page.content_security_policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HttpResponse(status=status, headers=headers | (more or {}), body=page.body)


def _seen(wired: Dependencies, slug: Slug, request: HttpRequest) -> HttpResponse:
    """Take what the page read from its browser; a browser shows nobody the answer, so a fault is no more than logged."""
    try:
        body = request.body()
        document = json.loads(body) if len(body) <= SEEN_MAX_BYTES else None
    except (InvalidInput, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("n"), str):
        return json_response(400, {"error": "expected a JSON object with n, fbp and fbc"})
    fbp, fbc = (value if isinstance(value, str) else None for value in (document.get("fbp"), document.get("fbc")))
    try:
        known = wired.redirect.seen(slug, document["n"], fbp=fbp, fbc=fbc)
    except (StoreUnavailable, SecretMissing):
        logger.exception("seen_not_recorded")
        return HttpResponse(status=204, headers={"cache-control": "no-store"})
    return HttpResponse(status=204, headers={"cache-control": "no-store"}) if known else _unknown_nonce()


def _status(wired: Dependencies, slug: Slug, request: HttpRequest) -> HttpResponse:
    nonce = (parse_qs(request.raw_query).get("n") or [""])[0]
    try:
        found = wired.redirect.started(slug, nonce)
    except (StoreUnavailable, SecretMissing):
        return json_response(503, {"error": "try again in a few seconds"})
    if found is None:
        return _unknown_nonce()
    token, started = found
    return json_response(200, {"started": started, "code": token.token})


def _unknown_nonce() -> HttpResponse:
    return json_response(403, {"error": "n is not a nonce of this page"})
