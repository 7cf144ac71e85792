"""Ctrl-C and its kin: never between the start of a process and the note of it, never in the middle of stopping."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Say that a signal asked this process to end; like ``KeyboardInterrupt`` no ``except Exception`` catches it."""


def end_on_signals() -> None:
    """Let every signal that asks for an end raise ``Ended`` in the main thread, so that all is stopped on the way out."""
    for number in ENDINGS:
        signal.signal(number, _end)


@contextmanager
def undisturbed(*, then_end: bool) -> Iterator[None]:
    """Hold back the signals that ask for an end; afterwards they are obeyed (``then_end``) or forgotten."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # A handler, not SIG_IGN or a mask: those would be passed on to a process that is started meanwhile.
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came and then_end:
            signal.raise_signal(signal.Signals(came[0]))


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(signal.Signals(number).name)
