"""What a person calls themselves, a product is called or a payer's bank says is text in the chat, never markup."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import parse_qs

import pytest
import requests
from requests.adapters import BaseAdapter

from lab.telegram_html import parse_html
from rastro.model import Funnel
from rastro.pix.provider import Notice, NoticeKind
from rastro.telegram import texts
from rastro.telegram.client import TelegramClient
from tests.fakes.world import BOT, FUNNEL, PERSON, RecordingBot, World
from tests.security.hostile import VALUES

WHOLE = [value.encode(errors="replace").decode() for value in VALUES.values()]
"""Half a character never comes as far: an update is read without it, and no table takes it."""
each_value = pytest.mark.parametrize("value", WHOLE, ids=VALUES)
OWN = {name: f'<a href="https://example.com/?n=$first_name$product">{text}</a>' for name, text in texts.DEFAULTS.items()}
"""A funnel's own texts that have values inside an attribute, where a quote would end it."""


def journey(funnel: Funnel, name: str = "Ana", payer: str = "Ana da Silva") -> Sequence[str]:
    """Play a whole sale and return what the bot said, as HTML."""
    world, person = World(funnel), replace(PERSON, first_name=name)
    world.start(world.click().tracking_token, person)
    payment = world.buy(person)
    world.press(f"paid:{payment.payment_id}", person)
    paid = Notice(
        kind=NoticeKind.PAID, payment_id=payment.payment_id, amount_cents=payment.amount_cents, payer_name=payer, proven=True
    )
    world.settler.take_notice(payment.provider, BOT, paid)
    return [said.text for said in world.bot.said]


def shape(html: Sequence[str]) -> list[Counter[str]]:
    """Return how many entities of each kind each message has; raises where one cannot be parsed."""
    return [Counter(entity["type"] for entity in parse_html(text)[1]) for text in html]


@each_value
def test_a_persons_name_stands_in_the_welcome_as_it_is(value: str) -> None:
    said = journey(FUNNEL, name=value)
    assert shape(said) == shape(journey(FUNNEL))
    assert value in parse_html(said[0])[0]


@each_value
def test_a_payers_name_is_said_to_nobody(value: str) -> None:
    said = journey(FUNNEL, payer=f"Zuleica {value} Quaresma")
    assert said == journey(FUNNEL)
    assert not any("Zuleica" in text or "Quaresma" in text for text in said)


@each_value
def test_a_products_name_and_description_are_text(value: str) -> None:
    plain = replace(FUNNEL, products=(replace(FUNNEL.products[0], description="Bom"),))
    named = replace(FUNNEL, name=value, products=(replace(FUNNEL.products[0], name=value, description=value),))
    assert shape(journey(named)) == shape(journey(plain))


@each_value
def test_a_value_inside_an_attribute_of_the_sellers_own_text_does_not_end_it(value: str) -> None:
    own = replace(FUNNEL, texts=OWN)
    said = journey(own, name=value)
    assert shape(said) == shape(journey(own))
    (link,) = (entity for entity in parse_html(said[0])[1] if entity["type"] == "text_link")
    assert link["url"].startswith(f"https://example.com/?n={value}")


class Wire(BaseAdapter):
    """A Bot API that keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.bodies: list[bytes] = []

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.urls.append(request.url or "")
        body = request.body or b""
        self.bodies.append(body.encode() if isinstance(body, str) else body)
        response = requests.Response()
        response.status_code, response._content = 200, b'{"ok": true, "result": {}}'
        return response

    def close(self) -> None:
        """Nothing is open."""


@each_value
def test_no_value_becomes_a_field_of_its_own_on_the_wire(value: str) -> None:
    wire, session = Wire(), requests.Session()
    session.mount("https://", wire)
    world = World(replace(FUNNEL, products=(replace(FUNNEL.products[0], name=value),)))
    world.bot = cast("RecordingBot", TelegramClient(session, token="1:abc"))
    world.start(person=replace(PERSON, first_name=value))
    fields = parse_qs(wire.bodies[0].decode(), strict_parsing=True)
    assert set(fields) == {"chat_id", "text", "parse_mode", "link_preview_options", "reply_markup"}
    assert all(len(values) == 1 for values in fields.values())
    rows = json.loads(fields["reply_markup"][0])["inline_keyboard"]
    assert [set(button) for row in rows for button in row] == [{"text", "url"}, {"text", "callback_data"}]
    assert wire.urls == ["https://api.telegram.org/bot1:abc/sendMessage"]
