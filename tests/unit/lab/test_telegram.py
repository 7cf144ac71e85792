import asyncio
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lab.chats import ChatBook
from lab.faults import Fault
from lab.post import Reply
from lab.state import Bot, Config, State
from lab.telegram import Telegram
from lab.webhooks import Webhooks
from lab.wire import Answer, Call, Upload

NOW_MS = 1_795_000_000_000
BOT = Bot(bot_id="7000000001", username="rastro_demo_bot", token="7000000001:AA", webhook_secret="s")
ANA = 5
ERRORS = json.loads((Path(__file__).parents[2] / "data" / "telegram" / "errors.json").read_text(encoding="utf-8"))["sample"]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (300).to_bytes(4, "big") + (200).to_bytes(4, "big")


async def no_post(_url: str, _body: bytes, _headers: object) -> Reply:
    return Reply(status=200)


class World:
    def __init__(self) -> None:
        self.now_ms = NOW_MS
        ids = count()
        state = State(Config(api="http://api", bots=(BOT,)))
        self.chats = ChatBook(lambda: self.now_ms)
        self.webhooks = Webhooks(
            no_post, asyncio.sleep, now_ms=lambda: self.now_ms, retry_base_seconds=0.0, in_reply=lambda _bot, _document: None
        )
        self.webhooks.configure(state.config)
        self.telegram = Telegram(state, self.chats, self.webhooks, now_ms=lambda: self.now_ms, new_id=lambda: f"{next(ids):032x}")

    def open(self, chat_id: int = ANA) -> None:
        self.chats.open(BOT, chat_id, first_name="Ana")

    def call(self, method: str, token: str = BOT.token, **params: Any) -> Answer:
        call = Call(method="POST", path=f"bot{token}/{method}", fields=params)
        answer = self.telegram.work(call)
        self.telegram.record(call, answer, None)
        return answer


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Comprar"} | button]]}


