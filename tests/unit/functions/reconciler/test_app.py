"""A run tells the operator first, does what is due, and counts both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from functions.reconciler import app
from rastro.model import BotId, ChatId, RungAlarm
from rastro.observability import metrics
from rastro.sales.operator import Operator
from rastro.telegram.bot import Keyboard
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import World

ALARM = RungAlarm(receipt="r", name="rastro-prod-PixelParkedAlarm-1", rings=True, changed_at_ms=0, anchor="pixelparkedalarm")


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 55_000


class OneAlarm:
    def take(self) -> Sequence[RungAlarm]:
        return [ALARM]

    def forget(self, alarms: Sequence[RungAlarm]) -> None:
        pass


class Silent:
    def __call__(self, bot_id: BotId) -> Silent:
        return self

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = (), *, silent: bool = False) -> None:
        pass


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world that the function is wired to."""
    world = World()
    operator = Operator(
        alarms=OneAlarm(),
        secrets=InMemorySecrets(**{"operator/chat": '{"bot_id": "7000000001", "chat_id": "42"}'}),
        bots=Silent(),
        now_ms=lambda: world.now_ms,
    )
    wired = app.Dependencies(reconciler=world.reconciler, bots=world.watch, operator=operator)
    monkeypatch.setattr(app, "dependencies", lambda: wired)
    metrics.clear_metrics()
    yield world
    metrics.clear_metrics()


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    emitted: dict[str, Any]
    (emitted,) = [line for line in lines if "_aws" in line]
    return emitted


def test_what_was_done_and_told_and_the_longest_wait_are_emitted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.start(world.click().tracking_token)
    world.notice(world.buy())
    world.now_ms += 400_000

    answer = app.lambda_handler({}, Context())

    emitted = written(capsys)
    assert answer["done"] == {"requeued": 1}
    assert emitted["reconciled_requeued"] == [1.0]
    assert emitted["operator_told"] == [1.0]
    assert emitted["purchase_waiting_seconds"] == [400.0]


def test_alarms_are_told_although_the_record_is_down(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.payments.unavailable = True

    answer = app.lambda_handler({}, Context())

    assert answer["unavailable"] is True
    emitted = written(capsys)
    assert emitted["operator_told"] == [1.0]
    assert emitted["reconciler_unavailable"] == [1.0]
