"""The queue on which alarms come: CloudWatch tells the topic, the topic this queue, and nothing is put around what was said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from rastro.errors import InvalidInput, StoreUnavailable
from rastro.model import RungAlarm
from rastro.observability import logger
from rastro.stores.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

    from rastro.stores.aws import Sqs

BATCH_ENTRIES = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
TAKEN_AT_MOST = 100

_ANCHOR = re.compile(r"docs/operations\.md#([a-z0-9]+)")
"""How the description of an alarm of ours names its paragraph."""


class SqsAlarmQueue:
    """The alarm queue."""

    def __init__(self, client: Callable[[], Sqs | SQSClient], url: str) -> None:
        """Take how to get the client and the queue's URL."""
        self._client = client
        self._url = url

    def take(self) -> Sequence[RungAlarm]:
        """Return what waits; what says nothing of an alarm (somebody else's message to a shared topic) is forgotten."""
        taken: list[RungAlarm] = []
        foreign: list[str] = []
        while len(taken) + len(foreign) < TAKEN_AT_MOST:
            with translated("receive from the alarm queue"):
                answer = self._client().receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH_ENTRIES, WaitTimeSeconds=0)
            messages = answer.get("Messages", [])
            for message in messages:
                receipt = message["ReceiptHandle"]
                try:
                    taken.append(alarm_of(message["Body"], receipt))
                except InvalidInput:
                    foreign.append(receipt)
            if not messages:
                break
        self._delete(foreign)
        return taken

    def forget(self, alarms: Sequence[RungAlarm]) -> None:
        """Delete their messages."""
        self._delete([alarm.receipt for alarm in alarms])

    def _delete(self, receipts: Sequence[str]) -> None:
        remaining = iter(receipts)
        while batch := list(islice(remaining, BATCH_ENTRIES)):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)
            ]
            try:
                with translated("delete from the alarm queue"):
                    self._client().delete_message_batch(QueueUrl=self._url, Entries=entries)
            except StoreUnavailable as exc:
                logger.warning("alarms_not_forgotten", reason=str(exc))
                return


def alarm_of(body: str, receipt: str) -> RungAlarm:
    """Read what CloudWatch says of an alarm to a topic; raises ``InvalidInput`` for anything else.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    try:
        said: Mapping[str, Any] = json.loads(body)
        changed_at = datetime.fromisoformat(str(said["StateChangeTime"]))
        anchor = _ANCHOR.search(str(said.get("AlarmDescription") or ""))
        return RungAlarm(
            receipt=receipt,
            name=str(said["AlarmName"]),
            rings=said["NewStateValue"] == "ALARM",
            changed_at_ms=round(changed_at.timestamp() * 1000),
            anchor=anchor.group(1) if anchor else "",
        )
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise InvalidInput("the message is none of an alarm") from exc
