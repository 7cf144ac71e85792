from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from lab.browser import (
    INSTAGRAM,
    VISITS_MAX,
    Browsers,
    Page,
    Visit,
    address_of,
    framed_policy,
    path_with_query,
    readable_cookie_headers,
)
from lab.errors import ControlError
from lab.state import Config, State

API = "http://127.0.0.1:8700"
LINK = f"{API}/go/demo?fbclid=IwAR1"
BUTTON = b'<a class="go" href="https://t.me/pao_bot?start=T&amp;x=1">Abrir</a><a href="https://t.me/other">b</a>'


@dataclass
class Redirect:
    """Answers what it was told to, and remembers what it was asked."""

    page: Page
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Page:
        self.asked.append((method, url, headers, body))
        return self.page


def _browsers(redirect: Redirect) -> Browsers:
    ids = iter(range(10_000))
    return Browsers(State(Config(api=API)), redirect, now_ms=lambda: 1_000, new_id=lambda: f"v{next(ids)}")


def _visit(browsers: Browsers, person: str = "ana", url: str = LINK) -> Visit:
    return asyncio.run(browsers.visit(person, url))


def test_a_visit_is_made_as_a_phone_makes_it_and_shows_where_it_leads() -> None:
    location = "https://t.me/pao_bot?start=T"
    redirect = Redirect(Page(status=302, headers={"location": location, "server": "x"}))
    visit = _visit(_browsers(redirect))
    ((method, url, headers, _),) = redirect.asked
    assert (method, url, headers["User-Agent"], headers["X-Forwarded-For"]) == ("GET", LINK, INSTAGRAM, address_of("ana"))
    assert (visit.shown()["location"], visit.shown()["leads_to"], visit.shown()["page"]) == (location, location, False)
    assert visit.shown()["headers"] == {"location": location}


def test_a_page_leads_where_its_first_button_does() -> None:
    shown = _visit(_browsers(Redirect(Page(status=200, headers={"content-type": "text/html"}, body=BUTTON)))).shown()
    assert (shown["location"], shown["leads_to"], shown["page"]) == (None, "https://t.me/pao_bot?start=T&x=1", True)


def test_nothing_is_known_of_a_redirect_that_does_not_answer() -> None:
    shown = _visit(_browsers(Redirect(Page(status=None)))).shown()
    assert (shown["status"], shown["leads_to"], shown["page"]) == (None, None, False)


def test_each_person_keeps_the_cookies_that_were_set() -> None:
    redirect = Redirect(Page(status=302, cookies=("rastro_vid=v1; Path=/; HttpOnly", "_fbp=fb.1.2.3; Max-Age=7776000; Secure")))
    browsers = _browsers(redirect)
    for person in ("ana", "ana", "bruno"):
        _visit(browsers, person)
    assert [headers.get("Cookie") for _, _, headers, _ in redirect.asked] == [None, "rastro_vid=v1; _fbp=fb.1.2.3", None]
    redirect.page = Page(status=302, cookies=("_fbp=; Max-Age=0",))
    _visit(browsers)
    _visit(browsers)
    assert redirect.asked[-1][2]["Cookie"] == "rastro_vid=v1"
    browsers.reset()
    _visit(browsers)
    assert "Cookie" not in redirect.asked[-1][2]


def test_a_framed_page_reads_its_own_persons_cookies_and_none_of_the_one_before() -> None:
    visit = _visit(_browsers(Redirect(Page(status=200, cookies=("_fbp=fb.1.2.3; Secure", "rastro_vid=v1; HttpOnly")))))
    assert readable_cookie_headers(visit) == [
        "_fbp=fb.1.2.3; Path=/; SameSite=Lax",
        "_fbc=; Path=/; Max-Age=0; SameSite=Lax",
    ]


@pytest.mark.parametrize("url", ["https://example.com/go/demo", f"{API}/telegram/1", f"{API}.evil.example/go/x", "/go/demo"])
def test_a_browser_goes_nowhere_but_to_the_redirect(url: str) -> None:
    redirect = Redirect(Page(status=200))
    with pytest.raises(ControlError, match="link of the redirect"):
        _visit(_browsers(redirect), url=url)
    assert redirect.asked == []


def test_the_oldest_visits_are_forgotten() -> None:
    browsers = _browsers(Redirect(Page(status=302)))
    first = _visit(browsers)
    assert browsers.find(first.visit_id) is first
    for _ in range(VISITS_MAX):
        _visit(browsers)
    assert browsers.find(first.visit_id) is None


def test_what_a_framed_page_asks_its_own_host_goes_on_to_the_redirect() -> None:
    redirect = Redirect(Page(status=204))
    answer = asyncio.run(_browsers(redirect).pass_on("POST", "/go/demo/seen", "text/plain", b"{}"))
    assert answer.status == 204
    assert redirect.asked == [("POST", f"{API}/go/demo/seen", {"Content-Type": "text/plain"}, b"{}")]


@pytest.mark.parametrize(
    ("policy", "framed"),
    [
        ("", ""),
        ("default-src 'none'; frame-ancestors 'none'", "default-src 'none'; frame-ancestors 'self'"),
        (
            "img-src data: https://www.facebook.com; script-src 'nonce-x' https://connect.facebook.net; connect-src 'self'",
            "img-src data:; script-src 'nonce-x'; connect-src 'self'",
        ),
    ],
)
def test_a_frame_shows_the_page_and_asks_nobody_outside(policy: str, framed: str) -> None:
    assert framed_policy(policy) == framed


def test_each_person_has_an_address_of_their_own() -> None:
    assert address_of("ana") == address_of("ana") != address_of("bruno")


@pytest.mark.parametrize(
    ("target", "path"), [("/go/demo/status?n=a%2Fb", "/go/demo/status?n=a%2Fb"), ("/go/demo/seen", "/go/demo/seen")]
)
def test_a_target_is_passed_on_as_it_came(target: str, path: str) -> None:
    assert path_with_query(target) == path
