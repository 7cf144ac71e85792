"""What CloudWatch says to a topic, as it comes by the queue: no envelope is around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rastro.errors import InvalidInput, StoreUnavailable
from rastro.model import RungAlarm
from rastro.stores.alarms import TAKEN_AT_MOST, SqsAlarmQueue, alarm_of
from rastro.stores.aws_errors import AwsFailure

SAID: Mapping[str, object] = {
    # Of the example in https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html, shortened.
    "AlarmName": "rastro-prod-PixelParkedAlarm-1B2C3D",
    "AlarmDescription": "Morning. Meta refuses a pixel. See docs/operations.md#pixelparkedalarm",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [3.0 (25/11/26 01:00:00)] was greater than the threshold (0.0).",
    "StateChangeTime": "2026-11-25T01:00:00.500+0000",
    "Region": "South America (Sao Paulo)",
    "OldStateValue": "OK",
}
CHANGED_AT_MS = 1_795_568_400_500


def body(**changes: object) -> str:
    return json.dumps({**SAID, **changes})


def test_an_alarm_is_read() -> None:
    assert alarm_of(body(), "r1") == RungAlarm(
        receipt="r1",
        name="rastro-prod-PixelParkedAlarm-1B2C3D",
        rings=True,
        changed_at_ms=CHANGED_AT_MS,
        anchor="pixelparkedalarm",
    )


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_is_over_does_not_ring(state: str) -> None:
    assert not alarm_of(body(NewStateValue=state), "r").rings


@pytest.mark.parametrize("description", [None, "", "Somebody else's alarm"])
def test_an_alarm_of_somebody_else_has_no_paragraph(description: str | None) -> None:
    assert alarm_of(body(AlarmDescription=description), "r").anchor == ""


@pytest.mark.parametrize(
    "said", ["", "text", "[]", "null", "7", "{}", body(StateChangeTime="yesterday"), body(StateChangeTime=None), "[" * 100_000]
)
def test_what_is_none_of_an_alarm_is_refused(said: str) -> None:
    with pytest.raises(InvalidInput):
        alarm_of(said, "r")


class Sqs:
    """A queue that gives each message once."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = [{"ReceiptHandle": f"r{number}", "Body": each} for number, each in enumerate(bodies)]
        self.deleted: list[str] = []
        self.down = False

    def receive_message(self, **arguments: Any) -> dict[str, Any]:
        self._check()
        most = arguments["MaxNumberOfMessages"]
        given, self.waiting = self.waiting[:most], self.waiting[most:]
        return {"Messages": given} if given else {}

    def delete_message_batch(self, **arguments: Any) -> dict[str, Any]:
        self._check()
        assert len(arguments["Entries"]) <= 10
        self.deleted += [entry["ReceiptHandle"] for entry in arguments["Entries"]]
        return {}

    def _check(self) -> None:
        if self.down:
            raise AwsFailure("switched off by the test")


def queue_on(sqs: Sqs) -> SqsAlarmQueue:
    return SqsAlarmQueue(lambda: sqs, "q")  # type: ignore[arg-type,return-value] # as far as it is needed


def test_everything_that_waits_is_taken_and_what_is_no_alarm_is_forgotten_at_once() -> None:
    sqs = Sqs(*[body()] * 12, "a greeting of the topic")

    taken = queue_on(sqs).take()

    assert [alarm.receipt for alarm in taken] == [f"r{number}" for number in range(12)]
    assert sqs.deleted == ["r12"]


def test_not_more_is_taken_than_a_run_can_deal_with() -> None:
    assert len(queue_on(Sqs(*[body()] * (TAKEN_AT_MOST + 30))).take()) == TAKEN_AT_MOST


def test_what_was_dealt_with_is_deleted() -> None:
    sqs = Sqs(*[body()] * 12)
    queue = queue_on(sqs)

    queue.forget(queue.take())

    assert sqs.deleted == [f"r{number}" for number in range(12)]


def test_a_queue_that_does_not_answer_says_so_when_asked_and_forgets_later() -> None:
    sqs = Sqs(body())
    queue = queue_on(sqs)
    taken = queue.take()
    sqs.down = True

    queue.forget(taken)

    with pytest.raises(StoreUnavailable):
        queue.take()
