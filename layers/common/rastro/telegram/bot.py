"""The port to the Bot API: what we say to people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rastro.model import BotId, ChatId

COPY_TEXT_MAX_LENGTH = 256
TEXT_MAX_LENGTH = 4096
INVITE_NAME_MAX_LENGTH = 32


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
    """One bot; texts are Telegram's HTML.

    Raises ``ChatUnreachable``, ``BotRefused``, ``TelegramUnavailable`` or ``TelegramError``.
    """

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = ()) -> None:
        """Send a text."""

    def send_photo(self, chat_id: ChatId, png: bytes, caption_html: str, keyboard: Keyboard = ()) -> None:
        """Send a picture with a caption."""

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        """End the waiting of a pressed button; too late an answer is no error."""

    def create_invite_link(self, chat_id: str, name: str) -> str:
        """Make a link into a group or channel, of which the bot is an administrator, that lets one person in."""

    def check(self) -> None:
        """Ask Telegram whether the bot is still there (``getMe``); raises ``BotRefused`` where it is not."""


class OperatorApi(Protocol):
    """What a bot needs to tell its operator something; raises what ``BotApi`` does."""

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = (), *, silent: bool = False) -> None:
        """Send a text, ``silent`` without a sound."""


BotApis = Callable[[BotId], BotApi]
"""Opens the bot of an id."""
