from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from rastro.errors import SecretMissing
from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.meta.client import GraphClient
from rastro.model import PixelId

PIXEL_ID = PixelId("1000000000000001")


class Transport(BaseAdapter):
    """Answers without a network."""

    def __init__(self, answer: Callable[[], HTTPResponse]) -> None:
        super().__init__()
        self.requests: list[requests.PreparedRequest] = []
        self.options: list[Mapping[str, Any]] = []
        self._answer = answer

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self.requests.append(request)
        self.options.append(options)
        raw = self._answer()
        response = requests.Response()
        response.status_code, response.raw = raw.status, raw
        response.headers.update(raw.headers.items())
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Hold nothing."""


class Clock:
    """Moves on by a step each time it is read."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    return HTTPResponse(io.BytesIO(body), headers or {}, status, preload_content=False)


def client_with(
    make: Callable[[], HTTPResponse], *, tokens: Callable[[PixelId], str] = "token-of-{}".format, step: float = 0.0
) -> tuple[GraphClient, Transport]:
    transport = Transport(make)
    session = requests.Session()
    session.mount("https://", transport)
    return GraphClient(session, tokens=tokens, seconds=Clock(step)), transport


def raising(exc: Exception) -> Callable[[], HTTPResponse]:
    def make() -> HTTPResponse:
        raise exc

    return make


def test_events_are_posted_as_json_with_the_token_in_a_header_only() -> None:
    client, transport = client_with(lambda: answer(b'{"events_received":1}', headers={"X-App-Usage": "{}"}))

    outcome = client.send(PIXEL_ID, [{"event_name": "Purchase", "custom_data": {"utm_campaign": "lançamento"}}])

    assert outcome == GraphAnswer(status=200, headers={"x-app-usage": "{}"}, body=b'{"events_received":1}')
    (request,) = transport.requests
    assert request.method == "POST"
    assert request.url == f"https://graph.facebook.com/v26.0/{PIXEL_ID}/events"
    assert request.headers["Authorization"] == f"Bearer token-of-{PIXEL_ID}"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or b"") == {
        "data": [{"event_name": "Purchase", "custom_data": {"utm_campaign": "lançamento"}}]
    }
    assert transport.options[0]["timeout"] == (1.5, 5.0)


def test_a_test_event_code_goes_beside_the_events() -> None:
    client, transport = client_with(lambda: answer(b"{}"))

    client.send(PIXEL_ID, [{}], "TEST1")

    assert json.loads(transport.requests[0].body or b"") == {"data": [{}], "test_event_code": "TEST1"}


def test_without_a_token_nothing_is_sent() -> None:
    def missing(pixel_id: PixelId) -> str:
        raise SecretMissing(pixel_id)

    client, transport = client_with(lambda: answer(b"{}"), tokens=missing)

    with pytest.raises(SecretMissing):
        client.send(PIXEL_ID, [{}])
    assert transport.requests == []


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    client, transport = client_with(lambda: answer(b"", status=302, headers={"Location": "https://elsewhere.example/"}))

    outcome = client.send(PIXEL_ID, [{}])

    assert isinstance(outcome, GraphAnswer)
    assert outcome.status == 302
    assert len(transport.requests) == 1


def test_metas_warning_that_the_version_ends_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    client, _ = client_with(lambda: answer(b"{}", headers={"X-Ad-Api-Version-Warning": "ends soon"}))

    client.send(PIXEL_ID, [{}])

    assert [record.message for record in caplog.records] == ["graph_version_warning"]


POOL = HTTPConnectionPool("graph.facebook.com")
CONNECTION = HTTPConnection("graph.facebook.com")


@pytest.mark.parametrize(
    ("exc", "failure"),
    [
        (requests.exceptions.ConnectTimeout(), TransportFailure.NOT_SENT),
        (
            requests.exceptions.ConnectionError(MaxRetryError(POOL, "/", NewConnectionError(CONNECTION, "refused"))),
            TransportFailure.NOT_SENT,
        ),
        (requests.exceptions.ConnectionError("cut off"), TransportFailure.NO_ANSWER),
        (requests.exceptions.ReadTimeout(), TransportFailure.NO_ANSWER),
        (requests.exceptions.SSLError(), TransportFailure.NO_ANSWER),
        (ReadTimeoutError(POOL, "/", "in the body"), TransportFailure.NO_ANSWER),
        (ConnectionResetError(), TransportFailure.NO_ANSWER),
    ],
)
def test_a_failure_says_whether_the_events_may_have_arrived(exc: Exception, failure: TransportFailure) -> None:
    client, _ = client_with(raising(exc))

    assert client.send(PIXEL_ID, [{}]) is failure


def test_an_answer_that_drips_is_given_up_when_the_time_is_over() -> None:
    client, _ = client_with(lambda: answer(b'{"events_received":1}'), step=7)

    assert client.send(PIXEL_ID, [{}]) is TransportFailure.NO_ANSWER


def test_an_endless_answer_is_given_up() -> None:
    client, _ = client_with(lambda: answer(b" " * 300_000))

    assert client.send(PIXEL_ID, [{}]) is TransportFailure.NO_ANSWER
