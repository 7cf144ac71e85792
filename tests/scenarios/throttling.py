"""A proxy before the emulator's DynamoDB that throttles the writes of chosen clicks, answering as DynamoDB does.

The emulator cannot throttle. The redirect is pointed at this proxy, so that its real client meets a real refusal, retries as it
is configured to, and gives up; every other request passes unchanged.
"""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from stack.ports import LOOPBACK

_TIMEOUT_SECONDS = 30
_THROTTLED = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    }
).encode()
_OF_ONE_CONNECTION = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"))


class Throttle:
    """What is throttled: the writes to a table that carry a given text."""

    def __init__(self, table: str) -> None:
        """Take the table's name."""
        self._table = table
        self._marks: set[str] = set()
        self.refused = 0

    def refuse(self, mark: str) -> None:
        """Throttle from now on every write that carries this text."""
        self._marks.add(mark)

    def hits(self, target: str, body: bytes) -> bool:
        """Say whether a request is throttled, and count it."""
        if not target.endswith(".PutItem"):
            return False
        text = body.decode()
        hit = f'"{self._table}"' in text and any(mark in text for mark in self._marks)
        self.refused += hit
        return hit


@contextmanager
def throttling_proxy(upstream: str, throttle: Throttle) -> Iterator[str]:
    """Run the proxy before ``upstream`` and give its address."""
    to = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if throttle.hits(self.headers.get("X-Amz-Target", ""), body):
                refusal = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": str(uuid.uuid4())}
                self._answer(400, refusal, _THROTTLED)
                return
            connection = http.client.HTTPConnection(to, timeout=_TIMEOUT_SECONDS)
            try:
                connection.request("POST", self.path, body, _kept(dict(self.headers.items())))
                answer = connection.getresponse()
                self._answer(answer.status, _kept(dict(answer.getheaders())), answer.read())
            finally:
                connection.close()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name for it
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="throttling proxy", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _kept(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION}
