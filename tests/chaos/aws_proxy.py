"""A proxy between a function and the emulator's AWS that can refuse, fail, delay, cut off, and kill the caller in the middle.

The emulator can do none of that. Functions are pointed at it (``AWS_ENDPOINT_URL_DYNAMODB`` and its like), so that their real
clients meet real refusals; what no rule concerns passes unchanged, over a connection of its own for each of the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from stack.ports import LOOPBACK

_LINGER_ZERO = struct.pack("ii", 1, 0)  # closes with RST in place of FIN
_HEAD_END = b"\r\n\r\n"
_LIMIT = 4 * 1024 * 1024
_THROTTLED = {
    "DynamoDB": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "AmazonSQS": "com.amazonaws.sqs#RequestThrottled",
    "AmazonSSM": "ThrottlingException",
}
"""The refusal of each service by what its targets begin with; all are HTTP 400."""


class Trouble(StrEnum):
    """What happens to a request."""

    THROTTLED = "throttled"
    FAILING = "failing"
    """HTTP 500, nothing done."""
    RESET = "reset"
    """Cut off before anything was done."""
    ANSWER_LOST = "answer lost"
    """Done, and cut off in place of the answer."""
    SILENT = "silent"
    """Nothing at all, for as long as ``seconds``."""
    SLOW = "slow"
    """Done after ``seconds``."""
    HALF = "half refused"
    """Of a batch the first half is done, the others are refused one by one."""
    KILLED_BEFORE = "killed before"
    """The caller's process is killed, and nothing done."""
    KILLED_AFTER = "killed after"
    """Done, and the caller's process killed before it hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What happens to one request."""

    trouble: Trouble
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request as far as a rule looks at it."""

    caller: str
    """The function that was pointed here."""
    service: str
    """``DynamoDB``, ``AmazonSQS`` or ``AmazonSSM``."""
    operation: str
    body: bytes

    def names(self, resource: str) -> bool:
        """Say whether it names a table (or anything else) as a whole."""
        return f'"{resource}"'.encode() in self.body


Rule = Callable[[AwsRequest], Hit | None]
"""Says what happens to a request, ``None`` for nothing."""
Kill = Callable[[int], None]
"""Kills the process that has a connection open from this local port."""


@dataclass(frozen=True, slots=True)
class Message:
    """An HTTP message, read whole."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """Return it as it came."""
        return self.head + self.body

    def header(self, name: bytes) -> str:
        """Return a header's value, ``""`` where it is absent."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                return value.strip().decode()
        return ""


def _nobody(_port: int) -> None:
    raise RuntimeError("this proxy was told of nobody who could be killed")


class AwsProxy:
    """One door a function, all under the same rule."""

    def __init__(self, upstream: str, rule: Rule, *, kill: Kill = _nobody) -> None:
        """Take the emulator's address, the rule, and how a caller is killed."""
        parts = urlsplit(upstream)
        self._host, self._port = parts.hostname or LOOPBACK, parts.port or 80
        self._rule = rule
        self._kill = kill
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="aws proxy", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with every connection."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def door(self, caller: str) -> str:
        """Open a door for a function and return its address."""
        return asyncio.run_coroutine_threadsafe(self._open(caller), self._loop).result()

    async def _open(self, caller: str) -> str:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                await self._serve(caller, reader, writer)
            finally:
                self._tasks.discard(task)

        server = await asyncio.start_server(connected, LOOPBACK, 0, limit=_LIMIT)
        self._servers.append(server)
        return f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection's requests, one after the other."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            upstream = await asyncio.open_connection(self._host, self._port, limit=_LIMIT)
            try:
                while await self._pass_on(caller, reader, writer, upstream):
                    pass
            finally:
                upstream[1].close()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()

    async def _pass_on(
        self,
        caller: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> bool:
        """Deal with one request, and say whether the connection goes on."""
        request = await _read(reader)
        service, _, operation = request.header(b"x-amz-target").partition(".")
        target = AwsRequest(caller, service.partition("_")[0], operation, request.body)
        hit = self._rule(target)

        async def done(asked: bytes = request.raw) -> Message:
            upstream[1].write(asked)
            return await _read(upstream[0])

        if hit is None:
            answer = await done()
        else:
            told = await self._strike(hit, target, request, writer, done)
            if told is None:
                return False
            answer = told
        writer.write(answer.raw)
        await writer.drain()
        return True

    async def _strike(
        self,
        hit: Hit,
        target: AwsRequest,
        request: Message,
        writer: asyncio.StreamWriter,
        done: Callable[..., Awaitable[Message]],
    ) -> Message | None:
        """Return what the caller is answered under a hit, ``None`` where it is cut off."""
        match hit.trouble:
            case Trouble.THROTTLED:
                return _answer(400, {"__type": _THROTTLED[target.service], "message": "slow down"})
            case Trouble.FAILING:
                return _answer(500, {"__type": "InternalServerError", "message": "an internal error"})
            case Trouble.SLOW:
                await asyncio.sleep(hit.seconds)
                return await done()
            case Trouble.HALF:
                return await _half(request, done)
            case Trouble.SILENT:
                await asyncio.sleep(hit.seconds)
            case Trouble.ANSWER_LOST:
                await done()
            case Trouble.KILLED_BEFORE:
                self._kill(writer.get_extra_info("peername")[1])
            case Trouble.KILLED_AFTER:
                await done()
                self._kill(writer.get_extra_info("peername")[1])
            case Trouble.RESET:
                pass
        _reset(writer)
        return None


async def _half(request: Message, done: Callable[..., Awaitable[Message]]) -> Message:
    """Let the first half of a ``SendMessageBatch`` pass, rounded down, and refuse the rest entry by entry."""
    document = json.loads(request.body)
    entries = document.get("Entries", [])
    taken, refused = entries[: len(entries) // 2], entries[len(entries) // 2 :]
    told: dict[str, object] = {"Successful": []}
    if taken:
        body = json.dumps(document | {"Entries": taken}).encode()
        told = json.loads((await done(_with_length(request.head, len(body)) + body)).body)
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]
    return _answer(200, told | {"Failed": failed})


def _with_length(head: bytes, length: int) -> bytes:
    lines = [line for line in head.removesuffix(_HEAD_END).split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, f"content-length: {length}".encode()]) + _HEAD_END


async def _read(reader: asyncio.StreamReader) -> Message:
    head = await reader.readuntil(_HEAD_END)
    message = Message(head, b"")
    if message.header(b"transfer-encoding").lower() == "chunked":
        return Message(head, await _chunks(reader))
    length = int(message.header(b"content-length") or 0)
    return Message(head, await reader.readexactly(length) if length else b"")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Return a chunked body as it came, framing and all."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return raw


def _answer(status: int, document: object) -> Message:
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status} Told\r\ncontent-type: application/x-amz-json-1.0\r\n"
        f"x-amzn-requestid: {uuid.uuid4()}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return Message(head.encode(), body)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    writer.transport.abort()


@contextmanager
def running_proxy(upstream: str, rule: Rule, *, kill: Kill = _nobody) -> Iterator[AwsProxy]:
    """Run the proxy before ``upstream``."""
    proxy = AwsProxy(upstream, rule, kill=kill)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
