"""The Bot API as bots are set up by it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from rastro.errors import TelegramError, TelegramUnavailable
from rastro_cli.bot_account import BotIdentity, HttpBotAccount, Webhook

TOKEN = "7000000001:AA-the-token"


class Wire(requests.adapters.BaseAdapter):
    """Answers every call alike, or fails; keeps what was sent."""

    def __init__(self, body: object, status: int = 200, failure: Exception | None = None) -> None:
        super().__init__()
        self.body, self.status, self.failure = body, status, failure
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        if self.failure:
            raise self.failure
        response = requests.Response()
        response.status_code, response.request = self.status, request
        response._content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return response

    def close(self) -> None: ...


def _account(wire: Wire) -> HttpBotAccount:
    session = requests.Session()
    session.mount("https://", wire)
    return HttpBotAccount(session, token=TOKEN)


def test_a_token_tells_whose_it_is() -> None:
    wire = Wire({"ok": True, "result": {"id": 7000000001, "is_bot": True, "first_name": "Pão", "username": "pao_bot"}})
    assert _account(wire).me() == BotIdentity(bot_id=wire_id(), username="pao_bot", name="Pão")
    assert wire.sent[0].url == f"https://api.telegram.org/bot{TOKEN}/getMe"


def wire_id() -> Any:
    return "7000000001"


def test_the_webhook_is_read_as_telegram_has_it() -> None:
    result = {
        "url": "https://go.example.com/telegram/7",
        "pending_update_count": 3,
        "max_connections": 40,
        "allowed_updates": ["message"],
        "last_error_date": 1_790_000_000,
        "last_error_message": "Wrong response from the webhook: 500 Internal Server Error",
    }
    assert _account(Wire({"ok": True, "result": result})).webhook() == Webhook(
        url="https://go.example.com/telegram/7",
        allowed_updates=("message",),
        max_connections=40,
        pending=3,
        last_error="Wrong response from the webhook: 500 Internal Server Error",
        last_error_at_ms=1_790_000_000_000,
    )
    assert _account(Wire({"ok": True, "result": {"url": ""}})).webhook() == Webhook()


def test_the_webhook_is_set_and_nothing_that_waits_is_dropped() -> None:
    wire = Wire({"ok": True, "result": True})
    _account(wire).set_webhook("https://go.example.com/telegram/7", "s3cret", ["message", "callback_query"], 40)
    assert parse_qs(str(wire.sent[0].body)) == {
        "url": ["https://go.example.com/telegram/7"],
        "secret_token": ["s3cret"],
        "allowed_updates": ['["message", "callback_query"]'],
        "max_connections": ["40"],
        "drop_pending_updates": ["false"],
    }


def test_the_menu_is_set() -> None:
    wire = Wire({"ok": True, "result": True})
    _account(wire).set_commands({"start": "Início"})
    (commands,) = parse_qs(str(wire.sent[0].body))["commands"]
    assert json.loads(commands) == [{"command": "start", "description": "Início"}]


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        (Wire({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401), TelegramError),
        (Wire({"ok": False, "error_code": 429, "description": "Too Many Requests"}, 429), TelegramUnavailable),
        (Wire({"ok": False, "description": "Internal Server Error"}, 500), TelegramUnavailable),
        (Wire(b"<html>", 502), TelegramUnavailable),
        (Wire([], 200), TelegramUnavailable),
        (Wire({}, failure=requests.ConnectionError(f"https://api.telegram.org/bot{TOKEN}/getMe")), TelegramUnavailable),
    ],
)
def test_a_refusal_is_told_from_an_outage_and_neither_tells_the_token(wire: Wire, error: type[TelegramError]) -> None:
    with pytest.raises(TelegramError) as caught:
        _account(wire).me()
    assert type(caught.value) is error
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
