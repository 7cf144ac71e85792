"""What ``ClickStore`` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from rastro.model import TrackingToken, VisitorId
from rastro.stores.ports import ClickStore
from tests.contracts.records import BARE_CLICK, CLICK, FBCLID, NOW_MS, click, organic

SLUGS = (CLICK.slug,)


class ClickStoreContract:
    """A subclass gives a ``store`` that is empty."""

    @pytest.fixture
    def store(self) -> ClickStore:
        raise NotImplementedError

    @pytest.mark.parametrize("stored", [CLICK, BARE_CLICK], ids=["everything set", "bare"])
    def test_a_click_comes_back_as_it_was_put(self, store: ClickStore, stored: object) -> None:
        assert isinstance(stored, type(CLICK))
        store.put(stored)
        assert store.get(stored.tracking_token) == stored

    def test_an_unknown_token_has_no_click(self, store: ClickStore) -> None:
        assert store.get(TrackingToken("nobody")) is None

    def test_the_newest_click_of_an_fbclid_wins(self, store: ClickStore) -> None:
        for number in (1, 2, 3, 4, 5, 6):
            store.put(click(number))
        assert store.newest_by_fbclid(FBCLID) == click(6)

    def test_an_fbclid_is_compared_exactly(self, store: ClickStore) -> None:
        store.put(CLICK)
        assert store.newest_by_fbclid(FBCLID.lower()) is None
        assert store.newest_by_fbclid(FBCLID[:-1]) is None

    def test_the_newest_click_with_an_fbclid_made_by_a_moment_is_found(self, store: ClickStore) -> None:
        for number in (1, 2, 3):
            store.put(click(number))
        for number in (1, 2, 3):
            assert store.newest_by_fbclid(FBCLID, until_ms=click(number).clicked_at_ms) == click(number)
        assert store.newest_by_fbclid(FBCLID, until_ms=click(1).clicked_at_ms - 1) is None
        assert store.newest_by_fbclid(FBCLID) == click(3)

    def test_the_newest_click_of_a_browser_wins(self, store: ClickStore) -> None:
        for number in (1, 2, 3):
            store.put(click(number))
        store.put(click(4, visitor_id=VisitorId("another")))
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == click(3)

    def test_a_later_click_without_an_ad_does_not_hide_the_one_with(self, store: ClickStore) -> None:
        store.put(click(1))
        store.put(organic(2))
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == click(1)
        store.put(click(3))
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == click(3)

    def test_a_click_without_an_ad_is_better_than_none(self, store: ClickStore) -> None:
        store.put(organic(1))
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == organic(1)

    def test_a_put_tells_of_an_fbclid_that_others_carried_before(self, store: ClickStore) -> None:
        store.put(click(1))
        assert store.put(click(2))
        assert not store.put(organic(3))

    def test_reading_an_earlier_click_makes_it_no_newer(self, store: ClickStore) -> None:
        store.put(click(1))
        store.put(click(2))
        store.get(click(1).tracking_token)
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == click(2)
        assert store.newest_by_fbclid(FBCLID) == click(2)

    def test_a_browser_without_clicks_has_no_newest(self, store: ClickStore) -> None:
        store.put(BARE_CLICK)
        assert store.newest_by_visitor(VisitorId("nobody"), SLUGS) is None
        assert store.newest_by_fbclid("nothing") is None

    def test_the_first_claim_stays(self, store: ClickStore) -> None:
        store.put(CLICK)
        store.claim(CLICK, "bot#first")
        store.claim(CLICK, "bot#second")
        found = store.get(CLICK.tracking_token)
        assert found is not None
        assert found.claimed_by == "bot#first"

    def test_a_claim_is_seen_through_every_way_to_the_click(self, store: ClickStore) -> None:
        store.put(CLICK)
        store.claim(CLICK, "bot#first")
        by_fbclid, by_visitor = store.newest_by_fbclid(FBCLID), store.newest_by_visitor(VisitorId("visitor-1"), SLUGS)
        assert by_fbclid is not None
        assert by_visitor is not None
        assert (by_fbclid.claimed_by, by_visitor.claimed_by) == ("bot#first", "bot#first")

    def test_neither_a_claim_nor_browser_ids_make_a_click(self, store: ClickStore) -> None:
        store.claim(CLICK, "bot#first")
        store.add_browser_ids(CLICK.tracking_token, fbp="fb.1.1.2", fbc="fb.1.1.x")
        assert store.get(CLICK.tracking_token) is None

    def test_browser_ids_fill_what_is_missing_only(self, store: ClickStore) -> None:
        store.put(click(1, fbc=None))
        store.add_browser_ids(click(1).tracking_token, fbp=f"fb.1.{NOW_MS}.9", fbc=f"fb.1.{NOW_MS}.new")
        store.add_browser_ids(click(1).tracking_token, fbp=None, fbc=None)
        assert store.get(click(1).tracking_token) == click(1, fbc=f"fb.1.{NOW_MS}.new")


class ClickRecordContract(ClickStoreContract):
    """What the record promises beyond what a cache before it can keep."""

    def test_the_newest_click_without_an_ad_wins_where_there_is_no_other(self, store: ClickStore) -> None:
        store.put(organic(1))
        store.put(organic(2))
        assert store.newest_by_visitor(VisitorId("visitor-1"), SLUGS) == organic(2)

    def test_putting_a_click_again_keeps_what_was_added_since(self, store: ClickStore) -> None:
        store.put(BARE_CLICK)
        store.claim(BARE_CLICK, "bot#first")
        store.add_browser_ids(BARE_CLICK.tracking_token, fbp="fb.1.1.2", fbc=None)
        store.put(BARE_CLICK)
        found = store.get(BARE_CLICK.tracking_token)
        assert found is not None
        assert (found.claimed_by, found.fbp) == ("bot#first", "fb.1.1.2")


class ClickStoreRaces:
    """What holds when many write at once; for stores that several processes share."""

    @pytest.fixture
    def store(self) -> ClickStore:
        raise NotImplementedError

    def test_one_of_many_claims_at_once_stays(self, store: ClickStore) -> None:
        store.put(CLICK)
        people = [f"bot#{number}" for number in range(8)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda person: store.claim(CLICK, person), people))
        found = store.get(CLICK.tracking_token)
        assert found is not None
        assert found.claimed_by in people
