"""The pages a visitor sees are small, Portuguese, safe, and allow nothing but themselves."""

import html
import re
from dataclasses import replace

import pytest

from rastro.tracking import pages
from tests.fakes.world import FUNNEL

HREF = "https://t.me/pao_bot?start=abc"


def _landing(name: str = FUNNEL.name, nonce: str | None = "nonce-1") -> str:
    return pages.landing(replace(FUNNEL, name=name), href=HREF, nonce=nonce, csp="CSP")


def test_the_landing_page_has_the_button_and_the_funnels_name() -> None:
    page = _landing()
    assert f'href="{HREF}"' in page
    assert "Curso de Pão" in page
    assert '<html lang="pt-BR">' in page
    assert len(page.encode()) < 10_000


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$title $csp", "</title>"])
def test_a_funnels_name_stays_text(name: str) -> None:
    page = _landing(name)
    assert page.count(f"<h1>{html.escape(name)}</h1>") == 1
    assert page.count("<script") == 1
    assert "<img" not in page


def test_a_nonce_cannot_end_its_script() -> None:
    page = _landing(nonce="</script><script>alert(1)//")
    assert page.count("</script>") == 1


def test_without_a_nonce_there_is_no_script_and_no_code() -> None:
    page = _landing(nonce=None)
    assert "<script" not in page
    assert 'id="lost"' not in page


@pytest.mark.parametrize("page", [_landing(), pages.not_found("CSP"), pages.unavailable("CSP")])
def test_every_script_and_style_carries_the_pages_nonce_and_nothing_is_inline_or_foreign(page: str) -> None:
    assert all('nonce="CSP"' in tag for tag in re.findall(r"<(?:script|style)[^>]*>", page))
    assert not re.search(r"\son\w+=|style=|src=|@import|url\(", page)


def test_the_policy_allows_nothing_else() -> None:
    policy = pages.content_security_policy("CSP")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
