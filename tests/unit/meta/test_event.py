from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import graph_rules
from rastro.meta import event as meta_event
from rastro.meta.user_data import hashed_name, sha256
from rastro.model import Attribution, Campaign, Confidence, ConversionEvent, EventName, LinkSource
from tests.unit.meta.records import ATTRIBUTION, BOT_USER, CLICK, FBC, FBP, FUNNEL, NOW_MS, PAYMENT, PIXEL, TEST_PIXEL, TOKEN

PERSON = {"external_id": [sha256("800000001")]}
BROWSER = {
    "fbc": FBC,
    "fbp": FBP,
    "client_ip_address": "177.10.20.30",
    "client_user_agent": "Mozilla/5.0 (Linux; Android 14)",
}
CAMPAIGN = {"utm_source": "facebook", "utm_campaign": "lançamento", "campaign_code": "NATAL26"}
SALE = {
    "value": 49.9,
    "currency": "BRL",
    "content_ids": ["curso"],
    "content_type": "product",
    "content_name": "Curso",
    "contents": [{"id": "curso", "quantity": 1, "item_price": 49.9}],
}
WEBSITE = {"action_source": "website", "event_source_url": "https://go.example.com/go/demo"}


def test_page_view_of_a_click() -> None:
    event = meta_event.page_view(CLICK, PIXEL, now_ms=NOW_MS)

    assert event == ConversionEvent(
        pixel_id=PIXEL.pixel_id,
        event_name=EventName.PAGE_VIEW,
        event_id="pageview_01",
        event_time_s=CLICK.clicked_at_ms // 1000,
        payload={
            "event_name": "PageView",
            "event_time": CLICK.clicked_at_ms // 1000,
            "event_id": "pageview_01",
            **WEBSITE,
            "user_data": BROWSER,
            "custom_data": CAMPAIGN,
        },
    )


def test_view_content_of_a_linked_person() -> None:
    event = meta_event.view_content(BOT_USER, ATTRIBUTION, TOKEN, FUNNEL, TEST_PIXEL, now_ms=NOW_MS)

    assert event.test_event_code == "TEST1"
    assert event.event_id.startswith("viewcontent_")
    assert len(event.event_id) == len("viewcontent_") + 24
    assert event.payload["event_time"] == (NOW_MS - 30_000) // 1000
    assert event.payload["user_data"] == PERSON | BROWSER
    assert event.payload["custom_data"] == CAMPAIGN | {
        "content_ids": ["curso"],
        "content_type": "product",
        "content_name": "Demonstração",
    }


def test_initiate_checkout_of_a_charge() -> None:
    event = meta_event.initiate_checkout(PAYMENT, PIXEL, now_ms=NOW_MS)

    assert (event.event_id, event.payment_id) == ("checkout_9326", "9326")
    assert event.payload["event_time"] == PAYMENT.created_at_ms // 1000
    assert event.payload["user_data"] == PERSON | BROWSER
    assert event.payload["custom_data"] == SALE | CAMPAIGN | {"num_items": 1}


def test_purchase_of_a_paid_payment() -> None:
    payment = replace(PAYMENT, payer_hashes=hashed_name("MARIA DA SILVA"))

    event = meta_event.purchase(payment, PIXEL, now_ms=NOW_MS)

    assert (event.event_id, event.payment_id) == ("purchase_9326", "9326")
    assert event.event_time_s == event.payload["event_time"] == (NOW_MS - 10_000) // 1000
    assert event.payload["action_source"] == "website"
    assert event.payload["user_data"] == PERSON | BROWSER | {
        "country": [sha256("br")],
        "fn": [sha256("maria")],
        "ln": [sha256("silva")],
    }
    assert event.payload["custom_data"] == SALE | CAMPAIGN | {"order_id": "9326"}


def test_purchase_has_the_value_that_was_paid() -> None:
    event = meta_event.purchase(replace(PAYMENT, amount_paid_cents=10_001), PIXEL, now_ms=NOW_MS)

    assert event.payload["custom_data"]["value"] == 100.01
    assert '"value": 100.01,' in json.dumps(event.payload)


def test_purchase_of_a_payment_without_a_link_is_a_chat_of_a_known_person() -> None:
    event = meta_event.purchase(replace(PAYMENT, attribution=Attribution()), PIXEL, now_ms=NOW_MS)

    assert event.payload["action_source"] == "chat"
    assert "event_source_url" not in event.payload
    assert event.payload["user_data"] == PERSON | {"country": [sha256("br")]}
    assert event.payload["custom_data"] == SALE | {"order_id": "9326"}


