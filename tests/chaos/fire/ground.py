"""The ground of the campaign: a local stack whose functions reach AWS through the proxy, and whose clock can be put forward."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from stack.local import LocalStack, Tempo
from stack.progress import Progress
from tests.chaos.aws_proxy import AwsProxy, Rule, running_proxy

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

INSIDE = Path(__file__).with_name("inside")
TEMPO = Tempo(repair_window_seconds=5, reconcile_every_seconds=2.0, retry_after_seconds=4)
SERVICES = ("DYNAMODB", "SQS", "SSM")
_HTTP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ground:
    """A running stack and what can be done to it."""

    stack: LocalStack
    proxy: AwsProxy
    session: requests.Session
    clock_file: Path
    mappings: Mapping[str, str]
    """The event source mappings by what they read: a table's name of ours, or ``queue``."""

    def lab(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Make a control call of the lab and return its answer."""
        url = f"{self.stack.lab}/_/{path}"
        answer = self.session.request(method, url, json=body, params=query, timeout=_HTTP_SECONDS)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer.json()

    def put_clock_forward(self, seconds: float) -> None:
        """Let the functions' clock, and that of their counterparts, be ahead of the real one by so much."""
        self.lab("PUT", "clock", {"ahead_seconds": int(seconds)})
        self.clock_file.write_text(str(int(seconds * 1e9)), encoding="ascii")

    def switch_stream(self, source: str, *, on: bool) -> None:
        """Stop a mapping, or let it go on from where it was stopped."""
        lambda_: LambdaClient = self.stack.client("lambda")
        lambda_.update_event_source_mapping(UUID=self.mappings[source], Enabled=on)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return a table's items as DynamoDB has them, past all of our own code."""
        pages = (
            self.stack.client("dynamodb").get_paginator("scan").paginate(TableName=self.stack.tables[table], ConsistentRead=True)
        )
        return [{name: _plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "M":
            return {name: _plain(each) for name, each in content.items()}
        case "L":
            return [_plain(each) for each in content]
        case "NULL":
            return None
        case _:
            return content


@contextmanager
def own_ground(progress: Progress, rule_of: Callable[[Mapping[str, str]], Rule]) -> Iterator[Ground]:
    """Start a stack of its own and point its functions at the proxy; ``rule_of`` is given the tables' names."""
    with LocalStack(progress=progress, tempo=TEMPO, smoke=False) as stack, requests.Session() as session:
        session.trust_env = False
        emulator = stack.folder.registry.find("AWS emulator")
        assert emulator is not None
        workers = Workers(emulator.pid)
        with running_proxy(stack.aws.endpoint_url, rule_of(stack.tables), kill=workers.kill_by_port) as proxy:
            ground = Ground(stack, proxy, session, stack.folder.path / "clock", _mappings(stack))
            with progress.step("Put the proxy before each function, and its clock into our hands"):
                _point(ground)
            yield ground


def _point(ground: Ground) -> None:
    lambda_: LambdaClient = ground.stack.client("lambda")
    ground.put_clock_forward(0)
    for name, function in ground.stack.functions.items():
        door = ground.proxy.door(name)
        more = {f"AWS_ENDPOINT_URL_{service}": door for service in SERVICES}
        more |= {"PYTHONPATH": str(INSIDE), "CHAOS_CLOCK": str(ground.clock_file)}
        variables = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, **more}})
    lambda_.update_function_configuration(FunctionName=ground.stack.functions["outbox"], Handler="partial_batches.lambda_handler")


def _mappings(stack: LocalStack) -> dict[str, str]:
    lambda_: LambdaClient = stack.client("lambda")
    tables = {table: name for name, table in stack.tables.items()}
    known = {stack.functions["outbox"], stack.functions["capi_sender"]}
    found = {}
    for mapping in lambda_.list_event_source_mappings()["EventSourceMappings"]:
        if not any(function in mapping["FunctionArn"] for function in known):
            continue
        source = mapping["EventSourceArn"]
        table = source.partition(":table/")[2].partition("/")[0]
        found[tables.get(table, "queue")] = mapping["UUID"]
    return found


class Workers:
    """The processes in which the emulator runs functions; all are children of the emulator that this run started."""

    def __init__(self, emulator: int) -> None:
        """Take the emulator's process id."""
        self._emulator = emulator
        self.killed = 0

    def kill_by_port(self, port: int) -> None:
        """Kill the worker that has a connection open from this port."""
        inode = _inode_of(port)
        for pid in self._children():
            if inode is not None and inode in _sockets(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                self.killed += 1
                return

    def _children(self) -> Iterator[int]:
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and _parent(int(folder.name)) == self._emulator:
                yield int(folder.name)


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _sockets(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(link.readlink()))
    return found


def _inode_of(port: int) -> str | None:
    """Return the socket that is bound to a local port and connected."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            return f"socket:[{fields[9]}]"
    return None
