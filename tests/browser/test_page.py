"""What a visitor sees and what their browser does, in a real Chromium: the button first, everything else behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.door import PAGE, Door, open_door
from tests.browser.visitor import ANDROID_INSTAGRAM, DESKTOP, IPHONE_SAFARI, PHONE, WINDOWS_CHROME, visitor
from tests.fakes.world import SLUG, World

pytestmark = pytest.mark.integration
PICTURE_URL = "https://pictures.example.com/pao.svg"


@pytest.fixture
def door() -> Iterator[Door]:
    with open_door(World(PAGE)) as opened:
        yield opened


def _button(page: Page) -> str | None:
    return page.get_by_role("link", name="Abrir no Telegram").get_attribute("href")


@pytest.mark.parametrize(("size", "user_agent"), [(PHONE, IPHONE_SAFARI), (DESKTOP, WINDOWS_CHROME)], ids=["phone", "desktop"])
def test_the_button_leads_to_the_bot_with_the_clicks_token(
    browser: Browser, door: Door, size: dict[str, int], user_agent: str
) -> None:
    with visitor(browser, size=size, user_agent=user_agent) as somebody:
        page = somebody.page
        page.goto(door.url)
        button = page.get_by_role("link", name="Abrir no Telegram")
        assert button.get_attribute("href") == f"https://t.me/pao_bot?start={door.click.tracking_token}"
        expect(page.get_by_role("heading", name="Curso de Pão")).to_be_visible()
        expect(page.get_by_text("/start")).not_to_be_visible()
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < size["height"]  # in sight without scrolling
        assert box["height"] >= 48  # a finger's size
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        button.click()
        page.wait_for_url("https://t.me/**")
        assert page.url.endswith(door.click.tracking_token)


def test_the_beacon_goes_out_once_with_the_cookies_of_the_browser(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        somebody.page.goto(door.url)
        somebody.pixel_calls()
        somebody.page.wait_for_load_state("networkidle")
        (beacon,) = door.wait_for("/seen")
        told = json.loads(beacon.body)
        cookies = {cookie["name"]: cookie for cookie in somebody.page.context.cookies()}
    assert beacon.method == "POST"
    assert (told["fbp"], told["fbc"]) == (door.click.fbp, door.click.fbc)
    assert told["n"] not in door.click.tracking_token
    assert cookies["_fbp"]["value"] == door.click.fbp
    assert cookies["_fbc"]["value"] == door.click.fbc
    assert [cookies[name]["httpOnly"] for name in ("_fbp", "_fbc", "rastro_vid")] == [False, False, True]


def test_the_pixel_is_told_one_page_view_with_the_servers_event_id(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        somebody.page.goto(door.url)
        calls = somebody.pixel_calls()
    pixels = [pixel.pixel_id for pixel in PAGE.pixels]
    assert [call[1] for call in calls if call[0] == "init"] == pixels
    assert [call[3] for call in calls if call[0] == "track"] == [{"eventID": door.click.pageview_event_id}]
    assert [call[1:] for call in calls if call[0] == "set"] == [["autoConfig", False, pixel] for pixel in pixels]
    outside = [url.partition("?")[0] for url in somebody.asked]
    assert outside == ["https://connect.facebook.net/en_US/fbevents.js", "https://www.facebook.com/tr/"]


def test_the_policy_is_kept_and_allows_the_funnels_picture(browser: Browser) -> None:
    with open_door(World(replace(PAGE, picture_url=PICTURE_URL))) as door, visitor(browser) as somebody:
        page = somebody.page
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(door.url)
        somebody.pixel_calls()
        page.get_by_role("link", name="Abrir no Telegram").focus()
        page.wait_for_load_state("networkidle")
        assert page.locator("img.face").evaluate("picture => picture.complete && picture.naturalWidth > 0")
        assert (somebody.violations(), complaints) == ([], [])


def test_the_policy_refuses_everybody_else(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        page = somebody.page
        page.goto(door.url)
        page.evaluate("document.body.appendChild(document.createElement('script')).src = 'https://evil.example.com/x.js'")
        page.evaluate("new Image().src = 'https://evil.example.com/x.png'")
        page.evaluate("document.body.setAttribute('onclick', 'window.stolen = 1')")
        page.locator("h1").click()
        somebody.wait_until("window.violations.length >= 3")
        assert not any("evil" in url for url in somebody.asked)
        assert page.evaluate("window.stolen === undefined")


def test_the_page_is_whole_without_javascript(browser: Browser, door: Door) -> None:
    with visitor(browser, java_script_enabled=False) as somebody:
        page = somebody.page
        page.goto(door.url)
        assert _button(page) == f"https://t.me/pao_bot?start={door.click.tracking_token}"
        assert page.locator("noscript code").inner_text() == f"/start {door.click.tracking_token}"
        page.get_by_role("link", name="Abrir no Telegram").click()
        page.wait_for_url("https://t.me/**")
    assert door.asked_for("/seen") == []


def test_a_pixel_that_never_comes_delays_nothing(browser: Browser, door: Door) -> None:
    with visitor(browser, silent="https://connect.facebook.net/") as somebody:
        page = somebody.page
        page.goto(door.url, wait_until="load")
        page.wait_for_timeout(300)
        assert len(somebody.waiting) == 1
        (beacon,) = door.wait_for("/seen")
        page.get_by_role("link", name="Abrir no Telegram").click(timeout=1000)
        page.wait_for_url("https://t.me/**", timeout=3000)
    assert beacon.body


def test_a_picture_that_never_comes_delays_nothing(browser: Browser) -> None:
    with (
        open_door(World(replace(PAGE, picture_url=PICTURE_URL))) as door,
        visitor(browser, silent="https://pictures.example.com/") as somebody,
    ):
        somebody.page.goto(door.url, wait_until="load")
        assert somebody.pixel_calls()
        assert len(door.wait_for("/seen")) == 1
        somebody.page.get_by_role("link", name="Abrir no Telegram").click(timeout=1000)
        somebody.page.wait_for_url("https://t.me/**", timeout=3000)
    assert len(somebody.waiting) == 1


def test_the_button_works_before_the_pixel_is_asked_for(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        page = somebody.page
        order: list[str] = []
        page.on("request", lambda request: order.append(request.url))
        page.add_init_script("addEventListener('DOMContentLoaded', function () { fetch('/go/button-is-there') })")
        page.goto(door.url)
        somebody.pixel_calls()
    marks = [next(at for at, url in enumerate(order) if mark in url) for mark in ("button-is-there", "fbevents.js")]
    assert marks == sorted(marks)


def test_a_lost_start_brings_the_code_to_copy(browser: Browser, door: Door) -> None:
    with visitor(browser, permissions=["clipboard-read", "clipboard-write"]) as somebody:
        page = somebody.page
        page.clock.install()
        page.goto(door.url)
        page.evaluate("document.getElementById('go').addEventListener('click', function (press) { press.preventDefault() })")
        page.clock.run_for(60_000)
        assert door.asked_for("/status") == []  # nobody has pressed yet
        page.get_by_role("link", name="Abrir no Telegram").click()
        page.clock.run_for(7_000)
        assert door.asked_for("/status") == []
        page.clock.run_for(2_000)
        code = page.get_by_text(f"/start {door.click.tracking_token}").locator("visible=true")
        expect(code).to_be_visible()
        page.get_by_role("button", name="Copiar código").click()
        expect(page.get_by_role("button", name="Copiado")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == f"/start {door.click.tracking_token}"
        app = page.get_by_role("link", name="Abrir direto no aplicativo").get_attribute("href")
        assert app == f"tg://resolve?domain=pao_bot&start={door.click.tracking_token}"
        door.world.start(door.click.tracking_token)
        page.clock.run_for(13_000)
        expect(code).not_to_be_visible()
        asked = len(door.asked_for("/status"))
        page.clock.run_for(600_000)
        assert len(door.asked_for("/status")) == asked  # the start has come: nobody asks any more


def test_the_page_asks_ever_more_seldom_and_stops(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        page = somebody.page
        page.clock.install()
        page.goto(door.url)
        page.evaluate("document.getElementById('go').addEventListener('click', function (press) { press.preventDefault() })")
        page.get_by_role("link", name="Abrir no Telegram").click()
        for _ in range(120):
            page.clock.run_for(10_000)
            page.wait_for_timeout(5)
    assert 5 <= len(door.asked_for("/status")) <= 24


def test_instagram_on_android_is_handed_over_to_telegram(browser: Browser, door: Door) -> None:
    with visitor(browser, user_agent=ANDROID_INSTAGRAM) as somebody:
        page = somebody.page
        opened: list[str] = []
        page.on("request", lambda request: opened.append(request.url))
        page.goto(door.url)
        token = door.click.tracking_token
        assert _button(page) == f"https://t.me/pao_bot?start={token}"
        page.wait_for_timeout(300)
        # Where nobody takes the intent, as here, a press leads to the https link all the same. (No real press: Chromium's own
        # question whether it may open another application lies over the page.)
        with page.expect_request(f"https://t.me/pao_bot?start={token}"):
            page.get_by_role("link", name="Abrir no Telegram").dispatch_event("click")
    intent = f"intent://resolve?domain=pao_bot&start={token}"  # its fragment, with the fallback, is not part of a request
    assert [url for url in opened if url.startswith("intent:")] == [intent, intent]  # by itself, and by the press


def test_a_paused_funnel_says_so_and_leads_nowhere(browser: Browser) -> None:
    with open_door(World(replace(PAGE, paused=True))) as door, visitor(browser) as somebody:
        page = somebody.page
        answer = page.goto(door.url)
        expect(page.get_by_text("Estamos em uma pausa")).to_be_visible()
        assert page.get_by_role("link").count() == 0
        assert (answer and answer.status, door.world.clicks.clicks, somebody.violations()) == (200, {}, [])


def test_the_page_follows_the_dark_of_the_phone(browser: Browser, door: Door) -> None:
    colours = []
    for scheme in ("light", "dark"):
        with visitor(browser, color_scheme=scheme) as somebody:
            somebody.page.goto(door.url)
            colours.append(somebody.page.locator("main").evaluate("card => getComputedStyle(card).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(23, 33, 43)"]


def test_what_waits_for_nobody_is_not_kept(browser: Browser, door: Door) -> None:
    with visitor(browser) as somebody:
        answer = somebody.page.goto(door.url)
        assert answer is not None
        headers = answer.headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert f"/go/{SLUG}" not in headers["content-security-policy"]