@pytest.mark.parametrize("confidence", [Confidence.PROBABLE, Confidence.NONE])
def test_only_a_certain_link_feeds_meta(confidence: Confidence) -> None:
    attribution = replace(ATTRIBUTION, link_source=LinkSource.RECENT_CLICK, link_confidence=confidence)

    event = meta_event.purchase(replace(PAYMENT, attribution=attribution), PIXEL, now_ms=NOW_MS)

    assert event.payload["action_source"] == "chat"
    assert not set(event.payload["user_data"]) & set(BROWSER)
    assert "utm_source" not in event.payload["custom_data"]


@pytest.mark.parametrize(
    "attribution",
    [replace(ATTRIBUTION, event_source_url=None), replace(ATTRIBUTION, click_user_agent=None)],
    ids=["no url", "no user agent"],
)
def test_without_real_click_context_an_event_is_a_chat(attribution: Attribution) -> None:
    event = meta_event.purchase(replace(PAYMENT, attribution=attribution), PIXEL, now_ms=NOW_MS)

    assert event.payload["action_source"] == "chat"
    assert "event_source_url" not in event.payload
    assert event.payload["user_data"]["fbc"] == FBC


def test_event_time_is_never_in_the_future() -> None:
    event = meta_event.purchase(replace(PAYMENT, paid_at_ms=NOW_MS + 3_600_000), PIXEL, now_ms=NOW_MS)

    assert event.event_time_s == event.payload["event_time"] == NOW_MS // 1000


def test_a_click_that_named_no_campaign_has_no_custom_data() -> None:
    event = meta_event.page_view(replace(CLICK, campaign=Campaign()), PIXEL, now_ms=NOW_MS)

    assert "custom_data" not in event.payload


def test_event_ids_are_the_same_however_often_an_event_is_built() -> None:
    later = meta_event.view_content(BOT_USER, ATTRIBUTION, TOKEN, FUNNEL, PIXEL, now_ms=NOW_MS + 1)
    again = replace(BOT_USER, first_name="Ana", version=9)

    assert meta_event.view_content(again, ATTRIBUTION, TOKEN, FUNNEL, PIXEL, now_ms=NOW_MS).event_id == later.event_id


def test_what_meta_finds_too_broad_is_not_matchable() -> None:
    anonymous = replace(CLICK, fbc=None, fbp=None, click_ip="10.0.0.1")

    assert not meta_event.is_matchable(meta_event.page_view(anonymous, PIXEL, now_ms=NOW_MS))
    assert meta_event.is_matchable(meta_event.page_view(CLICK, PIXEL, now_ms=NOW_MS))


def test_fields_that_an_event_goes_without_are_named() -> None:
    bad = replace(CLICK, fbc="nonsense", click_ip="10.0.0.1")

    assert meta_event.dropped_fields(bad, now_ms=NOW_MS) == ("fbc", "client_ip_address")
    assert meta_event.dropped_fields(PAYMENT, now_ms=NOW_MS) == ()


@pytest.mark.parametrize("attribution", [ATTRIBUTION, Attribution()], ids=["linked", "not linked"])
def test_the_labs_graph_takes_every_event(attribution: Attribution) -> None:
    payment = replace(PAYMENT, attribution=attribution, payer_hashes=hashed_name("MARIA DA SILVA"))
    events = [
        meta_event.page_view(CLICK, PIXEL, now_ms=NOW_MS),
        meta_event.view_content(BOT_USER, attribution, TOKEN, FUNNEL, PIXEL, now_ms=NOW_MS),
        meta_event.initiate_checkout(payment, PIXEL, now_ms=NOW_MS),
        meta_event.purchase(payment, PIXEL, now_ms=NOW_MS),
    ]

    document = json.loads(json.dumps({"data": [event.payload for event in events]}))

    assert len(graph_rules.check_request(document, NOW_MS / 1000)) == 4


@given(st.integers(min_value=0, max_value=10**12))
def test_value_is_the_amount_to_the_cent(amount_cents: int) -> None:
    assert Decimal(json.dumps(meta_event.reais(amount_cents))) * 100 == amount_cents
