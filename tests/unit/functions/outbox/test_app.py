from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from functions.outbox import app
from functions.outbox.settings import Settings
from rastro.errors import InvalidInput
from rastro.sales.outbox import Kind, Outbox
from rastro.settings import SettingsError
from rastro.stores.items import click_item
from rastro.stores.wire import encode_item
from tests.fakes.stores import InMemoryClickStore, InMemoryFunnelStore, InMemoryQueue
from tests.unit.meta.records import CLICK, FUNNEL, NOW_MS

ENVIRONMENT = {
    "BOT_USER_TABLE": "bot_user",
    "PAYMENT_TABLE": "payment",
    "CLICK_TABLE": "click",
    "FUNNEL_TABLE": "funnel",
    "EVENT_TABLE": "event",
    "CAPI_QUEUE_URL": "https://sqs.example/capi",
}


def record(number: int, new: Mapping[str, Any], table: str = "click") -> dict[str, Any]:
    return {
        "eventID": str(number),
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:1:table/{table}/stream/2026",
        "dynamodb": {"SequenceNumber": str(number), "NewImage": encode_item(new)},
    }


GOOD = click_item(CLICK)
POISON = {"tracking_token": "x"}


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> InMemoryQueue:
    queue = InMemoryQueue()
    outbox = Outbox(
        kinds={"click": Kind.CLICK},
        funnels=InMemoryFunnelStore(FUNNEL),
        clicks=InMemoryClickStore(),
        queue=queue,
        now_ms=lambda: NOW_MS,
    )
    monkeypatch.setattr(app, "dependencies", lambda: app.Dependencies(outbox=outbox))
    return queue


def failures(*records: dict[str, Any]) -> list[str]:
    answer = app.lambda_handler({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_changes_are_relayed(queue: InMemoryQueue) -> None:
    assert failures(record(1, GOOD), record(2, GOOD)) == []
    assert len(queue.events) == 4


def test_the_first_failed_change_is_named(queue: InMemoryQueue) -> None:
    assert failures(record(1, GOOD), record(2, POISON), record(3, GOOD)) == ["2"]
    assert len(queue.events) == 2


def test_a_record_that_is_no_stream_record_is_named(queue: InMemoryQueue) -> None:
    broken = record(2, GOOD) | {"eventSourceARN": "nonsense"}

    assert failures(record(1, GOOD), broken) == ["2"]
    assert len(queue.events) == 2


@pytest.mark.parametrize("first", [record(1, POISON), record(1, GOOD) | {"eventSourceARN": "nonsense"}])
def test_a_poison_image_before_others_has_the_stream_halve_the_batch(queue: InMemoryQueue, first: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        failures(first, record(2, GOOD))
    assert queue.events == []


def test_a_poison_image_alone_is_named(queue: InMemoryQueue) -> None:
    assert failures(record(1, POISON)) == ["1"]


def test_a_queue_that_is_down_has_everything_come_again(queue: InMemoryQueue) -> None:
    queue.unavailable = True

    assert failures(record(1, GOOD), record(2, GOOD)) == ["1"]


def test_the_tables_are_known_by_their_names_in_the_environment() -> None:
    settings = Settings.from_environment(ENVIRONMENT)

    assert (settings.click_table, settings.event_table) == ("click", "event")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({key: value for key, value in ENVIRONMENT.items() if key != name})