def test_a_message_comes_back_as_telegram_shows_it() -> None:
    world = World()
    world.open()
    answer = world.call(
        "sendMessage", chat_id="5", text="<b>Oi</b>", parse_mode="HTML", reply_markup=json.dumps(keyboard(callback_data="buy:x"))
    )
    assert answer.body == {
        "ok": True,
        "result": {
            "message_id": 1,
            "from": {"id": 7000000001, "is_bot": True, "first_name": "rastro_demo_bot", "username": "rastro_demo_bot"},
            "chat": {"id": 5, "first_name": "Ana", "type": "private"},
            "date": NOW_MS // 1000,
            "text": "Oi",
            "entities": [{"type": "bold", "offset": 0, "length": 2}],
            "reply_markup": keyboard(callback_data="buy:x"),
        },
    }
    assert world.telegram.calls[0]["params"]["chat_id"] == 5
    assert world.telegram.calls[0]["params"]["reply_markup"] == keyboard(callback_data="buy:x")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no chat_id": ({"text": "x"}, "chat_id is empty"),
    "a chat that never opened the bot": ({"chat_id": 99, "text": "x"}, "chat not found"),
    "a chat by name": ({"chat_id": "@ana", "text": "x"}, "chat not found"),
    "no text": ({"chat_id": 5}, "message text is empty"),
    "a text of spaces": ({"chat_id": 5, "text": " "}, "message text is empty"),
    "a text too long": ({"chat_id": 5, "text": "x" * 4097}, "message is too long"),
    "broken markup": ({"chat_id": 5, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag"),
    "an unknown parse_mode": ({"chat_id": 5, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
    "a keyboard that is no JSON": ({"chat_id": 5, "text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup"),
    "callback_data of 65 bytes": ({"reply_markup": keyboard(callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
    "empty callback_data": ({"reply_markup": keyboard(callback_data="")}, "BUTTON_DATA_INVALID"),
    "an address that is none": ({"reply_markup": keyboard(url="loja")}, "BUTTON_URL_INVALID"),
    "a copy_text of 257": ({"reply_markup": keyboard(copy_text={"text": "x" * 257})}, "BUTTON_COPY_TEXT_INVALID"),
    "a button that does nothing": ({"reply_markup": keyboard()}, "can't parse inline keyboard button: Text buttons"),
    "a button that does two things": (
        {"reply_markup": keyboard(url="https://x.example", callback_data="x")},
        "can't parse inline",
    ),
    "rows that are no lists": ({"reply_markup": {"inline_keyboard": [{"text": "x"}]}}, 'field "inline_keyboard"'),
}


@pytest.mark.parametrize(("params", "description"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_message_is_refused(params: dict[str, Any], description: str) -> None:
    world = World()
    world.open()
    defaults: dict[str, Any] = {"chat_id": 5, "text": "x"} if "reply_markup" in params else {}
    answer = world.call("sendMessage", **(defaults | params))
    assert (answer.status, answer.body["ok"], answer.body["error_code"]) == (400, False, 400)
    assert answer.body["description"].startswith(f"Bad Request: {description}")
    assert world.telegram.calls[0]["ok"] is False


@pytest.mark.parametrize("text", ["x" * 4096, "<b>" + "x" * 4096 + "</b>"])
def test_a_text_is_measured_without_its_tags(text: str) -> None:
    world = World()
    world.open()
    assert world.call("sendMessage", chat_id=5, text=text, parse_mode="HTML").status == 200


@pytest.mark.parametrize(
    "button", [{"callback_data": "x" * 64}, {"copy_text": {"text": "x" * 256}}, {"url": "http://127.0.0.1:8/go/x"}]
)
def test_a_button_at_its_limit_passes(button: dict[str, Any]) -> None:
    world = World()
    world.open()
    assert world.call("sendMessage", chat_id=5, text="x", reply_markup=keyboard(**button)).status == 200


def test_errors_read_as_the_real_ones() -> None:
    world = World()
    chat = world.chats.open(BOT, ANA)
    chat.is_blocked = True
    seen = [
        world.call("sendMessage", chat_id=ANA, text="x").body,
        world.call("sendMessage", chat_id=99, text="x").body,
        world.telegram.faulty(Fault(mode="retry_after"), Call(method="POST", path="")).body,
        world.call("answerCallbackQuery", callback_query_id="1").body,
        world.call("getMe", token="1:nobody").body,
    ]
    assert [body for body in seen if body not in ERRORS] == []


def test_an_unknown_method_is_not_found() -> None:
    answer = World().call("sendRocket")
    assert (answer.status, answer.body["error_code"]) == (404, 404)


def test_no_record_holds_a_token_or_a_secret() -> None:
    world = World()
    world.call("getMe", token="1:nobody")

    async def scenario() -> None:
        world.call("setWebhook", url="https://x.example/", secret_token="hush")

    asyncio.run(scenario())
    assert [call["bot_id"] for call in world.telegram.calls] == [None, "7000000001"]
    assert not {"nobody", "hush", BOT.token} & set(repr(world.telegram.calls).replace("'", " ").split())


def test_an_uploaded_photo_is_kept_and_summed_up() -> None:
    world = World()
    world.open()
    answer = world.call(
        "sendPhoto", chat_id=5, photo=Upload(name="pix.png", content_type="image/png", content=PNG), caption="Pague"
    )
    size = answer.body["result"]["photo"][-1]
    assert (size["width"], size["height"], size["file_size"]) == (300, 200, len(PNG))
    assert answer.body["result"]["caption"] == "Pague"
    assert world.telegram.calls[0]["params"]["photo"] == {
        "file": {"name": "pix.png", "bytes": len(PNG), "content_type": "image/png"}
    }
    assert world.telegram.files[size["file_id"]].content == PNG
    assert world.call("sendPhoto", chat_id=5, photo=size["file_id"]).status == 200
    assert world.call("sendPhoto", chat_id=5, photo="https://x.example/a.png").status == 200


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"photo": Upload(name="a", content_type="image/png", content=b"")}, "file must be non-empty"),
        ({"photo": Upload(name="a", content_type="image/png", content=b"text")}, "IMAGE_PROCESS_FAILED"),
        ({"photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
        ({}, "there is no photo in the request"),
        ({"photo": "https://x.example/a.png", "caption": "x" * 1025}, "message caption is too long"),
    ],
)
def test_a_wrong_photo_is_refused(params: dict[str, Any], description: str) -> None:
    world = World()
    world.open()
    assert world.call("sendPhoto", chat_id=5, **params).body["description"] == f"Bad Request: {description}"


def test_a_message_can_be_edited_once_to_the_same() -> None:
    world = World()
    world.open()
    world.call("sendMessage", chat_id=5, text="a", reply_markup=keyboard(callback_data="x"))
    assert world.call("editMessageText", chat_id=5, message_id=1, text="b").body["result"]["text"] == "b"
    again = world.call("editMessageText", chat_id=5, message_id="1", text="b")
    assert again.body["description"].startswith("Bad Request: message is not modified")
    assert world.call("editMessageReplyMarkup", chat_id=5, message_id=1, reply_markup=keyboard(callback_data="y")).status == 200
    assert world.call("editMessageCaption", chat_id=5, message_id=1, caption="c").status == 400
    assert (
        world.call("editMessageText", chat_id=5, message_id=9, text="b").body["description"].endswith("message to edit not found")
    )
    assert world.call("deleteMessage", chat_id=5, message_id=1).body["result"] is True
    assert world.call("deleteMessage", chat_id=5, message_id=1).status == 400


def test_a_pressed_button_can_be_answered_in_time() -> None:
    world = World()
    chat = world.chats.open(BOT, ANA)
    world.chats.press_update(chat, "buy:x", "77")
    assert world.call("answerCallbackQuery", callback_query_id="77").body == {"ok": True, "result": True}
    world.now_ms += 151_000
    assert "query is too old" in world.call("answerCallbackQuery", callback_query_id="77").body["description"]


def test_an_invite_link_is_for_groups() -> None:
    world = World()
    world.open()
    answer = world.call("createChatInviteLink", chat_id=-100222333444, member_limit=1, name="venda")
    assert answer.body["result"]["invite_link"].startswith("https://t.me/+")
    assert answer.body["result"]["member_limit"] == 1
    assert world.call("createChatInviteLink", chat_id=5).status == 400


def test_who_the_bot_is_and_what_it_types() -> None:
    world = World()
    world.open()
    assert world.call("getMe").body["result"]["username"] == "rastro_demo_bot"
    assert world.call("getchat", chat_id=5).body["result"]["first_name"] == "Ana"
    assert world.call("sendChatAction", chat_id=5, action="typing").body["result"] is True
    assert world.call("sendChatAction", chat_id=5, action="sleeping").status == 400


def test_a_blocked_user_is_a_fault_of_calls_for_a_chat_only() -> None:
    telegram = World().telegram
    assert telegram.touches("blocked_user", Call(method="POST", path="", fields={"chat_id": 5}))
    assert not telegram.touches("blocked_user", Call(method="POST", path="", fields={"callback_query_id": "1"}))
    assert telegram.faulty(Fault(mode="blocked_user"), Call(method="POST", path="")).body in ERRORS


def test_methods_in_a_reply_are_run_unless_they_ask() -> None:
    world = World()
    world.open()
    world.telegram.run_in_reply(BOT, {"method": "sendMessage", "chat_id": 5, "text": "oi"})
    world.telegram.run_in_reply(BOT, {"method": "getMe"})
    assert [(call["method"], call["in_reply"]) for call in world.telegram.calls] == [("sendMessage", True)]
