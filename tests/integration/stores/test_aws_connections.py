"""Connections over real sockets: TLS that has to prove its name, servers that leave, servers that say nothing."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from rastro.stores.aws_connections import Connections, Patience, SocketConnection, connector

pytestmark = pytest.mark.integration

PATIENCE = Patience(connect=0.5, read=0.3)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@contextmanager
def _server(*, tls: ssl.SSLContext | None = None, answers_each: int = 100, answer: bytes = ANSWER) -> Iterator[int]:
    """Serve on a port; each connection is closed after so many answers."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(accepted: socket.socket) -> None:
        with suppress(OSError), closing(tls.wrap_socket(accepted, server_side=True) if tls else accepted) as client:
            for _ in range(answers_each):
                if not client.recv(65_536):
                    return
                client.sendall(answer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


@contextmanager
def _connections(url: str, ca_file: str | None = None) -> Iterator[tuple[Connections, list[SocketConnection]]]:
    connect = connector(url, PATIENCE, ca_file=ca_file)
    opened: list[SocketConnection] = []

    def remembered() -> SocketConnection:
        opened.append(connect())
        return opened[-1]

    yield Connections(remembered, time.time), opened
    for connection in opened:
        connection.close()


def _tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_server_that_proves_its_name_is_asked_again_by_the_same_connection(authority: trustme.CA, ca_file: str) -> None:
    with _server(tls=_tls(authority, "127.0.0.1")) as port, _connections(f"https://127.0.0.1:{port}", ca_file) as (pool, opened):
        assert [pool.send(REQUEST).answer() for _ in range(3)] == [(200, b"ok")] * 3
    assert len(opened) == 1


def test_a_server_with_another_name_is_not_asked(authority: trustme.CA, ca_file: str) -> None:
    with (
        _server(tls=_tls(authority, "dynamodb.example.com")) as port,
        _connections(f"https://127.0.0.1:{port}", ca_file) as (pool, _),
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        pool.send(REQUEST)


def test_a_server_that_nobody_vouches_for_is_not_asked(authority: trustme.CA) -> None:
    with (
        _server(tls=_tls(authority, "127.0.0.1")) as port,
        _connections(f"https://127.0.0.1:{port}") as (pool, _),
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        pool.send(REQUEST)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_a_server_that_leaves_between_two_requests_costs_none(authority: trustme.CA, ca_file: str, *, secure: bool) -> None:
    tls = _tls(authority, "127.0.0.1") if secure else None
    url = "https://127.0.0.1" if secure else "http://127.0.0.1"
    with _server(tls=tls, answers_each=1) as port, _connections(f"{url}:{port}", ca_file) as (pool, opened):
        assert [pool.send(REQUEST).answer() for _ in range(3)] == [(200, b"ok")] * 3
    assert len(opened) == 3


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_said() -> None:
    with _server(answer=b"") as port, _connections(f"http://127.0.0.1:{port}") as (pool, _):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            pool.send(REQUEST).answer()
        assert time.monotonic() - began < PATIENCE.read + 0.3


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with _connections(f"http://127.0.0.1:{taken.getsockname()[1]}") as (pool, _), pytest.raises(ConnectionRefusedError):
            pool.send(REQUEST)
