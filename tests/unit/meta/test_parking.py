from __future__ import annotations

from rastro.meta.parking import resume_pixel
from rastro.model import EventName, LedgerRow, LedgerStatus, PixelId
from tests.fakes.stores import InMemoryLedgerStore
from tests.unit.meta.records import NOW_MS, PIXEL, TEST_PIXEL, conversion

RESUMED_AT_MS = NOW_MS + 3_600_000


def parked(event_id: str, *, name: EventName = EventName.PURCHASE, pixel_id: str = PIXEL.pixel_id) -> LedgerRow:
    event = conversion(event_id, name=name, pixel_id=pixel_id)
    return LedgerRow(event=event, status=LedgerStatus.PARKED, created_at_ms=NOW_MS, updated_at_ms=NOW_MS, parked_at_ms=NOW_MS)


def test_everything_parked_at_the_pixel_is_given_to_the_stream_again_and_nothing_else() -> None:
    ledger = InMemoryLedgerStore()
    mine = [parked("purchase_1"), parked("view_1", name=EventName.PAGE_VIEW)]
    other = parked("purchase_1", pixel_id=TEST_PIXEL.pixel_id)
    ledger.rows |= {row.event.key: row for row in [*mine, other]}

    assert resume_pixel(ledger, PIXEL.pixel_id, lambda: RESUMED_AT_MS) == 2

    for row in mine:
        resumed = ledger.rows[row.event.key]
        assert (resumed.status, resumed.requeued_at_ms, resumed.parked_at_ms) == (LedgerStatus.QUEUED, RESUMED_AT_MS, None)
    assert ledger.rows[other.event.key] == other


def test_a_pixel_without_parked_events_has_nothing_to_resume() -> None:
    assert resume_pixel(InMemoryLedgerStore(), PixelId("1"), lambda: RESUMED_AT_MS) == 0
