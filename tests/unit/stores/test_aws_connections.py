from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest

from rastro.stores.aws_connections import IDLE_SECONDS, BrokenAnswer, Connections, read_answer

GOOD = b"HTTP/1.1 200 OK\r\nServer: Server\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (GOOD, (200, b"{}", True)),
        (GOOD + b"HTTP/1.1 200 the next", (200, b"{}", True)),
        (b"HTTP/1.1 400 Bad Request\r\ncontent-length:0\r\nConnection: Close\r\n\r\n", (400, b"", False)),
        (b"HTTP/1.1 503\r\nCONTENT-LENGTH: 1\r\n\r\nx", (503, b"x", True)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 the next", (200, b"", True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\na: b\r\n\r\n",
            (200, b"0123456789!", True),
        ),
    ],
)
def test_an_answer_is_read_to_its_end_and_no_further(text: bytes, answer: tuple[int, bytes, bool]) -> None:
    assert read_answer(io.BytesIO(text)) == answer


def test_a_connection_that_ends_before_an_answer_is_lost() -> None:
    with pytest.raises(ConnectionError):
        read_answer(io.BytesIO(b""))


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 xyz\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1A\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000,
    ],
)
def test_what_is_no_answer_or_not_whole_is_told(text: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        read_answer(io.BytesIO(text))


@dataclass(eq=False)
class _Connection:
    """A connection that answers with the number of its requests, or fails."""

    send_fault: Exception | None = None
    receive_fault: Exception | None = None
    open_still: bool = True
    dropped: bool = False
    closed: bool = False
    sent: list[bytes] = field(default_factory=list)

    def send(self, request: bytes) -> None:
        if self.send_fault:
            raise self.send_fault
        self.sent.append(request)

    def receive(self) -> tuple[int, bytes, bool]:
        if self.receive_fault:
            raise self.receive_fault
        return 200, b"%d" % len(self.sent), self.open_still

    def is_dropped(self) -> bool:
        return self.dropped

    def close(self) -> None:
        self.closed = True


class _Setup:
    def __init__(self) -> None:
        self.opened: list[_Connection] = []
        self.coming: list[_Connection] = []
        self.now_s = 1_000_000.0
        self.connections = Connections(self._connect, lambda: self.now_s)

    def _connect(self) -> _Connection:
        connection = self.coming.pop(0) if self.coming else _Connection()
        self.opened.append(connection)
        return connection

    def ask(self) -> bytes:
        return self.connections.send(b"request").answer()[1]


@pytest.fixture
def setup() -> _Setup:
    return _Setup()


def test_a_connection_is_kept_for_the_next_request(setup: _Setup) -> None:
    assert [setup.ask(), setup.ask()] == [b"1", b"2"]
    assert len(setup.opened) == 1


def test_two_requests_at_once_have_a_connection_each(setup: _Setup) -> None:
    one, other = setup.connections.send(b"one"), setup.connections.send(b"other")
    assert (other.answer(), one.answer()) == ((200, b"1"), (200, b"1"))
    assert [connection.sent for connection in setup.opened] == [[b"one"], [b"other"]]


@pytest.mark.parametrize("what", ["announced", "dropped", "idle"])
def test_a_connection_that_will_not_carry_another_request_is_replaced(setup: _Setup, what: str) -> None:
    setup.coming = [_Connection(open_still=what != "announced")]
    setup.ask()
    setup.opened[0].dropped = what == "dropped"
    setup.now_s += IDLE_SECONDS if what == "idle" else 0
    assert setup.ask() == b"1"
    assert setup.opened[0].closed
    assert len(setup.opened) == 2


@pytest.mark.parametrize("fault", [BrokenPipeError(), ConnectionResetError(), TimeoutError()])
def test_a_kept_connection_that_takes_nothing_costs_no_request(setup: _Setup, fault: Exception) -> None:
    setup.ask()
    setup.opened[0].send_fault = fault
    assert setup.ask() == b"1"
    assert setup.opened[0].closed


@pytest.mark.parametrize("fault", [ConnectionResetError(), ConnectionAbortedError()])
def test_a_kept_connection_that_ends_without_an_answer_costs_no_request(setup: _Setup, fault: Exception) -> None:
    setup.ask()
    setup.opened[0].receive_fault = fault
    assert setup.ask() == b"1"
    assert setup.opened[0].closed


@pytest.mark.parametrize("fault", [ConnectionResetError(), ConnectionAbortedError(), TimeoutError(), BrokenAnswer()])
def test_a_new_connection_that_fails_is_closed_and_told(setup: _Setup, fault: Exception) -> None:
    setup.coming = [_Connection(receive_fault=fault)]
    with pytest.raises(type(fault)):
        setup.ask()
    assert setup.opened[0].closed
    assert len(setup.opened) == 1


def test_a_server_that_does_not_answer_in_time_is_not_asked_again(setup: _Setup) -> None:
    setup.ask()
    setup.opened[0].receive_fault = TimeoutError()
    with pytest.raises(TimeoutError):
        setup.ask()
    assert len(setup.opened) == 1


def test_a_new_connection_that_takes_nothing_is_closed_and_told(setup: _Setup) -> None:
    setup.coming = [_Connection(send_fault=ConnectionResetError())]
    with pytest.raises(ConnectionResetError):
        setup.connections.send(b"request")
    assert setup.opened[0].closed
