"""What an answer of the Bot API means, by the answers that it is known to give."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from rastro.errors import BotRefused, ChatUnreachable, TelegramError, TelegramUnavailable
from rastro.model import ChatId
from rastro.telegram.client import WAIT_MAX_SECONDS, TelegramClient

CHAT = ChatId("1111")


class Wire(requests.adapters.BaseAdapter):
    """Answers with the next of its answers, the last one for ever; keeps what was sent."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, Exception):
            raise body
        response = requests.Response()
        response.status_code, response._content = status, body if isinstance(body, bytes) else json.dumps(body).encode()
        return response

    def close(self) -> None:
        pass


class Bot:
    """A bot whose Bot API is a table of answers."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.wire = Wire(*answers)
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.wire)
        self.client = TelegramClient(session, token="7:secret-token", sleep=self.slept.append)


OK = (200, {"ok": True, "result": True})


def refused(code: int, description: str, **parameters: object) -> tuple[int, object]:
    more = {"parameters": parameters} if parameters else {}
    return code, {"ok": False, "error_code": code, "description": description} | more


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(403, "Forbidden: bot was blocked by the user"), ChatUnreachable),
        (refused(403, "Forbidden: user is deactivated"), ChatUnreachable),
        (refused(400, "Bad Request: chat not found"), ChatUnreachable),
        (refused(400, "Bad Request: can't parse entities"), TelegramError),
        (refused(401, "Unauthorized"), BotRefused),
        (refused(404, "Not Found"), BotRefused),
        (refused(429, "Too Many Requests: retry after 40", retry_after=40), TelegramUnavailable),
        (refused(500, "Internal Server Error"), TelegramUnavailable),
        ((502, b"<html>Bad Gateway</html>"), TelegramUnavailable),
        ((200, b""), TelegramUnavailable),
        ((200, []), TelegramUnavailable),
        ((0, requests.ConnectionError("https://api.telegram.org/bot7:secret-token/sendMessage")), TelegramUnavailable),
        ((0, requests.ReadTimeout()), TelegramUnavailable),
    ],
)
def test_each_answer_is_the_error_that_somebody_acts_on(answer: tuple[int, object], error: type[TelegramError]) -> None:
    with pytest.raises(TelegramError) as caught:
        Bot(answer).client.send_message(CHAT, "oi")
    assert type(caught.value) is error
    assert "secret-token" not in str(caught.value)
    assert caught.value.__cause__ is None or "secret-token" not in str(caught.value.__cause__)


def test_a_short_wait_that_is_asked_for_is_waited_once() -> None:
    bot = Bot(refused(429, "Too Many Requests: retry after 2", retry_after=2), OK)
    bot.client.send_message(CHAT, "oi")
    assert (bot.slept, len(bot.wire.sent)) == ([2], 2)


def test_a_wait_that_comes_again_or_is_long_is_left_to_a_later_try() -> None:
    again = Bot(refused(429, "Too Many Requests", retry_after=1))
    with pytest.raises(TelegramUnavailable) as caught:
        again.client.send_message(CHAT, "oi")
    assert (again.slept, caught.value.retry_after_seconds) == ([1], 1)
    long = Bot(refused(429, "Too Many Requests", retry_after=WAIT_MAX_SECONDS + 1), OK)
    with pytest.raises(TelegramUnavailable):
        long.client.send_message(CHAT, "oi")
    assert (long.slept, len(long.wire.sent)) == ([], 1)


def test_a_late_answer_to_a_button_harms_nobody() -> None:
    late = refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    Bot(late).client.answer_callback("cb")


def test_a_link_into_a_group_lets_one_person_in() -> None:
    bot = Bot((200, {"ok": True, "result": {"invite_link": "https://t.me/+abc", "member_limit": 1}}))
    assert bot.client.create_invite_link("-100123", "01K" + "X" * 40) == "https://t.me/+abc"
    body = str(bot.wire.sent[0].body)
    assert "member_limit=1" in body
    assert "chat_id=-100123" in body
    assert len(body.split("name=")[1].split("&", maxsplit=1)[0]) == 32


@pytest.mark.parametrize("result", [True, {}, {"invite_link": 7}, {"invite_link": "javascript:alert(1)"}])
def test_an_answer_without_a_link_is_no_link(result: object) -> None:
    with pytest.raises(TelegramUnavailable):
        Bot((200, {"ok": True, "result": result})).client.create_invite_link("-100123", "x")


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_bot_that_telegram_refuses_says_so(code: int) -> None:
    with pytest.raises(BotRefused):
        Bot(refused(code, "Unauthorized")).client.check()


def test_a_bot_that_is_there_passes_its_check() -> None:
    Bot((200, {"ok": True, "result": {"id": 7, "is_bot": True}})).client.check()


def test_a_silent_message_asks_for_no_sound_and_others_do_not() -> None:
    bot = Bot(OK)

    bot.client.send_message(CHAT, "Bom dia", silent=True)
    bot.client.send_message(CHAT, "Acorde")

    silent, loud = (str(request.body) for request in bot.wire.sent)
    assert "disable_notification=true" in silent
    assert "disable_notification" not in loud
