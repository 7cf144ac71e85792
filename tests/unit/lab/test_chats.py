import json
from pathlib import Path
from typing import Any

from lab.chats import ChatBook
from lab.state import Bot

UPDATES = Path(__file__).parents[2] / "data" / "telegram"
BOT = Bot(bot_id="123456789", username="vendas_bot", token="t", webhook_secret="s")


def sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((UPDATES / f"{name}.json").read_text(encoding="utf-8"))
    return document


def shape(value: object) -> object:
    """Return which keys there are and of which type: what a parser depends on."""
    if isinstance(value, dict):
        optional = {"last_name", "username", "title"}
        return {name: shape(entry) for name, entry in value.items() if name not in optional}
    if isinstance(value, list):
        return [shape(entry) for entry in value]
    return type(value).__name__


def book() -> ChatBook:
    return ChatBook(lambda: 1_795_000_000_123)


def test_a_start_has_the_shape_of_a_real_one() -> None:
    chats = book()
    chat = chats.open(BOT, 1111111, first_name="Ana", language="pt-br")
    update = chats.text_update(chat, "/start promo_1-A")
    assert shape(update) == shape(sample("update_message_start"))
    assert update["message"]["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]
    assert update["message"]["date"] == 1_795_000_000


def test_a_press_has_the_shape_of_a_real_one_and_the_message_of_its_button() -> None:
    chats = book()
    chat = chats.open(BOT, 1111111)
    for number, data in enumerate(("buy:plan_1", "buy:plan_2"), start=1):
        markup = {"inline_keyboard": [[{"text": "Comprar", "callback_data": data}]]}
        chat.messages.append({"message_id": number, "reply_markup": markup})
    assert chats.press_update(chat, "buy:plan_1", "1")["callback_query"]["message"]["message_id"] == 1
    assert chats.press_update(chat, "buy:other", "2")["callback_query"]["message"]["message_id"] == 2
    query = chats.press_update(chats.open(BOT, 7), "buy:plan_1", "3")
    assert shape(query) == shape(sample("update_callback_query_inaccessible"))


def test_blocking_has_the_shape_of_a_real_one() -> None:
    chats = book()
    chat = chats.open(BOT, 1111111)
    assert shape(chats.member_update(chat, is_blocked=True)) == shape(sample("update_my_chat_member_blocked"))
    assert chat.is_blocked
    assert shape(chats.member_update(chat, is_blocked=False)) == shape(sample("update_my_chat_member_unblocked"))
    assert not chat.is_blocked


def test_a_raw_update_opens_its_chat_and_keeps_its_own_id() -> None:
    chats = book()
    adopted = chats.adopt(BOT, sample("update_message_start"))
    assert adopted["update_id"] == 10000
    chat = chats.find(BOT, 1111111)
    assert chat is not None
    assert (chat.is_open, chat.first_name, len(chat.messages)) == (True, "Test Firstname", 1)
    without_id = {"callback_query": sample("update_callback_query")["callback_query"]}
    assert chats.adopt(BOT, without_id)["update_id"] > 10000
    assert chats.callback_age_ms("4382bfdwdsb323b2d9") == 0


def test_update_ids_are_never_used_again() -> None:
    chats = book()
    first = chats.text_update(chats.open(BOT, 1), "oi")["update_id"]
    chats.reset()
    assert chats.text_update(chats.open(BOT, 1), "oi")["update_id"] > first
