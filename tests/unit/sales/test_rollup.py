from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import StoreUnavailable
from rastro.figures import HOUR_MS, Group, Hour, Seen, hour_of
from rastro.model import BotUser, Campaign, ChatId, Click, Confidence, LinkSource, Slug, TrackingToken, VisitorId
from rastro.sales.rollup import (
    CLOSE_EVERY_MS,
    CLOSED_AFTER_MS,
    CLOSED_AT_ONCE,
    LOOK_BACK_HOURS,
    Rollup,
    Table,
    counted,
    hourly,
    mark_of,
)
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, click_item
from tests.fakes.stores import InMemoryClickStore, InMemoryFunnelStore, InMemoryRollupStore
from tests.unit.meta.records import BOT_USER, CLICK, FUNNEL, NOW_MS

HOUR = hour_of(NOW_MS)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Instagram 335.0"


class Door:
    """A rollup over stores in memory, and short words for what its streams bring."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.store = InMemoryRollupStore()
        self.clicks = InMemoryClickStore()
        self.funnels = InMemoryFunnelStore(FUNNEL)
        self.rollup = self.another()

    def another(self) -> Rollup:
        """Return the rollup of another container."""
        return Rollup(
            tables={"clicks": Table.CLICK, "people": Table.BOT_USER},
            funnels=self.funnels,
            clicks=self.clicks,
            rollup=self.store,
            now_ms=lambda: self.now_ms,
        )

    def counts(self, hour: Hour = HOUR) -> Counter[Group]:
        return Counter(dict(hourly(self.store, [hour]))[hour])


@pytest.fixture
def door() -> Door:
    return Door()


def click(number: int = 0, **changes: Any) -> Click:
    token = TrackingToken(f"t{number}")
    return replace(CLICK, **{"tracking_token": token, "clicked_at_ms": NOW_MS, "click_user_agent": IPHONE, **changes})


def person(number: int = 0, **changes: Any) -> BotUser:
    changed: dict[str, Any] = {"chat_id": ChatId(f"c{number}"), "last_start_at_ms": NOW_MS} | changes
    return replace(BOT_USER, **changed)


def came(one: Click, old: Click | None = None) -> Change:
    return Change(table="clicks", sequence_number="1", old=click_item(old) if old else None, new=click_item(one))


def opened(one: BotUser, old: BotUser | None = None) -> Change:
    return Change(table="people", sequence_number="1", old=bot_user_item(old) if old else None, new=bot_user_item(one))


UNLINKED: dict[str, Any] = {
    "tracking_session_id": None,
    "link_source": LinkSource.NONE,
    "link_confidence": Confidence.NONE,
}


def test_a_click_is_a_person_at_the_door_with_all_that_a_report_tells_apart(door: Door) -> None:
    one = click(campaign=Campaign(utm_campaign="natal", utm_source="facebook"))
    assert door.rollup.take([came(one)]) == {"seen_click": 1}
    assert door.counts() == {
        Group(
            seen=Seen.CLICK,
            slug=FUNNEL.slug,
            bot_id=one.bot_id or "",
            provider=FUNNEL.provider,
            client="instagram_ios",
            campaign="natal",
        ): 1
    }


def test_a_start_has_the_campaign_of_its_click_and_how_it_was_linked(door: Door) -> None:
    one = click(campaign=Campaign(utm_campaign="natal"), visitor_id=VisitorId("v"))
    door.clicks.put(one)
    someone = person(tracking_session_id=one.tracking_token, visitor_id=VisitorId("v"), link_source=LinkSource.REDIRECT)
    assert door.rollup.take([opened(someone)]) == {"seen_start": 1}
    ((group, count),) = door.counts().items()
    assert (count, group.seen, group.campaign, group.client) == (1, Seen.START, "natal", "instagram_ios")
    assert (group.link_source, group.link_confidence) == ("redirect", "certain")


def test_a_click_that_is_not_known_to_be_theirs_says_nothing_of_their_client(door: Door) -> None:
    one = click(campaign=Campaign(utm_campaign="natal"), visitor_id=VisitorId("someone's"), claimed_by="1#2")
    door.clicks.put(one)
    door.rollup.take([opened(person(tracking_session_id=one.tracking_token, visitor_id=None, link_source=LinkSource.FBCLID))])
    ((group, _),) = door.counts().items()
    assert (group.campaign, group.client) == ("natal", "")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(came(click(claimed_by="1#2"), click()), id="a click is claimed"),
        pytest.param(Change(table="clicks", sequence_number="1", old=click_item(click()), new=None), id="a click expires"),
        pytest.param(came(click(slug=Slug("nowhere"))), id="of a funnel that does not exist"),
        pytest.param(opened(person(first_name="Ana"), person()), id="a profile changes"),
        pytest.param(opened(person(last_start_at_ms=None)), id="a person who never opened the bot"),
        pytest.param(opened(person(slug=Slug("nowhere"))), id="a person of a funnel that does not exist"),
    ],
)
def test_what_is_nobody_new_is_not_kept(door: Door, change: Change) -> None:
    assert door.rollup.take([change]) == {}
    assert door.store.pieces == {}


def test_a_person_who_came_by_no_funnel_counts(door: Door) -> None:
    door.rollup.take([opened(person(slug=None, **UNLINKED))])
    ((group, count),) = door.counts().items()
    assert (count, group.slug, group.provider, group.link_source) == (1, "", "", "none")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(Change(table="clicks", sequence_number="1", old=None, new={"tracking_token": "x"}), id="no click"),
        pytest.param(Change(table="people", sequence_number="1", old=None, new={"bot_id": "1"}), id="no person"),
        pytest.param(Change(table="else", sequence_number="1", old=None, new={}), id="of another table"),
    ],
)
def test_what_cannot_be_read_is_told_and_holds_nobody_back(door: Door, change: Change) -> None:
    assert door.rollup.take([change, came(click())]) == {"image_unreadable": 1, "seen_click": 1}
    assert door.counts().total() == 1


@pytest.mark.parametrize("store", ["store", "funnels", "clicks"])
def test_a_store_that_does_not_answer_fails_the_batch(door: Door, store: str) -> None:
    getattr(door, store).unavailable = True
    with pytest.raises(StoreUnavailable):
        door.rollup.take([came(click()), opened(person())])


def test_a_person_counts_once_an_hour_with_the_best_link_that_they_had(door: Door) -> None:
    bare = person(**UNLINKED)
    bridged = person(link_source=LinkSource.BRIDGE, last_start_at_ms=NOW_MS + 1000)
    again = person(link_source=LinkSource.BOT_USER, last_start_at_ms=NOW_MS + 2000)
    changes = [opened(bare), opened(bridged, bare), opened(again, bridged)]
    for order in (changes, changes[::-1]):
        door.store.pieces.clear()
        for change in order:
            door.rollup.take([change])
        ((group, count),) = door.counts().items()
        assert (count, group.link_source) == (1, "bridge")


def test_a_person_who_comes_back_an_hour_later_counts_again(door: Door) -> None:
    first, later = person(), person(last_start_at_ms=NOW_MS + HOUR_MS)
    door.rollup.take([opened(first), opened(later, first)])
    assert door.counts().total() == 1
    assert door.counts(hour_of(NOW_MS + HOUR_MS)).total() == 1


@given(
    cuts=st.lists(st.integers(0, 60), max_size=12),
    again=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)), max_size=8),
    seed=st.integers(0, 2**16),
)
def test_however_a_stream_cuts_and_repeats_its_batches_everybody_counts_once(
    cuts: list[int], again: list[tuple[int, int]], seed: int
) -> None:
    door = Door()
    dice = random.Random(seed)
    changes = [
        came(click(number, campaign=Campaign(utm_campaign=dice.choice("abc")), clicked_at_ms=NOW_MS + number * HOUR_MS // 30))
        for number in range(60)
    ]
    places = sorted({0, 60, *cuts})
    batches = [changes[begin:end] for begin, end in pairwise(places)]
    batches += [changes[begin : begin + length] for begin, length in again]
    dice.shuffle(batches)
    for batch in batches:
        door.another().take(batch)
    hours = [hour_of(NOW_MS + number * HOUR_MS) for number in range(4)]
    total = sum((Counter(counts) for _, counts in hourly(door.store, hours)), Counter[Group]())
    assert total.total() == 60


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(LinkSource)), st.sampled_from(list(Confidence))), max_size=20))
def test_whom_a_mark_counts_for_does_not_hang_on_the_order(starts: Sequence[tuple[int, LinkSource, Confidence]]) -> None:
    pieces = [
        {Group(seen=Seen.START, link_source=source.value, link_confidence=confidence.value): [mark_of(str(number))]}
        for number, source, confidence in starts
    ]
    assert counted(pieces) == counted(pieces[::-1])
    assert counted(pieces).total() == len({number for number, _, _ in starts})


class TestClosing:
    """Hours that have been over for a day are counted for good."""

    def test_an_hour_is_closed_when_its_stream_can_bring_nothing_more(self, door: Door) -> None:
        door.rollup.take([came(click())])
        begins_ms = NOW_MS // HOUR_MS * HOUR_MS
        for now_ms, closed in ((begins_ms + CLOSED_AFTER_MS - 1, False), (begins_ms + CLOSED_AFTER_MS, True)):
            door.now_ms = now_ms
            door.another().close_hours()
            assert (HOUR in door.store.closed) == closed
        assert sum(door.store.closed[HOUR].values()) == 1

    def test_a_closed_hour_reads_as_it_did_when_it_was_open(self, door: Door) -> None:
        door.rollup.take([came(click(number)) for number in range(5)])
        before = door.counts()
        door.now_ms += CLOSED_AFTER_MS + HOUR_MS
        door.rollup.close_hours()
        door.store.pieces.clear()
        assert door.counts() == before

    def test_a_few_hours_a_minute_are_closed_until_none_is_left(self, door: Door) -> None:
        closed = []
        while door.rollup.close_hours():
            closed.append(len(door.store.closed))
            assert door.rollup.close_hours() == 0
            door.now_ms += CLOSE_EVERY_MS
        assert closed[0] == CLOSED_AT_ONCE
        assert closed[-1] == LOOK_BACK_HOURS

    def test_what_another_container_closed_is_not_closed_again(self, door: Door) -> None:
        door.rollup.close_hours()
        marked = {hour: {Group(seen=Seen.CLICK): 7} for hour in door.store.closed}
        door.store.closed.update(marked)
        door.another().close_hours()
        assert {hour: door.store.closed[hour] for hour in marked} == marked

    def test_a_click_that_was_restored_days_later_opens_its_hour_again(self, door: Door) -> None:
        door.rollup.take([came(click(1))])
        door.now_ms += CLOSED_AFTER_MS + HOUR_MS
        door.rollup.close_hours()
        door.rollup.take([came(click(2))])
        assert door.counts().total() == 2
        door.now_ms += CLOSE_EVERY_MS
        door.rollup.close_hours()
        assert sum(door.store.closed[HOUR].values()) == 2
