"""Every message that the shop says, through our client, held against python-telegram-bot's knowledge of the Bot API.

The client's fields are what goes over the wire: their names must be parameters of the method, the HTML must parse (by the lab's
reader, which words errors as Telegram does), and every length must be within the limits that python-telegram-bot knows.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import Message as MimeMessage
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import telegram
from requests.adapters import BaseAdapter
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.constants import (
    CallbackQueryLimit,
    ChatInviteLinkLimit,
    FileSizeLimit,
    InlineKeyboardButtonLimit,
    InlineKeyboardMarkupLimit,
    MessageLimit,
)

from lab.telegram_html import parse_html, utf16_length
from rastro.model import ChatId, DeliveryState, Funnel, Payment, PaymentStatus, Product
from rastro.pix.provider import Charge, ChargeRequest, NoticeKind
from rastro.telegram.client import TelegramClient
from rastro.telegram.texts import DEFAULTS
from rastro.telegram.updates import Message as Text
from rastro.telegram.updates import Person
from tests.fakes.world import BASE_URL, BOT, FUNNEL, PERSON, RecordingBot, SimpleProvider, World

COURSE = replace(FUNNEL.products[0], description="Pão de fermentação natural, <em casa> & sem pressa.")
GROUP = "-1001234567890"
LONG_CODE = "0002012699" + "a" * 400
NASTY = "<b>\"João & Cia\" </b> \U0001f35e 'x' {y} $price %s &lt; \\n"
LONGEST_NAME = "&<>\U0001f35e" * 25


@dataclass
class Heard:
    """One call of the Bot API."""

    method: str
    fields: Mapping[str, str]
    files: Mapping[str, bytes]

    @property
    def text(self) -> str | None:
        return self.fields.get("text", self.fields.get("caption"))


@dataclass
class BotApiAdapter(BaseAdapter):
    """The Bot API in place of a network: takes every call that its rules allow."""

    heard: list[Heard] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        method = urlsplit(request.url or "").path.rpartition("/")[2]
        fields, files = _parts(request)
        heard = Heard(method=method, fields=fields, files=files)
        self.heard.append(heard)
        check(heard)
        result = {"invite_link": "https://t.me/+AbCdEf"} if method == "createChatInviteLink" else True
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps({"ok": True, "result": result}).encode()
        return response

    def close(self) -> None:
        """Nothing is open."""


def _parts(request: requests.PreparedRequest) -> tuple[dict[str, str], dict[str, bytes]]:
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw))), {}
    fields, files = {}, {}
    for part in _mime(kind, raw):
        name = str(part.get_param("name", header="content-disposition"))
        content = cast("bytes", part.get_payload(decode=True))
        if part.get_filename():
            files[name] = content
        else:
            fields[name] = content.decode()
    return fields, files


def _mime(kind: str, raw: bytes) -> list[MimeMessage]:
    whole = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + raw)
    return cast("list[MimeMessage]", whole.get_payload())


def check(heard: Heard) -> None:
    """Hold a call against what python-telegram-bot knows of its method."""
    name = re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), heard.method)
    parameters = inspect.signature(getattr(telegram.Bot, name)).parameters
    assert set(heard.fields) | set(heard.files) <= set(parameters), heard.method
    needed = {each for each, parameter in parameters.items() if parameter.default is inspect.Parameter.empty} - {"self"}
    assert needed <= set(heard.fields) | set(heard.files), heard.method
    CHECKS[heard.method](heard)
    _check_keyboard(heard.fields.get("reply_markup"))


def _check_message(heard: Heard) -> None:
    _check_html(heard, MessageLimit.MAX_TEXT_LENGTH)
    preview = LinkPreviewOptions.de_json(json.loads(heard.fields["link_preview_options"]), None)
    assert (preview.is_disabled, dict(preview.api_kwargs)) == (True, {})


def _check_photo(heard: Heard) -> None:
    _check_html(heard, MessageLimit.CAPTION_LENGTH)
    assert heard.files["photo"].startswith(b"\x89PNG\r\n\x1a\n")
    assert len(heard.files["photo"]) <= FileSizeLimit.PHOTOSIZE_UPLOAD


def _check_answer(heard: Heard) -> None:
    assert len(heard.fields.get("text", "")) <= CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH


def _check_invitation(heard: Heard) -> None:
    assert len(heard.fields["name"]) <= ChatInviteLinkLimit.NAME_LENGTH
    assert ChatInviteLinkLimit.MIN_MEMBER_LIMIT <= int(heard.fields["member_limit"]) <= ChatInviteLinkLimit.MAX_MEMBER_LIMIT


def _check_html(heard: Heard, max_length: int) -> None:
    assert heard.fields["parse_mode"] == telegram.constants.ParseMode.HTML
    plain, entities = parse_html(heard.text or "")
    assert 1 <= utf16_length(plain) <= max_length
    assert plain.strip()
    message = Message.de_json(
        {
            "message_id": 1,
            "date": 1,
            "chat": {"id": int(heard.fields["chat_id"]), "type": "private"},
            "text": plain,
            "entities": entities,
        },
        None,
    )
    assert [entity.type for entity in message.entities] == [entity["type"] for entity in entities]
    assert parse_html(message.text_html) == (plain, entities), "written again by the other side, it says the same"


def _check_keyboard(markup: str | None) -> None:
    if markup is None:
        return
    document = json.loads(markup)
    keyboard = InlineKeyboardMarkup.de_json(document, None)
    assert dict(keyboard.api_kwargs) == {}
    assert 1 <= sum(len(row) for row in keyboard.inline_keyboard) <= InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER
    for row, said in zip(keyboard.inline_keyboard, document["inline_keyboard"], strict=True):
        assert 1 <= len(row) <= InlineKeyboardMarkupLimit.BUTTONS_PER_ROW
        for button, wire in zip(row, said, strict=True):
            assert (dict(button.api_kwargs), len(wire)) == ({}, 2), "a text and one thing to do"
            assert button.text.strip()
            if button.callback_data is not None:
                assert len(str(button.callback_data).encode()) >= InlineKeyboardButtonLimit.MIN_CALLBACK_DATA
                assert len(str(button.callback_data).encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
            elif button.copy_text is not None:
                assert 1 <= utf16_length(button.copy_text.text) <= InlineKeyboardButtonLimit.MAX_COPY_TEXT
            else:
                assert urlsplit(button.url or "").scheme == "https"


CHECKS: Mapping[str, Callable[[Heard], None]] = {
    "sendMessage": _check_message,
    "sendPhoto": _check_photo,
    "answerCallbackQuery": _check_answer,
    "createChatInviteLink": _check_invitation,
    "getMe": lambda _heard: None,
}


class LongCodes(SimpleProvider):
    """A provider with a code of its own."""

    def __init__(self, world: World, brcode: str) -> None:
        super().__init__(world)
        self._brcode = brcode

    def create_charge(self, request: ChargeRequest) -> Charge:
        return replace(super().create_charge(request), brcode=self._brcode)


class Stage:
    """A shop whose bot is our client, on a Bot API that checks every call."""

    def __init__(self, funnel: Funnel = FUNNEL) -> None:
        self.world = World(funnel)
        self.adapter = BotApiAdapter()
        session = requests.Session()
        session.mount("https://", self.adapter)
        client = TelegramClient(session, token="1:abc")
        self.world.bot = cast("RecordingBot", client)

    def said(self) -> list[str]:
        """Return every text, and the text of every button."""
        return [*(heard.text or "" for heard in self.adapter.heard), *(str(button["text"]) for button in self.buttons())]

    def buttons(self) -> Iterator[Mapping[str, Any]]:
        for heard in self.adapter.heard:
            for row in json.loads(heard.fields.get("reply_markup", '{"inline_keyboard": []}'))["inline_keyboard"]:
                yield from row

    def sell(self, person: Person = PERSON) -> Payment:
        """Play everything that the shop has words for, and return the payment."""
        world = self.world
        world.start(person=person)
        world.start(world.click().tracking_token, person)
        world.shop.handle(BOT, Text(person=person, text="quanto custa?"), BASE_URL)
        world.press("buy:nothing", person)
        world.press("nonsense", person)
        payment = world.buy(person)
        world.press(f"paid:{payment.payment_id}", person)
        world.provider.unavailable = True
        world.press(f"paid:{payment.payment_id}", person)
        world.now_ms += 3_600_000
        world.press("buy:curso", person)
        world.press(f"paid:{payment.payment_id}", person)
        world.provider.unavailable = False
        world.notice(payment)
        world.press(f"paid:{payment.payment_id}", person)
        world.notice(payment, NoticeKind.REFUNDED)
        world.press(f"paid:{payment.payment_id}", person)
        return world.payment(payment.payment_id)


def shop(*products: Product, **texts: str) -> Funnel:
    return replace(FUNNEL, products=products or (COURSE,), texts=texts)


FUNNELS: Mapping[str, Funnel] = {
    "one product": shop(),
    "a group in place of a link": shop(replace(COURSE, delivery_url="", delivery_chat_id=GROUP)),
    "names with everything in them": shop(replace(COURSE, name=NASTY, description=NASTY)),
    "the longest names": shop(replace(COURSE, name=LONGEST_NAME, description="&" * 500)),
    "thirty products": shop(
        COURSE,
        *(replace(COURSE, sku="ç" * 29 + f"{number:02}", name=LONGEST_NAME, description="&" * 500) for number in range(29)),
    ),
    "texts of its own": shop(
        welcome='<i>Oi</i>, $first_name &amp; <u>todos</u> <a href="https://example.com/?a=1&amp;b=2">aqui</a>',
        buy_button="$product por $price",
        charge="<blockquote>$product</blockquote><pre>$brcode</pre><s>$unknown</s> $$ $minutes",
        paid="<tg-spoiler>$price</tg-spoiler> $product",
    ),
}
PEOPLE: Mapping[str, Person] = {
    "somebody": PERSON,
    "somebody without a name": Person(chat_id=ChatId("1111")),
    "somebody with a name full of markup": Person(chat_id=ChatId("1111"), first_name=NASTY),
    "somebody with the longest name": Person(chat_id=ChatId("1111"), first_name="<" * 256),
}


@pytest.mark.parametrize("person", PEOPLE.values(), ids=list(PEOPLE))
@pytest.mark.parametrize("funnel", FUNNELS.values(), ids=list(FUNNELS))
def test_every_message_of_a_sale_is_accepted(funnel: Funnel, person: Person) -> None:
    stage = Stage(funnel)
    payment = stage.sell(person)
    assert (payment.status, payment.delivery_state) == (PaymentStatus.REFUNDED, DeliveryState.DELIVERED)


def test_all_that_the_shop_has_words_for_is_said_in_such_a_sale() -> None:
    stage = Stage()
    stage.sell()
    said = "\n\n".join(["", *stage.said()])
    unsaid = [name for name, template in DEFAULTS.items() if template.partition("$")[0] not in said]
    assert unsaid == []
    assert {heard.method for heard in stage.adapter.heard} == {"sendMessage", "sendPhoto", "answerCallbackQuery"}


def test_a_group_is_entered_by_a_link_made_for_its_buyer() -> None:
    stage = Stage(FUNNELS["a group in place of a link"])
    stage.sell()
    (invitation,) = [heard for heard in stage.adapter.heard if heard.method == "createChatInviteLink"]
    assert (invitation.fields["chat_id"], invitation.fields["member_limit"]) == (GROUP, "1")
    assert "https://t.me/+AbCdEf" in {button.get("url") for button in stage.buttons()}


@pytest.mark.parametrize(("length", "copied"), [(256, True), (257, False)])
def test_a_code_too_long_for_a_copy_button_is_copied_from_the_text(length: int, copied: bool) -> None:  # noqa: FBT001 - a case
    stage = Stage(FUNNELS["the longest names"])
    stage.world.provider = LongCodes(stage.world, LONG_CODE[:length])
    stage.sell()
    assert any("copy_text" in button for button in stage.buttons()) is copied
    assert any(f"<code>{LONG_CODE[:length]}</code>" in text for text in stage.said())


def test_a_code_that_no_picture_holds_is_copied_from_the_text() -> None:
    stage = Stage()
    stage.world.provider = LongCodes(stage.world, LONG_CODE + "a" * 200)
    stage.world.start()
    stage.world.press()
    assert f"<code>{LONG_CODE}{'a' * 200}</code>" in (stage.adapter.heard[-1].text or "")
