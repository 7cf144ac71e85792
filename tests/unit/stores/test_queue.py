from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rastro.errors import StoreUnavailable
from rastro.model import Click, ConversionEvent
from rastro.stores.messages import parse_message
from rastro.stores.queue import SqsEventQueue
from tests.contracts.queue import EventQueueContract, QueueWithContent
from tests.contracts.records import CLICK, event, page_view

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class TestSqsEventQueue(EventQueueContract):
    @pytest.fixture
    def watched(self, sqs: SQSClient) -> QueueWithContent:
        url = sqs.create_queue(QueueName="capi")["QueueUrl"]

        def content() -> Sequence[ConversionEvent | Click]:
            found: list[ConversionEvent | Click] = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found += [parse_message(message["Body"]) for message in messages]
            return found

        return QueueWithContent(SqsEventQueue(lambda: sqs, url), content)


class _Client:
    """An SQS client that takes batches and says what the test wants it to."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.batches: list[list[str]] = []
        self._answers = list(answers)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.batches.append([entry["MessageBody"] for entry in Entries])
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send_message(self, **_arguments: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs.example")


def _queue(client: Any) -> SqsEventQueue:
    return SqsEventQueue(lambda: client, "https://sqs.example/capi")


def test_a_request_holds_ten_events() -> None:
    client = _Client()
    _queue(client).send([page_view(number) for number in range(25)])
    assert [len(batch) for batch in client.batches] == [10, 10, 5]


def test_a_request_holds_256_kib() -> None:
    client = _Client()
    large = [event(str(number), payload={"note": "ã" * 30_000}) for number in range(6)]
    assert _queue(client).send(large) == []
    assert len(client.batches) > 1
    assert sum(len(batch) for batch in client.batches) == 6
    assert all(sum(len(body.encode()) for body in batch) <= 262_144 for batch in client.batches)


def test_what_the_queue_refused_is_tried_once_more() -> None:
    events = [page_view(number) for number in range(3)]
    client = _Client({"Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]})
    assert _queue(client).send(events) == []
    assert [len(batch) for batch in client.batches] == [3, 1]


def test_what_the_queue_refused_twice_is_returned() -> None:
    events = [page_view(number) for number in range(3)]
    client = _Client(
        {"Failed": [{"Id": "1", "SenderFault": False}, {"Id": "2", "SenderFault": False}]},
        {"Failed": [{"Id": "1", "SenderFault": False}]},
    )
    assert _queue(client).send(events) == [events[2]]


def test_a_batch_that_does_not_get_through_is_returned_and_the_others_go_on() -> None:
    events = [page_view(number) for number in range(12)]
    fault = EndpointConnectionError(endpoint_url="https://sqs.example")
    assert _queue(_Client(fault, {})).send(events) == events[:10]


def test_a_lost_click_that_cannot_be_queued_is_told() -> None:
    with pytest.raises(StoreUnavailable):
        _queue(_Client()).send_lost_click(CLICK)
