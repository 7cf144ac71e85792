"""What ``LedgerStore`` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from rastro.errors import Conflict
from rastro.model import LedgerRow, LedgerStatus, PaymentId, PixelId, SendAttempt
from rastro.stores.ports import LedgerStore
from tests.contracts.records import NOW_MS, PIXEL_ID, event, page_view, row

LEASE_MS = 60_000
KEY = row().event.key
FINISHED = [LedgerStatus.ACCEPTED, LedgerStatus.REJECTED, LedgerStatus.EXPIRED]


class LedgerStoreContract:
    """A subclass gives a ``store`` that is empty."""

    @pytest.fixture
    def store(self) -> LedgerStore:
        raise NotImplementedError

    def test_a_row_comes_back_as_recorded(self, store: LedgerStore) -> None:
        whole = row(
            status=LedgerStatus.REJECTED,
            attempts=3,
            first_sent_at_ms=NOW_MS + 1,
            doubtful_sends=1,
            requeued_at_ms=NOW_MS + 2,
            accepted_at_ms=NOW_MS + 3,
            fbtrace_id="A1b2",
            error_code=100,
            error_subcode=2804003,
            history=(
                SendAttempt(at_ms=NOW_MS + 1, status=LedgerStatus.QUEUED, doubtful=True),
                SendAttempt(at_ms=NOW_MS + 3, status=LedgerStatus.REJECTED, error_code=100, fbtrace_id="A1b2"),
            ),
        )
        store.record(whole)
        assert store.get(KEY) == whole

    def test_an_unknown_event_has_no_row(self, store: LedgerStore) -> None:
        assert store.get(KEY) is None

    def test_an_existing_row_stays(self, store: LedgerStore) -> None:
        store.record(row(fbtrace_id="first"))
        store.record(row(fbtrace_id="second"))
        assert store.get(KEY) == row(fbtrace_id="first")

    def test_a_payment_has_one_row_a_pixel(self, store: LedgerStore) -> None:
        store.record(row())
        store.record(replace(row(), event=event(pixel_id=PixelId("2"))))
        store.record(row("p-2"))
        store.record(replace(row(), event=page_view(1)))
        found = store.by_payment(PaymentId("p-1"))
        assert {each.event.pixel_id for each in found} == {PIXEL_ID, "2"}
        assert store.by_payment(PaymentId("p-3")) == []

    def test_a_queued_row_is_claimed_once(self, store: LedgerStore) -> None:
        store.record(row())
        claimed = store.claim(KEY, now_ms=NOW_MS + 5, lease_ms=LEASE_MS)
        assert claimed == row(
            status=LedgerStatus.SENDING,
            attempts=1,
            claimed_until_ms=NOW_MS + 5 + LEASE_MS,
            first_sent_at_ms=NOW_MS + 5,
            updated_at_ms=NOW_MS + 5,
        )
        assert store.get(KEY) == claimed
        assert store.claim(KEY, now_ms=NOW_MS + 6, lease_ms=LEASE_MS) is None

    @pytest.mark.parametrize("status", [*FINISHED, LedgerStatus.PARKED, LedgerStatus.HELD])
    def test_there_is_nothing_to_send_of_other_rows(self, store: LedgerStore, status: LedgerStatus) -> None:
        store.record(row(status=status, parked_at_ms=NOW_MS if status is LedgerStatus.PARKED else None))
        assert store.claim(KEY, now_ms=NOW_MS, lease_ms=LEASE_MS) is None
        assert store.claim("nothing", now_ms=NOW_MS, lease_ms=LEASE_MS) is None

    def test_a_lapsed_claim_is_taken_over_with_its_doubt(self, store: LedgerStore) -> None:
        store.record(row())
        first = store.claim(KEY, now_ms=NOW_MS, lease_ms=LEASE_MS)
        assert first is not None
        assert store.claim(KEY, now_ms=NOW_MS + LEASE_MS - 1, lease_ms=LEASE_MS) is None
        second = store.claim(KEY, now_ms=NOW_MS + LEASE_MS + 1, lease_ms=LEASE_MS)
        assert second is not None
        assert (second.attempts, second.doubtful_sends, second.first_sent_at_ms) == (2, 1, NOW_MS)
        with pytest.raises(Conflict):
            store.settle(replace(first, status=LedgerStatus.ACCEPTED))
        store.settle(replace(second, status=LedgerStatus.ACCEPTED))

    @pytest.mark.parametrize("status", FINISHED)
    def test_a_claimed_row_is_settled_once(self, store: LedgerStore, status: LedgerStatus) -> None:
        settled = replace(_claimed(store), status=status, fbtrace_id="A1b2", error_code=1, updated_at_ms=NOW_MS + 9)
        store.settle(settled)
        found = store.get(KEY)
        assert found is not None
        assert (found.status, found.fbtrace_id, found.error_code, found.updated_at_ms) == (status, "A1b2", 1, NOW_MS + 9)
        with pytest.raises(Conflict):
            store.settle(settled)
        assert store.claim(KEY, now_ms=NOW_MS + 10 * LEASE_MS, lease_ms=LEASE_MS) is None

    def test_a_row_settled_as_queued_is_claimed_again_without_doubt(self, store: LedgerStore) -> None:
        store.settle(replace(_claimed(store), status=LedgerStatus.QUEUED))
        again = store.claim(KEY, now_ms=NOW_MS + 9, lease_ms=LEASE_MS)
        assert again is not None
        assert (again.attempts, again.doubtful_sends, again.first_sent_at_ms) == (2, 0, NOW_MS)

    def test_a_row_that_nobody_claimed_is_not_settled(self, store: LedgerStore) -> None:
        store.record(row())
        with pytest.raises(Conflict):
            store.settle(row(status=LedgerStatus.ACCEPTED))
        with pytest.raises(Conflict):
            store.settle(row("p-9", status=LedgerStatus.ACCEPTED))
        assert store.get(KEY) == row()

    def test_parked_rows_of_a_pixel_are_found(self, store: LedgerStore) -> None:
        for number in range(9):
            parked = row(f"p-{number}", status=LedgerStatus.PARKED, parked_at_ms=NOW_MS + number)
            store.record(parked)
        store.record(replace(row(), event=event("p-x", PixelId("2")), status=LedgerStatus.PARKED, parked_at_ms=NOW_MS))
        in_order = [f"purchase_p-{number}" for number in range(9)]
        assert [each.event.event_id for each in store.parked(PIXEL_ID)] == in_order
        assert [each.event.event_id for each in store.parked(PIXEL_ID, 4)] == in_order[:4]
        assert list(store.parked(PixelId("3"))) == []

    def test_parked_rows_may_be_requeued_while_they_are_read(self, store: LedgerStore) -> None:
        for number in range(9):
            store.record(row(f"p-{number}", status=LedgerStatus.PARKED, parked_at_ms=NOW_MS + number))
        requeued = [store.requeue(each.event.key, now_ms=NOW_MS + 99) for each in store.parked(PIXEL_ID)]
        assert requeued == [True] * 9
        assert list(store.parked(PIXEL_ID)) == []

    def test_a_row_settled_as_parked_waits_until_it_is_requeued(self, store: LedgerStore) -> None:
        store.settle(replace(_claimed(store), status=LedgerStatus.PARKED, parked_at_ms=NOW_MS + 3))
        assert [each.event.key for each in store.parked(PIXEL_ID, 10)] == [KEY]
        assert store.requeue(KEY, now_ms=NOW_MS + 9)
        assert list(store.parked(PIXEL_ID, 10)) == []
        found = store.get(KEY)
        assert found is not None
        assert (found.status, found.requeued_at_ms, found.parked_at_ms) == (LedgerStatus.QUEUED, NOW_MS + 9, None)
        assert store.claim(KEY, now_ms=NOW_MS + 10, lease_ms=LEASE_MS) is not None

    def test_a_queued_row_is_given_to_the_stream_again(self, store: LedgerStore) -> None:
        store.record(row())
        assert store.requeue(KEY, now_ms=NOW_MS + 9)
        assert store.get(KEY) == row(requeued_at_ms=NOW_MS + 9, updated_at_ms=NOW_MS + 9)

    def test_a_lapsed_claim_is_requeued_and_keeps_its_doubt(self, store: LedgerStore) -> None:
        # The stream lets queued rows through, and those in sending that were given to it again.
        _claimed(store)
        assert not store.requeue(KEY, now_ms=NOW_MS + LEASE_MS - 1)
        assert store.requeue(KEY, now_ms=NOW_MS + LEASE_MS + 1)
        found = store.get(KEY)
        assert found is not None
        assert found.requeued_at_ms == NOW_MS + LEASE_MS + 1
        again = store.claim(KEY, now_ms=NOW_MS + LEASE_MS + 2, lease_ms=LEASE_MS)
        assert again is not None
        assert (again.attempts, again.doubtful_sends) == (2, 1)

    @pytest.mark.parametrize("status", [*FINISHED, LedgerStatus.HELD])
    def test_other_rows_are_not_requeued(self, store: LedgerStore, status: LedgerStatus) -> None:
        store.record(row(status=status))
        assert not store.requeue(KEY, now_ms=NOW_MS)
        assert not store.requeue("nothing", now_ms=NOW_MS)
        assert store.get(KEY) == row(status=status)

    @pytest.mark.parametrize("status", [LedgerStatus.QUEUED, LedgerStatus.PARKED])
    def test_a_row_that_waits_can_be_given_up(self, store: LedgerStore, status: LedgerStatus) -> None:
        store.record(row(status=status, parked_at_ms=NOW_MS if status is LedgerStatus.PARKED else None, error_code=190))
        assert store.expire(KEY, now_ms=NOW_MS + 9)
        assert store.get(KEY) == row(status=LedgerStatus.EXPIRED, updated_at_ms=NOW_MS + 9, error_code=190)
        assert list(store.parked(PIXEL_ID)) == []
        assert store.claim(KEY, now_ms=NOW_MS + 10, lease_ms=LEASE_MS) is None

    def test_a_claimed_row_is_given_up_only_once_its_claim_has_lapsed(self, store: LedgerStore) -> None:
        _claimed(store)
        assert not store.expire(KEY, now_ms=NOW_MS + LEASE_MS - 1)
        assert store.expire(KEY, now_ms=NOW_MS + LEASE_MS + 1)
        found = store.get(KEY)
        assert found is not None
        assert found.status is LedgerStatus.EXPIRED

    @pytest.mark.parametrize("status", [*FINISHED, LedgerStatus.HELD])
    def test_other_rows_are_not_given_up(self, store: LedgerStore, status: LedgerStatus) -> None:
        store.record(row(status=status))
        assert not store.expire(KEY, now_ms=NOW_MS)
        assert not store.expire("nothing", now_ms=NOW_MS)
        assert store.get(KEY) == row(status=status)


class LedgerStoreRaces:
    """What holds when many write at once; for stores that several processes share."""

    @pytest.fixture
    def store(self) -> LedgerStore:
        raise NotImplementedError

    def test_of_claims_at_once_one_wins(self, store: LedgerStore) -> None:
        store.record(row())
        with ThreadPoolExecutor(4) as threads:
            claims = list(threads.map(lambda _: store.claim(KEY, now_ms=NOW_MS, lease_ms=LEASE_MS), range(8)))
        assert len([claim for claim in claims if claim is not None]) == 1

    def test_of_takeovers_of_a_lapsed_claim_at_once_one_wins(self, store: LedgerStore) -> None:
        store.record(row())
        store.claim(KEY, now_ms=NOW_MS, lease_ms=LEASE_MS)
        later_ms = NOW_MS + LEASE_MS + 1
        with ThreadPoolExecutor(4) as threads:
            claims = list(threads.map(lambda _: store.claim(KEY, now_ms=later_ms, lease_ms=LEASE_MS), range(8)))
        (won,) = [claim for claim in claims if claim is not None]
        assert (won.attempts, won.doubtful_sends) == (2, 1)


def _claimed(store: LedgerStore) -> LedgerRow:
    store.record(row())
    claimed = store.claim(KEY, now_ms=NOW_MS, lease_ms=LEASE_MS)
    assert claimed is not None
    return claimed
