"""The personal entries of the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import redis

from rastro.errors import StoreUnavailable
from rastro.model import Click
from rastro.stores import keys

_Client = redis.Redis | redis.RedisCluster


class RedisPersonalCache:
    """Finds and deletes what the cache holds of a click, command by command, each on one key as a cluster wants it."""

    def __init__(self, connect: Callable[[], _Client]) -> None:
        """Take how to connect, which is done when it is first needed."""
        self._connect = connect
        self._client: _Client | None = None

    def holds(self, click: Click) -> Sequence[str]:
        """Name the kinds of entries."""
        with_client = self._opened()
        try:
            return [kind for kind, _ in _entries(with_client, click)]
        except (redis.RedisError, OSError) as exc:
            raise StoreUnavailable(f"the cache failed: {type(exc).__name__}") from exc

    def forget(self, click: Click) -> Sequence[str]:
        """Delete the entries; of a pointer only one that still leads to this click."""
        client = self._opened()
        try:
            found = list(_entries(client, click))
            for kind, key in found:
                if kind == "recent":
                    client.zrem(key, click.tracking_token)
                else:
                    client.delete(key)
        except (redis.RedisError, OSError) as exc:
            raise StoreUnavailable(f"the cache failed: {type(exc).__name__}") from exc
        return [kind for kind, _ in found]

    def _opened(self) -> _Client:
        try:
            self._client = self._client or self._connect()
        except (redis.RedisError, redis.exceptions.RedisClusterException, OSError) as exc:
            raise StoreUnavailable(f"the cache failed: {type(exc).__name__}") from exc
        return self._client


def _entries(client: _Client, click: Click) -> Iterator[tuple[str, str]]:
    """Yield the entries that there are, as kind and key."""
    token = click.tracking_token
    if client.exists(keys.click_cache_key(token)):
        yield "click", keys.click_cache_key(token)
    pointers = {
        "fbclid": keys.fbclid_cache_key(click.fbclid) if click.fbclid is not None else None,
        "visitor": keys.visitor_cache_key(click.visitor_id) if click.visitor_id is not None else None,
    }
    for kind, key in pointers.items():
        if key is not None and client.get(key) == token.encode():
            yield kind, key
    recent = keys.recent_cache_key(click.slug)
    if client.zscore(recent, token) is not None:
        yield "recent", recent
