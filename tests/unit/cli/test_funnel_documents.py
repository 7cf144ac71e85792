"""Funnels as JSON documents that people write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rastro.model import FunnelMode, Pixel, PixelId
from rastro_cli.funnel_documents import EMPTY, BadDocument, changed, parsed, writable
from rastro_cli.texts import TEXTS
from tests.fakes.world import FUNNEL

FULL = replace(
    FUNNEL,
    texts={"help": "Oi"},
    picture_url="https://example.com/a.jpg",
    countries=("BR",),
    paused=True,
    pixels=(Pixel(pixel_id=PixelId("1"), test_event_code="TEST1"),),
    products=(replace(FUNNEL.products[0], description="Aulas", delivery_chat_id="-100123"),),
)


@pytest.mark.parametrize("funnel", [FUNNEL, FULL])
def test_a_funnel_that_is_written_and_read_is_the_same(funnel: Any) -> None:
    document = parsed(json.dumps(writable(funnel)))
    assert changed(funnel, document) == funnel
    assert changed(replace(EMPTY, slug=funnel.slug), document) == funnel


def test_prices_stand_there_in_reais() -> None:
    assert writable(FUNNEL)["products"][0]["price"] == "49,90"


def test_what_the_deployment_notes_is_not_for_people() -> None:
    banned = replace(FUNNEL, bots=(replace(FUNNEL.bots[0], banned_at_ms=1),))
    assert "banned_at_ms" not in json.dumps(writable(banned))


def test_what_is_not_named_stays() -> None:
    assert changed(FUNNEL, {"mode": "page", "countries": ["br"]}) == replace(FUNNEL, mode=FunnelMode.PAGE, countries=("BR",))


@pytest.mark.parametrize("price", [{"price": "19,90"}, {"price_cents": 1990}, {"price": 19}])
def test_a_price_may_stand_in_reais_or_cents(price: dict[str, object]) -> None:
    product = {"sku": "curso", "name": "Curso", "delivery_url": "https://example.com", **price}
    (found,) = changed(FUNNEL, {"products": [product]}).products
    assert found.price_cents in (1990, 1900)


def test_ids_may_be_numbers() -> None:
    document = {
        "bots": [{"bot_id": 7000000001, "username": "pao_bot"}],
        "pixels": [{"pixel_id": 1000000000000001}],
        "products": [{"sku": "vip", "name": "VIP", "price": "9,90", "delivery_chat_id": -1001234567890}],
    }
    funnel = changed(FUNNEL, document)
    assert (funnel.bots[0].bot_id, funnel.pixels[0].pixel_id) == ("7000000001", "1000000000000001")
    assert funnel.products[0].delivery_chat_id == "-1001234567890"


@pytest.mark.parametrize(
    ("document", "flaw"),
    [
        ({"slug": "outro"}, "slug_fixed"),
        ({"prices": 1}, "unknown_name"),
        ({"products": [{"sku": "a", "nome": "A", "price": "1,00"}]}, "unknown_name"),
        ({"products": [{"sku": "a", "name": "A"}]}, "price_of"),
        ({"products": [{"sku": "a", "name": "A", "price": "grátis"}]}, "price_of"),
        ({"products": [{"sku": "a", "name": "A", "price_cents": True}]}, "price_of"),
        ({"products": {"sku": "a"}}, "type"),
        ({"products": ["a"]}, "type"),
        ({"name": 7}, "type"),
        ({"bots": [{"bot_id": "7", "username": 7}]}, "type"),
        ({"paused": "yes"}, "type"),
        ({"texts": ["help"]}, "type"),
        ({"texts": {"help": 7}}, "type"),
        ({"countries": "BR"}, "type"),
        ({"mode": "popup"}, "mode"),
    ],
)
def test_what_is_no_funnel_is_told(document: dict[str, Any], flaw: str) -> None:
    with pytest.raises(BadDocument) as caught:
        changed(FUNNEL, document)
    assert flaw in {each.name for each in caught.value.flaws}
    for each in caught.value.flaws:
        for text in TEXTS[f"flaw.{each.name}"]:
            assert text.format(**each.values)


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_a_text_that_is_no_object_is_told(text: str) -> None:
    with pytest.raises(BadDocument):
        parsed(text)
