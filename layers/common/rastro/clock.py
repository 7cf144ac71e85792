"""The clock of a deployed function; everything else gets it passed in."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Return the time, UTC, in epoch milliseconds."""
    return time.time_ns() // 1_000_000
