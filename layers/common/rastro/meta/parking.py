"""Events that wait for their pixel go out again once an operator has mended it."""

from __future__ import annotations

from collections.abc import Callable

from rastro.model import LedgerRow, PixelId
from rastro.stores.ports import LedgerStore


def _quietly(_row: LedgerRow) -> None:
    return


def resume_pixel(
    ledger: LedgerStore, pixel_id: PixelId, now_ms: Callable[[], int], on_requeued: Callable[[LedgerRow], None] = _quietly
) -> int:
    """Give every event that is parked at a pixel to the stream again, oldest first, and return how many there were.

    Purchases and funnel events alike; each is told of as it goes. Breaking off loses nothing: what was not reached is still
    parked. Raises ``StoreUnavailable``.
    """
    count = 0
    for row in ledger.parked(pixel_id):
        if ledger.requeue(row.event.key, now_ms=now_ms()):
            count += 1
            on_requeued(row)
    return count
