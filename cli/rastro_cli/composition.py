"""The one place that wires the command to a deployment: the adapters of the functions, on the clients of the chosen profile."""

from __future__ import annotations

import os
import secrets as randomness
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import requests
from botocore.config import Config

from rastro.clock import now_ms
from rastro.errors import StoreUnavailable
from rastro.meta.client import GRAPH_URL, GraphClient
from rastro.meta.delivery import Graph
from rastro.pix.provider import ProviderContext, open_provider
from rastro.sales.deliver import Courier
from rastro.sales.diagnosis import Doctor
from rastro.sales.legacy_import import LegacyImport
from rastro.sales.privacy import Privacy
from rastro.sales.repair import Repairer
from rastro.sales.report import Reporter
from rastro.sales.settle import Settler
from rastro.settings import positive_int, required
from rastro.stores.aws_errors import translated
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_redis import connect
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.inbox import DynamoInbox
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.personal_dynamodb import DynamoPersonalRecords, TableNames
from rastro.stores.personal_redis import RedisPersonalCache
from rastro.stores.ports import BotUserStore, ClickStore, FunnelStore, Inbox, LedgerStore, PaymentStore
from rastro.stores.rollup import DynamoRollupStore
from rastro.stores.sales_book import READS_AT_ONCE, DynamoSalesBook
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.tracking.linking import Linker
from rastro.tracking.signing import KeyRing, SigningKeys
from rastro_cli.bot_account import BASE_URL as TELEGRAM_URL
from rastro_cli.bot_account import HttpBotAccount
from rastro_cli.dead_letters import DeadLetters, SqsDeadLetters
from rastro_cli.installation import Installation
from rastro_cli.profiles import AwsProfile, LocalProfile, Profile
from rastro_cli.reading import fast_dynamodb
from rastro_cli.vault import SsmVault

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_RECONCILER_OUTPUT = "ReconcilerFunctionName"
_SENDER_OUTPUT = "CapiSenderFunctionName"
_TELEGRAM_WEBHOOK_OUTPUT = "TelegramWebhookFunctionName"
_ROLLUP_OUTPUT = "RollupFunctionName"
_API_OUTPUT = "ApiUrl"
_QUEUE_OUTPUT = "CapiQueueUrl"
_DEAD_LETTERS_OUTPUT = "CapiDeadLetterQueueUrl"
_IN_STACK_FILE: Mapping[str, tuple[str, ...]] = {
    _RECONCILER_OUTPUT: ("functions", "reconciler"),
    _SENDER_OUTPUT: ("functions", "capi_sender"),
    _TELEGRAM_WEBHOOK_OUTPUT: ("functions", "telegram_webhook"),
    _ROLLUP_OUTPUT: ("functions", "rollup"),
    _API_OUTPUT: ("api",),
    _QUEUE_OUTPUT: ("queues", "capi"),
    _DEAD_LETTERS_OUTPUT: ("queues", "capi_dlq"),
}
"""Where the stack file has an output of the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The records of a deployment."""

    clicks: ClickStore
    bot_users: BotUserStore
    payments: PaymentStore
    funnels: FunnelStore
    ledger: LedgerStore
    inbox: Inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What the commands work with."""

    name: str
    doctor: Doctor
    repairer: Repairer
    legacy: LegacyImport
    payments: PaymentStore
    funnels: FunnelStore
    ledger: LedgerStore
    inbox: Inbox
    graph: Callable[[], Graph]
    """Opens the way to Meta, as the sender has it."""
    dead_letters: Callable[[], DeadLetters]
    installation: Callable[[], Installation]
    """Opens what it is set up with."""
    reporter: Callable[[], Reporter]
    """Opens what reports are read from."""
    privacy: Callable[[], Privacy]
    """Opens everything that may be held of a person."""
    attribution_window_days: int
    now_ms: Callable[[], int]
    on_faults: Callable[[], list[str]] = list
    """What failed on the way without harm (a cache that does not answer)."""


def open_deployment(profile: Profile) -> Deployment:
    """Open the deployment of a profile.

    Tables, secrets and the attribution window are those that its reconciler works with: its environment says them. Raises
    ``StoreUnavailable`` when AWS does not answer or refuses, ``SettingsError`` when that environment is not whole.
    """
    clients = _local_clients(profile) if isinstance(profile, LocalProfile) else _aws_clients(profile)
    environ = _environment(clients, _RECONCILER_OUTPUT)
    dynamodb: DynamoDBClient = clients.open("dynamodb")
    ssm: SSMClient = clients.open("ssm")
    faults: list[str] = []

    def on_cache_error(fault: StoreUnavailable) -> None:
        faults.append(str(fault))

    def table(variable: str) -> Table:
        return Table(dynamodb, required(environ, variable))

    stores = Stores(
        clicks=open_click_store(
            table("CLICK_TABLE"),
            redis_url=clients.redis_url,
            redis_cluster=False,
            ttl_seconds=positive_int(environ, "CLICK_CACHE_TTL_SECONDS", 604_800),
            now_ms=now_ms,
            on_cache_error=on_cache_error,
        ),
        bot_users=DynamoBotUserStore(table("BOT_USER_TABLE")),
        payments=DynamoPaymentStore(table("PAYMENT_TABLE"), table("EVENT_TABLE")),
        funnels=CachedFunnelStore(DynamoFunnelStore(table("FUNNEL_TABLE")), now_ms),
        ledger=DynamoLedgerStore(table("EVENT_TABLE")),
        inbox=DynamoInbox(table("INBOX_TABLE")),
    )
    secrets = SsmSecrets(ssm, required(environ, "SECRETS_PREFIX"))
    # Nothing is delivered from here: a settler has a courier, and this one is never asked.
    courier = Courier(
        payments=stores.payments, funnels=stores.funnels, bots=TelegramBots(requests.Session(), secrets, ""), now_ms=now_ms
    )

    def graph() -> Graph:
        return GraphClient(
            requests.Session(),
            tokens=lambda pixel_id: secrets.get(f"pixels/{pixel_id}/token"),
            seconds=time.monotonic,
            base_url=_environment(clients, _SENDER_OUTPUT).get("GRAPH_URL") or GRAPH_URL,
        )

    def dead_letters() -> DeadLetters:
        sqs: SQSClient = clients.open("sqs")
        return SqsDeadLetters(sqs, url=clients.output(_DEAD_LETTERS_OUTPUT), back_to_url=clients.output(_QUEUE_OUTPUT))

    def installation() -> Installation:
        told = _environment(clients, _TELEGRAM_WEBHOOK_OUTPUT)
        session = requests.Session()
        return Installation(
            vault=SsmVault(ssm, required(environ, "SECRETS_PREFIX")),
            api_url=(told.get("PUBLIC_URL") or clients.output(_API_OUTPUT)).rstrip("/"),
            telegram=lambda token: HttpBotAccount(session, token=token, base_url=told.get("TELEGRAM_API_URL") or TELEGRAM_URL),
            pix=lambda name, credentials: open_provider(name, ProviderContext(credentials=credentials, now_ms=now_ms)),
            played_by=profile.stack.get("lab") if isinstance(profile, LocalProfile) else None,
            token_bytes=randomness.token_bytes,
        )

    def reporter() -> Reporter:
        client = fast_dynamodb(clients.session, clients.endpoint_url, os.environ) or dynamodb
        rollup = Table(client, required(_environment(clients, _ROLLUP_OUTPUT), "ROLLUP_TABLE"))
        payments, ledger = (Table(client, required(environ, name)) for name in ("PAYMENT_TABLE", "EVENT_TABLE"))
        return Reporter(rollup=DynamoRollupStore(rollup), book=DynamoSalesBook(payments, ledger), funnels=stores.funnels)

    def privacy() -> Privacy:
        names = TableNames(
            clicks=required(environ, "CLICK_TABLE"),
            bot_users=required(environ, "BOT_USER_TABLE"),
            payments=required(environ, "PAYMENT_TABLE"),
            ledger=required(environ, "EVENT_TABLE"),
            inbox=required(environ, "INBOX_TABLE"),
        )
        return Privacy(
            bot_users=stores.bot_users,
            payments=stores.payments,
            funnels=stores.funnels,
            ledger=stores.ledger,
            records=DynamoPersonalRecords(dynamodb, names),
            cache=RedisPersonalCache(lambda: connect(clients.redis_url, cluster=False)) if clients.redis_url else None,
            cache_ttl_ms=positive_int(environ, "CLICK_CACHE_TTL_SECONDS", 604_800) * 1000,
            now_ms=now_ms,
        )

    return wire(
        profile.name,
        stores,
        graph=graph,
        dead_letters=dead_letters,
        installation=installation,
        reporter=reporter,
        privacy=privacy,
        courier=courier,
        keys=KeyRing(secrets),
        attribution_window_days=positive_int(environ, "ATTRIBUTION_WINDOW_DAYS", 7),
        repair_window_ms=positive_int(environ, "REPAIR_WINDOW_SECONDS", 900) * 1000,
        now_ms=now_ms,
        on_faults=lambda: sorted(set(faults)),
    )


def wire(
    name: str,
    stores: Stores,
    *,
    graph: Callable[[], Graph],
    dead_letters: Callable[[], DeadLetters],
    installation: Callable[[], Installation],
    reporter: Callable[[], Reporter],
    privacy: Callable[[], Privacy],
    courier: Courier,
    keys: Callable[[], SigningKeys],
    attribution_window_days: int,
    repair_window_ms: int,
    now_ms: Callable[[], int],
    on_faults: Callable[[], list[str]] = list,
) -> Deployment:
    """Return what the commands work with, over stores of any kind."""
    linker = Linker(clicks=stores.clicks, funnels=stores.funnels, keys=keys, attribution_window_days=attribution_window_days)
    settler = Settler(
        payments=stores.payments,
        bot_users=stores.bot_users,
        funnels=stores.funnels,
        linker=linker,
        courier=courier,
        inbox=stores.inbox,
        # No notice comes in here: a settler knows accounts, and this one is never asked.
        same_account=lambda _provider, one, other: one == other,
        repair_window_ms=repair_window_ms,
        now_ms=now_ms,
    )
    repairer = Repairer(
        payments=stores.payments,
        bot_users=stores.bot_users,
        clicks=stores.clicks,
        funnels=stores.funnels,
        ledger=stores.ledger,
        linker=linker,
        settler=settler,
        now_ms=now_ms,
    )
    doctor = Doctor(
        payments=stores.payments,
        bot_users=stores.bot_users,
        clicks=stores.clicks,
        funnels=stores.funnels,
        ledger=stores.ledger,
        keys=keys,
        linker=linker,
        repairer=repairer,
        attribution_window_days=attribution_window_days,
        now_ms=now_ms,
    )
    legacy = LegacyImport(payments=stores.payments, bot_users=stores.bot_users, funnels=stores.funnels, now_ms=now_ms)
    return Deployment(
        name=name,
        doctor=doctor,
        repairer=repairer,
        legacy=legacy,
        payments=stores.payments,
        funnels=stores.funnels,
        ledger=stores.ledger,
        inbox=stores.inbox,
        graph=graph,
        dead_letters=dead_letters,
        installation=installation,
        reporter=reporter,
        privacy=privacy,
        attribution_window_days=attribution_window_days,
        now_ms=now_ms,
        on_faults=on_faults,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clients:
    """How to reach a deployment."""

    session: boto3.Session
    config: Config
    redis_url: str
    output: Callable[[str], str]
    """Returns an output of its template; raises ``StoreUnavailable`` for one that it does not have."""
    endpoint_url: str | None = None

    def open(self, service: str) -> Any:  # noqa: ANN401 - the caller writes down which client it is
        return self.session.client(service, endpoint_url=self.endpoint_url, config=self.config)  # type: ignore[call-overload]


def _config(**more: Any) -> Config:  # noqa: ANN401 - botocore's own settings
    """Return a patient configuration: an operator waits, no visitor does."""
    return Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"total_max_attempts": 4, "mode": "standard"},
        max_pool_connections=READS_AT_ONCE,
        **more,
    )


def _local_clients(profile: LocalProfile) -> _Clients:
    aws = profile.stack["aws"]

    def output(name: str) -> str:
        value: Any = profile.stack
        for part in _IN_STACK_FILE[name]:
            value = value.get(part) if isinstance(value, Mapping) else None
        if not value:
            raise StoreUnavailable(f"the stack file has no {'.'.join(_IN_STACK_FILE[name])}")
        return str(value)

    session = boto3.Session(
        aws_access_key_id=aws["access_key_id"], aws_secret_access_key=aws["secret_access_key"], region_name=aws["region"]
    )
    return _Clients(
        session=session,
        config=_config(proxies={}),
        redis_url=profile.stack["redis_url"],
        output=output,
        endpoint_url=aws["endpoint_url"],
    )


def _aws_clients(profile: AwsProfile) -> _Clients:
    with translated(f"open the AWS profile {profile.aws_profile}"):
        session = boto3.Session(profile_name=profile.aws_profile, region_name=profile.region)

    @cache
    def outputs() -> Mapping[str, str]:
        cloudformation: CloudFormationClient = session.client("cloudformation", config=_config())
        with translated(f"describe the stack {profile.stack}"):
            stack = cloudformation.describe_stacks(StackName=profile.stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def output(name: str) -> str:
        value = outputs().get(name)
        if not value:
            raise StoreUnavailable(f"the stack {profile.stack} has no output {name}")
        return value

    return _Clients(session=session, config=_config(), redis_url=profile.redis_url, output=output)


def _environment(clients: _Clients, function_output: str) -> Mapping[str, str]:
    """Return the environment of a function of the deployment."""
    name = clients.output(function_output)
    lambda_: LambdaClient = clients.open("lambda")
    with translated(f"read the configuration of {name}"):
        configuration = lambda_.get_function_configuration(FunctionName=name)
    return configuration.get("Environment", {}).get("Variables", {})
