"""The queue to the sender, in SQS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rastro.errors import StoreUnavailable
from rastro.model import Click, ConversionEvent
from rastro.stores.aws_errors import translated
from rastro.stores.messages import event_message, lost_click_message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from rastro.stores.aws import Sqs

BATCH_ENTRIES = 10
BATCH_BYTES = 262_144
"""What one ``SendMessageBatch`` takes (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html)."""


ATTEMPTS = 2
"""How often an event is handed over that the queue refuses from an otherwise taken request."""


_Batch = list[tuple[ConversionEvent, str]]
"""Events, each with its message."""


class SqsEventQueue:
    """The CAPI queue."""

    def __init__(self, client: Callable[[], Sqs | SQSClient], url: str) -> None:
        """Take how to get the client (the redirect hardly ever needs it) and the queue's URL."""
        self._client = client
        self._url = url

    def send(self, events: Sequence[ConversionEvent]) -> Sequence[ConversionEvent]:
        """Queue events, as many in a request as fit; return those that were not taken."""
        refused: list[ConversionEvent] = []
        for batch in _batches([(event, event_message(event)) for event in events]):
            left = batch
            for _ in range(ATTEMPTS):
                try:
                    left = self._send_batch(left)
                except StoreUnavailable:
                    break
                if not left:
                    break
            refused += [event for event, _ in left]
        return refused

    def _send_batch(self, batch: _Batch) -> _Batch:
        """Queue one request's worth and return what was refused of it."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": body} for number, (_, body) in enumerate(batch)
        ]
        with translated("send to the queue"):
            answer = self._client().send_message_batch(QueueUrl=self._url, Entries=entries)
        return [batch[int(failed["Id"])] for failed in answer.get("Failed", [])]

    def send_lost_click(self, click: Click) -> None:
        """Queue a click to be restored."""
        with translated("send to the queue"):
            self._client().send_message(QueueUrl=self._url, MessageBody=lost_click_message(click))


def _batches(messages: _Batch) -> Iterator[_Batch]:
    batch: _Batch = []
    size = 0
    for event, body in messages:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_ENTRIES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((event, body))
        size += length
    if batch:
        yield batch
