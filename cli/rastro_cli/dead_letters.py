"""The dead letter queue of the sender: what was given up after all its receives, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rastro.errors import InvalidInput
from rastro.model import Click
from rastro.stores.aws_errors import translated
from rastro.stores.messages import parse_message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HIDDEN_SECONDS = 600
"""How long a message that was looked at stays hidden if the command dies before it gives it back."""
RECEIVED_AT_ONCE = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message of the queue, with the proof that it was received."""

    message_id: str
    receipt: str
    body: str


class DeadLetters(Protocol):
    """The dead letter queue; every method may raise ``StoreUnavailable``."""

    def count(self) -> int:
        """Return about how many messages there are."""

    def read(self, limit: int) -> Iterator[DeadLetter]:
        """Yield up to ``limit`` messages, each hidden from others until it is moved or given back."""

    def move_back(self, letter: DeadLetter) -> None:
        """Put a message into the sender's queue, then take it out of this one."""

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Leave messages where they are, for everybody to see."""


class SqsDeadLetters:
    """The dead letter queue in SQS."""

    def __init__(self, client: SQSClient, *, url: str, back_to_url: str, wait_seconds: int = 1) -> None:
        """Take the client, the queue's URL, that of the sender's queue, and how long an empty queue is waited for.

        Without a wait SQS asks some of its servers only, and a queue with few messages may look empty.
        """
        self._client = client
        self._url = url
        self._back_to_url = back_to_url
        self._wait_seconds = wait_seconds

    def count(self) -> int:
        """Return what SQS estimates, of messages that are hidden at the moment too."""
        with translated("count the dead letters"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            )
        return sum(int(count) for count in answer.get("Attributes", {}).values())

    def read(self, limit: int) -> Iterator[DeadLetter]:
        """Yield messages until there are no more."""
        left = limit
        while left > 0:
            with translated("read the dead letters"):
                messages = self._client.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=min(left, RECEIVED_AT_ONCE),
                    VisibilityTimeout=HIDDEN_SECONDS,
                    WaitTimeSeconds=self._wait_seconds,
                ).get("Messages", [])
            if not messages:
                return
            left -= len(messages)
            for message in messages:
                yield DeadLetter(message_id=message["MessageId"], receipt=message["ReceiptHandle"], body=message["Body"])

    def move_back(self, letter: DeadLetter) -> None:
        """Send and delete; one that was sent and not deleted goes twice, and the ledger lets only one through."""
        with translated("move a dead letter"):
            self._client.send_message(QueueUrl=self._back_to_url, MessageBody=letter.body)
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """End the hiding of messages."""
        with translated("give the dead letters back"):
            for letter in letters:
                self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)


def described(letter: DeadLetter) -> dict[str, str | None]:
    """Return what a message is about, without anything of the person."""
    try:
        content = parse_message(letter.body)
    except InvalidInput:
        return {"kind": "unreadable", "message_id": letter.message_id}
    if isinstance(content, Click):
        return {"kind": "lost_click", "message_id": letter.message_id, "event_id": content.pageview_event_id}
    return {
        "kind": "event",
        "message_id": letter.message_id,
        "pixel_id": content.pixel_id,
        "event_name": content.event_name.value,
        "event_id": content.event_id,
        "payment_id": content.payment_id,
    }
