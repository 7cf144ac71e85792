"""A Graph API that answers at once: ``python -m bench.graph_server`` prints its address and serves until it is told to stop.

The lab checks every field of every event, and would be what is measured. This one reads a request whole, counts its events and
answers as Graph does; only what is sent to the pixel ``CHECKED_PIXEL`` goes through the lab's rules, so that each sender shows
once that it sends what Graph takes.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections import Counter
from urllib.parse import parse_qsl

from lab.graph_rules import Refused, check_request

CHECKED_PIXEL = "1000000000000009"
FAR_PIXEL = "1000000000000020"
"""Answered after ``FAR_SECONDS``, as a Graph that is not on this machine at its very best."""
FAR_SECONDS = 0.05
TALLIED_PIXEL = "1000000000000030"
"""Whose event ids are kept, each with how often it came, and told in numbers at the end."""
_TALLY: Counter[bytes] = Counter()
_EVENT_ID = re.compile(rb'"event_id": ?"([^"]+)"')
_MARK = b"event_id"
"""Stands once in every event, in JSON and in a form alike, and nowhere else in what the benchmark sends."""


class GraphConnection(asyncio.Protocol):
    """One connection, kept open: reads requests by their length and answers each."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there whole."""
        self._read += data
        while (head_end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:head_end])
            end = head_end + 4 + _content_length(head)
            if len(self._read) < end:
                return
            body = bytes(self._read[head_end + 4 : end])
            del self._read[:end]
            self._answer(_answer(head, body), FAR_SECONDS if FAR_PIXEL.encode() in head[:100] else 0)

    def _answer(self, answer: bytes, after_seconds: float) -> None:
        if self._transport is None:
            return
        if after_seconds:
            asyncio.get_running_loop().call_later(after_seconds, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _content_length(head: bytes) -> int:
    lines = (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(next(lines).split(b":")[1])


def _answer(head: bytes, body: bytes) -> bytes:
    try:
        status, document = "200 OK", {"events_received": _count(head, body), "messages": [], "fbtrace_id": "Abench"}
    except Refused as refusal:
        status, document = "400 Bad Request", refusal.body("Abench")
    content = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(content),
        content,
    )


def _count(head: bytes, body: bytes) -> int:
    target = head.partition(b"\r\n")[0]
    if TALLIED_PIXEL.encode() in target:
        found = _EVENT_ID.findall(body)
        _TALLY.update(found)
        return len(found)
    if CHECKED_PIXEL.encode() not in target:
        return body.count(_MARK)
    if b"urlencoded" in head.lower():
        return len(check_request(dict(parse_qsl(body.decode())), time.time()))
    return len(check_request(json.loads(body), time.time()))


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(GraphConnection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    used = time.process_time()
    tally = {
        "events": _TALLY.total(),
        "distinct": len(_TALLY),
        "purchases": _purchases(),
        "most": max(_TALLY.values(), default=0),
    }
    print(json.dumps({"cpu_seconds": used, **tally}), flush=True)


def _purchases() -> int:
    """Return how often a Purchase came that is told in the tally."""
    return sum(times for event_id, times in _TALLY.items() if event_id.startswith(b"purchase_"))


if __name__ == "__main__":
    asyncio.run(_serve())
