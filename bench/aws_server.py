"""AWS at a constant cost: ``python -m bench.aws_server`` prints its address and serves until it is told to stop.

An emulator takes milliseconds and a processor for what DynamoDB does elsewhere; that would be what is measured. This one reads a
request by its length, looks at its ``X-Amz-Target``, and answers with the same bytes each time: a funnel, the signing keys, a
write that went well, a query that found nothing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import signal

from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Pixel, PixelId, Product, Slug
from rastro.stores.items import funnel_item
from rastro.stores.wire import encode_item

FUNNEL = Funnel(
    slug=Slug("demo"),
    name="Curso de demonstração",
    mode=FunnelMode.DIRECT,
    bots=(FunnelBot(bot_id=BotId("7000000001"), username="rastro_demo_bot"),),
    products=(Product(sku="curso", name="Curso", price_cents=4990, delivery_url="https://entrega.example.com/curso"),),
    pixels=(Pixel(pixel_id=PixelId("1000000000000001")),),
    provider="openpix",
)
SIGNING_KEYS = json.dumps({"current": base64.urlsafe_b64encode(b"a key of the benchmark, no other").decode(), "previous": None})
ANSWERS = {
    "PutItem": {},
    "UpdateItem": {"Attributes": {}},
    "Query": {"Count": 0, "Items": [], "ScannedCount": 0},
    "GetItem": {"Item": encode_item(funnel_item(FUNNEL))},
    "GetParameter": {"Parameter": {"Name": "signing-keys", "Type": "SecureString", "Value": SIGNING_KEYS}},
}


def _whole(document: object) -> bytes:
    content = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


_WRITTEN = {operation.encode(): _whole(document) for operation, document in ANSWERS.items()}


class AwsConnection(asyncio.Protocol):
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
            head = bytes(self._read[:head_end]).lower()
            end = head_end + 4 + int(_header(head, b"content-length"))
            if len(self._read) < end or self._transport is None:
                return
            operation = _header(bytes(self._read[:head_end]), b"x-amz-target").rpartition(b".")[2]
            del self._read[:end]
            self._transport.write(_WRITTEN[operation])


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(b"\r\n" + name + b":") + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(AwsConnection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
