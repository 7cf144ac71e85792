"""The one place that wires the command to a deployment: the adapters of the functions, on the clients of the chosen profile."""

from __future__ import annotations

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
from rastro.sales.deliver import Courier
from rastro.sales.diagnosis import Doctor
from rastro.sales.legacy_import import LegacyImport
from rastro.sales.repair import Repairer
from rastro.sales.settle import Settler
from rastro.settings import positive_int, required
from rastro.stores.aws_errors import translated
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.ports import BotUserStore, ClickStore, FunnelStore, LedgerStore, PaymentStore
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.tracking.linking import Linker
from rastro.tracking.signing import KeyRing, SigningKeys
from rastro_cli.dead_letters import DeadLetters, SqsDeadLetters
from rastro_cli.profiles import AwsProfile, LocalProfile, Profile

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_RECONCILER_OUTPUT = "ReconcilerFunctionName"
_SENDER_OUTPUT = "CapiSenderFunctionName"
_QUEUE_OUTPUT = "CapiQueueUrl"
_DEAD_LETTERS_OUTPUT = "CapiDeadLetterQueueUrl"
_IN_STACK_FILE: Mapping[str, tuple[str, str]] = {
    _RECONCILER_OUTPUT: ("functions", "reconciler"),
    _SENDER_OUTPUT: ("functions", "capi_sender"),
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
    graph: Callable[[], Graph]
    """Opens the way to Meta, as the sender has it."""
    dead_letters: Callable[[], DeadLetters]
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

    return wire(
        profile.name,
        stores,
        graph=graph,
        dead_letters=dead_letters,
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
        graph=graph,
        dead_letters=dead_letters,
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
    return Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 4, "mode": "standard"}, **more)


def _local_clients(profile: LocalProfile) -> _Clients:
    aws = profile.stack["aws"]

    def output(name: str) -> str:
        part, key = _IN_STACK_FILE[name]
        value = profile.stack.get(part, {}).get(key)
        if not value:
            raise StoreUnavailable(f"the stack file has no {part}.{key}")
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
