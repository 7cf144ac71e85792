"""What ``ClickCache`` promises: what a click store does, as long as it remembers."""

from __future__ import annotations

import pytest

from rastro.model import Slug, TrackingToken, VisitorId
from rastro.stores.clicks_tiered import ClickCache
from tests.contracts.records import BARE_CLICK, CLICK, FBCLID, click, organic

VISITOR = VisitorId("visitor-1")


class ClickCacheContract:
    """A subclass gives a ``cache`` that is empty."""

    @pytest.fixture
    def cache(self) -> ClickCache:
        raise NotImplementedError

    def test_a_click_comes_back_as_it_was_put(self, cache: ClickCache) -> None:
        cache.put(CLICK)
        cache.put(BARE_CLICK)
        assert cache.get(CLICK.tracking_token) == CLICK
        assert cache.get(BARE_CLICK.tracking_token) == BARE_CLICK

    def test_what_was_never_put_is_not_here(self, cache: ClickCache) -> None:
        assert cache.get(TrackingToken("nobody")) is None
        assert cache.newest_by_fbclid(FBCLID) is None
        assert cache.newest_by_visitor(VISITOR) is None

    def test_the_latest_click_put_is_the_newest(self, cache: ClickCache) -> None:
        cache.put(click(1))
        cache.put(click(2))
        assert cache.newest_by_fbclid(FBCLID) == click(2)
        assert cache.newest_by_visitor(VISITOR) == click(2)

    def test_a_put_tells_of_an_fbclid_that_others_carried_before(self, cache: ClickCache) -> None:
        assert not cache.put(click(1))
        assert not cache.put(click(1))
        assert cache.put(click(2))
        assert not cache.put(BARE_CLICK)

    def test_a_later_click_without_an_ad_does_not_hide_the_one_with(self, cache: ClickCache) -> None:
        cache.put(click(1))
        cache.put(organic(2))
        assert cache.newest_by_visitor(VISITOR) == click(1)

    def test_a_click_without_an_ad_is_the_newest_of_no_browser_since_a_forgotten_ad_may_have_come_before(
        self, cache: ClickCache
    ) -> None:
        cache.put(organic(1))
        cache.keep(organic(1), visitor=True)
        assert cache.newest_by_visitor(VISITOR) is None

    def test_a_click_kept_after_reading_is_the_newest_of_nothing(self, cache: ClickCache) -> None:
        cache.keep(click(1))
        assert cache.get(click(1).tracking_token) == click(1)
        assert cache.newest_by_fbclid(FBCLID) is None
        assert cache.newest_by_visitor(VISITOR) is None

    def test_a_click_kept_as_the_newest_of_its_fbclid_says_nothing_of_its_browser(self, cache: ClickCache) -> None:
        cache.keep(click(1), fbclid=True)
        assert cache.newest_by_fbclid(FBCLID) == click(1)
        assert cache.newest_by_visitor(VISITOR) is None

    def test_what_was_put_stays_when_an_older_one_is_kept(self, cache: ClickCache) -> None:
        cache.put(click(2))
        cache.keep(click(1), visitor=True)
        cache.keep(click(2, claimed_by="a late reader"))
        assert cache.newest_by_visitor(VISITOR) == click(2)

    def test_a_forgotten_click_is_gone_and_not_the_newest(self, cache: ClickCache) -> None:
        cache.put(CLICK)
        cache.forget(CLICK.tracking_token)
        cache.forget(TrackingToken("nobody"))
        assert cache.get(CLICK.tracking_token) is None
        assert cache.newest_by_fbclid(FBCLID) is None

    def test_a_single_unclaimed_click_of_the_last_minutes_is_known(self, cache: ClickCache) -> None:
        one = click(1)
        assert cache.only_recent(one.slug, 0) is None
        cache.put(one)
        assert cache.only_recent(one.slug, one.clicked_at_ms) == one
        assert cache.only_recent(one.slug, one.clicked_at_ms + 1) is None
        assert cache.only_recent(Slug("another"), 0) is None

    def test_of_several_recent_clicks_none_is_the_only_one_until_the_others_are_claimed(self, cache: ClickCache) -> None:
        cache.put(click(1))
        cache.put(click(2))
        assert cache.only_recent(click(1).slug, 0) is None
        cache.claimed(click(2))
        assert cache.only_recent(click(1).slug, 0) == click(1)
        assert cache.get(click(2).tracking_token) is None
