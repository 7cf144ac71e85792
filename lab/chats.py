"""The people, their private chats with each bot, and the updates that what they do gives rise to.

Shapes as in https://core.telegram.org/bots/api. In a private chat the chat's id is the person's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.state import Bot, JsonObject

FIRST_UPDATE_ID = 700_000_001
CHAT_INSTANCE = "-3940389489743029212"
_MESSAGE_TYPES = ("message", "edited_message")


@dataclass(slots=True)
class Chat:
    """One person's chat with one bot."""

    bot: Bot
    chat_id: int
    first_name: str = "Visitante"
    language: str = "pt-br"
    is_open: bool = False
    is_blocked: bool = False
    messages: list[JsonObject] = field(default_factory=list)

    def person(self) -> JsonObject:
        """Return the person as a Bot API User."""
        return {"id": self.chat_id, "is_bot": False, "first_name": self.first_name, "language_code": self.language}

    def wire(self) -> JsonObject:
        """Return the chat as a Bot API Chat; a negative id is a group's."""
        if self.chat_id < 0:
            return {"id": self.chat_id, "title": "Grupo VIP", "type": "supergroup"}
        return {"id": self.chat_id, "first_name": self.first_name, "type": "private"}

    def message(self, message_id: object) -> JsonObject | None:
        """Return the message of that id."""
        return next((message for message in self.messages if message["message_id"] == message_id), None)


class ChatBook:
    """Every chat, and the counters of messages and updates."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Take the clock."""
        self._now_ms = now_ms
        self._chats: dict[tuple[str, int], Chat] = {}
        self._last_message_id: dict[str, int] = {}
        self._next_update_id = FIRST_UPDATE_ID
        self._callbacks: dict[str, int] = {}

    def reset(self) -> None:
        """Forget the chats; update ids go on, as a bot never sees one twice for two updates."""
        self._chats.clear()
        self._last_message_id.clear()
        self._callbacks.clear()

    def chats(self) -> list[Chat]:
        """Return every chat."""
        return list(self._chats.values())

    def find(self, bot: Bot, chat_id: int) -> Chat | None:
        """Return a chat that exists."""
        return self._chats.get((bot.bot_id, chat_id))

    def open(self, bot: Bot, chat_id: int, *, first_name: str | None = None, language: str | None = None) -> Chat:
        """Return a person's chat, opened; what is given of the person replaces what was known."""
        chat = self._chats.setdefault((bot.bot_id, chat_id), Chat(bot=bot, chat_id=chat_id))
        chat.is_open = True
        chat.first_name = first_name or chat.first_name
        chat.language = language or chat.language
        return chat

    def next_message_id(self, bot: Bot) -> int:
        """Return a new id in the bot's one sequence."""
        message_id = self._last_message_id.get(bot.bot_id, 0) + 1
        self._last_message_id[bot.bot_id] = message_id
        return message_id

    def next_update_id(self) -> int:
        """Return a new update id."""
        update_id = self._next_update_id
        self._next_update_id += 1
        return update_id

    def text_update(self, chat: Chat, text: str) -> JsonObject:
        """Return the update of a person who writes a text or a command."""
        message: JsonObject = {
            "message_id": self.next_message_id(chat.bot),
            "from": chat.person(),
            "chat": chat.wire(),
            "date": self._now_ms() // 1000,
            "text": text,
        }
        if text.startswith("/"):
            command = text.split(maxsplit=1)[0]
            message["entities"] = [{"offset": 0, "length": len(command), "type": "bot_command"}]
        chat.messages.append(message)
        return {"update_id": self.next_update_id(), "message": message}

    def press_update(self, chat: Chat, data: str, callback_id: str) -> JsonObject:
        """Return the update of a person who presses a button: on the last message that has it, else that has any."""
        self._callbacks[callback_id] = self._now_ms()
        query = {
            "id": callback_id,
            "from": chat.person(),
            "message": _pressed_message(chat, data) or self._older_message(chat),
            "chat_instance": CHAT_INSTANCE,
            "data": data,
        }
        return {"update_id": self.next_update_id(), "callback_query": query}

    def member_update(self, chat: Chat, *, is_blocked: bool) -> JsonObject:
        """Return the update of a person who blocks the bot or lets it in again."""
        chat.is_blocked = is_blocked
        user = bot_user(chat.bot)
        member, kicked = {"user": user, "status": "member"}, {"user": user, "status": "kicked", "until_date": 0}
        change = {
            "chat": chat.wire(),
            "from": chat.person(),
            "date": self._now_ms() // 1000,
            "old_chat_member": member if is_blocked else kicked,
            "new_chat_member": kicked if is_blocked else member,
        }
        return {"update_id": self.next_update_id(), "my_chat_member": change}

    def adopt(self, bot: Bot, update: Mapping[str, Any]) -> JsonObject:
        """Return a raw update with an id, and learn the chat, the message and the callback that it speaks of."""
        adopted = {"update_id": self.next_update_id(), **update}
        for name in _MESSAGE_TYPES:
            message = adopted.get(name)
            if isinstance(message, dict) and _is_private(message.get("chat")):
                self.open(bot, message["chat"]["id"], **_profile(message.get("from"))).messages.append(message)
        query = adopted.get("callback_query")
        if isinstance(query, dict):
            self._callbacks[str(query.get("id"))] = self._now_ms()
            person = query.get("from")
            if isinstance(person, dict) and isinstance(person.get("id"), int):
                self.open(bot, person["id"], **_profile(person))
        return adopted

    def callback_age_ms(self, callback_id: str) -> int | None:
        """Return how long ago a button of that query was pressed."""
        pressed_at_ms = self._callbacks.get(callback_id)
        return None if pressed_at_ms is None else self._now_ms() - pressed_at_ms

    def _older_message(self, chat: Chat) -> JsonObject:
        """Return a message that Telegram no longer gives the content of: there is none with a keyboard."""
        return {"chat": chat.wire(), "message_id": self._last_message_id.get(chat.bot.bot_id, 1), "date": 0}


def bot_user(bot: Bot) -> JsonObject:
    """Return a bot as a Bot API User."""
    return {"id": int(bot.bot_id), "is_bot": True, "first_name": bot.username, "username": bot.username}


def _pressed_message(chat: Chat, data: str) -> JsonObject | None:
    with_keyboard = [message for message in reversed(chat.messages) if _callback_data(message)]
    for message in with_keyboard:
        if data in _callback_data(message):
            return message
    return with_keyboard[0] if with_keyboard else None


def _callback_data(message: Mapping[str, Any]) -> list[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


def _is_private(chat: object) -> bool:
    return isinstance(chat, dict) and isinstance(chat.get("id"), int) and chat.get("type", "private") == "private"


def _profile(person: object) -> dict[str, str | None]:
    known = person if isinstance(person, dict) else {}
    return {"first_name": known.get("first_name"), "language": known.get("language_code")}
