"""The Telegram webhook on broken updates: it answers, and without the bot's secret nothing changes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import cast

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from functions.telegram_webhook import app as telegram_webhook
from functions.telegram_webhook.app import SECRET_HEADER, Dependencies
from lab.chats import ChatBook
from lab.state import Bot
from rastro.gateway import HttpRequest
from rastro.telegram.client import TelegramClient
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import BASE_URL, BOT, NOW_MS, RecordingBot, World
from tests.unit.functions.mutations import ABSURD, mutated, mutated_headers, mutated_query

SAMPLES = Path(__file__).parents[3] / "data" / "telegram"
SECRET = "a-secret_of-the-webhook"
FRESH_AFTER = 200

fuzzed = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


class BotApiAdapter(BaseAdapter):
    """A Bot API that takes everything."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.calls += 1
        response = requests.Response()
        response.status_code, response._content = 200, b'{"ok": true, "result": {"invite_link": "https://t.me/+a"}}'
        return response

    def close(self) -> None:
        """Nothing is open."""


class Target:
    """A shop behind its webhook, which speaks through our client."""

    def __init__(self) -> None:
        self.world = World()
        self.world.click()
        self.adapter = BotApiAdapter()
        session = requests.Session()
        session.mount("https://", self.adapter)
        self.world.bot = cast("RecordingBot", TelegramClient(session, token="1:abc"))
        self.secrets = InMemorySecrets(**{f"bots/{BOT}/webhook-secret": SECRET})
        self.posts = 0

    def post(self, body: bytes, headers: Mapping[str, str], query: str = "") -> int:
        self.posts += 1
        event = {
            "version": "2.0",
            "rawPath": f"/telegram/{BOT}",
            "rawQueryString": query,
            "headers": headers,
            "pathParameters": {"bot_id": BOT},
            "requestContext": {"domainName": "go.example.com", "http": {"method": "POST", "sourceIp": "91.108.4.1"}},
            "isBase64Encoded": True,
            "body": base64.b64encode(body).decode(),
        }
        wired = Dependencies(public_url=BASE_URL, secrets=self.secrets, queue=self.world.turns)
        return telegram_webhook.handle(wired, HttpRequest(event)).status

    def records(self) -> tuple[object, ...]:
        world = self.world
        return dict(world.bot_users.bot_users), dict(world.payments.payments), dict(world.inbox.done), self.adapter.calls


@cache
def _target(number: int) -> Target:
    """Return a shop; a new number is a new one."""
    return Target()


_used = count()


def target() -> Target:
    """Return a shop that has not seen too much yet: a bot user's history is read whole."""
    return _target(next(_used) // FRESH_AFTER)


def _updates() -> list[bytes]:
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.json")) if path.stem != "errors"]
    chats = ChatBook(lambda: NOW_MS)
    chat = chats.open(Bot(bot_id=BOT, username="pao_bot", token="1:abc", webhook_secret=SECRET), 1111, first_name="Ana")
    said = [
        chats.text_update(chat, "/start"),
        chats.text_update(chat, "oi"),
        chats.press_update(chat, "buy:curso", "1"),
        chats.press_update(chat, "paid:01ARZ3NDEKTSV4RRFFQ69G5FAV", "2"),
        chats.member_update(chat, is_blocked=True),
    ]
    return [json.dumps(document.get("sample", document), ensure_ascii=False).encode() for document in [*read, *said]]


UPDATES = _updates()


@fuzzed
@given(data=st.data())
def test_a_broken_update_with_the_secret_is_answered(data: st.DataObject) -> None:
    headers = data.draw(mutated_headers({"content-type": "application/json"})) | {SECRET_HEADER: SECRET}
    known = target()
    assert known.post(data.draw(mutated(UPDATES)), headers, data.draw(mutated_query(""))) == 200
    assert known.world.ledger.rows == {}


@fuzzed
@given(data=st.data())
def test_a_broken_update_without_the_secret_changes_nothing(data: st.DataObject) -> None:
    headers = data.draw(mutated_headers({SECRET_HEADER: f"{SECRET}x", "content-type": "application/json"}))
    known = target()
    before = known.records()
    assert known.post(data.draw(mutated(UPDATES)), headers, data.draw(mutated_query(f"secret={SECRET}"))) == 401
    assert known.records() == before


@pytest.mark.parametrize("place", ["update_id", "chat_id", "text", "data", "first_name", "callback_id"])
def test_no_value_in_a_place_that_we_read_is_too_much(place: str) -> None:
    person: Mapping[str, object] = {"id": 1111, "is_bot": False, "first_name": "@first_name"}
    chat: Mapping[str, object] = {"id": "@chat_id", "type": "private", "first_name": "@first_name"}
    message: Mapping[str, object] = {"message_id": 1, "from": person, "chat": chat, "date": 1}
    query: Mapping[str, object] = {"id": "@callback_id", "from": person, "data": "@data", "message": message}
    usual = {"chat_id": "1111", "text": '"/start"', "first_name": '"Ana"', "callback_id": '"7"', "data": '"buy:curso"'}
    known, numbers = Target(), count()
    for absurd in ABSURD:
        for update in ({"message": {**message, "text": "@text"}}, {"callback_query": query}):
            body = json.dumps({"update_id": "@update_id", **update})
            for name, value in (usual | {"update_id": str(next(numbers))} | {place: absurd}).items():
                body = body.replace(f'"@{name}"', value)
            assert known.post(body.encode(), {SECRET_HEADER: SECRET}) == 200, (place, absurd[:80])
