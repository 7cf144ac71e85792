"""``rastro events`` as its operator uses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.model import DAY_MS, EventName, LedgerRow, LedgerStatus, Payment, PurchaseState
from rastro.stores.messages import event_message
from tests.fakes.world import NOW_MS, World
from tests.unit.cli.conftest import Operator

HOUR_MS = 3_600_000


@pytest.fixture
def sale(world: World) -> Payment:
    """A paid sale of an ad, its Purchase queued at two pixels."""
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    return world.payment(payment.payment_id)


def _rows(world: World) -> list[LedgerRow]:
    return sorted(world.ledger.rows.values(), key=lambda row: row.event.pixel_id)


def _become(world: World, status: LedgerStatus, **more: object) -> LedgerRow:
    """Give the first pixel's row a status and the payment what it says of it."""
    row = replace(_rows(world)[0], status=status, **more)  # type: ignore[arg-type] # the row's own fields
    world.ledger.rows[row.event.key] = row
    assert row.event.payment_id is not None
    payment = world.payment(row.event.payment_id)
    state = PurchaseState(status.value) if status.value in set(PurchaseState) else PurchaseState.QUEUED
    world.payments.payments[payment.payment_id] = replace(payment, purchase_state=state)
    return row


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        (LedgerStatus.QUEUED, {}, "Na fila: ainda não foi enviado."),
        (LedgerStatus.QUEUED, {"attempts": 1}, "Na fila para ser reenviado: o último envio não chegou"),
        (LedgerStatus.QUEUED, {"attempts": 1, "error_code": 80004}, "Código 80004: A Meta limitou as chamadas"),
        (LedgerStatus.QUEUED, {"attempts": 1, "doubtful_sends": 1, "first_sent_at_ms": NOW_MS}, "a Meta pode já ter o evento"),
        (LedgerStatus.HELD, {}, "Retido: a venda ainda não tem ligação certa"),
        (LedgerStatus.SENDING, {"claimed_until_ms": NOW_MS + HOUR_MS}, "reservado até 2026-09-21T15:13:20Z"),
        (LedgerStatus.SENDING, {"claimed_until_ms": NOW_MS - 1}, "Um sender o reservou e não voltou"),
        (LedgerStatus.PARKED, {"error_code": 190, "error_subcode": 463}, "Código 190/463: O token venceu."),
        (LedgerStatus.PARKED, {"error_code": 200}, "O que fazer: No Gerenciador de Negócios dê ao usuário do sistema"),
        (LedgerStatus.PARKED, {}, "o pixel não tem token no cofre de segredos"),
        (LedgerStatus.REJECTED, {"error_code": 100, "error_subcode": 2804050}, "Código 100/2804050: O evento não traz dados"),
        (LedgerStatus.EXPIRED, {"updated_at_ms": NOW_MS + 8 * DAY_MS}, "Vencido: passou dos 7 dias"),
        (LedgerStatus.EXPIRED, {"doubtful_sends": 1, "first_sent_at_ms": NOW_MS}, "Encerrado sem certeza"),
        (LedgerStatus.ACCEPTED, {"accepted_at_ms": NOW_MS, "fbtrace_id": "A1"}, "fbtrace_id A1"),
        (
            LedgerStatus.ACCEPTED,
            {"accepted_at_ms": NOW_MS, "doubtful_sends": 1, "first_sent_at_ms": NOW_MS},
            "enviado de novo com o mesmo event_id dentro de 48 h",
        ),
    ],
)
def test_each_fate_of_a_purchase_is_told(
    operator: Operator, sale: Payment, *, status: LedgerStatus, more: dict[str, object], says: str
) -> None:
    _become(operator.world, status, **more)
    assert operator("events", "payment", sale.payment_id) == 0
    assert says in " ".join(operator.out.split())


def test_days_left_count_until_meta_refuses_the_event(operator: Operator, world: World, sale: Payment) -> None:
    _become(world, LedgerStatus.PARKED, error_code=190)
    world.now_ms += 2 * DAY_MS
    document = operator.json("events", "payment", sale.payment_id)
    assert [event["days_left"] for event in document["events"]] == [5.0, 5.0]
    assert operator("events", "payment", sale.payment_id) == 0
    assert "Restam 5,0 dias" in operator.out
    world.now_ms += 6 * DAY_MS
    assert operator("events", "payment", sale.payment_id) == 0
    assert "não aceita este evento desde" in operator.out


def test_an_accepted_event_has_no_days_left(operator: Operator, world: World, sale: Payment) -> None:
    _become(world, LedgerStatus.ACCEPTED, accepted_at_ms=NOW_MS)
    assert operator.json("events", "payment", sale.payment_id)["events"][0]["days_left"] is None


