"""What the Bot API accepts in a message, and the errors for what it refuses.

https://core.telegram.org/bots/api; limits as there, descriptions as tdlib/telegram-bot-api words them.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from lab.state import JsonObject
from lab.telegram_html import BrokenMarkup, parse_html, utf16_length

TEXT_MAX_LENGTH = 4096
CAPTION_MAX_LENGTH = 1024
CALLBACK_DATA_MAX_BYTES = 64
COPY_TEXT_MAX_LENGTH = 256

_FORBIDDEN = 403
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429
_PREFIXES = {400: "Bad Request: ", _FORBIDDEN: "Forbidden: ", _UNAUTHORIZED: "", 404: "", _TOO_MANY_REQUESTS: "", 500: ""}
_BUTTON_KINDS = frozenset(
    {
        "callback_data",
        "url",
        "copy_text",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "callback_game",
        "pay",
    }
)
_JSON_PARAMS = (
    "reply_markup",
    "entities",
    "caption_entities",
    "link_preview_options",
    "reply_parameters",
    "allowed_updates",
    "commands",
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE = slice(16, 24)
_JPEG_SIGNATURE = b"\xff\xd8\xff"


class ApiError(Exception):
    """Carry one error of the Bot API."""

    def __init__(self, description: str, code: int = 400, *, retry_after: int | None = None) -> None:
        """Take a description without its prefix."""
        super().__init__(_PREFIXES.get(code, "") + description)
        self.code = code
        self.retry_after = retry_after

    def body(self) -> JsonObject:
        """Return the error as the Bot API writes it."""
        body: JsonObject = {"ok": False, "error_code": self.code, "description": str(self)}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def normalise(params: Mapping[str, Any]) -> JsonObject:
    """Return parameters with one shape for every encoding: nested ones as objects, a numeric chat_id as a number."""
    plain = dict(params)
    for name in _JSON_PARAMS:
        if isinstance(plain.get(name), str) and plain[name]:
            try:
                plain[name] = json.loads(plain[name])
            except ValueError:
                kind = "reply keyboard markup" if name == "reply_markup" else name
                raise ApiError(f"can't parse {kind} JSON object") from None
    for name in ("chat_id", "message_id", "user_id", "member_limit", "expire_date", "max_connections"):
        value = plain.get(name)
        if isinstance(value, str) and value.removeprefix("-").isdecimal():
            plain[name] = int(value)
    return plain


def read_text(params: Mapping[str, Any], name: str, max_length: int) -> tuple[str, list[JsonObject]]:
    """Return a text and its entities, parsed as its parse_mode says."""
    given = params.get(name, "")
    if not isinstance(given, str):
        raise ApiError(f"{name} must be a string")
    mode = str(params.get("parse_mode") or "").lower()
    if mode not in {"", "html", "markdown", "markdownv2"}:
        raise ApiError("unsupported parse_mode")
    try:
        text, entities = parse_html(given) if mode == "html" else (given, list(params.get("entities") or []))
    except BrokenMarkup as exc:
        raise ApiError(f"can't parse entities: {exc}") from exc
    if utf16_length(text) > max_length:
        raise ApiError("message is too long" if name == "text" else "message caption is too long")
    if name == "text" and not text.strip():
        raise ApiError("message text is empty")
    return text, entities


def check_markup(markup: object) -> JsonObject | None:
    """Return a reply markup in which every inline button is right."""
    if markup is None or markup == "":
        return None
    if not isinstance(markup, dict):
        raise ApiError("object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ApiError('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    for row in rows:
        for button in row:
            _check_button(button)
    return markup


def picture_size(content: bytes) -> tuple[int, int]:
    """Return width and height of an uploaded PNG; a JPEG is taken as square, anything else is refused."""
    if not content:
        raise ApiError("file must be non-empty")
    if content.startswith(_PNG_SIGNATURE):
        size = content[_PNG_SIZE]
        if len(size) == _PNG_SIZE.stop - _PNG_SIZE.start:
            width, height = struct.unpack(">II", size)
            return int(width), int(height)
    if content.startswith(_JPEG_SIGNATURE):
        return 640, 640
    raise ApiError("IMAGE_PROCESS_FAILED")


def is_web_address(value: str) -> bool:
    """Say whether a text is an http or https address."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _check_button(button: object) -> None:
    if not isinstance(button, dict):
        raise ApiError("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise ApiError("can't parse inline keyboard button: Button text must be non-empty")
    kinds = _BUTTON_KINDS & set(button)
    if not kinds:
        raise ApiError("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise ApiError("can't parse inline keyboard button: exactly one of the optional fields must be used")
    data, url, copied = button.get("callback_data"), button.get("url"), button.get("copy_text")
    if "callback_data" in button and not (isinstance(data, str) and 1 <= len(data.encode()) <= CALLBACK_DATA_MAX_BYTES):
        raise ApiError("BUTTON_DATA_INVALID")
    if "url" in button and not (isinstance(url, str) and (is_web_address(url) or url.startswith("tg://"))):
        raise ApiError("BUTTON_URL_INVALID")
    if "copy_text" in button:
        text = copied.get("text") if isinstance(copied, dict) else None
        if not (isinstance(text, str) and 1 <= utf16_length(text) <= COPY_TEXT_MAX_LENGTH):
            raise ApiError("BUTTON_COPY_TEXT_INVALID")
