"""The rollup, on the streams of clicks and bot users: who was seen, hour by hour, for the reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.rollup.settings import Settings
from rastro.clock import now_ms
from rastro.errors import InvalidInput, StoreUnavailable
from rastro.observability import count, logger, observed
from rastro.sales.rollup import Rollup, Table
from rastro.stores.aws import AwsClients
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.images import Change, change_of
from rastro.stores.rollup import DynamoRollupStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    rollup: Rollup


@cache
def dependencies() -> Dependencies:
    """Wire the rollup, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients()
    rollup = Rollup(
        tables={settings.click_table: Table.CLICK, settings.bot_user_table: Table.BOT_USER},
        funnels=CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms),
        clicks=DynamoClickStore(aws.table(settings.click_table)),
        rollup=DynamoRollupStore(aws.table(settings.rollup_table)),
        now_ms=now_ms,
    )
    return Dependencies(rollup=rollup)


@observed
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Keep who was seen in a batch of changes; where a store does not answer, the stream gives the whole batch again.

    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    records = event["Records"]
    rollup = dependencies().rollup
    try:
        for name, amount in rollup.take(_readable(records)).items():
            count(f"rollup_{name}", amount)
    except StoreUnavailable:
        logger.exception("rollup_store_unavailable")
        count("rollup_not_kept", len(records))
        return {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    try:
        count("rollup_hours_closed", rollup.close_hours())
    except StoreUnavailable:
        # The batch is kept. Hours that nobody has counted are counted by whoever reads them, and later here.
        logger.warning("rollup_hours_not_closed")
    return {"batchItemFailures": []}


def _readable(records: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    """Yield the changes of the records that are some; the outbox, which reads the same streams, keeps the others."""
    for record in records:
        try:
            yield change_of(record)
        except InvalidInput:
            logger.error("stream_record_unreadable", event_id=record.get("eventID"))
            count("rollup_image_unreadable")
