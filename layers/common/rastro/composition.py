"""The sales room wired to its adapters, for the functions that settle, sell or look after sales.

Each function's ``dependencies()`` opens it once and takes what it needs; nothing is opened before that.
"""

# ruff: noqa: D102 - the settings that a function says are explained where they are read
from __future__ import annotations

import secrets as randomness
from dataclasses import dataclass
from typing import Protocol

import requests

from rastro.clock import now_ms
from rastro.observability import cache_failed
from rastro.pix.accounts import PixAccounts
from rastro.sales.charge import Cashier
from rastro.sales.deliver import Courier
from rastro.sales.enquire import Enquirer
from rastro.sales.people import People
from rastro.sales.settle import Settler, count_sale
from rastro.stores.aws import AwsClients
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.inbox import DynamoInbox
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.ports import FunnelStore, Inbox, PaymentStore, Secrets
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.tracking.linking import Linker
from rastro.tracking.signing import KeyRing


class SalesSettings(Protocol):
    """What the environment of such a function says."""

    @property
    def secrets_prefix(self) -> str: ...
    @property
    def bot_user_table(self) -> str: ...
    @property
    def payment_table(self) -> str: ...
    @property
    def click_table(self) -> str: ...
    @property
    def funnel_table(self) -> str: ...
    @property
    def event_table(self) -> str: ...
    @property
    def inbox_table(self) -> str: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def redis_cluster(self) -> bool: ...
    @property
    def click_cache_ttl_seconds(self) -> int: ...
    @property
    def attribution_window_days(self) -> int: ...
    @property
    def repair_window_seconds(self) -> int: ...
    @property
    def telegram_api_url(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """The parts, each wired to the others."""

    aws: AwsClients
    secrets: Secrets
    keys: KeyRing
    funnels: FunnelStore
    payments: PaymentStore
    inbox: Inbox
    bots: TelegramBots
    accounts: PixAccounts
    people: People
    cashier: Cashier
    courier: Courier
    settler: Settler
    enquirer: Enquirer


def open_sales(settings: SalesSettings, *, recent_click_minutes: int = 0) -> Sales:
    """Wire the parts on real clients; ``recent_click_minutes`` is the waterfall's last step, off at 0."""
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
    keys = KeyRing(secret_store)
    funnels = CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms)
    bot_users = DynamoBotUserStore(aws.table(settings.bot_user_table))
    payments = DynamoPaymentStore(aws.table(settings.payment_table), aws.table(settings.event_table))
    inbox = DynamoInbox(aws.table(settings.inbox_table))
    linker = Linker(
        clicks=clicks,
        funnels=funnels,
        keys=keys,
        attribution_window_days=settings.attribution_window_days,
        recent_click_minutes=recent_click_minutes,
    )
    bots = TelegramBots(requests.Session(), secret_store, settings.telegram_api_url)
    accounts = PixAccounts(secret_store, now_ms)
    courier = Courier(payments=payments, funnels=funnels, bots=bots, now_ms=now_ms)
    settler = Settler(
        payments=payments,
        bot_users=bot_users,
        funnels=funnels,
        linker=linker,
        courier=courier,
        inbox=inbox,
        same_account=accounts.shared,
        repair_window_ms=settings.repair_window_seconds * 1000,
        now_ms=now_ms,
        count_sale=count_sale,
    )
    people = People(bot_users=bot_users, funnels=funnels, linker=linker, now_ms=now_ms)
    return Sales(
        aws=aws,
        secrets=secret_store,
        keys=keys,
        funnels=funnels,
        payments=payments,
        inbox=inbox,
        bots=bots,
        accounts=accounts,
        people=people,
        cashier=Cashier(people=people, payments=payments, providers=accounts, randomness=randomness, now_ms=now_ms),
        courier=courier,
        settler=settler,
        enquirer=Enquirer(providers=accounts, settler=settler),
    )
