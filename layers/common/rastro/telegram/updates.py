"""What Telegram sends: the few fields of an update that a shop needs (https://core.telegram.org/bots/api#update).

Telegram adds fields and update types as it likes, and its own examples lack some: unknown ones are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rastro.errors import InvalidInput
from rastro.model import ChatId

NAME_MAX_LENGTH = 256
TEXT_MAX_LENGTH = 4096
"""The longest text of a message (https://core.telegram.org/bots/api#message)."""
DATA_MAX_BYTES = 64
"""The most that a button carries (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""
ID_LIMIT = 2**53
"""Ids have at most 52 significant bits (https://core.telegram.org/bots/api#chat)."""
START_COMMAND = "/start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wrote, in their private chat with the bot."""

    chat_id: ChatId
    first_name: str | None = None
    username: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text in a private chat."""

    person: Person
    text: str

    @property
    def start_param(self) -> str | None:
        """Return what came with ``/start`` (``""`` for a bare one), or ``None`` when this is another text."""
        command, *rest = self.text.split(maxsplit=1) or [""]
        name, _, _bot = command.partition("@")
        return "".join(rest).strip() if name.lower() == START_COMMAND else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A pressed button of an inline keyboard, in a private chat."""

    person: Person
    callback_query_id: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A person blocked the bot, or took it back."""

    person: Person
    blocked: bool


Update = Message | ButtonPress | Membership


def parse_update(body: bytes) -> tuple[int, Update | None]:
    """Return an update's id and what it is, ``None`` for what a shop has no answer to (groups, channels, edits, unknown).

    Raises ``InvalidInput`` for a body that is no update.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("the update is not JSON") from exc
    update_id = _id(document.get("update_id")) if isinstance(document, dict) else None
    if update_id is None:
        raise InvalidInput("the update has no update_id")
    return update_id, _message(document) or _button_press(document) or _membership(document)


def _message(document: Mapping[str, Any]) -> Message | None:
    message = _mapping(document, "message")
    person = _person(_mapping(message, "from"), _mapping(message, "chat"))
    text = message.get("text")
    return Message(person=person, text=_well_formed(text[:TEXT_MAX_LENGTH])) if person and isinstance(text, str) else None


def _button_press(document: Mapping[str, Any]) -> ButtonPress | None:
    query = _mapping(document, "callback_query")
    # An old message comes as an InaccessibleMessage, an inline one not at all; the private chat of a person has the person's id.
    sender = _mapping(query, "from")
    chat = _mapping(_mapping(query, "message"), "chat") or {"id": sender.get("id"), "type": "private"}
    person = _person(sender, chat)
    query_id, data = _text(query.get("id")), query.get("data")
    if person is None or query_id is None or not isinstance(data, str):
        return None
    data = _well_formed(data)
    if len(data.encode()) > DATA_MAX_BYTES:
        return None
    return ButtonPress(person=person, callback_query_id=query_id, data=data)


def _membership(document: Mapping[str, Any]) -> Membership | None:
    change = _mapping(document, "my_chat_member")
    person = _person(_mapping(change, "from"), _mapping(change, "chat"))
    status = _mapping(change, "new_chat_member").get("status")
    return Membership(person=person, blocked=status == "kicked") if person and status in ("kicked", "member") else None


def _person(sender: Mapping[str, Any], chat: Mapping[str, Any]) -> Person | None:
    chat_id = _id(chat.get("id"))
    if chat.get("type", "private") != "private" or chat_id is None or sender.get("is_bot") is True:
        return None
    return Person(
        chat_id=ChatId(str(chat_id)),
        first_name=_text(sender.get("first_name") or chat.get("first_name")),
        username=_text(sender.get("username")),
        language_code=_text(sender.get("language_code")),
    )


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _id(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= ID_LIMIT:
        return None
    return value


def _text(value: object) -> str | None:
    return _well_formed(value[:NAME_MAX_LENGTH]) if isinstance(value, str) and value else None


def _well_formed(text: str) -> str:
    """Return a text with ``?`` for half a character, which JSON can carry and no encoding takes."""
    return text.encode(errors="replace").decode()
