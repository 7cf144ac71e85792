"""The cache against real servers, and against ones that do not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from rastro.errors import StoreUnavailable
from rastro.stores.clicks_redis import TIMEOUT_SECONDS, RedisClickCache, connect
from rastro.stores.clicks_tiered import TieredClickStore
from rastro.stores.keys import RECENT_SECONDS
from tests.contracts.click_cache import ClickCacheContract
from tests.contracts.clicks import ClickStoreContract
from tests.contracts.records import CLICK, click
from tests.fakes.stores import InMemoryClickStore

pytestmark = pytest.mark.integration

TTL_SECONDS = 60


@contextmanager
def _cache(url: str, *, cluster: bool = False) -> Iterator[RedisClickCache]:
    """Open a cache on an emptied server."""
    client = connect(url, cluster=cluster)
    client.flushall()
    yield RedisClickCache(lambda: client, ttl_seconds=TTL_SECONDS, now_ms=_now_ms)
    client.close()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class TestRedisClickCache(ClickCacheContract):
    @pytest.fixture
    def cache(self, valkey_url: str) -> Iterator[RedisClickCache]:
        with _cache(valkey_url) as cache:
            yield cache


class TestRedisClickCacheOnACluster(ClickCacheContract):
    @pytest.fixture
    def cache(self, valkey_cluster_url: str) -> Iterator[RedisClickCache]:
        with _cache(valkey_cluster_url, cluster=True) as cache:
            yield cache


class TestTieredClickStoreOverRedis(ClickStoreContract):
    @pytest.fixture
    def store(self, valkey_url: str) -> Iterator[TieredClickStore]:
        with _cache(valkey_url) as cache:
            yield TieredClickStore(cache, InMemoryClickStore(), on_cache_error=_fail)


class TestTieredClickStoreOverACluster(ClickStoreContract):
    @pytest.fixture
    def store(self, valkey_cluster_url: str) -> Iterator[TieredClickStore]:
        with _cache(valkey_cluster_url, cluster=True) as cache:
            yield TieredClickStore(cache, InMemoryClickStore(), on_cache_error=_fail)


def _fail(fault: StoreUnavailable) -> None:
    raise AssertionError("the cache failed") from fault


def test_every_key_has_a_lifetime_and_its_name(valkey_url: str) -> None:
    with _cache(valkey_url) as cache, redis.Redis.from_url(valkey_url) as client:
        cache.put(CLICK)
        cache.keep(click(2), fbclid=True, visitor=True)
        lifetimes = {key.decode(): client.ttl(key) for key in client.scan_iter()}
    assert set(lifetimes) == {
        "tracking:token-1",
        "tracking:token-2",
        f"tracking:fbclid:{CLICK.fbclid}",
        "tracking:visitor:visitor-1",
        f"tracking:recent:{CLICK.slug}",
    }
    assert 0 < lifetimes.pop(f"tracking:recent:{CLICK.slug}") <= RECENT_SECONDS
    assert all(TTL_SECONDS - 5 <= seconds <= TTL_SECONDS for seconds in lifetimes.values())


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Return the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def closed_url() -> str:
    """Return a URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("cluster", [False, True], ids=["alone", "cluster"])
def test_a_server_that_never_answers_costs_one_time_out(silent_url: str, *, cluster: bool) -> None:
    told: list[StoreUnavailable] = []
    cache = RedisClickCache(lambda: connect(silent_url, cluster=cluster), ttl_seconds=TTL_SECONDS, now_ms=_now_ms)
    store = TieredClickStore(cache, InMemoryClickStore(), on_cache_error=told.append)

    def visit() -> None:
        store.put(CLICK)
        assert store.get(CLICK.tracking_token) == CLICK
        assert store.newest_by_visitor(CLICK.visitor_id or "", (CLICK.slug,)) == CLICK  # type: ignore[arg-type] # it has one

    assert _seconds(visit) < 2 * TIMEOUT_SECONDS
    assert told


@pytest.mark.parametrize("cluster", [False, True], ids=["alone", "cluster"])
def test_a_server_that_is_gone_costs_next_to_nothing(closed_url: str, *, cluster: bool) -> None:
    cache = RedisClickCache(lambda: connect(closed_url, cluster=cluster), ttl_seconds=TTL_SECONDS, now_ms=_now_ms)

    def ask() -> None:
        with pytest.raises(StoreUnavailable):
            cache.put(CLICK)

    assert _seconds(ask) < TIMEOUT_SECONDS


def _seconds(action: Callable[[], None]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began
