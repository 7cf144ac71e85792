"""The short form of the queue that ``make load`` drains: everything arrives, and every Purchase once."""

from __future__ import annotations

import pytest

from bench.load_queue import drain

pytestmark = pytest.mark.integration


def test_a_queue_is_drained_and_no_purchase_goes_twice() -> None:
    drained = drain(3_000)

    assert drained.messages > drained.events == drained.accepted == 3_000
    assert drained.purchases_accepted == drained.purchases == 600
    assert drained.right
