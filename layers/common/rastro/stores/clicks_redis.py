"""Clicks in Redis, the cache: every key has a lifetime, a command touches one key (so a cluster takes it), nothing waits long."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rastro.errors import StoreUnavailable
from rastro.model import Click, Slug, TrackingToken, VisitorId
from rastro.stores import keys
from rastro.stores.items import click_item, click_of
from rastro.stores.redis_round_trip import Command, RoundTrips

TIMEOUT_SECONDS = 0.25
BREAKER_MS = 2_000
"""How long the cache is left alone after it failed: a dead one costs one time-out, then nothing for a while."""

_T = TypeVar("_T")


def connect(url: str, *, cluster: bool) -> redis.Redis | redis.RedisCluster:
    """Return a client that gives up after 250 ms and does not try again; ``rediss://`` means TLS.

    It speaks the older protocol: the newer one has nothing that is needed here, and costs each connection a greeting.
    """
    kind = redis.RedisCluster if cluster else redis.Redis
    return kind.from_url(
        url,
        protocol=2,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisClickCache:
    """A click store that forgets. The latest click of an ad wins the pointers of its fbclid and its browser."""

    def __init__(
        self,
        connect_client: Callable[[], redis.Redis | redis.RedisCluster],
        *,
        ttl_seconds: int,
        now_ms: Callable[[], int],
    ) -> None:
        """Take how to connect (a cluster asks its servers at once, so it is done when first needed), lifetime and clock."""
        self._connect = connect_client
        self._client: redis.Redis | redis.RedisCluster | None = None
        self._round_trips: RoundTrips | None = None
        self._ttl_seconds = ttl_seconds
        self._now_ms = now_ms
        self._closed_until_ms = 0

    def put(self, click: Click) -> bool:
        """Keep a click and point its fbclid and browser to it, in one round trip; say whether the fbclid had been seen.

        A click without an ad never takes a browser's pointer: it would hide the ad that came before it and is forgotten here.
        """
        token, ttl = click.tracking_token, self._ttl_seconds
        recent = keys.recent_cache_key(click.slug)
        commands: list[Command] = [
            ("SET", keys.click_cache_key(token), _text(click), "EX", ttl),
            ("ZADD", recent, click.clicked_at_ms, token),
            ("ZREMRANGEBYRANK", recent, 0, -keys.RECENT_KEPT - 1),
            ("EXPIRE", recent, keys.RECENT_SECONDS),
        ]
        if click.visitor_id is not None and click.from_ad:
            commands.append(("SET", keys.visitor_cache_key(click.visitor_id), token, "EX", ttl))
        if click.fbclid is not None:
            commands.append(("SET", keys.fbclid_cache_key(click.fbclid), token, "EX", ttl, "GET"))
        before = self._guarded(lambda client: self._round_trips_of(client).ask(commands)[-1])
        return click.fbclid is not None and before not in (None, token.encode())

    def keep(self, click: Click, *, fbclid: bool = False, visitor: bool = False) -> None:
        """Keep a click that was read from the record, and that it is the newest of its fbclid or, if it is an ad's, its browser.

        What is here already stays: it was written since, by a newer click or by a reader who came later.
        """
        values = {keys.click_cache_key(click.tracking_token): _text(click)}
        if fbclid and click.fbclid is not None:
            values[keys.fbclid_cache_key(click.fbclid)] = click.tracking_token
        if visitor and click.visitor_id is not None and click.from_ad:
            values[keys.visitor_cache_key(click.visitor_id)] = click.tracking_token

        def write(client: redis.Redis | redis.RedisCluster) -> None:
            pipeline = client.pipeline(transaction=False)
            for key, value in values.items():
                pipeline.set(key, value, ex=self._ttl_seconds, nx=True)
            pipeline.execute()

        self._guarded(write)

    def get(self, token: TrackingToken) -> Click | None:
        """Return a click, ``None`` when it is not (or no longer, or not readably) here."""
        text = self._guarded(lambda client: client.get(keys.click_cache_key(token)))
        try:
            return click_of(json.loads(cast("bytes", text))) if text else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def newest_by_fbclid(self, fbclid: str) -> Click | None:
        """Return the click that an fbclid points to."""
        return self._pointed_to(keys.fbclid_cache_key(fbclid))

    def newest_by_visitor(self, visitor_id: VisitorId) -> Click | None:
        """Return the click of an ad that a browser points to."""
        return self._pointed_to(keys.visitor_cache_key(visitor_id))

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        """Return the one click on a funnel since then that nobody came with, ``None`` for none or several."""

        def read(client: redis.Redis | redis.RedisCluster) -> object:
            return client.zrangebyscore(keys.recent_cache_key(slug), since_ms, "+inf", start=0, num=2)

        found = cast("list[bytes]", self._guarded(read))
        return self.get(TrackingToken(found[0].decode())) if len(found) == 1 else None

    def claimed(self, click: Click) -> None:
        """Note that somebody came with a click: forget it as it was."""

        def write(client: redis.Redis | redis.RedisCluster) -> None:
            pipeline = client.pipeline(transaction=False)
            pipeline.delete(keys.click_cache_key(click.tracking_token))
            pipeline.zrem(keys.recent_cache_key(click.slug), click.tracking_token)
            pipeline.execute()

        self._guarded(write)

    def forget(self, token: TrackingToken) -> None:
        """Forget a click that was changed in the record."""
        self._guarded(lambda client: client.delete(keys.click_cache_key(token)))

    def _pointed_to(self, key: str) -> Click | None:
        token = self._guarded(lambda client: client.get(key))
        return self.get(TrackingToken(cast("bytes", token).decode())) if token else None

    def _round_trips_of(self, client: redis.Redis | redis.RedisCluster) -> RoundTrips:
        self._round_trips = self._round_trips or RoundTrips(client)
        return self._round_trips

    def _guarded(self, command: Callable[[redis.Redis | redis.RedisCluster], _T]) -> _T:
        """Run a command unless the breaker is open; raises ``StoreUnavailable``."""
        if self._now_ms() < self._closed_until_ms:
            raise StoreUnavailable("the cache is left alone after a failure")
        try:
            if self._client is None:
                self._client = self._connect()
            return command(self._client)
        except (redis.RedisError, redis.exceptions.RedisClusterException, OSError) as exc:
            self._client = self._round_trips = None  # a cluster that failed may have other servers by then
            self._closed_until_ms = self._now_ms() + BREAKER_MS
            raise StoreUnavailable(f"the cache failed: {type(exc).__name__}") from exc


def _text(click: Click) -> str:
    return json.dumps(click_item(click))
