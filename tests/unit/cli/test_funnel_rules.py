"""What a funnel has to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rastro.model import BotId, FunnelBot, Pixel, PixelId, Slug
from rastro.telegram.texts import DEFAULTS, reais
from rastro_cli.funnel_rules import Flaw, flaws, is_https, is_slug, price_cents, suggested_slug
from rastro_cli.texts import TEXTS
from tests.fakes.world import FUNNEL

PRODUCT = FUNNEL.products[0]


def test_a_funnel_that_is_right_has_no_flaw() -> None:
    right = replace(
        FUNNEL,
        picture_url="https://example.com/a.jpg",
        countries=("BR", "PT"),
        texts={"welcome": 'Oi, <b>$first_name</b>! <a href="https://example.com">R$ 10 &lt; R$ 20</a>', "help": "R$ 5, ok"},
        products=(PRODUCT, replace(PRODUCT, sku="vip", delivery_url="", delivery_chat_id="-1001234567890")),
    )
    assert flaws(right) == []


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"slug": Slug("a b")}, "slug"),
        ({"slug": Slug("")}, "slug"),
        ({"slug": Slug("a" * 65)}, "slug"),
        ({"slug": Slug("promoção")}, "slug"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"provider": "paypal"}, "provider"),
        ({"picture_url": "http://example.com/a.jpg"}, "picture"),
        ({"countries": ("BRA",)}, "country"),
        ({"bots": ()}, "no_bot"),
        ({"bots": (FUNNEL.bots[0], FUNNEL.bots[0])}, "bot_twice"),
        ({"bots": (FunnelBot(bot_id=BotId("x"), username="x"),)}, "bot_id"),
        ({"products": ()}, "no_product"),
        ({"products": (PRODUCT, PRODUCT)}, "sku_twice"),
        ({"products": (replace(PRODUCT, sku=""),)}, "sku"),
        ({"products": (replace(PRODUCT, sku="ç" * 31),)}, "sku"),
        ({"products": (replace(PRODUCT, sku="a\nb"),)}, "sku"),
        ({"products": (replace(PRODUCT, name=""),)}, "product_name"),
        ({"products": (replace(PRODUCT, description="x" * 501),)}, "description"),
        ({"products": (replace(PRODUCT, price_cents=0),)}, "price"),
        ({"products": (replace(PRODUCT, price_cents=-1),)}, "price"),
        ({"products": (replace(PRODUCT, delivery_url=""),)}, "no_delivery"),
        ({"products": (replace(PRODUCT, delivery_url="http://example.com"),)}, "delivery_url"),
        ({"products": (replace(PRODUCT, delivery_chat_id="o grupo"),)}, "delivery_chat"),
        ({"pixels": (FUNNEL.pixels[0], FUNNEL.pixels[0])}, "pixel_twice"),
        ({"pixels": (Pixel(pixel_id=PixelId("../1")),)}, "pixel_id"),
        ({"pixels": (Pixel(pixel_id=PixelId("1"), test_event_code="TEST 1"),)}, "test_code"),
        ({"texts": {"wellcome": "Oi"}}, "text_name"),
        ({"texts": {"welcome": "Oi, $name"}}, "placeholder"),
        ({"texts": {"welcome": "Oi, ${nome}"}}, "placeholder"),
        ({"texts": {"welcome": " "}}, "text_length"),
        ({"texts": {"welcome": "x" * 3_001}}, "text_length"),
        ({"texts": {"welcome": "<h1>Oi</h1>"}}, "markup"),
        ({"texts": {"welcome": "<b>Oi"}}, "markup"),
        ({"texts": {"welcome": "<b><i>Oi</b></i>"}}, "markup"),
        ({"texts": {"welcome": "R$ 10 < R$ 20"}}, "markup"),
    ],
)
def test_each_flaw_is_named(changes: dict[str, Any], flaw: str) -> None:
    found = flaws(replace(FUNNEL, **changes))
    assert flaw in {each.name for each in found}
    for each in found:
        for text in TEXTS[f"flaw.{each.name}"]:
            assert text.format(**each.values)


@pytest.mark.parametrize("name", DEFAULTS)
def test_our_own_texts_have_no_flaw(name: str) -> None:
    assert flaws(replace(FUNNEL, texts={name: DEFAULTS[name]})) == []


def test_a_buttons_text_is_plain() -> None:
    assert flaws(replace(FUNNEL, texts={"buy_button": "Comprar <3 $product"})) == []


def test_a_flaw_names_what_may_stand_in_a_text() -> None:
    assert flaws(replace(FUNNEL, texts={"paid": "$preco"})) == [
        Flaw("placeholder", {"name": "paid", "placeholder": "$preco", "allowed": "$price, $product"})
    ]


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("49,90", 4990),
        ("R$ 49,90", 4990),
        ("R$49,90", 4990),
        ("49.90", 4990),
        ("49", 4900),
        ("1.234,56", 123_456),
        ("R$ 1.000.000,00", 100_000_000),
        ("0,01", 1),
        ("1.234", None),
        ("1,234.56", None),
        ("49,9", None),
        ("-49,90", None),
        ("0", None),
        ("0,00", None),
        ("1.000.000,01", None),
        ("", None),
        ("grátis", None),
        ("4\uff19", None),
        ("1e3", None),
    ],
)
def test_prices_are_read_as_brazilians_write_them(text: str, cents: int | None) -> None:
    assert price_cents(text) == cents


@pytest.mark.parametrize("cents", [1, 99, 4990, 123_456, 99_999_999])
def test_a_price_that_we_write_is_read_again(cents: int) -> None:
    assert price_cents(reais(cents)) == cents


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("https://example.com", True),
        ("https://example.com/a?b=c#d", True),
        ("http://example.com", False),
        ("https://", False),
        ("https://localhost", False),
        ("https://exa mple.com", False),
        ("https://[", False),
        ("example.com", False),
        ("javascript:alert(1)", False),
    ],
)
def test_addresses_have_to_be_whole_and_https(url: str, is_right: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_https(url) is is_right


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Curso de Pão Caseiro", "curso-de-pao-caseiro"), ("  50% OFF!  ", "50-off"), ("日本", ""), ("x" * 50, "x" * 40)],
)
def test_a_suggested_slug_reads_like_the_name(name: str, slug: str) -> None:
    assert suggested_slug(name) == slug
    assert not slug or is_slug(slug)
