"""The page of a report in a real Chromium: nothing is asked of anybody, nothing sticks out, and everybody can read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import axe
from tests.browser.report_page import written

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NARROWEST = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("report") / "report.html", clicks=3_000, payments=700)


def opened(browser: Browser, path: Path, size: dict[str, int], **options: Any) -> tuple[Page, list[str], list[str]]:
    """Return the page with what it asked for and what it complained of."""
    asked: list[str] = []
    complaints: list[str] = []
    page = browser.new_context(viewport=size, **options).new_page()  # type: ignore[arg-type] # a size is one
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path.as_uri())
    return page, asked, complaints


@pytest.mark.parametrize("size", [NARROWEST, PHONE, DESKTOP], ids=["narrowest", "phone", "desktop"])
def test_it_fits_and_asks_nobody(browser: Browser, path: Path, size: dict[str, int]) -> None:
    page, asked, complaints = opened(browser, path, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    sticking_out = "[...document.querySelectorAll('.cards strong')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(sticking_out) == 0
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_everybody_can_read_it(browser: Browser, path: Path, size: dict[str, int], scheme: str) -> None:
    page, _, _ = opened(browser, path, size, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert axe.violations(page) == []
    page.context.close()


def test_one_drawing_of_each_plot_is_shown(browser: Browser, path: Path) -> None:
    for size, shown, hidden in ((PHONE, "narrow", "wide"), (DESKTOP, "wide", "narrow")):
        page, _, _ = opened(browser, path, size)
        assert page.locator(f".revenue .{shown} svg").is_visible()
        assert not page.locator(f".revenue .{hidden} svg").is_visible()
        page.context.close()
