"""The outbox, on the streams of the tables: changed records become events for Meta on the queue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.outbox.settings import Settings
from rastro.clock import now_ms
from rastro.errors import InvalidInput
from rastro.observability import count, logger, observed
from rastro.sales.outbox import Kind, Outbox
from rastro.stores.aws import AwsClients
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.images import Change, change_of
from rastro.stores.queue import SqsEventQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    outbox: Outbox


@cache
def dependencies() -> Dependencies:
    """Wire the outbox, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients()
    outbox = Outbox(
        kinds={
            settings.click_table: Kind.CLICK,
            settings.bot_user_table: Kind.BOT_USER,
            settings.payment_table: Kind.PAYMENT,
            settings.event_table: Kind.LEDGER,
        },
        funnels=CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms),
        clicks=DynamoClickStore(aws.table(settings.click_table)),
        queue=SqsEventQueue(lambda: aws.sqs, settings.capi_queue_url),
        now_ms=now_ms,
    )
    return Dependencies(outbox=outbox)


@observed
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Relay a batch of changes and name the first that failed: the stream gives it and all after it again.

    Raises ``InvalidInput`` when that is one that cannot be read and others wait behind it.

    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    records = event["Records"]
    changes = _readable(records)
    relayed = dependencies().outbox.relay(changes)
    for name, amount in relayed.counts.items():
        count(f"outbox_{name}", amount)
    first_failed, unreadable = relayed.first_failed, relayed.unreadable
    if first_failed is None and len(changes) < len(records):
        first_failed, unreadable = len(changes), True
    if first_failed is None:
        return {"batchItemFailures": []}
    if unreadable and first_failed == 0 and len(records) > 1:
        # Named as failed, it would come again with all after it until the stream gives them up together. An error makes the
        # stream halve the batch until this record is alone.
        raise InvalidInput("the first record of the batch cannot be read")
    return {"batchItemFailures": [{"itemIdentifier": records[first_failed]["dynamodb"]["SequenceNumber"]}]}


def _readable(records: list[dict[str, Any]]) -> list[Change]:
    """Return the changes up to the first record that cannot be read."""
    changes: list[Change] = []
    for record in records:
        try:
            changes.append(change_of(record))
        except InvalidInput:
            logger.error("stream_record_unreadable", event_id=record.get("eventID"))
            count("outbox_image_unreadable")
            break
    return changes
