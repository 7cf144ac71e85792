from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from rastro.errors import StoreUnavailable
from rastro.model import Click, VisitorId
from rastro.stores.clicks_tiered import TieredClickStore
from tests.contracts.clicks import ClickStoreContract
from tests.contracts.records import CLICK, FBCLID, click, organic
from tests.fakes.stores import InMemoryClickCache, InMemoryClickStore

VISITOR = VisitorId("visitor-1")


@dataclass
class Tiers:
    """Both tiers, the store over them, and what was told of the cache."""

    cache: InMemoryClickCache = field(default_factory=InMemoryClickCache)
    record: InMemoryClickStore = field(default_factory=InMemoryClickStore)
    told: list[StoreUnavailable] = field(default_factory=list)

    @property
    def store(self) -> TieredClickStore:
        return TieredClickStore(self.cache, self.record, on_cache_error=self.told.append)


@pytest.fixture
def tiers() -> Tiers:
    return Tiers()


class TestTieredClickStore(ClickStoreContract):
    @pytest.fixture
    def store(self, tiers: Tiers) -> TieredClickStore:
        return tiers.store


class TestTieredClickStoreWithItsCacheDown(ClickStoreContract):
    @pytest.fixture
    def store(self, tiers: Tiers) -> TieredClickStore:
        tiers.cache.unavailable = True
        return tiers.store


class TestTieredClickStoreWithoutACache(ClickStoreContract):
    @pytest.fixture
    def store(self) -> TieredClickStore:
        return TieredClickStore(None, InMemoryClickStore(), on_cache_error=lambda _fault: None)


def test_the_cache_answers_while_the_record_is_down(tiers: Tiers) -> None:
    tiers.store.put(CLICK)
    tiers.record.unavailable = True
    assert tiers.store.get(CLICK.tracking_token) == CLICK
    assert tiers.store.newest_by_fbclid(FBCLID) == CLICK
    assert tiers.store.newest_by_visitor(VISITOR, (CLICK.slug,)) == CLICK


def test_a_click_that_its_record_refused_is_told_and_stays_in_the_cache(tiers: Tiers) -> None:
    tiers.record.unavailable = True
    with pytest.raises(StoreUnavailable):
        tiers.store.put(CLICK)
    assert tiers.store.get(CLICK.tracking_token) == CLICK


def test_an_emptied_cache_is_filled_by_reading(tiers: Tiers) -> None:
    tiers.record.put(click(1))
    tiers.record.put(click(2))
    assert tiers.store.get(click(1).tracking_token) == click(1)
    assert tiers.store.newest_by_visitor(VISITOR, (CLICK.slug,)) == click(2)
    assert tiers.store.newest_by_fbclid(FBCLID) == click(2)
    tiers.record.unavailable = True
    assert tiers.store.get(click(1).tracking_token) == click(1)
    assert tiers.store.newest_by_visitor(VISITOR, (CLICK.slug,)) == click(2)
    assert tiers.store.newest_by_fbclid(FBCLID) == click(2)


def test_a_click_without_an_ad_does_not_hide_an_ad_that_the_cache_forgot(tiers: Tiers) -> None:
    tiers.record.put(click(1))
    tiers.store.put(organic(2))
    assert tiers.store.newest_by_visitor(VISITOR, (CLICK.slug,)) == click(1)


def test_a_cache_that_is_down_is_told_of_and_costs_nothing_else(tiers: Tiers) -> None:
    tiers.cache.unavailable = True
    tiers.store.put(CLICK)
    assert tiers.store.get(CLICK.tracking_token) == CLICK
    assert tiers.told
    assert tiers.record.clicks == {CLICK.tracking_token: CLICK}


def test_a_claim_leaves_no_stale_copy(tiers: Tiers) -> None:
    tiers.store.put(CLICK)
    tiers.store.claim(CLICK, "7#1")
    tiers.store.add_browser_ids(CLICK.tracking_token, fbp=None, fbc=None)
    assert tiers.store.get(CLICK.tracking_token) == replace(CLICK, claimed_by="7#1")
    assert tiers.cache.get(CLICK.tracking_token) == replace(CLICK, claimed_by="7#1")


def test_the_cache_is_written_while_the_record_is_on_its_way(tiers: Tiers) -> None:
    order: list[str] = []

    class Record(InMemoryClickStore):
        def begin_put(self, click: Click) -> Callable[[], bool]:
            order.append("record begun")

            def wait() -> bool:
                order.append("record waited for")
                return self.put(click)

            return wait

    class Cache(InMemoryClickCache):
        def put(self, click: Click) -> bool:
            order.append("cache written")
            return super().put(click)

    TieredClickStore(Cache(), Record(), on_cache_error=tiers.told.append).put(CLICK)
    assert order == ["record begun", "cache written", "record waited for"]
