"""HTTP between Rastro and a counterpart, and what each fault looks like on the wire."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from aiohttp import web

from lab.faults import Fault, FaultBoard, Service
from lab.state import JsonObject

Sleep = Callable[[float], Awaitable[None]]

TIMEOUT_MS = 30_000
SLOW_MS = 3_000
HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
SILENT_MODES = ("timeout", "reset")

_DRIPS = 20
_POLL_SECONDS = 0.05
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closes with RST in place of FIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file of a multipart body."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a counterpart, read whole."""

    method: str
    path: str  # below the service's prefix, without a leading slash
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)  # of the JSON object or of the form
    unreadable: str = ""  # why the body could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a counterpart answers."""

    status: int
    body: JsonObject
    headers: Mapping[str, str] = field(default_factory=dict)


class Counterpart(Protocol):
    """A service of the outside world."""

    service: Service

    def work(self, call: Call) -> Answer:
        """Do what the call asks for."""

    def touches(self, mode: str, call: Call) -> bool:
        """Say whether a fault of that mode concerns this call."""

    def faulty(self, fault: Fault, call: Call) -> Answer:
        """Word a fault that is an answer, in the service's own shape."""

    def record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        """Keep a call with its answer; ``None`` is one that gets none."""


async def serve(request: web.Request, counterpart: Counterpart, board: FaultBoard, sleep: Sleep) -> web.StreamResponse:
    """Answer one request, in the way that the service's fault lets it."""
    call = await _read(request)
    fault = board.draw(counterpart.service, lambda mode: counterpart.touches(mode, call))
    mode = fault.mode if fault else ""
    if fault and mode in SILENT_MODES:
        counterpart.record(call, None, fault)
        await _break(request, fault, sleep)
    if fault and mode == "html_502":
        counterpart.record(call, Answer(status=502, body={}), fault)
        await sleep((fault.delay_ms or 0) / 1000)
        return web.Response(status=502, text=HTML_502, content_type="text/html")
    if fault is None or mode in {"accept_then_timeout", "slow"}:
        answer = counterpart.work(call)
    else:
        answer = counterpart.faulty(fault, call)
    counterpart.record(call, answer, fault)
    if fault is None:
        return _response(answer)
    if mode == "accept_then_timeout":
        await _break(request, fault, sleep)
    if mode == "slow":
        return await _drip(request, answer, fault, sleep)
    if mode not in {"throttle", "retry_after"}:
        await sleep((fault.delay_ms or 0) / 1000)
    return _response(answer)


def _response(answer: Answer) -> web.Response:
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)


async def _break(request: web.Request, fault: Fault, sleep: Sleep) -> NoReturn:
    """Close the connection without a byte: a reset at once, a timeout when its time is over or the caller has gone."""
    default_ms = 0 if fault.mode == "reset" else TIMEOUT_MS
    remaining = (default_ms if fault.delay_ms is None else fault.delay_ms) / 1000
    while remaining > 0 and request.transport is not None and not request.transport.is_closing():
        await sleep(min(_POLL_SECONDS, remaining))
        remaining -= _POLL_SECONDS
    transport = request.transport
    if transport is not None:
        if fault.mode == "reset":
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    # The connection is gone; this ends the handler without an answer, which is what its caller sees.
    raise asyncio.CancelledError


async def _drip(request: web.Request, answer: Answer, fault: Fault, sleep: Sleep) -> web.StreamResponse:
    content = json.dumps(answer.body).encode()
    response = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Type": "application/json"})
    response.content_length = len(content)
    await response.prepare(request)
    size = max(1, -(-len(content) // _DRIPS))
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    for part in parts:
        await sleep((SLOW_MS if fault.delay_ms is None else fault.delay_ms) / 1000 / len(parts))
        try:
            await response.write(part)
        except ConnectionError:
            return response
    await response.write_eof()
    return response


async def _read(request: web.Request) -> Call:
    fields: Mapping[str, Any] = {}
    unreadable = ""
    if request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        try:
            form = await request.post()
            fields = {name: _form_value(value) for name, value in form.items()}
        except ValueError as exc:
            unreadable = f"the form could not be read: {exc}"
    elif content := await request.read():
        fields, unreadable = _json_object(content)
    return Call(
        method=request.method,
        path=request.match_info["path"],
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query),
        fields=fields,
        unreadable=unreadable,
    )


def _form_value(value: str | bytearray | bytes | web.FileField) -> str | Upload:
    if isinstance(value, web.FileField):
        return Upload(name=value.filename, content_type=value.content_type, content=value.file.read())
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")


def _json_object(content: bytes) -> tuple[JsonObject, str]:
    try:
        document = json.loads(content)
    except ValueError:
        return {}, "the body is not JSON"
    return (document, "") if isinstance(document, dict) else ({}, "the body is not a JSON object")
