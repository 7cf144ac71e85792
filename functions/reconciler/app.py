"""The reconciler, on a schedule: repairs, releases, requeues, expires and delivers what the straight path left behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import requests

from functions.reconciler.settings import Settings
from rastro.clock import now_ms
from rastro.errors import StoreUnavailable
from rastro.observability import cache_failed, count, logger, observed
from rastro.sales.deliver import Courier
from rastro.sales.reconcile import Reconciler
from rastro.sales.settle import Settler
from rastro.stores.aws import AwsClients
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.tracking.linking import Linker
from rastro.tracking.signing import KeyRing

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


@cache
def dependencies() -> Dependencies:
    """Wire the reconciler, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients()
    secret_store = SsmSecrets(aws.ssm, settings.secrets_prefix)
    clicks = open_click_store(
        aws.table(settings.click_table),
        redis_url=settings.redis_url,
        redis_cluster=settings.redis_cluster,
        ttl_seconds=settings.click_cache_ttl_seconds,
        now_ms=now_ms,
        on_cache_error=cache_failed,
    )
    funnels = CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms)
    payments = DynamoPaymentStore(aws.table(settings.payment_table), aws.table(settings.event_table))
    bots = TelegramBots(requests.Session(), secret_store, settings.telegram_api_url)
    courier = Courier(payments=payments, funnels=funnels, bots=bots, now_ms=now_ms)
    settler = Settler(
        payments=payments,
        bot_users=DynamoBotUserStore(aws.table(settings.bot_user_table)),
        funnels=funnels,
        linker=Linker(
            clicks=clicks,
            funnels=funnels,
            keys=KeyRing(secret_store),
            attribution_window_days=settings.attribution_window_days,
        ),
        courier=courier,
        repair_window_ms=settings.repair_window_seconds * 1000,
        now_ms=now_ms,
    )
    ledger = DynamoLedgerStore(aws.table(settings.event_table))
    reconciler = Reconciler(payments=payments, ledger=ledger, settler=settler, courier=courier, now_ms=now_ms)
    return Dependencies(reconciler=reconciler)


@observed
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run once and return what was done: ``{"done": {kind: count}, "complete": …, "unavailable": …}``."""
    try:
        report = dependencies().reconciler.run(lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS)
    except StoreUnavailable:
        logger.exception("reconciler_store_unavailable")
        count("reconciler_unavailable")
        return {"done": {}, "complete": False, "unavailable": True}
    for kind, times in report.counts.items():
        count(f"reconciled_{kind}", times)
    done = dict(report.counts)
    logger.info("reconciled", done=done, complete=report.complete)
    return {"done": done, "complete": report.complete, "unavailable": False}