def test_a_doubtful_sending_says_until_when_it_is_repeated(operator: Operator, world: World, sale: Payment) -> None:
    _become(world, LedgerStatus.QUEUED, attempts=2, doubtful_sends=1, first_sent_at_ms=NOW_MS)
    event = operator.json("events", "payment", sale.payment_id)["events"][0]
    assert (event["doubtful_sends"], event["sent_again_until"]) == (1, "2026-09-23T13:13:20Z")


def test_a_test_event_code_is_warned_of(operator: Operator, world: World, sale: Payment) -> None:
    row = _rows(world)[0]
    world.ledger.rows[row.event.key] = replace(row, event=replace(row.event, test_event_code="TEST1"))
    assert operator("events", "payment", sale.payment_id) == 0
    assert "test_event_code TEST1" in operator.out


def test_it_is_told_in_english(operator: Operator, world: World, sale: Payment) -> None:
    _become(world, LedgerStatus.PARKED, error_code=190, error_subcode=460)
    assert operator("events", "payment", sale.payment_id, "--lang", "en") == 0
    assert "The token's person changed their password." in operator.out


def test_no_personal_data_of_the_event_is_printed(operator: Operator, world: World, sale: Payment) -> None:
    _become(world, LedgerStatus.PARKED, error_code=190)
    operator.dead_letters.bodies = [event_message(_rows(world)[0].event)]
    for arguments in (("payment", sale.payment_id), ("failed",)):
        for more in ((), ("--json",)):
            assert operator("events", *arguments, *more) == 0
            assert "user_data" not in operator.out
            assert sale.attribution.click_ip is not None
            assert sale.attribution.click_ip not in operator.out


def test_a_payment_without_events_says_why(operator: Operator, world: World) -> None:
    world.start()
    payment = world.buy()
    assert operator("events", "payment", payment.payment_id) == 0
    assert "não foi pago" in operator.out


def test_an_unknown_payment_ends_with_3(operator: Operator) -> None:
    assert operator("events", "payment", "1") == 3


@pytest.mark.parametrize("status", [LedgerStatus.PARKED, LedgerStatus.REJECTED, LedgerStatus.EXPIRED])
def test_failed_lists_the_purchases_of_recent_sales(
    operator: Operator, world: World, sale: Payment, status: LedgerStatus
) -> None:
    row = _become(world, status, parked_at_ms=NOW_MS)
    document = operator.json("events", "failed")
    assert document["counts"][status.value] == 1
    assert [(event["payment_id"], event["pixel_id"]) for event in document["events"]] == [(sale.payment_id, row.event.pixel_id)]


def test_failed_lists_what_else_is_parked_at_the_pixels(operator: Operator, world: World, sale: Payment) -> None:
    purchase = _become(world, LedgerStatus.PARKED, error_code=190, parked_at_ms=NOW_MS)
    view = replace(
        purchase, event=replace(purchase.event, event_name=EventName.PAGE_VIEW, event_id="pageview_1", payment_id=None)
    )
    world.ledger.record(view)
    assert operator("events", "failed") == 0
    assert "pageview_1" in operator.out
    assert f"purchase_{sale.payment_id}" in operator.out


@pytest.mark.usefixtures("sale")
def test_failed_shows_one_pixel_or_a_shorter_time(operator: Operator, world: World) -> None:
    row = _become(world, LedgerStatus.REJECTED, error_code=100)
    assert operator.json("events", "failed", "--pixel", row.event.pixel_id)["counts"]["rejected"] == 1
    assert operator.json("events", "failed", "--pixel", "1000000000000002")["events"] == []
    world.now_ms += DAY_MS
    assert operator.json("events", "failed", "--since", "2h")["events"] == []
    assert operator("events", "failed", "--since", "soon") == 2


@pytest.mark.usefixtures("sale")
def test_failed_shows_the_dead_letters_and_leaves_them(operator: Operator, world: World) -> None:
    event = _rows(world)[0].event
    operator.dead_letters.bodies = [event_message(event), "none of ours"]
    letters = operator.json("events", "failed")["dead_letters"]
    assert (letters["count"], letters["sample"][0]["event_id"], letters["sample"][1]["kind"]) == (2, event.event_id, "unreadable")
    assert operator.dead_letters.given_back == ["m0", "m1"]
    assert operator("events", "failed") == 0
    assert "rastro replay dlq" in operator.out


def test_nothing_failed_is_said(operator: Operator) -> None:
    assert operator("events", "failed") == 0
    assert "nenhuma venda parada" in operator.out
