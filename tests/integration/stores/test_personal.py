"""A person's requests on real servers: the emulator's tables, Valkey alone and as a cluster."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rastro.errors import StoreUnavailable
from rastro.stores.clicks_redis import RedisClickCache, connect
from rastro.stores.personal_redis import RedisPersonalCache
from tests.contracts.personal import CacheWithPeople, PersonalCacheContract, PersonalRecordsContract, PersonalStores
from tests.contracts.records import CLICK
from tests.unit.stores.test_personal_dynamodb import personal_stores

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.integration


class TestDynamoPersonalRecords(PersonalRecordsContract):
    @pytest.fixture
    def stores(self, dynamodb: DynamoDBClient) -> PersonalStores:
        return personal_stores(dynamodb, f"{uuid.uuid4().hex}-")


@contextmanager
def _both(url: str, *, cluster: bool = False) -> Iterator[CacheWithPeople]:
    client = connect(url, cluster=cluster)
    client.flushall()
    cache = RedisClickCache(lambda: client, ttl_seconds=60, now_ms=lambda: time.monotonic_ns() // 1_000_000)
    yield CacheWithPeople(cache=cache, personal=RedisPersonalCache(lambda: client))
    client.close()


class TestRedisPersonalCache(PersonalCacheContract):
    @pytest.fixture
    def both(self, valkey_url: str) -> Iterator[CacheWithPeople]:
        with _both(valkey_url) as both:
            yield both


class TestRedisPersonalCacheOnACluster(PersonalCacheContract):
    @pytest.fixture
    def both(self, valkey_cluster_url: str) -> Iterator[CacheWithPeople]:
        with _both(valkey_cluster_url, cluster=True) as both:
            yield both


def test_a_cache_that_is_not_there_is_a_store_that_fails() -> None:
    personal = RedisPersonalCache(lambda: connect("redis://127.0.0.1:1/0", cluster=False))
    for ask in (personal.holds, personal.forget):
        with pytest.raises(StoreUnavailable):
            ask(CLICK)
