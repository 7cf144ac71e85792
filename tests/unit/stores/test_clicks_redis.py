from __future__ import annotations

from typing import Any

import pytest
import redis

from rastro.errors import StoreUnavailable
from rastro.model import TrackingToken
from rastro.stores.clicks_redis import BREAKER_MS, RedisClickCache

TOKEN = TrackingToken("token-1")


class _Client:
    """A Redis client that holds one text, or fails, and counts."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self.fault: Exception | None = None
        self.asked = 0

    def get(self, _key: str) -> bytes | None:
        self.asked += 1
        if self.fault:
            raise self.fault
        return self.text


class _Setup:
    def __init__(self) -> None:
        self.client = _Client()
        self.now_ms = 1_000_000
        self.connected = 0
        self.cache = RedisClickCache(self._connect, ttl_seconds=60, now_ms=lambda: self.now_ms)

    def _connect(self) -> Any:
        self.connected += 1
        return self.client


@pytest.fixture
def setup() -> _Setup:
    return _Setup()


def test_nothing_is_connected_before_it_is_needed(setup: _Setup) -> None:
    assert setup.connected == 0
    setup.cache.get(TOKEN)
    setup.cache.get(TOKEN)
    assert setup.connected == 1


@pytest.mark.parametrize("fault", [redis.TimeoutError(), redis.ConnectionError(), redis.ResponseError(), OSError()])
def test_any_fault_of_redis_is_an_unavailable_store(setup: _Setup, fault: Exception) -> None:
    setup.client.fault = fault
    with pytest.raises(StoreUnavailable):
        setup.cache.get(TOKEN)


def test_a_cache_that_failed_is_left_alone_for_a_while(setup: _Setup) -> None:
    setup.client.fault = redis.TimeoutError()
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            setup.cache.get(TOKEN)
    assert setup.client.asked == 1


def test_it_is_asked_again_afterwards(setup: _Setup) -> None:
    setup.client.fault = redis.TimeoutError()
    with pytest.raises(StoreUnavailable):
        setup.cache.get(TOKEN)
    setup.client.fault = None
    setup.now_ms += BREAKER_MS
    assert setup.cache.get(TOKEN) is None


@pytest.mark.parametrize("text", [b"", b"not JSON", b"[]", b"{}", b'{"tracking_token": "token-1"}', b'"text"', b"\xff"])
def test_what_cannot_be_read_is_not_here(setup: _Setup, text: bytes) -> None:
    setup.client.text = text
    assert setup.cache.get(TOKEN) is None


def test_after_a_failure_the_servers_are_looked_up_anew(setup: _Setup) -> None:
    setup.client.fault = redis.ConnectionError()
    with pytest.raises(StoreUnavailable):
        setup.cache.get(TOKEN)
    setup.client.fault = None
    setup.now_ms += BREAKER_MS
    setup.cache.get(TOKEN)
    assert setup.connected == 2


def test_only_the_failure_itself_has_a_cause(setup: _Setup) -> None:
    setup.client.fault = redis.ConnectionError()
    causes = []
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as told:
            setup.cache.get(TOKEN)
        causes.append(told.value.__cause__)
    assert causes == [setup.client.fault, None]
