"""The Graph client against a server that misbehaves as servers and proxies do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from rastro.meta.answer import Action, GraphAnswer, TransportFailure, judge
from rastro.meta.client import GraphClient
from rastro.model import PixelId

pytestmark = pytest.mark.integration

ANSWER_SECONDS = 0.3
PIXEL_ID = PixelId("1000000000000001")
GOOD = b'{"events_received":1,"fbtrace_id":"A"}'
Behaviour = Callable[[socket.socket], bool]
"""Answers one request on a connection and says whether the connection stays open."""


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def says(answer: bytes, *, stays: bool = True) -> Behaviour:
    def behave(connection: socket.socket) -> bool:
        connection.sendall(answer)
        return stays

    return behave


def drips(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> bool:
        head, _, body = answer.partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        for number in range(len(body)):
            connection.sendall(body[number : number + 1])
            time.sleep(ANSWER_SECONDS / 3)
        return False

    return behave


def stays_silent(connection: socket.socket) -> bool:
    connection.settimeout(10)
    connection.recv(1)  # until the client has gone
    return False


class Server:
    """Takes one connection after the other, reads each request whole, and behaves as the list says."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._behaviours = list(behaviours)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    while self._behaviours and self._read(connection):
                        if not self._behaviours.pop(0)(connection):
                            break
                except OSError:
                    continue

    def _read(self, connection: socket.socket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            received = connection.recv(65_536)
            if not received:
                return False
            request += received
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65_536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return True


@contextmanager
def graph(*behaviours: Behaviour) -> Iterator[tuple[GraphClient, Server]]:
    server = Server(*behaviours)
    with requests.Session() as session:
        session.trust_env = False
        yield (
            GraphClient(
                session,
                tokens=lambda _pixel_id: "secret",
                seconds=time.monotonic,
                base_url=server.url,
                answer_seconds=ANSWER_SECONDS,
            ),
            server,
        )
    server.close()


def test_two_requests_share_a_connection_and_keep_the_token_out_of_the_address() -> None:
    with graph(says(http(GOOD)), says(http(GOOD))) as (client, server):
        for _ in range(2):
            assert client.send(PIXEL_ID, [{}]) == GraphAnswer(status=200, headers={"content-length": str(len(GOOD))}, body=GOOD)
        assert server.connections == 1
        assert server.requests[0].startswith(f"POST /v26.0/{PIXEL_ID}/events HTTP/1.1\r\n".encode())
        assert b"Authorization: Bearer secret\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("behaviour", "doubtful"),
    [
        pytest.param(says(http(b"<html>Bad Gateway</html>", "502 Bad Gateway")), True, id="a proxy's page"),
        pytest.param(says(http(b"")), True, id="an empty body"),
        pytest.param(says(b"", stays=False), True, id="cut off before the answer"),
        pytest.param(says(b"HTTP/1.1 200", stays=False), True, id="cut off in the head"),
        pytest.param(says(http(GOOD[:10], length=len(GOOD)), stays=False), True, id="cut off in the body"),
        pytest.param(says(b"220 smtp ready\r\n", stays=False), True, id="no HTTP at all"),
        pytest.param(drips(http(GOOD)), True, id="a slow drip"),
        pytest.param(stays_silent, True, id="no answer in time"),
    ],
)
def test_what_is_no_answer_is_retried_and_the_next_request_goes_through(behaviour: Behaviour, doubtful: bool) -> None:  # noqa: FBT001
    with graph(behaviour, says(http(GOOD))) as (client, _server):
        began = time.monotonic()
        verdict = judge(client.send(PIXEL_ID, [{}]), 1)
        took = time.monotonic() - began

        assert (verdict.action, verdict.doubtful) == (Action.RETRY, doubtful)
        assert took < 3
        assert judge(client.send(PIXEL_ID, [{}]), 1).action is Action.ACCEPT


def test_a_refused_connection_leaves_no_doubt() -> None:
    with graph() as (client, server):
        server.close()
        assert client.send(PIXEL_ID, [{}]) is TransportFailure.NOT_SENT
        server.close = lambda: None  # type: ignore[method-assign] # it is closed already
