"""When a message that could not be dealt with comes again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from rastro.errors import StoreUnavailable
from rastro.stores.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef

    from rastro.stores.aws import Sqs

BATCH_ENTRIES = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html"""


class SqsVisibility:
    """Sets how long messages of a queue stay unseen."""

    def __init__(self, client: Callable[[], Sqs | SQSClient], url: str) -> None:
        """Take how to get the client (only failures need it) and the queue's URL."""
        self._client = client
        self._url = url

    def postpone(self, seconds_by_receipt: Mapping[str, int]) -> int:
        """Let messages, by their receipt handles, come again after so many seconds; return how many could not be set.

        Those come again when the queue's own time-out is over.
        """
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
            for number, (receipt, seconds) in enumerate(seconds_by_receipt.items())
        ]
        failed = 0
        remaining = iter(entries)
        while batch := list(islice(remaining, BATCH_ENTRIES)):
            try:
                with translated("change visibility"):
                    answer = self._client().change_message_visibility_batch(QueueUrl=self._url, Entries=batch)
            except StoreUnavailable:
                failed += len(batch)
            else:
                failed += len(answer.get("Failed", []))
        return failed
