"""What goes wrong: each fault by its name, how it begins and ends, and what it excuses."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

import redis

from rastro.meta.parking import resume_pixel
from rastro.model import PixelId
from rastro.stores.dynamodb import Table
from rastro.stores.ledger import DynamoLedgerStore
from tests.chaos.aws_proxy import AwsRequest, Hit, Trouble
from tests.chaos.fire.ground import Ground

WRITES = frozenset(("PutItem", "UpdateItem", "TransactWriteItems", "SendMessageBatch", "SendMessage"))
FUNCTIONS = ("redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler")
TABLES = ("click", "bot_user", "payment", "event", "funnel", "inbox")
STREAMS = ("click", "bot_user", "payment", "event")
_SEED = 20261124


class Lane(StrEnum):
    """Faults of one lane come one after the other; inside and outside run side by side."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    AFTERWARDS = "afterwards"
    """When the hour is over: then the reconciler has its hands full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsFault:
    """Which requests to AWS are hit, and how; what is empty concerns all."""

    trouble: Trouble
    services: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    operations: frozenset[str] = frozenset()
    callers: tuple[str, ...] = ()
    share: float = 1.0
    seconds: float = 0.0
    most: int | None = None


class AwsRules:
    """The rule of the proxy: the AWS fault of the moment."""

    def __init__(self, tables: Mapping[str, str]) -> None:
        """Take the tables' names by ours."""
        self._tables = tables
        self._dice = random.Random(_SEED)
        self._fault: AwsFault | None = None
        self.hits = 0
        """How many requests the fault of the moment has hit."""

    def put(self, fault: AwsFault | None) -> None:
        """Change the fault."""
        self._fault = fault
        if fault is not None:
            self.hits = 0

    def __call__(self, request: AwsRequest) -> Hit | None:
        """Say what happens to a request."""
        fault = self._fault
        if fault is None or not self._concerns(fault, request):
            return None
        if self._dice.random() >= fault.share or (fault.most is not None and self.hits >= fault.most):
            return None
        self.hits += 1
        return Hit(trouble=fault.trouble, seconds=fault.seconds)

    def _concerns(self, fault: AwsFault, request: AwsRequest) -> bool:
        return (
            (not fault.services or request.service in fault.services)
            and (not fault.operations or request.operation in fault.operations)
            and (not fault.callers or request.caller in fault.callers)
            and (not fault.tables or any(request.names(self._tables[table]) for table in fault.tables))
        )


