"""``rastro replay`` as its operator uses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.errors import StoreUnavailable
from rastro.model import LedgerStatus
from rastro.stores.messages import event_message, lost_click_message
from tests.fakes.world import NOW_MS, World
from tests.unit.cli.conftest import Operator
from tests.unit.meta.test_meanings import ROW


@pytest.fixture
def payment_id(world: World) -> str:
    """A paid sale, its Purchase queued at two pixels."""
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    return payment.payment_id


@pytest.mark.parametrize(
    ("status", "claimed_until_ms", "requeued"),
    [
        (LedgerStatus.QUEUED, None, True),
        (LedgerStatus.PARKED, None, True),
        (LedgerStatus.SENDING, NOW_MS - 1, True),
        (LedgerStatus.SENDING, NOW_MS + 1, False),
        (LedgerStatus.HELD, None, False),
        (LedgerStatus.ACCEPTED, None, False),
        (LedgerStatus.REJECTED, None, False),
        (LedgerStatus.EXPIRED, None, False),
    ],
)
def test_a_payments_events_are_queued_again_where_they_wait(
    operator: Operator, world: World, payment_id: str, status: LedgerStatus, claimed_until_ms: int | None, *, requeued: bool
) -> None:
    for key, row in world.ledger.rows.items():
        world.ledger.rows[key] = replace(row, status=status, claimed_until_ms=claimed_until_ms)
    would = operator.json("replay", "payment", payment_id, "--dry-run")
    assert all(row.requeued_at_ms is None for row in world.ledger.rows.values())
    document = operator.json("replay", "payment", payment_id)
    assert document["events"] == would["events"]
    assert [(event["requeued"], event["why_not"] is None) for event in document["events"]] == [(requeued, requeued)] * 2
    assert all((row.requeued_at_ms == NOW_MS) is requeued for row in world.ledger.rows.values())


def test_a_page_says_why_an_event_is_left(operator: Operator, world: World, payment_id: str) -> None:
    key, row = next(iter(world.ledger.rows.items()))
    world.ledger.rows[key] = replace(row, status=LedgerStatus.ACCEPTED)
    assert operator("replay", "payment", payment_id) == 0
    assert "fica como está: Aceito pela Meta." in operator.out
    assert "voltou à fila" in operator.out


def test_an_unknown_payment_ends_with_3(operator: Operator) -> None:
    assert operator("replay", "payment", "1") == 3


def _letters(operator: Operator, world: World) -> list[str]:
    operator.dead_letters.bodies = [event_message(ROW.event), "none of ours", lost_click_message(world.click())]
    return operator.dead_letters.bodies


def test_dead_letters_go_back_but_those_that_nobody_can_read(operator: Operator, world: World) -> None:
    bodies = _letters(operator, world)
    assert operator("replay", "dlq") == 0
    assert operator.dead_letters.moved == [bodies[0], bodies[2]]
    assert operator.dead_letters.given_back == ["m1"]
    assert "Purchase purchase_9326 no pixel 1" in operator.out


def test_a_dry_run_shows_them_and_gives_all_back(operator: Operator, world: World) -> None:
    _letters(operator, world)
    document = operator.json("replay", "dlq", "--dry-run")
    assert document["counts"] == {"moved": 2, "unreadable": 1}
    assert (operator.dead_letters.moved, operator.dead_letters.given_back) == ([], ["m0", "m1", "m2"])


def test_a_run_that_ends_at_its_limit_says_so(operator: Operator, world: World) -> None:
    _letters(operator, world)
    assert operator("replay", "dlq", "--limit", "1") == 4
    assert "Parou no limite de 1 mensagens" in operator.out
    assert len(operator.dead_letters.moved) == 1


def test_a_queue_that_fails_midway_keeps_the_rest(operator: Operator, world: World) -> None:
    _letters(operator, world)
    operator.dead_letters.fault = StoreUnavailable("throttled")
    assert operator("replay", "dlq") == 1
    assert "Parou depois de 0 mensagens" in operator.err
