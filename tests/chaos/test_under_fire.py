"""The campaign in small: a few faults of each kind on the local stack, and nothing is lost or doubled."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from rastro.observability import logger
from stack.progress import Silent
from tests.chaos import report
from tests.chaos.fire.campaign import run_under_fire
from tests.chaos.fire.weather import FAULTS

pytestmark = pytest.mark.integration

SHORT = (
    "Redis killed, back empty",
    "DynamoDB: payment written, answer lost",
    "SQS refusing",
    "payment_webhook killed after a write",
    "Graph: accept_then_timeout",
    "PIX: http_500",
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def test_nothing_is_lost_or_doubled_under_fire() -> None:
    faults = [fault for fault in FAULTS if fault.name in SHORT]
    assert len(faults) == len(SHORT)
    fire = run_under_fire(Silent(), faults, rate=3.0, hour=False)
    assert report.fire_problems(fire) == []
    assert fire.under_load > 10
