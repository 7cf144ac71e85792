"""What ``PaymentStore`` promises, with the ledger that it writes to."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from rastro.errors import Conflict
from rastro.model import DAY_MS, ChatId, LedgerRow, LedgerStatus, Payment, PaymentId, PixelId, PurchaseState
from rastro.stores.ports import LedgerStore, PaymentStore
from tests.contracts.records import BARE_PAYMENT, BOT_ID, CHAT_ID, NOW_MS, PAYMENT, event, payment, row


@dataclass(frozen=True, slots=True)
class PaymentsWithLedger:
    """A payment store and the ledger behind it."""

    payments: PaymentStore
    ledger: LedgerStore


class PaymentStoreContract:
    """A subclass gives ``stores`` that are empty."""

    @pytest.fixture
    def stores(self) -> PaymentsWithLedger:
        raise NotImplementedError

    @pytest.mark.parametrize("whole", [PAYMENT, BARE_PAYMENT], ids=["everything set", "bare"])
    def test_a_payment_comes_back_as_saved(self, stores: PaymentsWithLedger, whole: Payment) -> None:
        saved = stores.payments.save(whole)
        assert saved == replace(whole, version=1)
        assert stores.payments.get(whole.payment_id) == saved

    def test_an_unknown_payment_is_none(self, stores: PaymentsWithLedger) -> None:
        assert stores.payments.get(PaymentId("nothing")) is None

    @pytest.mark.parametrize("version", [0, 1, 3])
    def test_a_save_over_another_version_is_a_conflict(self, stores: PaymentsWithLedger, version: int) -> None:
        stores.payments.save(stores.payments.save(PAYMENT))
        with pytest.raises(Conflict):
            stores.payments.save(replace(PAYMENT, amount_cents=1, version=version))
        with pytest.raises(Conflict):
            stores.payments.save(replace(PAYMENT, amount_cents=1, version=version), [row()])
        assert stores.payments.get(PAYMENT.payment_id) == replace(PAYMENT, version=2)
        assert stores.ledger.get(row().event.key) is None

    def test_rows_are_written_with_their_payment(self, stores: PaymentsWithLedger) -> None:
        rows = [row(), replace(row(), event=event(pixel_id=PixelId("2")))]
        saved = stores.payments.save(PAYMENT, rows)
        assert stores.payments.get(PAYMENT.payment_id) == saved
        assert sorted(stores.ledger.by_payment(PAYMENT.payment_id), key=_pixel) == sorted(rows, key=_pixel)

    def test_a_held_row_gives_way(self, stores: PaymentsWithLedger) -> None:
        saved = stores.payments.save(PAYMENT, [row(status=LedgerStatus.HELD)])
        repaired = row(event=event(payload={"repaired": True}))
        stores.payments.save(saved, [repaired])
        assert stores.ledger.get(repaired.event.key) == repaired

    @pytest.mark.parametrize("status", [status for status in LedgerStatus if status is not LedgerStatus.HELD])
    def test_any_other_row_stays_and_nothing_is_written(self, stores: PaymentsWithLedger, status: LedgerStatus) -> None:
        there = row(status=status, parked_at_ms=NOW_MS if status is LedgerStatus.PARKED else None)
        stores.payments.save(BARE_PAYMENT, [there])
        fresh = replace(row(), event=event(pixel_id=PixelId("2")))
        with pytest.raises(Conflict):
            stores.payments.save(PAYMENT, [fresh, row(event=event(payload={"repaired": True}))])
        assert stores.payments.get(PAYMENT.payment_id) is None
        assert stores.ledger.get(fresh.event.key) is None
        assert stores.ledger.get(there.event.key) == there

    def test_a_payment_is_found_by_its_charge(self, stores: PaymentsWithLedger) -> None:
        stores.payments.save(PAYMENT)
        stores.payments.save(BARE_PAYMENT)
        assert stores.payments.by_charge("openpix", "charge-1") == replace(PAYMENT, version=1)
        assert stores.payments.by_charge("another", "charge-1") is None
        assert stores.payments.by_charge("openpix", "charge-2") is None

    def test_a_persons_payments_come_newest_first(self, stores: PaymentsWithLedger) -> None:
        for number in (2, 3, 1):
            stores.payments.save(payment(number))
        stores.payments.save(payment(4, chat_id=ChatId("2222")))
        assert _ids(stores.payments.by_bot_user(BOT_ID, CHAT_ID)) == ["p-3", "p-2", "p-1"]
        assert _ids(stores.payments.by_bot_user(BOT_ID, ChatId("3"))) == []

    def test_a_days_payments_come_oldest_first(self, stores: PaymentsWithLedger) -> None:
        day = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
        for number in (5, 1, 9, 3):
            stores.payments.save(payment(number))
        stores.payments.save(replace(payment(7), created_at_ms=NOW_MS + DAY_MS))
        stores.payments.save(replace(payment(8), created_at_ms=NOW_MS - DAY_MS))
        assert _ids(list(stores.payments.by_day(day))) == ["p-1", "p-3", "p-5", "p-9"]
        assert _ids(list(stores.payments.by_day(day + timedelta(days=1)))) == ["p-7"]
        assert _ids(list(stores.payments.by_day(day + timedelta(days=2)))) == []

    def test_what_is_due_comes_up_and_what_is_settled_does_not(self, stores: PaymentsWithLedger) -> None:
        for number in range(12):
            stores.payments.save(payment(number, due_at_ms=NOW_MS + number))
        stores.payments.save(BARE_PAYMENT)
        due = stores.payments.due(NOW_MS + 8, 100)
        assert sorted(_ids(due)) == sorted(f"p-{number}" for number in range(9))
        for found in due:
            stores.payments.save(replace(found, due_at_ms=None, purchase_state=PurchaseState.ACCEPTED))
        assert stores.payments.due(NOW_MS + 8, 100) == []

    def test_no_more_are_due_than_asked_for(self, stores: PaymentsWithLedger) -> None:
        for number in range(12):
            stores.payments.save(payment(number, due_at_ms=NOW_MS + number))
        assert len(stores.payments.due(NOW_MS + 100, 5)) == 5


class PaymentStoreRaces:
    """What holds when many write at once; for stores that several processes share."""

    @pytest.fixture
    def stores(self) -> PaymentsWithLedger:
        raise NotImplementedError

    def test_of_settlements_at_once_one_wins(self, stores: PaymentsWithLedger) -> None:
        saved = stores.payments.save(PAYMENT)

        def settle(cents: int) -> bool:
            try:
                stores.payments.save(replace(saved, amount_paid_cents=cents), [row(event=event(payload={"cents": cents}))])
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            won = list(threads.map(settle, range(6)))
        found, kept = stores.payments.get(PAYMENT.payment_id), stores.ledger.get(row().event.key)
        assert won.count(True) == 1
        assert found is not None
        assert kept is not None
        assert (found.amount_paid_cents, found.version, kept.event.payload) == (won.index(True), 2, {"cents": won.index(True)})


def _ids(payments: Sequence[Payment]) -> list[str]:
    return [each.payment_id for each in payments]


def _pixel(each: LedgerRow) -> str:
    return each.event.pixel_id
