"""Puts the clock of a function's process forward: what would be waited for an hour is over in a moment.

The interpreter imports this at its start where ``PYTHONPATH`` leads here. How far the clock is ahead stands in a file, in
nanoseconds, so that it moves while the process runs; only ``time.time_ns`` moves, by which the product tells the time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_AHEAD = Path(os.environ["CHAOS_CLOCK"]) if "CHAOS_CLOCK" in os.environ else None
_real_time_ns = time.time_ns


def _time_ns() -> int:
    try:
        ahead = int(_AHEAD.read_text(encoding="ascii")) if _AHEAD else 0
    except (OSError, ValueError):
        ahead = 0
    return _real_time_ns() + ahead


if _AHEAD is not None:
    time.time_ns = _time_ns
