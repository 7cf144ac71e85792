from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from functions.rollup import app
from functions.rollup.settings import Settings
from rastro.errors import StoreUnavailable
from rastro.figures import hour_of
from rastro.sales.rollup import Rollup, Table, counted
from rastro.settings import SettingsError
from rastro.stores.items import click_item
from rastro.stores.wire import encode_item
from tests.fakes.stores import InMemoryClickStore, InMemoryFunnelStore, InMemoryRollupStore
from tests.unit.meta.records import CLICK, FUNNEL, NOW_MS

ENVIRONMENT = {"BOT_USER_TABLE": "bot_user", "CLICK_TABLE": "click", "FUNNEL_TABLE": "funnel", "ROLLUP_TABLE": "rollup"}


def record(number: int, new: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "eventID": str(number),
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:1:table/click/stream/2026",
        "dynamodb": {"SequenceNumber": str(number), "NewImage": encode_item(new)},
    }


class NeverClosing(Rollup):
    def close_hours(self) -> int:
        raise StoreUnavailable("switched off by the test")


def wired(monkeypatch: pytest.MonkeyPatch, kind: type[Rollup]) -> InMemoryRollupStore:
    store = InMemoryRollupStore()
    rollup = kind(
        tables={"click": Table.CLICK},
        funnels=InMemoryFunnelStore(FUNNEL),
        clicks=InMemoryClickStore(),
        rollup=store,
        now_ms=lambda: NOW_MS,
    )
    monkeypatch.setattr(app, "dependencies", lambda: app.Dependencies(rollup=rollup))
    return store


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> InMemoryRollupStore:
    return wired(monkeypatch, Rollup)


def failures(*records: dict[str, Any]) -> list[str]:
    answer = app.lambda_handler({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def seen(store: InMemoryRollupStore) -> int:
    return counted(store.seen(hour_of(CLICK.clicked_at_ms))).total()


def test_people_are_kept_and_the_same_batch_twice_keeps_them_once(store: InMemoryRollupStore) -> None:
    for _ in range(2):
        assert failures(record(1, click_item(CLICK))) == []
    assert seen(store) == 1


def test_what_cannot_be_read_holds_nobody_back(store: InMemoryRollupStore) -> None:
    broken = record(1, click_item(CLICK)) | {"eventSourceARN": "nonsense"}
    assert failures(broken, record(2, {"tracking_token": "x"}), record(3, click_item(CLICK))) == []
    assert seen(store) == 1


def test_a_store_that_does_not_answer_has_the_whole_batch_come_again(store: InMemoryRollupStore) -> None:
    store.unavailable = True
    assert failures(record(7, click_item(CLICK)), record(8, click_item(CLICK))) == ["7"]


def test_hours_that_cannot_be_closed_hold_no_batch_back(monkeypatch: pytest.MonkeyPatch) -> None:
    store = wired(monkeypatch, NeverClosing)
    assert failures(record(1, click_item(CLICK))) == []
    assert seen(store) == 1


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    assert Settings.from_environment(ENVIRONMENT).rollup_table == "rollup"
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({key: value for key, value in ENVIRONMENT.items() if key != name})
