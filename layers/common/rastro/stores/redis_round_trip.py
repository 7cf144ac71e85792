"""Several commands in one round trip to Redis, alone or a cluster.

redis-py's pipelines do the same with three times the processor, on a cluster with five (``docs/performance.md``); they were the
largest part of a click. So its path uses what lies below them: the connections that redis-py opens, and opens again when lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

import redis

Command = tuple[str | int, ...]
"""A command's name, its key, and the rest."""


class _Connection(Protocol):
    """What is used of redis-py's connections, which have no types of their own."""

    def send_packed_command(self, command: list[bytes]) -> None:
        """Send, connecting first where it is not connected."""

    def read_response(self) -> Any:  # noqa: ANN401 - whatever a command answers
        """Return the next answer; one that is an error is raised."""

    def disconnect(self) -> None:
        """Close, until something is sent again."""


class RoundTrips:
    """The round trips of one client, by connections of their own; threads may share it, each round trip has its own."""

    def __init__(self, client: redis.Redis | redis.RedisCluster) -> None:
        """Take the client."""
        self._client = client
        self._idle: dict[redis.Redis, list[_Connection]] = {}

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands, each to the server of its key, all before the first answer is read; return the answers in order.

        Raises what redis-py raises. A connection that ends before its answers was most likely closed by the server while it was
        idle: then everything is asked once more.
        """
        try:
            try:
                return self._exchange(commands)
            except redis.ConnectionError:
                return self._exchange(commands)
        except redis.ResponseError:
            if isinstance(self._client, redis.Redis):
                raise
            # Most likely a slot that has moved: redis-py's own pipeline learns where to, and asks there.
            pipeline = cast("Any", self._client).pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            return cast("list[Any]", pipeline.execute())

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        answers: list[Any] = [None] * len(commands)
        lent: list[tuple[redis.Redis, _Connection, Sequence[int]]] = []
        try:
            for server, places in self._by_server(commands).items():
                lent.append((server, self._connection(server), places))
            for _, connection, places in lent:
                connection.send_packed_command(_packed([commands[place] for place in places]))
            for _, connection, places in lent:
                for place in places:
                    answers[place] = connection.read_response()
        except BaseException:
            for _, connection, _ in lent:
                connection.disconnect()  # answers to what was sent may still come
            raise
        finally:
            for server, connection, _ in lent:
                self._idle[server].append(connection)
        return answers

    def _by_server(self, commands: Sequence[Command]) -> dict[redis.Redis, Sequence[int]]:
        """Return the places of the commands by the server that has their keys."""
        if isinstance(self._client, redis.Redis):
            return {self._client: range(len(commands))}
        cluster = cast("Any", self._client)
        places: dict[Any, list[int]] = {}
        for place, command in enumerate(commands):
            places.setdefault(cluster.get_node_from_key(command[1]), []).append(place)
        return {cluster.get_redis_connection(node): its for node, its in places.items()}

    def _connection(self, server: redis.Redis) -> _Connection:
        idle = self._idle.setdefault(server, [])
        return idle.pop() if idle else cast("_Connection", server.connection_pool.get_connection())


def _packed(commands: Sequence[Command]) -> list[bytes]:
    """Return commands as they go over the wire (https://valkey.io/topics/protocol/)."""
    packed = []
    for command in commands:
        words = [str(word).encode() for word in command]
        packed.append(b"*%d\r\n" % len(words))
        packed += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return [b"".join(packed)]
