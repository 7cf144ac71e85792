from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.errors import Conflict, StoreUnavailable
from rastro.meta.answer import Action, Verdict
from rastro.meta.bookkeeping import ATTEMPTS_KEPT, LEASE_MS, Books, Claim, Standing
from rastro.model import (
    DAY_MS,
    ConversionEvent,
    DeliveryState,
    EventName,
    LedgerRow,
    LedgerStatus,
    Payment,
    PurchaseState,
    SendAttempt,
)
from tests.fakes.stores import InMemoryLedgerStore, InMemoryPaymentStore
from tests.unit.meta.records import NOW_MS, PAYMENT, conversion

PURCHASE = conversion("purchase_9326", payment_id="9326")
HOUR_MS = 3_600_000


class World:
    """The books with their stores and a clock that the test moves."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.ledger = InMemoryLedgerStore()
        self.payments = InMemoryPaymentStore(self.ledger)
        self.books = Books(ledger=self.ledger, payments=self.payments, now_ms=lambda: self.now_ms)

    def row(self, event: ConversionEvent = PURCHASE, status: LedgerStatus = LedgerStatus.QUEUED) -> LedgerRow:
        row = LedgerRow(event=event, status=status, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)
        self.ledger.rows[event.key] = row
        return row

    def payment(self, payment: Payment = PAYMENT) -> None:
        self.payments.payments[payment.payment_id] = replace(payment, version=1)

    def sent(self, verdict: Verdict) -> LedgerRow:
        self.books.settle(self.books.take(PURCHASE), verdict)
        return self.ledger.rows[PURCHASE.key]


def test_a_purchase_is_claimed_before_it_is_sent() -> None:
    world = World()
    world.row()

    claim = world.books.take(PURCHASE)

    assert claim.standing is Standing.SEND
    assert world.ledger.rows[PURCHASE.key].status is LedgerStatus.SENDING
    assert world.books.take(PURCHASE) == Claim(event=PURCHASE, standing=Standing.TAKEN, wait_ms=LEASE_MS)


def test_what_is_sent_is_the_event_of_the_row() -> None:
    world = World()
    repaired = replace(PURCHASE, payload={"repaired": True})
    world.row(repaired)

    assert world.books.take(PURCHASE).event == repaired


def test_a_lapsed_claim_is_taken_over_and_noted_as_doubtful() -> None:
    world = World()
    world.row()
    world.books.take(PURCHASE)
    world.now_ms += LEASE_MS + 1

    claim = world.books.take(PURCHASE)

    assert claim.standing is Standing.SEND
    assert claim.row is not None
    assert claim.row.doubtful_sends == 1


@pytest.mark.parametrize(
    "status",
    [LedgerStatus.ACCEPTED, LedgerStatus.REJECTED, LedgerStatus.PARKED, LedgerStatus.EXPIRED, LedgerStatus.HELD],
)
def test_a_row_with_nothing_left_to_send_is_done(status: LedgerStatus) -> None:
    world = World()
    world.row(status=status)

    assert world.books.take(PURCHASE).standing is Standing.DONE


def test_a_purchase_without_a_row_is_unknown() -> None:
    assert World().books.take(PURCHASE).standing is Standing.UNKNOWN


def test_a_fresh_funnel_event_does_not_touch_the_ledger() -> None:
    world = World()
    world.ledger.unavailable = True
    event = conversion("p", name=EventName.PAGE_VIEW)

    claim = world.books.take(event)
    world.books.settle(claim, Verdict(action=Action.ACCEPT))

    assert claim == Claim(event=event, standing=Standing.SEND)


def test_a_late_funnel_event_that_was_parked_is_settled_in_its_row() -> None:
    world = World()
    event = conversion("p", name=EventName.PAGE_VIEW, at_ms=NOW_MS - HOUR_MS)
    world.row(event)

    world.books.settle(world.books.take(event), Verdict(action=Action.ACCEPT))

    assert world.ledger.rows[event.key].status is LedgerStatus.ACCEPTED


def test_a_late_funnel_event_without_a_row_is_sent() -> None:
    event = conversion("p", name=EventName.PAGE_VIEW, at_ms=NOW_MS - HOUR_MS)

    assert World().books.take(event) == Claim(event=event, standing=Standing.SEND)


@pytest.mark.parametrize("action", [Action.PARK, Action.REJECT])
def test_a_funnel_event_gets_a_row_when_it_waits_or_was_refused(action: Action) -> None:
    world = World()
    event = conversion("p", name=EventName.PAGE_VIEW)

    world.books.settle(world.books.take(event), Verdict(action=action, code=190, subcode=460, fbtrace_id="A"))

    row = world.ledger.rows[event.key]
    assert (row.status.value, row.error_code, row.error_subcode, row.fbtrace_id) == (f"{action}ed", 190, 460, "A")
    assert row.parked_at_ms == (NOW_MS if action is Action.PARK else None)


def test_a_young_funnel_event_that_was_resumed_is_parked_again() -> None:
    world = World()
    event = conversion("p", name=EventName.PAGE_VIEW)
    world.books.settle(world.books.take(event), Verdict(action=Action.PARK, code=190))
    world.ledger.requeue(event.key, now_ms=NOW_MS + 1)
    world.now_ms += 2

    world.books.settle(world.books.take(event), Verdict(action=Action.PARK, code=190))

    row = world.ledger.rows[event.key]
    assert (row.status, row.parked_at_ms) == (LedgerStatus.PARKED, NOW_MS + 2)


@pytest.mark.parametrize("name", [EventName.PURCHASE, EventName.PAGE_VIEW])
def test_an_event_older_than_seven_days_expires(name: EventName) -> None:
    world = World()
    event = conversion("old", name=name, at_ms=NOW_MS - 7 * DAY_MS)
    if name is EventName.PURCHASE:
        world.row(event)

    assert world.books.take(event).standing is Standing.EXPIRED
    assert [row.status for row in world.ledger.rows.values()] == [LedgerStatus.EXPIRED] * len(world.ledger.rows)


def test_acceptance_is_written_with_its_proof() -> None:
    world = World()
    world.row()

    row = world.sent(Verdict(action=Action.ACCEPT, fbtrace_id="A"))

    assert (row.status, row.accepted_at_ms, row.fbtrace_id, row.attempts) == (LedgerStatus.ACCEPTED, NOW_MS, "A", 1)
    assert (row.first_sent_at_ms, row.doubtful_sends) == (NOW_MS, 0)


def test_an_answer_that_never_came_is_noted_as_doubtful_and_sent_again() -> None:
    world = World()
    world.row()

    row = world.sent(Verdict(action=Action.RETRY, doubtful=True))

    assert (row.status, row.doubtful_sends, row.first_sent_at_ms) == (LedgerStatus.QUEUED, 1, NOW_MS)


def test_a_doubtful_event_is_not_sent_again_once_meta_would_count_it_twice() -> None:
    world = World()
    world.row()
    world.sent(Verdict(action=Action.RETRY, doubtful=True))

    world.now_ms += 47 * HOUR_MS
    assert world.sent(Verdict(action=Action.RETRY)).status is LedgerStatus.QUEUED
    world.now_ms += 1
    assert world.books.take(PURCHASE).standing is Standing.EXPIRED


def test_a_sending_that_was_surely_refused_does_not_start_metas_48_hours() -> None:
    world = World()
    world.row()
    world.sent(Verdict(action=Action.RETRY_SLOWLY, code=80004))

    world.now_ms += 72 * HOUR_MS

    assert world.sent(Verdict(action=Action.RETRY, doubtful=True)).first_sent_at_ms == world.now_ms
    assert world.books.take(PURCHASE).standing is Standing.SEND


def test_a_lost_claim_is_left_to_who_has_it_now() -> None:
    world = World()
    world.row()
    lost = world.books.take(PURCHASE)
    world.now_ms += LEASE_MS + 1
    mine = world.books.take(PURCHASE)

    world.books.settle(lost, Verdict(action=Action.REJECT))

    assert world.ledger.rows[PURCHASE.key] == mine.row


class FlickeringLedger(InMemoryLedgerStore):
    """Refuses the first outcomes."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals

    def settle(self, row: LedgerRow) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise StoreUnavailable("flickers")
        super().settle(row)


