"""Several commands in one round trip to Redis, alone or a cluster.

redis-py's pipelines do the same with twice the processor, on a cluster with four times (``docs/performance.md``): it was the
largest part of a click. So its path uses what lies below them: the connections that redis-py opens and keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, cast

import redis

Command = tuple[str | int, ...]
"""A command's name, its key, and the rest."""


class _Connection(Protocol):
    """What is used of redis-py's connections, which have no types of their own."""

    def send_packed_command(self, command: list[bytes]) -> None: ...

    def read_response(self) -> Any: ...  # noqa: ANN401 - whatever a command answers

    def disconnect(self) -> None: ...


def round_trip(client: redis.Redis | redis.RedisCluster, commands: Sequence[Command]) -> list[Any]:
    """Send commands, each to the server of its key, all of them before the first answer is read; return the answers in order.

    Raises what redis-py raises.
    """
    if isinstance(client, redis.Redis):
        with _lent(client) as connection:
            connection.send_packed_command(_packed(commands))
            return [connection.read_response() for _ in commands]
    try:
        return _over_cluster(client, commands)
    except redis.exceptions.ResponseError:
        # Most likely a slot that has moved: redis-py's own pipeline learns where to, and asks there.
        pipeline = cast("Any", client).pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return cast("list[Any]", pipeline.execute())


def _over_cluster(client: Any, commands: Sequence[Command]) -> list[Any]:  # noqa: ANN401 - a cluster, in parts without types
    places: dict[Any, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(client.get_node_from_key(command[1]), []).append(place)
    answers: list[Any] = [None] * len(commands)
    with ExitStack() as stack:
        asked = [(stack.enter_context(_lent(client.get_redis_connection(node))), its) for node, its in places.items()]
        for connection, its in asked:
            connection.send_packed_command(_packed([commands[place] for place in its]))
        for connection, its in asked:
            for place in its:
                answers[place] = connection.read_response()
    return answers


def _packed(commands: Sequence[Command]) -> list[bytes]:
    """Return commands as they go over the wire (https://valkey.io/topics/protocol/)."""
    packed = []
    for command in commands:
        words = [str(word).encode() for word in command]
        packed.append(b"*%d\r\n" % len(words))
        packed += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return [b"".join(packed)]


@contextmanager
def _lent(client: redis.Redis) -> Iterator[_Connection]:
    """Lend a connection of a client; one on which something failed may still have answers to come, so it is closed."""
    pool = client.connection_pool
    connection = pool.get_connection()
    lent = cast("_Connection", connection)
    try:
        yield lent
    except BaseException:
        lent.disconnect()
        raise
    finally:
        pool.release(connection)
