"""The port to the Bot API: what we say to people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rastro.model import BotId, ChatId

COPY_TEXT_MAX_LENGTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button of an inline keyboard: it calls back, opens a link, or copies a text."""

    text: str
    callback_data: str | None = None
    url: str | None = None
    copy_text: str | None = None


Keyboard = Sequence[Sequence[Button]]
"""Rows of buttons."""


class BotApi(Protocol):
    """One bot. Raises ``ChatUnreachable``, ``TelegramUnavailable`` or ``TelegramError``. Texts are Telegram's HTML."""

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = ()) -> None:
        """Send a text."""

    def send_photo(self, chat_id: ChatId, png: bytes, caption_html: str, keyboard: Keyboard = ()) -> None:
        """Send a picture with a caption."""

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        """End the waiting of a pressed button; too late an answer is no error."""


BotApis = Callable[[BotId], BotApi]
"""Opens the bot of an id."""
