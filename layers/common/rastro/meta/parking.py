"""Events that wait for their pixel go out again once an operator has mended it."""

from __future__ import annotations

from collections.abc import Callable

from rastro.model import PixelId
from rastro.stores.ports import LedgerStore


def resume_pixel(ledger: LedgerStore, pixel_id: PixelId, now_ms: Callable[[], int]) -> int:
    """Give every event that is parked at a pixel to the stream again, oldest first, and return how many there were.

    Purchases and funnel events alike. Breaking off loses nothing: what was not reached is still parked. Raises
    ``StoreUnavailable``.
    """
    return sum(ledger.requeue(row.event.key, now_ms=now_ms()) for row in ledger.parked(pixel_id))
