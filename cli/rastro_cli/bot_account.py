"""A bot as its owner sets it up: who it is, where its updates go, what stands in its menu.

https://core.telegram.org/bots/api#getme, #setwebhook, #getwebhookinfo, #setmycommands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from rastro.errors import TelegramError, TelegramUnavailable
from rastro.model import BotId, ChatId

BASE_URL = "https://api.telegram.org"
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 20

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """Who a token belongs to."""

    bot_id: BotId
    username: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a bot's updates go, as Telegram has it."""

    url: str = ""
    allowed_updates: tuple[str, ...] = ()
    """Empty: Telegram's own choice."""
    max_connections: int | None = None
    pending: int = 0
    last_error: str = ""
    last_error_at_ms: int | None = None


class BotAccount(Protocol):
    """One bot, by its token. Raises ``TelegramUnavailable``, or ``TelegramError`` where Telegram refuses."""

    def me(self) -> BotIdentity:
        """Return who the token belongs to."""

    def webhook(self) -> Webhook:
        """Return where the updates go."""

    def set_webhook(self, url: str, secret: str, allowed_updates: Sequence[str], max_connections: int) -> None:
        """Send the updates there, those that wait too."""

    def set_commands(self, commands: Mapping[str, str]) -> None:
        """Show commands with their descriptions in the bot's menu."""

    def say(self, chat_id: ChatId, text: str) -> None:
        """Send a plain text to a chat."""


class HttpBotAccount:
    """A bot over HTTP; its token is part of the URL, so no error of this class carries a URL."""

    def __init__(self, session: requests.Session, *, token: str, base_url: str = BASE_URL) -> None:
        """Take a session, the token and where the Bot API is."""
        self._session = session
        self._url = f"{base_url.rstrip('/')}/bot{token}"

    def me(self) -> BotIdentity:
        """Ask ``getMe``."""
        result = self._call("getMe", {})
        return BotIdentity(
            bot_id=BotId(str(result.get("id", ""))),
            username=str(result.get("username", "")),
            name=str(result.get("first_name", "")),
        )

    def webhook(self) -> Webhook:
        """Ask ``getWebhookInfo``."""
        result = self._call("getWebhookInfo", {})
        at, connections = result.get("last_error_date"), result.get("max_connections")
        return Webhook(
            url=str(result.get("url") or ""),
            allowed_updates=tuple(str(kind) for kind in result.get("allowed_updates") or ()),
            max_connections=connections if isinstance(connections, int) else None,
            pending=int(result.get("pending_update_count") or 0),
            last_error=str(result.get("last_error_message") or ""),
            last_error_at_ms=at * 1000 if isinstance(at, int) else None,
        )

    def set_webhook(self, url: str, secret: str, allowed_updates: Sequence[str], max_connections: int) -> None:
        """Call ``setWebhook``; what waits is not dropped."""
        fields = {
            "url": url,
            "secret_token": secret,
            "allowed_updates": json.dumps(list(allowed_updates)),
            "max_connections": str(max_connections),
            "drop_pending_updates": "false",
        }
        self._call("setWebhook", fields)

    def set_commands(self, commands: Mapping[str, str]) -> None:
        """Call ``setMyCommands`` for every chat and language."""
        listed = [{"command": command, "description": description} for command, description in commands.items()]
        self._call("setMyCommands", {"commands": json.dumps(listed, ensure_ascii=False)})

    def say(self, chat_id: ChatId, text: str) -> None:
        """Call ``sendMessage``."""
        self._call("sendMessage", {"chat_id": chat_id, "text": text})

    def _call(self, method: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            response = self._session.post(
                f"{self._url}/{method}", data=fields, timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
            )
            answer = response.json()
        except (requests.RequestException, ValueError) as exc:
            # requests writes the URL, and so the token, into its messages: they stop here.
            raise TelegramUnavailable(f"{method}: no usable answer ({type(exc).__name__})") from None
        if not isinstance(answer, dict):
            raise TelegramUnavailable(f"{method}: the answer is no object")
        if answer.get("ok") is not True:
            status = response.status_code
            message = f"{method}: {status} {str(answer.get('description', ''))[:200]}"
            if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
                raise TelegramUnavailable(message)
            raise TelegramError(message)
        result = answer.get("result")
        return result if isinstance(result, dict) else {}