@pytest.mark.parametrize(("refusals", "is_written"), [(2, True), (3, False)])
def test_an_outcome_is_written_with_patience(refusals: int, is_written: bool) -> None:  # noqa: FBT001 - a column of the table
    ledger = FlickeringLedger(refusals)
    ledger.rows[PURCHASE.key] = LedgerRow(event=PURCHASE, status=LedgerStatus.QUEUED, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)
    books = Books(ledger=ledger, payments=InMemoryPaymentStore(ledger), now_ms=lambda: NOW_MS)
    claim = books.take(PURCHASE)

    if is_written:
        books.settle(claim, Verdict(action=Action.ACCEPT))
        assert ledger.rows[PURCHASE.key].status is LedgerStatus.ACCEPTED
    else:
        with pytest.raises(StoreUnavailable):
            books.settle(claim, Verdict(action=Action.ACCEPT))


@pytest.mark.parametrize(
    ("statuses", "state", "is_over"),
    [
        ([LedgerStatus.ACCEPTED], PurchaseState.ACCEPTED, True),
        ([LedgerStatus.ACCEPTED, LedgerStatus.SENDING], PurchaseState.QUEUED, False),
        ([LedgerStatus.ACCEPTED, LedgerStatus.QUEUED], PurchaseState.QUEUED, False),
        ([LedgerStatus.ACCEPTED, LedgerStatus.PARKED], PurchaseState.PARKED, False),
        ([LedgerStatus.ACCEPTED, LedgerStatus.REJECTED], PurchaseState.REJECTED, True),
        ([LedgerStatus.ACCEPTED, LedgerStatus.EXPIRED], PurchaseState.EXPIRED, True),
        ([LedgerStatus.HELD], PurchaseState.HELD, False),
    ],
)
def test_a_payment_says_what_its_rows_say(statuses: list[LedgerStatus], state: PurchaseState, is_over: bool) -> None:  # noqa: FBT001
    world = World()
    world.payment(replace(PAYMENT, delivery_state=DeliveryState.DELIVERED, due_at_ms=NOW_MS + 1))
    for number, status in enumerate(statuses):
        world.row(conversion("purchase_9326", pixel_id=str(number), payment_id="9326"), status)

    world.books.tell_payment(PAYMENT.payment_id)

    payment = world.payments.payments[PAYMENT.payment_id]
    assert (payment.purchase_state, payment.due_at_ms) == (state, None if is_over else NOW_MS + 1)


