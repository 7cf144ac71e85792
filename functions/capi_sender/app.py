"""The sender, on the queue: delivers events to Meta and keeps the ledger."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import requests

from functions.capi_sender.settings import Settings
from rastro.clock import now_ms
from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.observability import count, logger, observed
from rastro.stores.aws import AwsClients
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.secrets import SsmSecrets
from rastro.stores.visibility import SqsVisibility

TIME_TO_END_MS = 20_000
"""What is kept of the function's time for the request under way and for writing down what became of it."""
STORE_CALLS_AT_ONCE = 8
"""A claim and an outcome for each Purchase of a batch, one after the other, would outlast the function; botocore pools ten."""


class LambdaContext(Protocol):
    """What the handler asks of its context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still run."""


class Visibility(Protocol):
    """When messages come again."""

    def postpone(self, seconds_by_receipt: Mapping[str, int]) -> int:
        """Let messages come again after so many seconds; return how many could not be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    delivery: Delivery
    visibility: Visibility


@cache
def dependencies() -> Dependencies:
    """Wire the sender, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients()
    secrets = SsmSecrets(aws.ssm, settings.secrets_prefix)
    ledger_table = aws.table(settings.event_table)
    graph = GraphClient(
        requests.Session(),
        tokens=lambda pixel_id: secrets.get(f"pixels/{pixel_id}/token"),
        seconds=time.monotonic,
        base_url=settings.graph_url,
    )
    books = Books(
        ledger=DynamoLedgerStore(ledger_table),
        payments=DynamoPaymentStore(aws.table(settings.payment_table), ledger_table),
        now_ms=now_ms,
    )
    delivery = Delivery(
        graph=graph,
        books=books,
        clicks=DynamoClickStore(aws.table(settings.click_table)),
        jitter=random.random,
        in_parallel=ThreadPoolExecutor(STORE_CALLS_AT_ONCE).map,
    )
    # A thousand events make enough objects for full collections: those need not walk through every imported module each time.
    gc.freeze()
    return Dependencies(delivery=delivery, visibility=SqsVisibility(lambda: aws.sqs, settings.capi_queue_url))


@observed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch of messages and name those that have to come again; all others are done.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    wired = dependencies()
    receipts = {record["messageId"]: record["receiptHandle"] for record in event["Records"]}
    report = wired.delivery.deliver(
        [_message(record) for record in event["Records"]],
        lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS,
    )
    for name, amount in report.counts.items():
        count(f"capi_{name}", amount)
    logger.info("delivered", outcomes=dict(report.counts))
    again = report.again_after_seconds
    not_set = wired.visibility.postpone({receipts[name]: seconds for name, seconds in again.items() if seconds is not None})
    count("capi_visibility_not_set", not_set)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _message(record: Mapping[str, Any]) -> QueueMessage:
    return QueueMessage(
        message_id=record["messageId"],
        body=record["body"],
        receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
    )
