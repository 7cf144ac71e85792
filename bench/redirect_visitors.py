"""Visitors at the redirect of a local stack, through its gateway: how long they wait, and whether anything stops them.

The gateway lets ten requests through at once, as the emulator starts a process for each; who comes on top of that waits. So these
times are a queue before ten containers on one machine, where Lambda would have started more of them: they show that nobody is
refused and that no time-out adds up. How long the function itself takes is what one visitor alone sees.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from bench.load_routes import percentile
from stack.cache import NAME as CACHE
from stack.local import LocalStack, Tempo
from stack.progress import Progress
from tests.chaos.aws_proxy import AwsRequest, Hit, Trouble, running_proxy

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

CROWDS = (50, 200, 500)
ALONE = 1
CLICKS_A_CROWD = 1_500
CLICKS_ALONE = 100
FIRST_CLICKS = 300
HEALTHY, NO_CACHE, SILENT_CACHE, THROTTLED = "healthy", "redis_dead", "redis_silent", "record_throttled"
SITUATIONS: Mapping[str, str] = {
    HEALTHY: "all is well",
    NO_CACHE: "Redis is gone",
    SILENT_CACHE: "Redis takes connections and says nothing",
    THROTTLED: "the click table refuses every write",
}
_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"
_FOUND = 302
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """What visitors met, so many at once."""

    visitors: int
    seconds: float
    waits: Sequence[float]
    """How long each click was waited for, in seconds."""
    failed: int
    """How many were not led to the bot with a start token."""

    def milliseconds(self, share: int) -> float:
        """Return the time within which so many of a hundred were answered."""
        return percentile([(wait * 1000, 1) for wait in sorted(self.waits)], share)


Crowds = Mapping[tuple[str, int], Crowd]


def measure(progress: Progress, *, clicks: int = CLICKS_A_CROWD) -> Crowds:
    """Start a stack, send each crowd through each situation, and stop it."""
    met: dict[tuple[str, int], Crowd] = {}
    numbers = itertools.count()
    throttle = _Throttle()
    with (
        LocalStack(progress=progress, tempo=Tempo(reconcile_every_seconds=None)) as stack,
        running_proxy(stack.aws.endpoint_url, throttle) as proxy,
    ):
        throttle.table = stack.tables["click"]
        _point_at(stack, {"AWS_ENDPOINT_URL_DYNAMODB": proxy.door("redirect")})
        url = f"{stack.api}/go/{stack.demo['slug']}"
        asyncio.run(_send(url, CROWDS[0], FIRST_CLICKS, numbers))
        for situation in SITUATIONS:
            with _situation(situation, stack, throttle):
                for visitors in (ALONE, *CROWDS):
                    with progress.step(f"{visitors} at once, {SITUATIONS[situation]}"):
                        wanted = CLICKS_ALONE if visitors == ALONE else clicks
                        met[situation, visitors] = asyncio.run(_send(url, visitors, wanted, numbers))
    return met


async def _send(url: str, visitors: int, clicks: int, numbers: Iterator[int]) -> Crowd:
    """Let visitors click, each again as soon as it was answered, until all clicks are made."""
    waits: list[float] = []
    failed = 0
    left = iter(range(clicks))
    timeout = ClientTimeout(total=_PATIENCE_SECONDS)
    async with ClientSession(
        connector=TCPConnector(limit=visitors), timeout=timeout, cookie_jar=DummyCookieJar(), headers={"User-Agent": _AGENT}
    ) as session:

        async def visitor() -> None:
            nonlocal failed
            for _ in left:
                query = urlencode({"fbclid": f"IwAR-crowd-{os.getpid()}-{next(numbers)}", "utm_source": "facebook"})
                began = time.perf_counter()
                async with session.get(f"{url}?{query}", allow_redirects=False) as answer:
                    await answer.read()
                waits.append(time.perf_counter() - began)
                failed += answer.status != _FOUND or "?start=" not in answer.headers.get("location", "")

        began = time.perf_counter()
        await asyncio.gather(*(visitor() for _ in range(visitors)))
        return Crowd(visitors, time.perf_counter() - began, waits, failed)


class _Throttle:
    """Refuses every write to a table while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.table = ""

    def __call__(self, request: AwsRequest) -> Hit | None:
        meant = self.on and request.operation == "PutItem" and request.names(self.table)
        return Hit(trouble=Trouble.THROTTLED) if meant else None


@contextmanager
def _situation(name: str, stack: LocalStack, throttle: _Throttle) -> Iterator[None]:
    begin, end = _switches(stack, throttle)[name]
    begin()
    try:
        yield
    finally:
        end()


def _switches(stack: LocalStack, throttle: _Throttle) -> Mapping[str, tuple[Callable[[], None], Callable[[], None]]]:
    def cache(what: signal.Signals) -> Callable[[], None]:
        (pid,) = (each.pid for each in stack.folder.registry.processes() if each.name == CACHE)
        return lambda: os.kill(pid, what)

    def throttled(*, on: bool) -> Callable[[], None]:
        return lambda: setattr(throttle, "on", on)

    def nothing() -> None:
        pass

    return {
        HEALTHY: (nothing, nothing),
        NO_CACHE: (stack.redis_stop, stack.redis_start),
        SILENT_CACHE: (cache(signal.SIGSTOP), cache(signal.SIGCONT)),
        THROTTLED: (throttled(on=True), throttled(on=False)),
    }


def _point_at(stack: LocalStack, more: Mapping[str, str]) -> None:
    """Add to the redirect's environment, which its next processes start with."""
    client: LambdaClient = stack.client("lambda")
    function = stack.functions["redirect"]
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, **more}})
