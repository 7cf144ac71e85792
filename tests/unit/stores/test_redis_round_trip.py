from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis

from rastro.stores.redis_round_trip import Command, RoundTrips

COMMANDS: list[Command] = [("SET", "a", "é", "EX", 60), ("SET", "b", "x", "EX", 60, "GET"), ("ZADD", "c", 7, "x")]


class _Connection:
    """A connection that answers in order, or fails."""

    def __init__(self, name: str, answers: Sequence[object], log: list[str]) -> None:
        self.name = name
        self.answers = list(answers)
        self.log = log
        self.sent: list[bytes] = []
        self.open = True

    def send_packed_command(self, command: list[bytes]) -> None:
        self.log.append(f"{self.name} sent")
        self.sent += command

    def read_response(self) -> object:
        self.log.append(f"{self.name} read")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def disconnect(self) -> None:
        self.open = False


class _Pool:
    """A pool whose connections are all the same one."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.lent = 0

    def get_connection(self) -> _Connection:
        self.lent += 1
        return self.connection


class _Client(redis.Redis):
    """A client of a pool that is none of redis-py's."""

    def __init__(self, pool: Any) -> None:
        self.connection_pool = pool

    def close(self) -> None:
        pass


class _Pipeline:
    def __init__(self) -> None:
        self.commands: list[Command] = []

    def execute_command(self, *command: str | int) -> None:
        self.commands.append(command)

    def execute(self) -> list[str]:
        return [f"piped {key}" for _, key, *_ in self.commands]


class _Cluster:
    """A cluster whose servers each have the keys that they are named for."""

    def __init__(self, **pools: Any) -> None:
        self.clients: dict[str, redis.Redis] = {name: _Client(pool) for name, pool in pools.items()}

    def get_node_from_key(self, key: str) -> str:
        return next(name for name in self.clients if key in name)

    def get_redis_connection(self, node: str) -> redis.Redis:
        return self.clients[node]

    def pipeline(self, *, transaction: bool) -> _Pipeline:
        assert not transaction
        return _Pipeline()


def test_commands_go_out_together_and_their_answers_come_in_order() -> None:
    log: list[str] = []
    pool = _Pool(_Connection("one", [b"OK", None, 1], log))
    assert RoundTrips(_Client(pool)).ask(COMMANDS) == [b"OK", None, 1]
    assert log == ["one sent", *["one read"] * 3]


def test_commands_are_written_as_the_protocol_says() -> None:
    pool = _Pool(_Connection("one", [b"OK", b"OK"], []))
    RoundTrips(_Client(pool)).ask([("SET", "é", "a\r\nb", "EX", 60), ("GET", "")])
    assert pool.connection.sent == [
        b"*5\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$4\r\na\r\nb\r\n$2\r\nEX\r\n$2\r\n60\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n"
    ]


def test_a_connection_is_kept_for_the_next_round_trip() -> None:
    pool = _Pool(_Connection("one", [1, 2, 3, 4, 5, 6], []))
    round_trips = RoundTrips(_Client(pool))
    assert [round_trips.ask(COMMANDS), round_trips.ask(COMMANDS)] == [[1, 2, 3], [4, 5, 6]]
    assert (pool.lent, pool.connection.open) == (1, True)


@pytest.mark.parametrize("fault", [redis.TimeoutError(), redis.ResponseError("OOM")])
def test_a_connection_with_answers_still_to_come_is_closed_and_opened_again(fault: Exception) -> None:
    pool = _Pool(_Connection("one", [b"OK", fault], []))
    round_trips = RoundTrips(_Client(pool))
    with pytest.raises(type(fault)):
        round_trips.ask(COMMANDS)
    assert not pool.connection.open
    pool.connection.answers = [1, 2, 3]
    assert round_trips.ask(COMMANDS) == [1, 2, 3]
    assert pool.lent == 1


def test_a_server_that_does_not_answer_in_time_is_asked_once() -> None:
    pool = _Pool(_Connection("one", [redis.TimeoutError()], []))
    with pytest.raises(redis.TimeoutError):
        RoundTrips(_Client(pool)).ask(COMMANDS)
    assert pool.connection.log == ["one sent", "one read"]


def test_a_connection_that_the_server_has_closed_costs_no_round_trip() -> None:
    pool = _Pool(_Connection("one", [redis.ConnectionError(), 1, 2, 3], []))
    assert RoundTrips(_Client(pool)).ask(COMMANDS) == [1, 2, 3]
    assert not pool.connection.open, "it was closed before everything was asked once more"


def test_a_server_that_is_gone_is_told() -> None:
    pool = _Pool(_Connection("one", [redis.ConnectionError(), redis.ConnectionError()], []))
    with pytest.raises(redis.ConnectionError):
        RoundTrips(_Client(pool)).ask(COMMANDS)


def test_every_server_of_a_cluster_is_asked_before_the_first_answer_is_read() -> None:
    log: list[str] = []
    pools = {"ac": _Pool(_Connection("ac", [b"OK a", b"OK c"], log)), "b": _Pool(_Connection("b", [b"OK b"], log))}
    cluster: Any = _Cluster(**pools)
    assert RoundTrips(cluster).ask(COMMANDS) == [b"OK a", b"OK b", b"OK c"]
    assert log[:2] == ["ac sent", "b sent"]


def test_a_slot_that_has_moved_is_followed_by_the_librarys_own_pipeline() -> None:
    log: list[str] = []
    moved = redis.exceptions.MovedError("1 127.0.0.1:7001")
    pools = {"ac": _Pool(_Connection("ac", [b"OK", moved], log)), "b": _Pool(_Connection("b", [b"OK"], log))}
    cluster: Any = _Cluster(**pools)
    assert RoundTrips(cluster).ask(COMMANDS) == ["piped a", "piped b", "piped c"]
    assert [pool.connection.open for pool in pools.values()] == [False, False]
