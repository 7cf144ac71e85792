from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rastro.errors import StoreUnavailable
from rastro.model import Slug
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.ports import FunnelStore
from tests.contracts.funnels import FunnelStoreContract
from tests.contracts.records import BOT_ID, FUNNEL, NOW_MS
from tests.contracts.tables import make_table
from tests.fakes.stores import InMemoryFunnelStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoFunnelStore(FunnelStoreContract):
    @pytest.fixture
    def store(self, dynamodb: DynamoDBClient) -> DynamoFunnelStore:
        return DynamoFunnelStore(make_table(dynamodb, "FunnelTable"))


class TestCachedFunnelStore(FunnelStoreContract):
    @pytest.fixture
    def store(self) -> CachedFunnelStore:
        return CachedFunnelStore(InMemoryFunnelStore(), lambda: NOW_MS)


class _Counting(InMemoryFunnelStore):
    """Counts how often it is asked."""

    asked = 0

    def _check(self) -> None:
        self.asked += 1
        super()._check()


class _Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def inner() -> _Counting:
    inner = _Counting(FUNNEL)
    inner.asked = 0
    return inner


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def cached(inner: _Counting, clock: _Clock) -> FunnelStore:
    return CachedFunnelStore(inner, clock, memory_ms=1_000)


def test_a_funnel_is_read_once_while_it_is_remembered(cached: FunnelStore, inner: _Counting, clock: _Clock) -> None:
    assert cached.get(FUNNEL.slug) == FUNNEL
    clock.now_ms += 999
    assert cached.get(FUNNEL.slug) == FUNNEL
    assert inner.asked == 1


def test_a_change_is_seen_after_a_while(cached: FunnelStore, inner: _Counting, clock: _Clock) -> None:
    cached.get(FUNNEL.slug)
    inner.put(replace(FUNNEL, name="new"))
    clock.now_ms += 1_000
    assert cached.get(FUNNEL.slug) == replace(FUNNEL, name="new")


def test_what_is_known_outlives_a_store_that_is_down(cached: FunnelStore, inner: _Counting, clock: _Clock) -> None:
    cached.get(FUNNEL.slug)
    cached.bot(BOT_ID)
    inner.unavailable = True
    clock.now_ms += 1_000_000
    assert cached.get(FUNNEL.slug) == FUNNEL
    assert cached.bot(BOT_ID) == inner.bots[BOT_ID]


def test_a_store_that_is_down_is_not_asked_by_every_visitor(cached: FunnelStore, inner: _Counting, clock: _Clock) -> None:
    cached.get(FUNNEL.slug)
    inner.unavailable = True
    clock.now_ms += 1_000
    for _ in range(10):
        cached.get(FUNNEL.slug)
    assert inner.asked == 2


def test_what_was_never_known_cannot_be_told_while_the_store_is_down(cached: FunnelStore, inner: _Counting) -> None:
    inner.unavailable = True
    with pytest.raises(StoreUnavailable):
        cached.get(FUNNEL.slug)


def test_a_new_funnel_works_at_once(cached: FunnelStore, inner: _Counting) -> None:
    assert cached.get(Slug("novo")) is None
    inner.put(replace(FUNNEL, slug=Slug("novo")))
    assert cached.get(Slug("novo")) is not None
