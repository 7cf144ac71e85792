from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from functions.capi_sender import app
from functions.capi_sender.settings import Settings
from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.meta.bookkeeping import Books
from rastro.meta.delivery import Delivery
from rastro.model import EventName, PixelId
from rastro.settings import SettingsError
from rastro.stores.messages import event_message
from tests.fakes.stores import InMemoryClickStore, InMemoryLedgerStore, InMemoryPaymentStore
from tests.unit.meta.records import NOW_MS, conversion

ENVIRONMENT = {
    "SECRETS_PREFIX": "/rastro/test",
    "PAYMENT_TABLE": "payment",
    "CLICK_TABLE": "click",
    "EVENT_TABLE": "event",
    "CAPI_QUEUE_URL": "https://sqs.example/capi",
}


class Graph:
    """Takes the events of pixel 1 and does not answer for any other."""

    def send(
        self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None
    ) -> GraphAnswer | TransportFailure:
        if pixel_id != "1":
            return TransportFailure.NOT_SENT
        return GraphAnswer(status=200, body=json.dumps({"events_received": len(events)}).encode())


class Visibility:
    def __init__(self) -> None:
        self.seconds: dict[str, int] = {}

    def postpone(self, seconds_by_receipt: Mapping[str, int]) -> int:
        self.seconds.update(seconds_by_receipt)
        return 0


class Context:
    def __init__(self, remaining_ms: int = 60_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


@pytest.fixture
def visibility(monkeypatch: pytest.MonkeyPatch) -> Visibility:
    visibility = Visibility()
    ledger = InMemoryLedgerStore()
    books = Books(ledger=ledger, payments=InMemoryPaymentStore(ledger), now_ms=lambda: NOW_MS)
    delivery = Delivery(graph=Graph(), books=books, clicks=InMemoryClickStore(), jitter=lambda: 1.0)
    monkeypatch.setattr(app, "dependencies", lambda: app.Dependencies(delivery=delivery, visibility=visibility))
    return visibility


def message(number: int, body: str, receives: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }


def view(pixel_id: str) -> str:
    return event_message(conversion(f"view_{pixel_id}", name=EventName.PAGE_VIEW, pixel_id=pixel_id))


def failures(*records: dict[str, Any], context: Context | None = None) -> list[str]:
    answer = app.lambda_handler({"Records": list(records)}, context or Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_what_was_delivered_is_done(visibility: Visibility) -> None:
    assert failures(message(1, view("1"))) == []
    assert visibility.seconds == {}


def test_what_could_not_go_comes_again_after_its_wait(visibility: Visibility) -> None:
    assert failures(message(1, view("1")), message(2, view("2"), receives=2), message(3, "nonsense")) == ["m3", "m2"]
    assert visibility.seconds == {"r2": 10}


def test_near_its_end_the_function_sends_nothing_more(visibility: Visibility) -> None:
    assert failures(message(1, view("1")), context=Context(remaining_ms=5_000)) == ["m1"]


def test_graphs_own_address_is_the_default() -> None:
    assert Settings.from_environment(ENVIRONMENT).graph_url == "https://graph.facebook.com"
    assert Settings.from_environment(ENVIRONMENT | {"GRAPH_URL": "http://lab/graph"}).graph_url == "http://lab/graph"


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({key: value for key, value in ENVIRONMENT.items() if key != name})
