"""Nothing that a visitor writes becomes a header, a cookie, markup, a script, an address or a line of a log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from rastro.gateway import HttpResponse
from rastro.model import Campaign, FunnelMode
from tests.fakes.world import AD_QUERY, FUNNEL, SLUG, World
from tests.security.doors import ask
from tests.security.hostile import VALUES, check_headers, in_url, page_of

BOT_LINK = re.compile(r"https://t\.me/pao_bot(\?start=[A-Za-z0-9_-]{44})?")
PARAMETERS = ("fbclid", *(field.name for field in fields(Campaign)), "u", "n", "slug", "start", "next", "url", "redirect_uri")
PAGE = replace(FUNNEL, mode=FunnelMode.PAGE)
PLACES: dict[str, Callable[[World, str], HttpResponse]] = {
    **{
        f"parameter {name}": lambda world, value, name=name: ask(world, query=f"{name}={in_url(value)}&{AD_QUERY}")  # type: ignore[misc] # a default argument
        for name in PARAMETERS
    },
    "name of a parameter": lambda world, value: ask(world, query=f"{in_url(value)}=x"),
    "query as it stands": lambda world, value: ask(world, query=value),
    "user agent": lambda world, value: ask(world, headers={"user-agent": f"Mozilla/5.0 (iPhone) {value}"}),
    "referer": lambda world, value: ask(world, headers={"referer": f"https://evil.example/?fbclid={in_url(value)}"}),
    "address forwarded": lambda world, value: ask(world, headers={"x-forwarded-for": value, "forwarded": value}),
    "host": lambda world, value: ask(world, host=value),
    "host forwarded": lambda world, value: ask(world, headers={"x-forwarded-host": value, "x-forwarded-proto": value}),
    "cookie of the visitor": lambda world, value: ask(world, cookies=[f"rastro_vid={value}"]),
    "cookie _fbc": lambda world, value: ask(world, cookies=[f"_fbc=fb.1.1789999999999.{value}"]),
    "cookie _fbp": lambda world, value: ask(world, cookies=[f"_fbp=fb.1.1789999999999.{value}"]),
    "name of a cookie": lambda world, value: ask(world, cookies=[f"{value}=x"]),
}

each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
each_place = pytest.mark.parametrize("place", PLACES)


SHAPE = page_of(ask(World(PAGE), query=AD_QUERY).body).shape
SHAPE_FOR_MACHINES = page_of(ask(World(PAGE), headers={"user-agent": "facebookexternalhit/1.1"}).body).shape


def lead_of(answer: HttpResponse) -> str:
    """Return where an answer leads: its ``Location``, else the button of its page."""
    if answer.status == 302:
        return answer.headers["location"]
    (button,) = (attributes for _, attributes in page_of(answer.body).tags if attributes.get("id") == "go")
    return button["href"] or ""


@each_value
@each_place
def test_a_redirect_leads_to_the_funnels_bot_and_nowhere_else(place: str, value: str) -> None:
    answer = PLACES[place](World(), value)
    assert BOT_LINK.fullmatch(lead_of(answer))
    assert answer.status == 302 or place == "user agent", "a user agent may be taken for a machine's, which gets a page"
    check_headers(answer)


@each_value
@each_place
def test_a_page_keeps_its_elements_its_script_and_its_policy(place: str, value: str) -> None:
    world = World(PAGE)
    answer = PLACES[place](world, value)
    page = page_of(answer.body)
    assert answer.status == 200
    check_headers(answer)
    assert page.shape in (SHAPE, SHAPE_FOR_MACHINES)
    assert page.shape == SHAPE or place == "user agent"
    assert BOT_LINK.fullmatch(lead_of(answer))
    for script in (attributes for tag, attributes in page.tags if tag == "script"):
        assert f"'nonce-{script['nonce']}'" in answer.headers["content-security-policy"]
    assert "evil" not in answer.body
    assert "evil" not in answer.headers["content-security-policy"]


@each_value
def test_a_slug_is_looked_up_or_it_is_none(value: str) -> None:
    for path in (f"/go/{value}", f"/go/{value}/seen", f"/go/{value}/status"):
        answer = ask(World(), path, slug=value)
        assert answer.status == 404
        check_headers(answer)
        assert page_of(answer.body).shape == page_of(ask(World(), slug="unknown").body).shape


@each_value
def test_what_the_seller_wrote_is_text_on_the_page_too(value: str) -> None:
    funnel = replace(PAGE, name=f"Curso {value}", picture_url=f"https://cdn.example.com/{value}")
    plain = replace(PAGE, picture_url="https://cdn.example.com/a")
    answer = ask(World(funnel))
    assert page_of(answer.body).shape == page_of(ask(World(plain)).body).shape
    check_headers(answer)
    assert "evil" not in answer.headers["content-security-policy"]


@each_value
@pytest.mark.parametrize("paused", [True, False])
def test_a_funnel_that_turns_visitors_away_shows_nothing_of_theirs(value: str, *, paused: bool) -> None:
    world = World(replace(PAGE, paused=paused, countries=("BR",)))
    answer = ask(world, query=f"utm_campaign={in_url(value)}", headers={"user-agent": f"facebookexternalhit/1.1 {value}"})
    check_headers(answer)
    assert "alert" not in answer.body
    assert "evil" not in answer.body


@each_value
def test_the_host_of_a_request_reaches_a_record_only_as_a_host(value: str) -> None:
    world = World()
    ask(world, host=value)
    (click,) = world.clicks.clicks.values()
    assert click.event_source_url is None
    ask(world, host="go.example.com")
    assert [click.event_source_url for click in world.clicks.clicks.values()] == [None, f"https://go.example.com/go/{SLUG}"]


@each_value
def test_an_fbclid_is_kept_as_it_came_or_dropped_whole_and_never_cut(value: str) -> None:
    world = World()
    ask(world, query=f"fbclid={in_url(value)}")
    (click,) = world.clicks.clicks.values()
    as_text = value.encode(errors="surrogatepass").decode(errors="replace")
    assert click.fbclid in (None, as_text)
    assert click.fbc in (None, f"fb.1.{world.now_ms}.{as_text}")


@each_value
@pytest.mark.parametrize("name", ["n", "fbp", "fbc"])
def test_the_beacon_takes_what_is_well_formed(name: str, value: str) -> None:
    world = World(PAGE)
    page = ask(world, query="utm_campaign=natal")
    (nonce,) = re.findall(r'"n":"([A-Za-z0-9_-]{38})"', page.body)
    before = dict(world.clicks.clicks)
    given = {"n": nonce, "fbp": None, "fbc": None} | {name: value}
    answer = ask(world, f"/go/{SLUG}/seen", method="POST", body=json.dumps(given).encode())
    assert answer.status == (403 if name == "n" else 204)
    check_headers(answer)
    assert world.clicks.clicks == before


@each_value
def test_the_question_says_nothing_to_whoever_has_no_nonce(value: str) -> None:
    answer = ask(World(), f"/go/{SLUG}/status", query=f"n={in_url(value)}")
    assert (answer.status, json.loads(answer.body)) == (403, {"error": "n is not a nonce of this page"})
    check_headers(answer)
