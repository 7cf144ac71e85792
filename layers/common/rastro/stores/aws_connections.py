"""Connections to one server over HTTP/1.1, kept open between requests, whose answers are read when they are wanted.

So a request can be on its way while its sender does something else, without a thread.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

IDLE_SECONDS = 60
"""For how long an idle connection is trusted: a container sleeps between two requests, and what lies between it and the server
forgets those who say nothing."""
LINE_BYTES = 65_536
MOST_HEADERS = 100
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)[ \r]")


class BrokenAnswer(Exception):
    """Say that what a server sent is not an answer, or not a whole one."""


class Connection(Protocol):
    """A way to a server and back; each method may raise ``OSError`` or ``BrokenAnswer``."""

    def send(self, request: bytes) -> None:
        """Send a request whole."""

    def receive(self) -> tuple[int, bytes, bool]:
        """Return an answer's status and body, and whether another request may follow."""

    def is_dropped(self) -> bool:
        """Say whether the server has closed it, or sent what nobody asked for."""

    def close(self) -> None:
        """Close it."""


class SocketConnection:
    """A socket, and as much of HTTP/1.1 as the answers of AWS's services use.

    ``http.client`` reads the head of an answer with the parser of e-mails, at ten times the processor.
    """

    def __init__(self, opened: socket.socket, *, read_seconds: float) -> None:
        """Take the socket, connected, and how long to wait for what it sends."""
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        opened.settimeout(read_seconds)
        self._socket = opened
        self._answers = opened.makefile("rb")

    def send(self, request: bytes) -> None:
        """Send a request whole."""
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes, bool]:
        """Read one answer."""
        return read_answer(self._answers)

    def is_dropped(self) -> bool:
        """Look whether there is something to read, which on an idle connection is its end."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close the socket."""
        self._answers.close()
        self._socket.close()


def read_answer(answers: BinaryIO) -> tuple[int, bytes, bool]:
    """Read one answer: its status, its body, and whether another may follow on the same connection.

    Raises ``ConnectionError`` where the connection ends before one begins, ``BrokenAnswer`` for what is none, or not whole.
    """
    line = answers.readline(LINE_BYTES)
    if not line:
        raise ConnectionResetError("closed without an answer")
    started = _STATUS_LINE.match(line)
    if started is None:
        raise BrokenAnswer("not HTTP/1.1")
    headers: dict[bytes, bytes] = {}
    while (line := answers.readline(LINE_BYTES)) != b"\r\n":
        name, colon, value = line.partition(b":")
        if not colon or len(headers) == MOST_HEADERS:
            raise BrokenAnswer("a head that is none")
        headers[name.lower()] = value.strip()
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        body = _chunks(answers)
    else:
        body = _exactly(answers, headers.get(b"content-length", b""), base=10)
    return int(started[1]), body, headers.get(b"connection", b"").lower() != b"close"


def _chunks(answers: BinaryIO) -> bytes:
    chunks = []
    while chunk := _exactly(answers, answers.readline(LINE_BYTES).partition(b";")[0].strip(), base=16):
        chunks.append(chunk)
        answers.readline(LINE_BYTES)
    while answers.readline(LINE_BYTES).strip():  # what follows the last chunk
        pass
    return b"".join(chunks)


def _exactly(answers: BinaryIO, length: bytes, *, base: int) -> bytes:
    try:
        wanted = int(length, base)
    except ValueError as exc:
        raise BrokenAnswer("an answer without its length") from exc
    body = answers.read(wanted) if wanted >= 0 else b""
    if len(body) != wanted:
        raise BrokenAnswer("an answer that is not whole")
    return body


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, in seconds."""

    connect: float
    read: float


def connector(url: str, patience: Patience, *, ca_file: str | None = None) -> Callable[[], SocketConnection]:
    """Return how to open a connection to the server of a URL.

    With https the server has to prove its name, by the certificates of the system or of ``ca_file``.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    contexts: list[ssl.SSLContext] = []

    def connect() -> SocketConnection:
        opened = socket.create_connection(
            (host, parts.port or (443 if parts.scheme == "https" else 80)), timeout=patience.connect
        )
        if parts.scheme == "https":
            if not contexts:  # kept: reading the certificates takes longer than a request
                contexts.append(ssl.create_default_context(cafile=ca_file))
            opened = contexts[0].wrap_socket(opened, server_hostname=host)
        return SocketConnection(opened, read_seconds=patience.read)

    return connect


class Connections:
    """The connections to one server; threads may share them, each request has one to itself."""

    def __init__(self, connect: Callable[[], Connection], now_s: Callable[[], float]) -> None:
        """Take how to open a connection, and the clock (epoch seconds)."""
        self._connect = connect
        self._now_s = now_s
        self._idle: list[tuple[Connection, float]] = []

    def send(self, request: bytes) -> Exchange:
        """Send a request by a kept connection or a new one; raises ``OSError``."""
        kept = self._kept()
        if kept is not None:
            try:
                kept.send(request)
            except OSError:
                kept.close()
            else:
                return Exchange(self, kept, request, kept=True)
        return self.send_anew(request)

    def send_anew(self, request: bytes) -> Exchange:
        """Send a request by a new connection; raises ``OSError``."""
        connection = self._connect()
        try:
            connection.send(request)
        except BaseException:
            connection.close()
            raise
        return Exchange(self, connection, request, kept=False)

    def keep(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        self._idle.append((connection, self._now_s()))

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[0].close()

    def _kept(self) -> Connection | None:
        while self._idle:
            try:
                connection, since_s = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if self._now_s() - since_s < IDLE_SECONDS and not connection.is_dropped():
                return connection
            connection.close()
        return None


class Exchange:
    """A request on its way."""

    def __init__(self, connections: Connections, connection: Connection, request: bytes, *, kept: bool) -> None:
        """Take the connection that it went by, and whether that had been kept."""
        self._connections = connections
        self._connection = connection
        self._request = request
        self._kept = kept

    def answer(self) -> tuple[int, bytes]:
        """Return the status and the body; raises ``OSError`` or ``BrokenAnswer``.

        Where a kept connection ends without an answer, the server had most likely closed it before the request came: that costs a
        new connection, not the request. Should it have come all the same, it is carried out twice, as with every retry.
        """
        try:
            return self._receive()
        except ConnectionError:
            if not self._kept:
                raise
            return self._connections.send_anew(self._request).answer()

    def _receive(self) -> tuple[int, bytes]:
        try:
            status, body, open_still = self._connection.receive()
        except BaseException:
            self._connection.close()
            raise
        if open_still:
            self._connections.keep(self._connection)
        else:
            self._connection.close()
        return status, body
