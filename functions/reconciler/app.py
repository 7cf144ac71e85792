"""The reconciler, on a schedule: repairs, releases, requeues, expires and delivers what the straight path left behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from functions.reconciler.settings import Settings
from rastro.clock import now_ms
from rastro.composition import open_sales
from rastro.errors import StoreUnavailable
from rastro.observability import count, logger, measure_seconds, observed
from rastro.sales.bots import BotWatch
from rastro.sales.operator import Operator
from rastro.sales.reconcile import Reconciler
from rastro.stores.alarms import SqsAlarmQueue
from rastro.stores.funnels import DynamoFunnelStore
from rastro.stores.ledger import DynamoLedgerStore

TIME_TO_END_MS = 15_000
"""What is kept of the function's time for the payment under way."""


class LambdaContext(Protocol):
    """What the handler asks of its context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    reconciler: Reconciler
    bots: BotWatch
    operator: Operator


@cache
def dependencies() -> Dependencies:
    """Wire the reconciler and the watch over the bots, once a container."""
    settings = Settings.from_environment()
    sales = open_sales(settings)
    reconciler = Reconciler(
        payments=sales.payments,
        ledger=DynamoLedgerStore(sales.aws.table(settings.event_table)),
        settler=sales.settler,
        enquirer=sales.enquirer,
        courier=sales.courier,
        now_ms=now_ms,
    )
    return Dependencies(
        reconciler=reconciler,
        bots=BotWatch(funnels=DynamoFunnelStore(sales.aws.table(settings.funnel_table)), bots=sales.bots, now_ms=now_ms),
        operator=Operator(
            alarms=SqsAlarmQueue(lambda: sales.aws.sqs, settings.alarm_queue_url),
            secrets=sales.secrets,
            bots=sales.bots,
            now_ms=now_ms,
        ),
    )


@observed
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run once and return what was done: ``{"done": {kind: count}, "complete": …, "unavailable": …}``."""
    wired = dependencies()

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > TIME_TO_END_MS

    # First of all: where a store is down, the alarms that say so are to be told.
    for outcome, alarms in wired.operator.tell().items():
        count(f"operator_{outcome}", alarms)
    try:
        report = wired.reconciler.run(has_time)
        report.counts += wired.bots.look(has_time)
    except StoreUnavailable:
        logger.exception("reconciler_store_unavailable")
        count("reconciler_unavailable")
        return {"done": {}, "complete": False, "unavailable": True}
    for kind, times in report.counts.items():
        count(f"reconciled_{kind}", times)
    if report.longest_wait_ms is not None:
        measure_seconds("purchase_waiting_seconds", report.longest_wait_ms / 1000)
    done = dict(report.counts)
    logger.info("reconciled", done=done, complete=report.complete)
    return {"done": done, "complete": report.complete, "unavailable": False}
