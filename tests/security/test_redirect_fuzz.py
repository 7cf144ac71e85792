"""The redirect's three routes on any request at all: always an answer of the contract, never an error, never a way out."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.redirect import app
from functions.redirect.app import Dependencies
from rastro.gateway import HttpRequest, HttpResponse
from rastro.model import FunnelMode, Slug
from tests.fakes.world import AD_QUERY, FUNNEL, IPHONE, World
from tests.security.doors import SETTINGS, ask
from tests.security.hostile import VALUES, check_headers, in_url, page_of
from tests.unit.functions.mutations import ABSURD, mutated, mutated_headers, mutated_query

FRESH_AFTER = 100
PAGE_SLUG = Slug("pagina")
LOCATION = re.compile(r"https://t\.me/pao_bot(\?start=[A-Za-z0-9_-]{44})?")

fuzzed = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
texts = st.one_of(
    st.sampled_from(sorted(VALUES.values())), st.text(max_size=60), st.sampled_from(["x" * 3_000, "é" * 70_000, ""])
)
queries = st.one_of(
    mutated_query(AD_QUERY),
    st.lists(st.tuples(st.sampled_from(["fbclid", "u", "n", "utm_source", "src", "x"]), texts), max_size=6).map(
        lambda pairs: "&".join(f"{name}={in_url(value)}" for name, value in pairs)
    ),
    texts,
)
cookies = st.lists(
    st.one_of(
        texts,
        st.builds("{}={}".format, st.sampled_from(["rastro_vid", "_fbp", "_fbc", "a"]), texts),
        st.builds("_fbc=fb.{}.{}.{}".format, st.integers(0, 99), st.integers(0, 10**13), texts),
    ),
    max_size=5,
)
wild = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


@cache
def _world(number: int) -> World:
    """Return a deployment with a funnel of each mode; a new number is a new one."""
    return World(FUNNEL, replace(FUNNEL, slug=PAGE_SLUG, mode=FunnelMode.PAGE))


_used = count()


def world() -> World:
    """Return a deployment that does not hold too many clicks yet."""
    return _world(next(_used) // FRESH_AFTER)


def check(answer: HttpResponse, statuses: set[int]) -> None:
    """Hold an answer to the contract."""
    assert answer.status in statuses
    check_headers(answer)
    if answer.status == 302:
        assert LOCATION.fullmatch(answer.headers["location"])
    if answer.headers.get("content-type", "").startswith("text/html"):
        page_of(answer.body)
    json.dumps(answer.to_event())


@fuzzed
@given(data=st.data())
def test_a_click_is_always_led_on(data: st.DataObject) -> None:
    slug = data.draw(st.sampled_from([FUNNEL.slug, PAGE_SLUG]))
    answer = ask(
        world(),
        f"/go/{slug}",
        slug=slug,
        method=data.draw(st.sampled_from(["GET", "GET", "HEAD", "OPTIONS", "get", ""])),
        query=data.draw(queries),
        headers=data.draw(mutated_headers({"user-agent": IPHONE, "referer": "https://l.facebook.com/", "accept": "*/*"})),
        cookies=data.draw(cookies),
        host=data.draw(st.one_of(st.just("go.example.com"), texts)),
    )
    check(answer, {200, 204, 302})


@fuzzed
@given(data=st.data())
def test_a_beacon_is_taken_or_refused(data: st.DataObject) -> None:
    known = world()
    answer = ask(known, f"/go/{PAGE_SLUG}", slug=PAGE_SLUG, query=AD_QUERY)
    (nonce,) = re.findall(r'"n":"([A-Za-z0-9_-]{38})"', answer.body)
    real = json.dumps({"n": nonce, "fbp": "fb.1.1789999999999.1", "fbc": "fb.1.1789999999999.IwAR"}).encode()
    body = data.draw(st.one_of(mutated([real]), st.sampled_from(ABSURD).map(str.encode), st.just(b"[" * 8_000)))
    slug = data.draw(st.sampled_from([PAGE_SLUG, PAGE_SLUG, FUNNEL.slug, Slug("nenhum")]))
    check(ask(known, f"/go/{slug}/seen", slug=slug, method="POST", body=body, query=data.draw(queries)), {204, 400, 403})
    assert all(click.fbp is None or click.fbp.startswith("fb.") for click in known.clicks.clicks.values())


@fuzzed
@given(query=queries, slug=st.sampled_from(["curso", "pagina", "nenhum"]))
def test_a_question_is_answered_or_refused(query: str, slug: str) -> None:
    check(ask(world(), f"/go/{slug}/status", slug=slug, query=query), {200, 403})


@fuzzed
@given(data=st.data())
def test_an_event_with_parts_missing_or_of_another_kind_is_answered(data: st.DataObject) -> None:
    """No gateway sends such; whoever may invoke the function itself learns nothing by it either."""
    event: dict[str, Any] = {
        "rawPath": "/go/curso",
        "rawQueryString": AD_QUERY,
        "cookies": ["rastro_vid=AAAAAAAAAAAAAAAAAAAAAA"],
        "headers": {"user-agent": IPHONE},
        "pathParameters": {"slug": "curso"},
        "requestContext": {"domainName": "go.example.com", "http": {"method": "GET", "sourceIp": "177.10.20.30"}},
        "body": base64.b64encode(b"{}").decode(),
        "isBase64Encoded": True,
    }
    for name in data.draw(st.lists(st.sampled_from(sorted(event)), max_size=3)):
        event.pop(name, None)
    for name in data.draw(st.lists(st.sampled_from(["rawPath", "rawQueryString", "body", "isBase64Encoded"]), max_size=2)):
        event[name] = data.draw(wild)
    for name in data.draw(st.lists(st.sampled_from(["user-agent", "referer", "purpose", "cookie"]), max_size=2)):
        event["headers"] = {name: data.draw(wild)}
    answer = app.handle(Dependencies(settings=SETTINGS, redirect=world().redirect), HttpRequest(event))
    check(answer, {200, 204, 302, 400, 403, 404})
