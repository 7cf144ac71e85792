from __future__ import annotations

from datetime import UTC, datetime

from stack.schedule import scheduled_event


def test_the_reconciler_gets_the_event_that_eventbridge_would_send() -> None:
    event = scheduled_event(datetime(2026, 11, 24, 12, 30, tzinfo=UTC))
    assert event["source"] == "aws.events"
    assert event["detail-type"] == "Scheduled Event"
    assert event["time"] == "2026-11-24T12:30:00Z"
