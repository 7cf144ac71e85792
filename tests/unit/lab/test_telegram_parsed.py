"""What the lab says as Telegram, read by python-telegram-bot: a parser of the Bot API by other people.

A field that python-telegram-bot does not know lands in an object's ``api_kwargs``; one that it needs and misses is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from telegram import CallbackQuery, ChatFullInfo, ChatInviteLink, Message, TelegramObject, Update, User, WebhookInfo

from lab.chats import Chat, ChatBook
from lab.state import Bot, Config, JsonObject, State
from lab.telegram import Telegram
from lab.webhooks import Webhooks
from lab.wire import Call, Upload
from rastro.pix.brcode import qr_png
from rastro.telegram.updates import parse_update

BOT = Bot(bot_id="123456789", username="vendas_bot", token="123:abc", webhook_secret="s")
NOW_MS = 1_795_000_000_123
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Comprar", "callback_data": "buy:curso"}],
        [{"text": "Copiar", "copy_text": {"text": "000201"}}, {"text": "Abrir", "url": "https://example.com/"}],
    ]
}


class Laboratory:
    """The lab's Telegram without its server."""

    def __init__(self) -> None:
        self.chats = ChatBook(lambda: NOW_MS)
        self.chat = self.chats.open(BOT, 1111111, first_name="Ana", language="pt-br")
        config = Config(api="http://127.0.0.1", bots=(BOT,))

        async def nothing(*_: object) -> Any:
            raise AssertionError("nothing is posted here")

        webhooks = Webhooks(nothing, nothing, now_ms=lambda: NOW_MS, retry_base_seconds=1, in_reply=lambda *_: None)
        webhooks.configure(config)
        state = State(config=config)
        self.telegram = Telegram(state, self.chats, webhooks, now_ms=lambda: NOW_MS, new_id=lambda: "a1" * 16)

    def call(self, method: str, **fields: object) -> Any:
        """Return the result of a method that must be accepted."""
        answer = self.telegram.work(Call(method="POST", path=f"bot{BOT.token}/{method}", fields=fields))
        assert answer.body["ok"] is True, answer.body
        return answer.body["result"]

    def say(self) -> None:
        """Have the bot say something with a keyboard."""
        self.call("sendMessage", chat_id=1111111, text="<b>Olá</b>, Ana 👋", parse_mode="HTML", reply_markup=KEYBOARD)


