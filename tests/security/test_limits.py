"""What comes in has a length before it has a meaning."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from functions.payment_webhook import app as payment_webhook
from functions.redirect.app import SEEN_MAX_BYTES
from functions.telegram_webhook import app as telegram_webhook
from functions.telegram_webhook.app import SECRET_HEADER
from rastro.errors import InvalidInput
from rastro.gateway import BODY_MAX_BYTES, VALUE_MAX_LENGTH, HttpRequest
from rastro.pix.provider import PROVIDERS
from rastro.telegram.updates import DATA_MAX_BYTES, ID_LIMIT, NAME_MAX_LENGTH, TEXT_MAX_LENGTH, ButtonPress, Message, parse_update
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import BASE_URL, BOT, SLUG, World
from tests.security.doors import ask

SECRET = "a-secret"


def body_of(size: int, *, as_base64: bool) -> dict[str, Any]:
    raw = b"x" * size
    return {"body": base64.b64encode(raw).decode() if as_base64 else raw.decode(), "isBase64Encoded": as_base64}


@pytest.mark.parametrize("as_base64", [True, False])
def test_a_body_is_taken_up_to_its_limit(*, as_base64: bool) -> None:
    assert len(HttpRequest(body_of(BODY_MAX_BYTES, as_base64=as_base64)).body()) == BODY_MAX_BYTES
    with pytest.raises(InvalidInput):
        HttpRequest(body_of(BODY_MAX_BYTES + 1, as_base64=as_base64)).body()


def test_an_overlong_query_header_cookie_or_part_of_a_path_counts_as_absent() -> None:
    long, longest = "x" * (VALUE_MAX_LENGTH + 1), "x" * VALUE_MAX_LENGTH
    request = HttpRequest(
        {
            "rawQueryString": long,
            "headers": {"a": long, "b": longest},
            "cookies": [long, longest],
            "pathParameters": {"slug": long, "bot_id": longest},
        }
    )
    assert request.raw_query == ""
    assert dict(request.headers) == {"b": longest}
    assert list(request.cookies) == ["", longest]
    assert (request.parameter("slug"), request.parameter("bot_id")) == ("", longest)


def test_a_click_with_an_overlong_query_is_led_on_without_it() -> None:
    world = World()
    assert ask(world, query="fbclid=a&utm_source=" + "x" * VALUE_MAX_LENGTH).status == 302
    (click,) = world.clicks.clicks.values()
    assert (click.fbclid, click.campaign.utm_source) == (None, None)


@pytest.mark.parametrize("body", [b'{"n":"' + b"x" * SEEN_MAX_BYTES + b'"}', b"x" * (BODY_MAX_BYTES + 1), b"[" * SEEN_MAX_BYTES])
def test_a_beacon_that_is_too_large_or_too_deep_is_refused(body: bytes) -> None:
    assert ask(World(), f"/go/{SLUG}/seen", method="POST", body=body).status == 400


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_notice_that_is_too_large_is_refused_before_an_account_is_opened(provider: str) -> None:
    def opened(_name: str, _bot_id: str) -> Any:
        raise AssertionError("nobody asked for the account")

    event = {"pathParameters": {"provider": provider, "bot_id": BOT}, **body_of(BODY_MAX_BYTES + 1, as_base64=True)}
    wired = payment_webhook.Dependencies(provider=opened, enquirer=World().enquirer)
    assert payment_webhook.handle(wired, HttpRequest(event)).status == 413


@pytest.mark.parametrize(("size", "secret"), [(BODY_MAX_BYTES + 1, SECRET), (5, "another")])
def test_an_update_is_read_after_its_secret_and_within_its_limit(size: int, secret: str) -> None:
    world = World()
    event = {"pathParameters": {"bot_id": BOT}, "headers": {SECRET_HEADER: secret}, **body_of(size, as_base64=True)}
    wired = telegram_webhook.Dependencies(
        public_url=BASE_URL, secrets=InMemorySecrets(**{f"bots/{BOT}/webhook-secret": SECRET}), queue=world.turns
    )
    assert telegram_webhook.handle(wired, HttpRequest(event)).status == (200 if secret == SECRET else 401)
    assert not world.bot_users.bot_users


def update(**parts: Any) -> bytes:
    return json.dumps({"update_id": 1} | parts).encode()


def test_every_field_of_an_update_has_its_limit() -> None:
    person = {"id": 1111, "first_name": "A" * 1_000, "username": "b" * 1_000, "language_code": "c" * 1_000}
    chat = {"id": 1111, "type": "private"}
    _, message = parse_update(update(message={"from": person, "chat": chat, "text": "t" * 10_000}))
    assert isinstance(message, Message)
    assert len(message.text) == TEXT_MAX_LENGTH
    told = (message.person.first_name, message.person.username, message.person.language_code)
    assert {len(value or "") for value in told} == {NAME_MAX_LENGTH}
    press = {"id": "7" * 1_000, "from": person, "data": "buy:" + "x" * (DATA_MAX_BYTES - 4)}
    _, pressed = parse_update(update(callback_query=press))
    assert isinstance(pressed, ButtonPress)
    assert len(pressed.callback_query_id) == NAME_MAX_LENGTH


@pytest.mark.parametrize("chat_id", [ID_LIMIT, -ID_LIMIT, True, "1111", 1.5])
def test_an_id_that_is_none_is_nobodys(chat_id: object) -> None:
    chat = {"id": chat_id, "type": "private"}
    assert parse_update(update(message={"from": {"id": 1}, "chat": chat, "text": "oi"})) == (1, None)


def test_a_button_with_more_than_a_button_carries_is_none_of_ours() -> None:
    press = {"id": "7", "from": {"id": 1111}, "data": "paid:" + "x" * DATA_MAX_BYTES}
    assert parse_update(update(callback_query=press)) == (1, None)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"update_id":' * 50_000, b'{"update_id": ' + b"9" * 5_000 + b"}", b"\xff", b""]
)
def test_a_body_that_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_update(body)


def test_half_a_character_is_a_question_mark() -> None:
    person = {"id": 1111, "first_name": "Ana\ud800"}
    _, message = parse_update(update(message={"from": person, "chat": {"id": 1111, "type": "private"}, "text": "\udfff"}))
    assert isinstance(message, Message)
    assert (message.person.first_name, message.text) == ("Ana?", "?")
