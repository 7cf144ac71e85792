"""What ``RollupStore`` promises."""

from __future__ import annotations

from collections import Counter

import pytest

from rastro.figures import Group, Hour, Seen
from rastro.sales.rollup import counted, mark_of
from rastro.stores.ports import RollupStore

HOUR, NEXT = Hour("2026-09-21T14"), Hour("2026-09-21T15")
ADS = Group(seen=Seen.CLICK, slug="curso", bot_id="7", provider="openpix", client="instagram_ios", campaign='promoção 🍞 #1 "x"')
BARE = Group(seen=Seen.CLICK)
STARTS = Group(seen=Seen.START, slug="curso", link_source="start_param", link_confidence="certain")


class RollupStoreContract:
    """A subclass gives a ``store`` that is empty."""

    @pytest.fixture
    def store(self) -> RollupStore:
        raise NotImplementedError

    def test_nothing_is_known_of_an_hour_at_first(self, store: RollupStore) -> None:
        assert list(store.seen(HOUR)) == []
        assert list(store.counts([HOUR])) == []

    def test_marks_come_back_with_their_groups(self, store: RollupStore) -> None:
        store.add(HOUR, {ADS: {mark_of("a"), mark_of("b")}, BARE: {mark_of("c")}, STARTS: {mark_of("d")}})
        assert counted(store.seen(HOUR)) == {ADS: 2, BARE: 1, STARTS: 1}
        assert list(store.seen(NEXT)) == []

    def test_the_same_marks_twice_are_kept_once(self, store: RollupStore) -> None:
        for _ in range(2):
            store.add(HOUR, {ADS: {mark_of("a"), mark_of("b")}})
        assert [sum(map(len, piece.values())) for piece in store.seen(HOUR)] == [2]

    def test_nobody_leaves_no_trace(self, store: RollupStore) -> None:
        store.add(HOUR, {ADS: set()})
        assert list(store.seen(HOUR)) == []

    def test_a_crowd_with_long_names_is_kept_whole(self, store: RollupStore) -> None:
        crowd = {
            Group(seen=Seen.CLICK, campaign=f"{number} {'🍞' * 110}"): {mark_of(f"{number}-{each}") for each in range(2)}
            for number in range(1_500)
        }
        store.add(HOUR, crowd)
        assert counted(store.seen(HOUR)) == dict.fromkeys(crowd, 2)
        store.close(HOUR, dict.fromkeys(crowd, 2))
        assert dict(store.counts([HOUR])) == {HOUR: dict.fromkeys(crowd, 2)}

    def test_a_closed_hour_has_its_counts_and_keeps_its_marks(self, store: RollupStore) -> None:
        store.add(HOUR, {ADS: {mark_of("a")}})
        store.close(HOUR, {ADS: 17, STARTS: 3})
        store.close(NEXT, {})
        hours = [HOUR, NEXT, Hour("2026-09-21T16")]
        assert {hour: dict(counts) for hour, counts in store.counts(hours)} == {HOUR: {ADS: 17, STARTS: 3}, NEXT: {}}
        assert counted(store.seen(HOUR)) == {ADS: 1}

    def test_counts_are_replaced_and_forgotten(self, store: RollupStore) -> None:
        store.close(HOUR, {ADS: 17})
        store.close(HOUR, {ADS: 18})
        assert dict(store.counts([HOUR])) == {HOUR: {ADS: 18}}
        store.reopen(HOUR)
        store.reopen(HOUR)
        assert list(store.counts([HOUR])) == []

    def test_many_hours_are_read_at_once(self, store: RollupStore) -> None:
        hours = [Hour(f"2026-09-{day:02}T{hour:02}") for day in range(1, 11) for hour in range(24)]
        for number, hour in enumerate(hours):
            store.close(hour, {ADS: number})
        total: Counter[Group] = Counter()
        for _, counts in store.counts(hours):
            total.update(counts)
        assert total == {ADS: sum(range(240))}
