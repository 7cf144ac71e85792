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

BATCH_ENTRIES = 10
BATCH_BYTES = 262_144
"""What one ``SendMessageBatch`` takes (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html)."""


class SqsEventQueue:
    """The CAPI queue."""

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        """Take how to get the client (the redirect hardly ever needs it) and the queue's URL."""
        self._client = client
        self._url = url

    def send(self, events: Sequence[ConversionEvent]) -> Sequence[ConversionEvent]:
        """Queue events, as many in a request as fit; return those that were not taken."""
        refused: list[ConversionEvent] = []
        for batch in _batches([(event, event_message(event)) for event in events]):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": body} for number, (_, body) in enumerate(batch)
            ]
            try:
                with translated("send to the queue"):
                    answer = self._client().send_message_batch(QueueUrl=self._url, Entries=entries)
            except StoreUnavailable:
                refused += [event for event, _ in batch]
            else:
                refused += [batch[int(failed["Id"])][0] for failed in answer.get("Failed", [])]
        return refused

    def send_lost_click(self, click: Click) -> None:
        """Queue a click to be restored."""
        with translated("send to the queue"):
            self._client().send_message(QueueUrl=self._url, MessageBody=lost_click_message(click))


def _batches(messages: Sequence[tuple[ConversionEvent, str]]) -> Iterator[list[tuple[ConversionEvent, str]]]:
    batch: list[tuple[ConversionEvent, str]] = []
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