def strangers(value: object, path: str = "") -> Iterator[str]:
    """Yield the fields that python-telegram-bot does not know."""
    if isinstance(value, TelegramObject):
        yield from (f"{path}.{name}" for name in value.api_kwargs)
        names = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if not name.startswith("_")}
        for name in sorted(names - {"api_kwargs"}):
            yield from strangers(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from strangers(each, path)


def lost(said: object, read: object, path: str = "") -> Iterator[str]:
    """Yield what was said and not read, or read otherwise; a parser may add its defaults."""
    if isinstance(said, dict) and isinstance(read, dict):
        for name, value in said.items():
            yield from lost(value, read.get(name), f"{path}.{name}")
    elif isinstance(said, list) and isinstance(read, list) and len(said) == len(read):
        for number, (one, other) in enumerate(zip(said, read, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif said != read:
        yield f"{path}: {said!r} was read as {read!r}"


def plain(document: object) -> Any:
    """Return a document as it comes off the wire."""
    return json.loads(json.dumps(document))


def pressed(laboratory: Laboratory) -> JsonObject:
    laboratory.say()
    return laboratory.chats.press_update(laboratory.chat, "buy:curso", "7")


def pressed_picture(laboratory: Laboratory) -> JsonObject:
    picture = Upload(name="pix.png", content_type="image/png", content=qr_png("000201"))
    laboratory.call(
        "sendPhoto", chat_id=1111111, photo=picture, caption="<code>000201</code>", parse_mode="HTML", reply_markup=KEYBOARD
    )
    return laboratory.chats.press_update(laboratory.chat, "buy:curso", "8")


def edited(laboratory: Laboratory) -> JsonObject:
    laboratory.say()
    (message,) = laboratory.chat.messages
    laboratory.call("editMessageText", chat_id=1111111, message_id=message["message_id"], text="Pronto", reply_markup=KEYBOARD)
    return laboratory.chats.press_update(laboratory.chat, "buy:curso", "9")


def written(text: str) -> Callable[[Laboratory], JsonObject]:
    return lambda laboratory: laboratory.chats.text_update(laboratory.chat, text)


UPDATES: Mapping[str, tuple[Callable[[Laboratory], JsonObject], str]] = {
    "a bare start": (written("/start"), "message"),
    "a start with its payload": (written("/start AbC_-123"), "message"),
    "a command to the bot by name": (written("/start@vendas_bot x"), "message"),
    "a text with emoji": (written("oi 👋🏽 tudo bem?"), "message"),
    "a pressed button": (pressed, "callback_query"),
    "a pressed button below a picture": (pressed_picture, "callback_query"),
    "a pressed button of an edited message": (edited, "callback_query"),
    "a pressed button of a message long gone": (
        lambda laboratory: laboratory.chats.press_update(laboratory.chat, "buy:curso", "10"),
        "callback_query",
    ),
    "blocking": (lambda laboratory: laboratory.chats.member_update(laboratory.chat, is_blocked=True), "my_chat_member"),
    "coming back": (lambda laboratory: laboratory.chats.member_update(laboratory.chat, is_blocked=False), "my_chat_member"),
}


@pytest.mark.parametrize(("make", "kind"), UPDATES.values(), ids=list(UPDATES))
def test_every_update_of_the_lab_is_one(make: Callable[[Laboratory], JsonObject], kind: str) -> None:
    document = plain(make(Laboratory()))
    update = Update.de_json(document, None)
    assert [name for name in Update.ALL_TYPES if getattr(update, name) is not None] == [kind]
    assert list(strangers(update)) == []
    assert list(lost(document, plain(update.to_dict()))) == []


@pytest.mark.parametrize(("make", "kind"), UPDATES.values(), ids=list(UPDATES))
def test_our_own_reader_and_the_other_one_agree_about_the_person(make: Callable[[Laboratory], JsonObject], kind: str) -> None:
    document = plain(make(Laboratory()))
    update_id, ours = parse_update(json.dumps(document).encode())
    theirs = Update.de_json(document, None)
    assert ours is not None
    assert theirs.effective_user is not None
    user = theirs.effective_user
    assert update_id == theirs.update_id
    assert (ours.person.chat_id, ours.person.first_name, ours.person.language_code) == (
        str(user.id),
        user.first_name,
        user.language_code,
    )


def test_a_query_carries_the_message_that_was_pressed() -> None:
    query = Update.de_json(plain(pressed(Laboratory())), None).callback_query
    assert isinstance(query, CallbackQuery)
    assert isinstance(query.message, Message)
    assert query.message.text_html == "<b>Olá</b>, Ana 👋"
    assert query.message.reply_markup is not None
    assert query.message.reply_markup.inline_keyboard[1][0].copy_text is not None


def group(laboratory: Laboratory) -> Chat:
    return laboratory.chats.open(BOT, -100123)


@pytest.mark.parametrize(
    ("kind", "method", "fields"),
    [
        (Message, "sendMessage", {"chat_id": 1111111, "text": "<b>x</b> &lt;", "parse_mode": "HTML", "reply_markup": KEYBOARD}),
        (
            Message,
            "sendPhoto",
            {"chat_id": 1111111, "photo": Upload(name="p", content_type="image/png", content=qr_png("000201")), "caption": "c"},
        ),
        (User, "getMe", {}),
        (ChatFullInfo, "getChat", {"chat_id": 1111111}),
        (WebhookInfo, "getWebhookInfo", {}),
        (ChatInviteLink, "createChatInviteLink", {"chat_id": -100123, "name": "9326", "member_limit": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_result_of_each_method_is_what_the_bot_api_says(
    kind: type[TelegramObject], method: str, fields: Mapping[str, object]
) -> None:
    laboratory = Laboratory()
    group(laboratory)
    document = plain(laboratory.call(method, **fields))
    result = kind.de_json(document, None)
    assert list(strangers(result)) == []
    assert list(lost(document, plain(result.to_dict()))) == []
