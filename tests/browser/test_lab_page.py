"""The lab's page on the running local stack, in a real Chromium: sales played by clicking, with faults pulled on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from stack.local import LocalStack
from tests.browser import axe
from tests.browser.buyer import HAND, HOPS, PATIENCE_MS, buyer

pytestmark = pytest.mark.integration
PIXEL_BLOCKED = "https://connect.facebook.net"
"""The framed page's Pixel, which the lab does not let out: the one thing that the console may complain of."""
ALL_DONE = dict.fromkeys(HOPS, "done")


@pytest.fixture
def lab(local_stack: LocalStack) -> Iterator[str]:
    """The lab of the stack, with no fault and no memory before each test."""
    requests.post(f"{local_stack.lab}/_/reset", timeout=10).raise_for_status()
    yield local_stack.lab
    requests.post(f"{local_stack.lab}/_/reset", timeout=10).raise_for_status()


def _purchases(lab: str, payment_id: str) -> list[dict[str, Any]]:
    events = requests.get(f"{lab}/_/graph/events", timeout=10).json()
    return [entry["event"] for entry in events if entry["event"].get("event_id") == f"purchase_{payment_id}"]


def test_a_whole_sale_is_played_by_clicking_and_each_hop_lights_up(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        page = ana.page
        ana.wait_for("click", "now")
        ana.click_ad()
        expect(ana.framed.get_by_role("heading", name="Curso de demonstração")).to_be_visible(timeout=PATIENCE_MS)
        ana.wait_for("token")
        expect(page.locator("#link")).to_contain_text("utm_campaign=lancamento-natal")
        ana.open_telegram()
        ana.start()
        expect(page.locator(".row.out")).to_contain_text("com o código do clique")
        ana.wait_for("link")
        expect(ana.hop("link")).to_contain_text("certo")
        ana.buy()
        picture = page.locator(".bubble img")
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") >= 300
        charge = requests.get(f"{lab}/_/pix/charges", timeout=10).json()[0]
        expect(page.locator(".bubble code")).to_have_text(charge["brcode"])
        ana.pay()
        ana.wait_for("accepted")
        expect(ana.key("Acessar")).to_be_visible()
        assert ana.states() == ALL_DONE
        expect(page.locator("#verdict")).to_contain_text(
            re.compile(r"R\$ 49,90 foi ligada a “lancamento-natal” e aceita pela Meta")
        )
        assert [entry["custom_data"]["utm_campaign"] for entry in _purchases(lab, ana.payment_id)] == ["lancamento-natal"]
        assert ana.hosts == {"127.0.0.1"}
        assert [said for said in ana.complaints if PIXEL_BLOCKED not in said] == []


def test_each_event_is_shown_as_graph_accepted_it_with_every_field_explained(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.come_to_the_charge()
        ana.pay()
        ana.wait_for("accepted")
        events = ana.page.locator(".event")
        expect(events).to_have_count(4)
        names = ["PageView", "ViewContent", "InitiateCheckout", "Purchase"]
        assert [event.get_attribute("data-event") for event in events.all()] == names
        (accepted,) = _purchases(lab, ana.payment_id)
        purchase = events.nth(3)
        purchase.locator("summary").click()
        expect(purchase.locator(".proof").first).to_contain_text("SHA-256")
        shown = dict(zip(purchase.locator("dt").all_inner_texts(), purchase.locator("dd .mono").all_inner_texts(), strict=True))
        assert (shown["event_id"], shown["user_data.fbc"]) == (accepted["event_id"], accepted["user_data"]["fbc"])
        assert accepted["user_data"]["external_id"][0] in shown["user_data.external_id"]
        flat = set(accepted) - {"user_data", "custom_data"}
        flat |= {f"{group}.{name}" for group in ("user_data", "custom_data") for name in accepted[group]}
        assert set(shown) == flat
        for event in events.all():
            event.evaluate("details => { details.open = true }")
            assert all(event.locator(".says").all_inner_texts()), "a field goes unexplained"


def test_the_doctor_answers_for_the_sale_as_the_command_does(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.come_to_the_charge()
        ana.pay()
        ana.wait_for("accepted")
        ana.page.get_by_role("button", name="Perguntar").click()
        terminal = ana.page.locator(".terminal")
        expect(terminal).to_contain_text(f"rastro doctor payment {ana.payment_id}", timeout=PATIENCE_MS)
        expect(terminal).to_contain_text("Linha do tempo")
        expect(ana.page.locator("#diagnosis .verdict")).to_contain_text("Pelo código que veio no /start")
        expect(terminal.locator(".green").first).to_be_visible()


def test_a_direct_funnel_shows_the_redirects_own_answer(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.choose(funnel="demo-efi", preset="remarketing")
        ana.click_ad()
        expect(ana.page.locator(".redirected")).to_contain_text("302", timeout=PATIENCE_MS)
        expect(ana.page.locator(".redirected mark")).to_have_text(re.compile(r"^[\w-]{44}$"))
        ana.open_telegram()
        ana.start()
        ana.buy()
        ana.pay()
        ana.wait_for("accepted")
        expect(ana.hop("charge")).to_contain_text("Efí")
        assert ana.states() == ALL_DONE


def test_whoever_opens_the_bot_without_a_link_has_no_ad_and_the_page_says_why(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.choose(preset="direct")
        ana.click_ad()
        ana.start()
        ana.buy()
        ana.pay()
        ana.wait_for("accepted")
        assert (ana.states()["click"], ana.states()["token"], ana.states()["link"]) == ("skip", "skip", "warn")
        expect(ana.page.locator("#verdict")).to_contain_text("sem anúncio")
        expect(ana.page.locator("#verdict")).to_contain_text("entrou no bot diretamente")
        ana.page.get_by_role("button", name="Perguntar").click()
        expect(ana.page.locator("#diagnosis")).to_contain_text("O que fazer", timeout=PATIENCE_MS)


def test_a_lost_code_comes_back_by_the_bots_own_link(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.turn("O Telegram perde o código")
        ana.click_ad()
        ana.open_telegram()
        ana.start()
        expect(ana.page.locator(".row.out")).to_contain_text("sem código")
        ana.wait_for("start", "warn")
        ana.wait_for("link", "warn")
        ana.turn("O Telegram perde o código")
        ana.key("Continuar pelo nosso site").click()
        ana.open_telegram()
        ana.start()
        ana.wait_for("link")
        expect(ana.hop("click")).to_contain_text("lancamento-natal")
        ana.buy()
        ana.pay()
        ana.wait_for("accepted")
        expect(ana.page.locator("#verdict")).to_contain_text("ligada a “lancamento-natal”")


def test_while_meta_is_down_the_purchase_waits_and_then_arrives_once(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.come_to_the_charge()
        ana.turn("A Meta fica fora do ar")
        ana.pay()
        ana.wait_for("delivered")  # the buyer notices nothing
        ana.wait_for("accepted", "warn")
        expect(ana.page.locator("#attempts .bad").first).to_contain_text("500")
        assert _purchases(lab, ana.payment_id) == []
        ana.turn("A Meta fica fora do ar")
        ana.wait_for("accepted")
        expect(ana.page.locator("#attempts .good").last).to_be_visible()
        assert len(_purchases(lab, ana.payment_id)) == 1


def test_a_refused_token_parks_the_purchase_until_the_pixel_is_resumed(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.come_to_the_charge()
        ana.turn("A Meta recusa o token do pixel")
        ana.pay()
        ana.wait_for("accepted", "bad")
        ana.turn("A Meta recusa o token do pixel")
        ana.page.get_by_role("button", name="Retomar o pixel").click()
        ana.wait_for("accepted")
        assert len(_purchases(lab, ana.payment_id)) == 1


def test_a_notice_that_comes_ten_times_delivers_and_reports_once(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.turn("O aviso de pago vem 10 vezes")
        ana.come_to_the_charge()
        ana.pay()
        ana.wait_for("accepted")
        expect(ana.pay_button).not_to_be_visible(timeout=PATIENCE_MS)
        expect(ana.key("Acessar")).to_have_count(1)
        assert len(_purchases(lab, ana.payment_id)) == 1


def test_without_its_cache_everything_goes_on(browser: Browser, lab: str, local_stack: LocalStack) -> None:
    with buyer(browser, lab) as ana:
        redis = ana.page.get_by_role("switch", name="O Redis cai")
        try:
            redis.click()
            expect(redis).to_be_checked()
            assert [process.name for process in local_stack.dead()] == ["Valkey"]
            ana.come_to_the_charge()
            ana.pay()
            ana.wait_for("accepted")
            assert ana.states() == ALL_DONE
        finally:
            redis.click()
        expect(redis).not_to_be_checked()
        assert local_stack.dead() == []


def test_a_delivery_that_telegram_refuses_stays_to_be_made_and_keeps_no_purchase(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.come_to_the_charge()
        ana.turn("O Telegram não entrega mensagens")
        ana.pay()
        ana.wait_for("accepted")
        assert ana.states()["delivered"] == "now"
        expect(ana.hop("delivered")).to_contain_text("tenta de novo")


def test_the_page_is_accessible_at_every_step(browser: Browser, lab: str) -> None:
    for scheme in ("light", "dark"):
        with buyer(browser, lab, color_scheme=scheme, reduced_motion="reduce") as ana:
            assert axe.violations(ana.page) == []
            ana.click_ad()
            expect(ana.framed.get_by_role("link")).to_be_visible(timeout=PATIENCE_MS)
            assert axe.violations(ana.page) == []
            ana.open_telegram()
            ana.start()
            ana.buy()
            ana.turn("A Meta fica fora do ar")
            assert axe.violations(ana.page) == []
            ana.turn("A Meta fica fora do ar")
            ana.pay()
            ana.wait_for("accepted")
            ana.page.locator(".event summary").last.click()
            ana.page.get_by_role("button", name="Perguntar").click()
            expect(ana.page.locator(".terminal")).to_be_visible(timeout=PATIENCE_MS)
            assert axe.violations(ana.page) == []
            ana.page.goto(f"{lab}/registro")
            assert axe.violations(ana.page) == []


def test_on_a_phone_the_page_is_the_phone_and_never_wider_than_it(browser: Browser, lab: str) -> None:
    with buyer(browser, lab, size=HAND, has_touch=True, is_mobile=True, reduced_motion="reduce") as ana:
        ana.come_to_the_charge()
        box = ana.page.locator("#screen").bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, HAND["width"])
        ana.pay()
        expect(ana.page.locator("#strip [data-state=done]")).to_have_count(len(HOPS), timeout=PATIENCE_MS)
        for name in ("Anúncio", "Telefone", "Trilha", "Meta"):
            ana.tab(name)
            if name == "Meta":
                ana.page.locator(".event summary").last.click()
                ana.page.get_by_role("button", name="Perguntar").click()
                expect(ana.page.locator(".terminal")).to_be_visible(timeout=PATIENCE_MS)
            assert ana.page.evaluate("document.documentElement.scrollWidth") == HAND["width"], name
            assert axe.violations(ana.page) == []


def test_the_page_is_worked_by_keyboard_and_says_aloud_what_lights_up(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        page = ana.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Ir para o conteúdo")).to_be_focused()
        page.get_by_role("button", name="Clicar no anúncio").focus()
        page.keyboard.press("Enter")
        ana.wait_for("token")
        expect(page.locator("#spoken")).to_contain_text("Código do clique")
        switch = page.get_by_role("switch", name="A pessoa bloqueou o bot")
        switch.focus()
        page.keyboard.press("Space")
        expect(switch).to_be_checked()
        page.keyboard.press("Space")
        expect(switch).not_to_be_checked()


def test_another_person_begins_anew_and_a_reload_goes_on(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.click_ad()
        ana.wait_for("token")
        before = ana.page.locator("#whose").inner_text()
        ana.page.reload()
        expect(ana.page.locator("#whose")).to_have_text(before)
        ana.wait_for("token")
        ana.page.get_by_role("button", name="Outra pessoa").click()
        expect(ana.page.locator("#whose")).not_to_have_text(before)
        expect(ana.page.locator("#screen .cta")).to_be_visible()
        ana.wait_for("click", "now")
        expect(ana.page.locator("#screen .cta")).to_be_visible()


def test_a_lab_that_has_forgotten_the_chat_gets_another_person(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.click_ad()
        ana.open_telegram()
        ana.start()
        before = ana.page.locator("#whose").inner_text()
        requests.post(f"{lab}/_/reset", timeout=10).raise_for_status()
        expect(ana.page.locator("#whose")).not_to_have_text(before)
        expect(ana.page.locator("#screen .cta")).to_be_visible()


def test_without_the_window_the_phone_still_works_and_the_trail_says_what_is_missing(browser: Browser, lab: str) -> None:
    config = requests.get(f"{lab}/_/config", timeout=10).json() | {"window": None}
    with browser.new_context(locale="pt-BR") as context:
        page = context.new_page()
        page.route("**/_/config", lambda route: route.fulfill(json=config))
        page.goto(lab)
        expect(page.locator("#verdict")).to_contain_text("janela para eles não está aberta")
        expect(page.get_by_role("switch", name="O Redis cai")).to_be_disabled()
        page.locator("#screen .cta").click()
        page.locator("#screen .telegram").click(timeout=PATIENCE_MS)
        page.get_by_role("button", name="INICIAR").click()
        expect(page.locator(".keys button", has_text="Comprar")).to_be_visible(timeout=PATIENCE_MS)


def test_the_page_speaks_english_too(browser: Browser, lab: str) -> None:
    with buyer(browser, lab) as ana:
        ana.page.get_by_role("button", name="EN: English").click()
        expect(ana.page.get_by_role("heading", name="The trail")).to_be_visible()
        assert ana.page.locator("html").get_attribute("lang") == "en"
        shown = ana.page.locator("body").inner_text()
        assert not re.findall(r"\b(?:fault|hop|preset|event|trail)\.[a-z_.]+", shown), "a text is missing"
        expect(ana.page.get_by_role("switch", name="Meta is down")).to_be_visible()
