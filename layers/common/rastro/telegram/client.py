"""The Bot API over HTTP (https://core.telegram.org/bots/api)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from rastro.errors import BotRefused, ChatUnreachable, TelegramError, TelegramUnavailable
from rastro.model import BotId, ChatId
from rastro.stores.ports import Secrets
from rastro.telegram.bot import INVITE_NAME_MAX_LENGTH, Button, Keyboard

BASE_URL = "https://api.telegram.org"
CONNECT_TIMEOUT_SECONDS = 3.05
READ_TIMEOUT_SECONDS = 10

WAIT_MAX_SECONDS = 3
"""How long a 429 may ask us to wait for us to do it at once; people and Telegram wait for our answer meanwhile."""

_QUOTED = re.compile(r"'[^']*'?|\"[^\"]*\"?")
_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_FORBIDDEN = 403
_BAD_REQUEST = 400
_SERVER_ERROR = 500


class TelegramClient:
    """One bot, by its token; the token is part of the URL, so no error of this class carries a URL."""

    def __init__(
        self,
        session: requests.Session,
        *,
        token: str,
        base_url: str = BASE_URL,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take a session that keeps connections, and how to wait."""
        self._session = session
        self._sleep = sleep
        self._url = f"{base_url.rstrip('/')}/bot{token}"

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = (), *, silent: bool = False) -> None:
        """Send a text without link previews, ``silent`` without a sound."""
        fields = {"text": html, "link_preview_options": json.dumps({"is_disabled": True})}
        if silent:
            fields["disable_notification"] = "true"
        self._call("sendMessage", fields | _common(chat_id, keyboard))

    def send_photo(self, chat_id: ChatId, png: bytes, caption_html: str, keyboard: Keyboard = ()) -> None:
        """Upload a picture with a caption."""
        fields = {"caption": caption_html} | _common(chat_id, keyboard)
        self._call("sendPhoto", fields, files={"photo": ("pix.png", png, "image/png")})

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        """Answer a button; Telegram refuses late answers, which harms nobody."""
        try:
            self._call("answerCallbackQuery", {"callback_query_id": callback_query_id, "text": text})
        except TelegramUnavailable:
            raise
        except TelegramError:
            return

    def create_invite_link(self, chat_id: str, name: str) -> str:
        """Make a link that lets one person in (https://core.telegram.org/bots/api#createchatinvitelink)."""
        fields = {"chat_id": chat_id, "name": name[:INVITE_NAME_MAX_LENGTH], "member_limit": "1"}
        result = self._call("createChatInviteLink", fields)
        link = result.get("invite_link") if isinstance(result, dict) else None
        if not isinstance(link, str) or not link.startswith("https://"):
            raise TelegramUnavailable("createChatInviteLink: the answer has no link")
        return link

    def check(self) -> None:
        """Ask for the bot itself; a 403 says the same as a 401 here."""
        try:
            self._call("getMe", {})
        except ChatUnreachable as exc:
            raise BotRefused(str(exc)) from exc

    def _call(self, method: str, fields: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return a method's result; a short wait that Telegram asks for is waited, once."""
        try:
            return self._call_once(method, fields, files)
        except TelegramUnavailable as exc:
            if exc.retry_after_seconds is None or exc.retry_after_seconds > WAIT_MAX_SECONDS:
                raise
            self._sleep(exc.retry_after_seconds)
            return self._call_once(method, fields, files)

    def _call_once(self, method: str, fields: Mapping[str, str], files: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
        try:
            response = self._session.post(
                f"{self._url}/{method}",
                data=fields,
                files=files,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
            )
            answer = response.json()
        except (requests.RequestException, ValueError) as exc:
            # requests writes the URL, and so the token, into its messages: they stop here.
            raise TelegramUnavailable(f"{method}: no usable answer ({type(exc).__name__})") from None
        if not isinstance(answer, dict):
            raise TelegramUnavailable(f"{method}: the answer is no object")
        if answer.get("ok") is not True:
            raise _error(method, response.status_code, answer)
        return answer.get("result")


class TelegramBots:
    """Opens each bot of the deployment with its token from the parameter store."""

    def __init__(self, session: requests.Session, secrets: Secrets, base_url: str) -> None:
        """Take a session that all bots share, the parameter store, and where the Bot API is."""
        self._session = session
        self._secrets = secrets
        self._base_url = base_url

    def __call__(self, bot_id: BotId) -> TelegramClient:
        """Return the bot of an id; raises ``SecretMissing`` or ``StoreUnavailable``."""
        return TelegramClient(self._session, token=self._secrets.get(f"bots/{bot_id}/token"), base_url=self._base_url)


def _common(chat_id: ChatId, keyboard: Keyboard) -> dict[str, str]:
    fields = {"chat_id": str(chat_id), "parse_mode": "HTML"}
    if keyboard:
        rows = [[_button(button) for button in row] for row in keyboard]
        fields["reply_markup"] = json.dumps({"inline_keyboard": rows}, ensure_ascii=False)
    return fields


def _button(button: Button) -> dict[str, object]:
    wire: dict[str, object] = {"text": button.text}
    if button.callback_data is not None:
        wire["callback_data"] = button.callback_data
    if button.url is not None:
        wire["url"] = button.url
    if button.copy_text is not None:
        wire["copy_text"] = {"text": button.copy_text}
    return wire


def _error(method: str, status: int, answer: Mapping[str, Any]) -> TelegramError:
    given = answer.get("error_code")
    code = given if isinstance(given, int) else status
    description = str(answer.get("description", ""))[:200]
    # What Telegram quotes is ours: a name, or the signed address of a button. It has no place in a log.
    message = f"{method}: {code} {_QUOTED.sub('…', description)}"
    if code == _TOO_MANY_REQUESTS:
        parameters = answer.get("parameters")
        retry_after = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return TelegramUnavailable(message, retry_after_seconds=retry_after if isinstance(retry_after, int) else None)
    if code >= _SERVER_ERROR:
        return TelegramUnavailable(message)
    if code in (_UNAUTHORIZED, _NOT_FOUND):
        return BotRefused(message)
    # The Bot API has no code for a chat that does not exist: its description is all that tells it from other 400s.
    if code == _FORBIDDEN or (code == _BAD_REQUEST and "chat not found" in description.lower()):
        return ChatUnreachable(message)
    return TelegramError(message)