def test_a_payment_that_is_still_to_be_delivered_stays_due() -> None:
    world = World()
    world.payment(replace(PAYMENT, delivery_state=DeliveryState.TO_DO, due_at_ms=NOW_MS + 1))
    world.row(status=LedgerStatus.ACCEPTED)

    world.books.tell_payment(PAYMENT.payment_id)

    payment = world.payments.payments[PAYMENT.payment_id]
    assert (payment.purchase_state, payment.due_at_ms) == (PurchaseState.ACCEPTED, NOW_MS + 1)


def test_a_payment_that_says_it_already_is_not_written() -> None:
    world = World()
    world.payment(replace(PAYMENT, purchase_state=PurchaseState.ACCEPTED))
    world.row(status=LedgerStatus.ACCEPTED)

    world.books.tell_payment(PAYMENT.payment_id)

    assert world.payments.payments[PAYMENT.payment_id].version == 1


class ContestedPayments(InMemoryPaymentStore):
    """Somebody else writes the payment, and settles its other row, between our read and our write."""

    def __init__(self, ledger: InMemoryLedgerStore, times: int) -> None:
        super().__init__(ledger)
        self.times = times

    def save(self, payment: Payment, rows: object = ()) -> Payment:
        if self.times > 0:
            self.times -= 1
            stored = self.payments[payment.payment_id]
            self.payments[payment.payment_id] = replace(stored, version=stored.version + 1)
            self.ledger.rows = {key: replace(row, status=LedgerStatus.ACCEPTED) for key, row in self.ledger.rows.items()}
        return super().save(payment)


def test_a_payment_written_meanwhile_is_told_what_holds_then() -> None:
    ledger = InMemoryLedgerStore()
    payments = ContestedPayments(ledger, times=1)
    payments.payments[PAYMENT.payment_id] = replace(PAYMENT, version=1)
    ledger.rows[PURCHASE.key] = LedgerRow(event=PURCHASE, status=LedgerStatus.QUEUED, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)

    Books(ledger=ledger, payments=payments, now_ms=lambda: NOW_MS).tell_payment(PAYMENT.payment_id)

    assert payments.payments[PAYMENT.payment_id].purchase_state is PurchaseState.ACCEPTED


def test_a_payment_that_others_keep_writing_is_a_conflict() -> None:
    ledger = InMemoryLedgerStore()
    payments = ContestedPayments(ledger, times=99)
    payments.payments[PAYMENT.payment_id] = replace(PAYMENT, version=1)
    ledger.rows[PURCHASE.key] = LedgerRow(event=PURCHASE, status=LedgerStatus.QUEUED, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)

    with pytest.raises(Conflict):
        Books(ledger=ledger, payments=payments, now_ms=lambda: NOW_MS).tell_payment(PAYMENT.payment_id)


def test_each_attempt_is_told_in_the_row_with_what_came_of_it() -> None:
    world = World()
    world.row()
    world.sent(Verdict(action=Action.RETRY, doubtful=True))
    world.now_ms += HOUR_MS
    world.sent(Verdict(action=Action.RETRY_SLOWLY, code=80004, subcode=2446079, fbtrace_id="A1"))
    world.now_ms += HOUR_MS
    row = world.sent(Verdict(action=Action.ACCEPT, fbtrace_id="A2"))

    assert row.history == (
        SendAttempt(at_ms=NOW_MS, status=LedgerStatus.QUEUED, doubtful=True),
        SendAttempt(at_ms=NOW_MS + HOUR_MS, status=LedgerStatus.QUEUED, error_code=80004, error_subcode=2446079, fbtrace_id="A1"),
        SendAttempt(at_ms=NOW_MS + 2 * HOUR_MS, status=LedgerStatus.ACCEPTED, fbtrace_id="A2"),
    )


def test_a_row_keeps_its_last_attempts_only() -> None:
    world = World()
    world.row()
    for _ in range(ATTEMPTS_KEPT + 5):
        world.now_ms += 1
        row = world.sent(Verdict(action=Action.RETRY))

    assert (len(row.history), row.attempts) == (ATTEMPTS_KEPT, ATTEMPTS_KEPT + 5)
    assert row.history[-1].at_ms == world.now_ms