@dataclass(slots=True)
class Arms:
    """What faults are made with."""

    ground: Ground
    rules: AwsRules
    slowing: threading.Event = field(default_factory=threading.Event)

    def redis(self, *command: object) -> None:
        """Give the cache a command; one that is just away hears of none."""
        with suppress(redis.RedisError), redis.Redis.from_url(self.ground.stack.redis_url, socket_timeout=1) as client:
            client.execute_command(*command)

    def graph(self, **fault: object) -> None:
        """Switch a fault of Graph on."""
        self.ground.lab("PUT", "faults/graph", fault)

    def resume_pixel(self) -> None:
        """Do the operator's part after a dead token: ``rastro pixel resume``."""
        stack = self.ground.stack
        ledger = DynamoLedgerStore(Table(stack.client("dynamodb"), stack.tables["event"]))
        resume_pixel(ledger, PixelId(stack.demo["pixel_id"]), lambda: time.time_ns() // 1_000_000)


Act = Callable[[Arms], None]
Count = Callable[[Arms], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault."""

    name: str
    lane: Lane = Lane.INSIDE
    seconds: float = 1.8
    begin: Act
    end: Act
    hits: Count = lambda _arms: None
    """Asked at the end, how many requests it hit; ``None`` where nobody counts them."""
    kills: str | None = None
    """The function whose processes it kills: who asked it meanwhile had no answer from us."""
    tells_again: bool = False
    """Whether a message may be told twice by it: that it was told, or noted as told, is not known to who told it."""


def _aws(name: str, fault: AwsFault, *, kills: str | None = None, tells_again: bool = False) -> Fault:
    return Fault(
        name=name,
        kills=kills,
        tells_again=tells_again,
        begin=lambda arms: arms.rules.put(fault),
        end=lambda arms: arms.rules.put(None),
        hits=lambda arms: arms.rules.hits,
    )


def _outside(service: str, mode: str, *, tells_again: bool = False, end: Act = lambda _arms: None, **more: object) -> Fault:
    def ended(arms: Arms) -> None:
        arms.ground.lab("DELETE", f"faults/{service}")
        end(arms)

    return Fault(
        name=f"{_NAMES[service]}: {mode}",
        lane=Lane.OUTSIDE,
        seconds=4.0,
        tells_again=tells_again,
        begin=lambda arms: arms.ground.lab("PUT", f"faults/{service}", {"mode": mode, **more}),
        end=ended,
        hits=lambda arms: int(arms.ground.lab("GET", "faults")[service]["hits"]),
    )


_NAMES = {"graph": "Graph", "telegram": "Telegram", "pix": "PIX"}


def _slow_redis(arms: Arms) -> None:
    """Have every command wait for a fifth of a second, again and again."""
    arms.slowing.clear()

    def slow() -> None:
        while not arms.slowing.wait(0.25):
            arms.redis("CLIENT", "PAUSE", 200, "ALL")

    threading.Thread(target=slow, name="slow redis", daemon=True).start()


def _cut_redis(arms: Arms) -> None:
    arms.slowing.clear()

    def cut() -> None:
        while not arms.slowing.wait(0.1):
            arms.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    threading.Thread(target=cut, name="cut redis", daemon=True).start()


def _fill_redis(arms: Arms) -> None:
    arms.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    arms.redis("CONFIG", "SET", "maxmemory", 1)


def _redis_faults() -> Iterator[Fault]:
    yield Fault(
        name="Redis killed, back empty",
        begin=lambda arms: arms.ground.stack.redis_stop(),
        end=lambda arms: arms.ground.stack.redis_start(),
    )
    yield Fault(name="Redis emptied", seconds=1.0, begin=lambda arms: arms.redis("FLUSHALL"), end=lambda _arms: None)
    yield Fault(
        name="Redis silent",
        begin=lambda arms: arms.redis("CLIENT", "PAUSE", 1_800, "ALL"),
        end=lambda arms: arms.redis("CLIENT", "UNPAUSE"),
    )
    yield Fault(name="Redis slow (200 ms)", begin=_slow_redis, end=lambda arms: arms.slowing.set())
    yield Fault(name="Redis full (noeviction)", begin=_fill_redis, end=lambda arms: arms.redis("CONFIG", "SET", "maxmemory", 0))
    yield Fault(
        name="Redis read-only (failed over)",
        begin=lambda arms: arms.redis("REPLICAOF", "127.0.0.1", 1),
        end=lambda arms: arms.redis("REPLICAOF", "NO", "ONE"),
    )
    yield Fault(name="Redis connections cut", begin=_cut_redis, end=lambda arms: arms.slowing.set())


def _dynamodb_faults() -> Iterator[Fault]:
    dynamodb = ("DynamoDB",)
    for table in TABLES:
        noted = table in ("payment", "inbox")
        throttled = AwsFault(trouble=Trouble.THROTTLED, services=dynamodb, tables=(table,))
        yield _aws(f"DynamoDB: {table} throttled", throttled, tells_again=noted)
        yield _aws(f"DynamoDB: {table} failing (500)", replace(throttled, trouble=Trouble.FAILING), tells_again=noted)
        unheard = replace(throttled, trouble=Trouble.ANSWER_LOST, operations=WRITES, share=0.5)
        yield _aws(f"DynamoDB: {table} written, answer lost", unheard, tells_again=noted)
    for operation in ("GetItem", "PutItem", "UpdateItem", "TransactWriteItems", "Query"):
        refused = AwsFault(trouble=Trouble.THROTTLED, operations=frozenset((operation,)), share=0.5)
        yield _aws(f"DynamoDB: {operation} throttled by half", refused, tells_again=True)
    reset = AwsFault(trouble=Trouble.RESET, services=dynamodb, share=0.5)
    yield _aws("DynamoDB: reset by half", reset, tells_again=True)
    silent = AwsFault(trouble=Trouble.SILENT, services=dynamodb, share=0.2, seconds=2.0)
    yield _aws("DynamoDB: silent by a fifth", silent, tells_again=True)
    yield _aws("DynamoDB: slow (300 ms)", AwsFault(trouble=Trouble.SLOW, services=dynamodb, seconds=0.3))


def _queue_faults() -> Iterator[Fault]:
    refusing = AwsFault(trouble=Trouble.FAILING, services=("AmazonSQS",))
    yield _aws("SQS refusing", refusing)
    yield _aws("SQS throttled", replace(refusing, trouble=Trouble.THROTTLED))
    yield _aws(
        "SQS takes half of each batch", replace(refusing, trouble=Trouble.HALF, operations=frozenset(("SendMessageBatch",)))
    )
    yield _aws("SQS took it, answer lost", replace(refusing, trouble=Trouble.ANSWER_LOST, share=0.5))
    yield _aws("Parameter Store unreachable", AwsFault(trouble=Trouble.RESET, services=("AmazonSSM",)))


def _stopped() -> Iterator[Fault]:
    for source in (*STREAMS, "queue"):
        yield Fault(
            name=f"the {source} stream stopped" if source != "queue" else "the queue's reader stopped",
            begin=lambda arms, source=source: arms.ground.switch_stream(source, on=False),  # type: ignore[misc]
            end=lambda arms, source=source: arms.ground.switch_stream(source, on=True),  # type: ignore[misc]
        )


def _killed() -> Iterator[Fault]:
    tellers = ("telegram_webhook", "payment_webhook", "reconciler")
    for function in FUNCTIONS:
        for trouble in (Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER):
            # Whoever writes most is spared most: each death costs the machine a new process.
            share = 0.3 if function == "telegram_webhook" else 1.0
            fault = AwsFault(trouble=trouble, callers=(function,), operations=WRITES, share=share, most=4)
            killed = _aws(f"{function} {trouble} a write", fault, kills=function, tells_again=function in tellers)
            yield replace(killed, lane=Lane.AFTERWARDS, seconds=3.0) if function == "reconciler" else killed


def _outside_faults() -> Iterator[Fault]:
    yield _outside("graph", "throttle", delay_ms=1_000)
    yield _outside("graph", "token_error", end=lambda arms: arms.resume_pixel())
    yield _outside("telegram", "http_500")
    yield _outside("pix", "http_500")
    yield _outside("graph", "http_500")
    yield _outside("telegram", "html_502")
    yield _outside("pix", "html_502")
    yield _outside("graph", "html_502")
    yield _outside("telegram", "timeout", delay_ms=1_500, share=0.5)
    yield _outside("pix", "timeout", delay_ms=1_500, share=0.5)
    yield _outside("graph", "timeout", delay_ms=2_000, share=0.5)
    yield _outside("telegram", "accept_then_timeout", delay_ms=1_000, share=0.5, tells_again=True)
    yield _outside("pix", "accept_then_timeout", delay_ms=1_000, share=0.5)
    yield _outside("graph", "accept_then_timeout", delay_ms=1_000)
    yield _outside("telegram", "reset")
    yield _outside("pix", "reset")
    yield _outside("graph", "reset")
    yield _outside("telegram", "slow", delay_ms=1_500)
    yield _outside("pix", "slow", delay_ms=1_500)
    yield _outside("graph", "slow", delay_ms=2_000)
    yield _outside("telegram", "retry_after", delay_ms=1_000)
    yield _outside("pix", "throttle", delay_ms=1_000)
    yield _outside("telegram", "token_error")
    yield _outside("pix", "token_error")
    yield _outside("telegram", "blocked_user")


FAULTS: tuple[Fault, ...] = (
    *_redis_faults(),
    *_dynamodb_faults(),
    *_queue_faults(),
    *_stopped(),
    *_killed(),
    *_outside_faults(),
)
"""Every kind; those of buyers and banks are in ``buyers``."""
