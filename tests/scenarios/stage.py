"""The stage: a running local stack with the journeys' funnels on it, and a way to each of its counterparts and records."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import redis
import requests

from rastro.model import BotId, ChatId, Click, Funnel, Payment
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import DynamoFunnelStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.tracking.signing import SigningKeys
from stack.counterparts import configure_lab
from stack.local import LocalStack, Tempo
from stack.progress import Progress
from stack.seed import PIXEL, STAGE
from tests.chaos.aws_proxy import running_proxy
from tests.scenarios.funnels import BotSecrets
from tests.scenarios.throttling import Throttle

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_ssm import SSMClient

TEMPO = Tempo(repair_window_seconds=20, reconcile_every_seconds=1.0)
"""A paid sale without a click is held for twenty seconds: long enough for a click that comes after it, by two clocks apart."""

PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.2
_HTTP_SECONDS = 60

T = TypeVar("T")


class JourneyBroke(Exception):
    """Say which step did not happen as it must for the journey to go on."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the journeys are played."""

    stack: LocalStack
    keys: SigningKeys
    throttle: Throttle
    clicks: DynamoClickStore
    bot_users: DynamoBotUserStore
    payments: DynamoPaymentStore
    lab: Lab

    def flush_cache(self) -> None:
        """Make Redis forget everything."""
        with redis.Redis.from_url(self.stack.redis_url) as client:
            client.flushall()

    def lose_click(self, click: Click) -> None:
        """Take a click out of both stores."""
        with redis.Redis.from_url(self.stack.redis_url) as client:
            client.delete(
                f"tracking:{click.tracking_token}",
                f"tracking:fbclid:{click.fbclid}",
                f"tracking:visitor:{click.visitor_id}",
            )
        key = {"tracking_token": {"S": click.tracking_token}}
        self.stack.client("dynamodb").delete_item(TableName=self.stack.tables["click"], Key=key)

    def payment(self, bot_id: BotId, chat_id: ChatId) -> Payment | None:
        """Return the newest payment of a person."""
        newest = next(iter(self.payments.by_bot_user(bot_id, chat_id)), None)
        return self.payments.get(newest.payment_id) if newest else None


class Lab:
    """The control interface of Meta's, Telegram's and the provider's counterparts."""

    def __init__(self, url: str) -> None:
        """Take its address."""
        self._url = url
        self._lock = threading.Lock()
        self._events: list[Mapping[str, Any]] = []
        self._read_at = 0.0

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Make a control call and return its answer."""
        answer = requests.request(method, f"{self._url}/_/{path}", json=body, params=query, timeout=_HTTP_SECONDS)  # type: ignore[arg-type]
        if not answer.ok:
            raise JourneyBroke(f"the lab answered {answer.status_code} to {path}: {answer.text[:300]}")
        return answer.json()

    def events(self) -> list[Mapping[str, Any]]:
        """Return every event that Graph accepted, as of a moment ago: the journeys share what was read."""
        with self._lock:
            if time.monotonic() - self._read_at > _POLL_SECONDS:
                self._events = [entry["event"] for entry in self.call("GET", "graph/events")]
                self._read_at = time.monotonic()
            return self._events


def wait_for(what: str, found: Callable[[], T | None]) -> T:
    """Return what is found in the end; raises ``JourneyBroke`` when it is not."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        result = found()
        if result:
            return result
        time.sleep(_POLL_SECONDS)
    raise JourneyBroke(f"{what} did not come within {PATIENCE_SECONDS:.0f} s")


@contextmanager
def own_stage(progress: Progress, funnels: Sequence[Funnel]) -> Iterator[Stage]:
    """Start a stack of its own, on free ports, and set the stage on it, with these funnels."""
    with LocalStack(progress=progress, tempo=TEMPO) as stack:
        throttle = Throttle(stack.tables["click"])
        with running_proxy(stack.aws.endpoint_url, throttle) as proxy:
            with progress.step(f"Set the stage: {len(funnels)} funnels with their bots, a proxy that can throttle"):
                _point_at(
                    stack.client("lambda"), stack.functions["redirect"], {"AWS_ENDPOINT_URL_DYNAMODB": proxy.door("redirect")}
                )
                stage = _stage_on(stack, throttle)
                _set_up(stage, funnels)
            yield stage


def _stage_on(stack: LocalStack, throttle: Throttle) -> Stage:
    dynamodb = stack.client("dynamodb")
    tables = {name: Table(dynamodb, table) for name, table in stack.tables.items()}
    return Stage(
        stack=stack,
        keys=SigningKeys.from_secret(_secret(stack.client("ssm"), "signing-keys")),
        throttle=throttle,
        clicks=DynamoClickStore(tables["click"]),
        bot_users=DynamoBotUserStore(tables["bot_user"]),
        payments=DynamoPaymentStore(tables["payment"], tables["event"]),
        lab=Lab(stack.lab),
    )


def _set_up(stage: Stage, funnels: Sequence[Funnel]) -> None:
    """Store the funnels and their bots' secrets, and make them known to the lab in the place of the demo's."""
    stack = stage.stack
    ssm: SSMClient = stack.client("ssm")
    store = DynamoFunnelStore(Table(stack.client("dynamodb"), stack.tables["funnel"]))
    bots = [BotSecrets.new(bot, funnel.provider) for funnel in funnels for bot in funnel.bots]
    for funnel in funnels:
        store.put(funnel)
    for bot in bots:
        for name, value in bot.parameters(stack.lab).items():
            ssm.put_parameter(Name=f"/rastro/{STAGE}/{name}", Value=value, Type="SecureString")
    config = {
        "api": stack.api,
        "bots": [bot.lab_bot() for bot in bots],
        "providers": {
            provider: {bot.bot.bot_id: bot.account for bot in bots if bot.provider == provider}
            for provider in {bot.provider for bot in bots}
        },
        "pixels": {PIXEL.pixel_id: _secret(ssm, f"pixels/{PIXEL.pixel_id}/token")},
    }
    configure_lab(stack.lab, config)


def _secret(ssm: SSMClient, name: str) -> str:
    return ssm.get_parameter(Name=f"/rastro/{STAGE}/{name}", WithDecryption=True)["Parameter"]["Value"]


def _point_at(lambda_: LambdaClient, function: str, more: Mapping[str, str]) -> None:
    """Add to a function's environment, which its next processes start with."""
    variables = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, **more}})
