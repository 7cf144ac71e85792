"""The pages a visitor sees are small, Portuguese, safe, and allow nothing but what they hold."""

import html
import re
from dataclasses import replace

import pytest

from rastro.model import Funnel, PixelId, TrackingToken
from rastro.tracking import pages
from rastro.tracking.page_script import PageClick
from rastro.tracking.pages import Page
from tests.fakes.world import FUNNEL

HREF = "https://t.me/pao_bot?start=abc"
CLICK = PageClick(
    token=TrackingToken("abc"), nonce="nonce-1", pageview_event_id="pageview_1", pixel_ids=(PixelId("1"), PixelId("2"))
)
PICTURE = "https://pictures.example.com:8443/a/pao.jpg?v=1&w=2"


def _landing(click: PageClick | None = CLICK, funnel: Funnel = FUNNEL) -> Page:
    return pages.landing(funnel, href=HREF, csp="CSP", click=click)


def _rules(page: Page) -> dict[str, list[str]]:
    return {rule.split()[0]: rule.split()[1:] for rule in page.content_security_policy.split("; ")}


def test_the_landing_page_has_the_button_and_the_funnels_name() -> None:
    body = _landing().body
    assert f'href="{HREF}"' in body
    assert "Abrir no Telegram" in body
    assert "<h1>Curso de Pão</h1>" in body
    assert "@pao_bot" in body
    assert '<html lang="pt-BR">' in body


def test_the_heaviest_page_is_under_ten_kilobytes() -> None:
    click = PageClick(
        token=TrackingToken("t" * 44),
        nonce="n" * 38,
        pageview_event_id=f"pageview_{'0' * 24}",
        pixel_ids=tuple(PixelId("1" * 16) for _ in range(8)),
    )
    funnel = replace(FUNNEL, name="Ã" * 200, picture_url=f"https://pictures.example.com/{'p' * 300}")
    assert len(_landing(click, funnel).body.encode()) < 10_000


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$title $csp", "</title>"])
def test_a_funnels_name_stays_text(name: str) -> None:
    body = _landing(funnel=replace(FUNNEL, name=name)).body
    assert body.count(f"<h1>{html.escape(name)}</h1>") == 1
    assert body.count("<script") == 1
    assert "<img" not in body


def test_a_nonce_cannot_end_its_script() -> None:
    body = _landing(replace(CLICK, nonce="</script><script>alert(1)//")).body
    assert body.count("</script>") == 1


def test_a_page_without_a_click_has_the_button_and_no_script() -> None:
    page = _landing(click=None)
    assert f'href="{HREF}"' in page.body
    assert "<script" not in page.body
    assert "/start" not in page.body
    assert not {"script-src", "connect-src"} & set(_rules(page))
    assert "facebook" not in page.content_security_policy


EVERY_PAGE = {
    "landing": _landing(),
    "picture": _landing(funnel=replace(FUNNEL, picture_url=PICTURE)),
    "preview": _landing(click=None),
    "paused": pages.paused(FUNNEL, "CSP"),
    "elsewhere": pages.elsewhere(FUNNEL, "CSP"),
    "not found": pages.not_found("CSP"),
    "unavailable": pages.unavailable("CSP"),
}


@pytest.mark.parametrize("page", EVERY_PAGE.values(), ids=EVERY_PAGE)
def test_every_script_and_style_carries_the_pages_nonce_and_nothing_is_inline(page: Page) -> None:
    assert all('nonce="CSP"' in tag for tag in re.findall(r"<(?:script|style)[^>]*>", page.body))
    assert not re.search(r"<[^>]*\s(on\w+|style)=|javascript:|@import|url\(", page.body)
    assert _rules(page)["style-src"] == ["'nonce-CSP'"]


@pytest.mark.parametrize("page", EVERY_PAGE.values(), ids=EVERY_PAGE)
def test_every_policy_starts_from_nothing(page: Page) -> None:
    rules = _rules(page)
    assert "unsafe" not in page.content_security_policy
    for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert rules[directive] == ["'none'"]


def test_the_policy_allows_the_pixel_where_there_is_one() -> None:
    rules = _rules(_landing())
    assert rules["script-src"] == ["'nonce-CSP'", "https://connect.facebook.net"]
    assert rules["connect-src"] == ["'self'", "https://www.facebook.com"]
    assert rules["img-src"] == ["data:", "https://www.facebook.com"]
    without = _landing(replace(CLICK, pixel_ids=()))
    assert _rules(without)["script-src"] == ["'nonce-CSP'"]
    assert "facebook" not in without.content_security_policy


def test_the_policy_allows_the_pictures_own_place_only() -> None:
    page = _landing(click=None, funnel=replace(FUNNEL, picture_url=PICTURE))
    assert f'src="{html.escape(PICTURE)}"' in page.body
    assert f'property="og:image" content="{html.escape(PICTURE)}"' in page.body
    assert _rules(page)["img-src"] == ["data:", "https://pictures.example.com:8443"]


@pytest.mark.parametrize(
    "picture_url",
    [
        "http://pictures.example.com/a.jpg",
        "https://",
        "https://a b.example.com/x",
        "https://a.example.com; script-src */x",
        "https://user@example.com/x",
        "https://[::1/x",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_picture_that_no_policy_can_name_is_left_out(picture_url: str) -> None:
    page = _landing(click=None, funnel=replace(FUNNEL, picture_url=picture_url))
    assert page == _landing(click=None)


def test_without_a_picture_the_first_letter_stands_for_the_funnel() -> None:
    assert 'aria-hidden="true">C</div>' in _landing().body
    assert 'class="face"' not in _landing(funnel=replace(FUNNEL, name="<b>")).body


def test_the_code_is_there_without_javascript_too() -> None:
    body = _landing().body
    assert re.search(r"<noscript>.*<code>/start abc</code>.*</noscript>", body, re.DOTALL)
    assert 'href="tg://resolve?domain=pao_bot&amp;start=abc"' in body


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (pages.paused(FUNNEL, "CSP"), "Estamos em uma pausa"),
        (pages.elsewhere(FUNNEL, "CSP"), "não está disponível no seu país"),
        (pages.not_found("CSP"), "Link não encontrado"),
        (pages.unavailable("CSP"), "Voltamos já"),
    ],
)
def test_a_page_that_leads_nowhere_says_why(page: Page, says: str) -> None:
    assert says in page.body
    assert "<a " not in page.body
    assert "t.me" not in page.body
