from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rastro.errors import InvalidInput
from rastro.model import (
    Campaign,
    Confidence,
    ConversionEvent,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    PaymentStatus,
    Slug,
    VisitorId,
)
from rastro.sales.outbox import Kind, Outbox, attribution_of, news_of
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, click_item, ledger_item, payment_item
from rastro.tracking.token import campaign_ref
from tests.fakes.stores import InMemoryClickStore, InMemoryFunnelStore, InMemoryQueue
from tests.unit.meta.records import BOT_USER, CLICK, FBC, FUNNEL, NOW_MS, PAYMENT, TOKEN, conversion

Image = dict[str, Any]
ROW = LedgerRow(
    event=conversion("purchase_9326", payment_id="9326"),
    status=LedgerStatus.QUEUED,
    created_at_ms=NOW_MS,
    updated_at_ms=NOW_MS,
)


def click(**changes: Any) -> Image:
    return click_item(replace(CLICK, **changes)) | {"expires_at": 1, "fbclid_key": "0#1"}


AT_THE_REDIRECT: dict[str, Any] = {"last_start_at_ms": NOW_MS - 40_000}
"""The person opened the bot last before this link was made."""


STARTED = {"tracking_session_id": "x", "link_confidence": "certain", "linked_at_ms": 1, "last_start_at_ms": 1}
"""What makes an image that of a person who opened the bot by a link, and nothing else that a record has."""


def person(**changes: Any) -> Image:
    return bot_user_item(replace(BOT_USER, **changes))


def payment(status: PaymentStatus, **changes: Any) -> Image:
    return payment_item(replace(PAYMENT, status=status, **changes))


def row(status: LedgerStatus, **changes: Any) -> Image:
    return ledger_item(replace(ROW, status=status, **changes)) | {"event_key": ROW.event.key}


UNLINKED: Any = {"tracking_session_id": None, "link_confidence": Confidence.NONE, "link_source": LinkSource.NONE}
LOST: Any = {"link_confidence": Confidence.NONE, "link_source": LinkSource.NONE}
PROBABLE: Any = {"link_confidence": Confidence.PROBABLE, "link_source": LinkSource.RECENT_CLICK}


@pytest.mark.parametrize(
    ("kind", "old", "new", "is_news"),
    [
        pytest.param(Kind.CLICK, None, click(), True, id="a new click"),
        pytest.param(Kind.CLICK, click(), click(claimed_by="1#2"), False, id="a click is claimed"),
        pytest.param(Kind.CLICK, click(), None, False, id="a click expires"),
        pytest.param(Kind.BOT_USER, None, person(), True, id="a person comes linked"),
        pytest.param(Kind.BOT_USER, None, person(**UNLINKED), False, id="a person comes without a link"),
        pytest.param(Kind.BOT_USER, None, person(**PROBABLE), False, id="a person comes with a probable link"),
        pytest.param(Kind.BOT_USER, person(**UNLINKED), person(), True, id="a person is linked later"),
        pytest.param(Kind.BOT_USER, person(**PROBABLE), person(), True, id="a link becomes certain"),
        pytest.param(Kind.BOT_USER, person(tracking_session_id="other"), person(), True, id="a newer click"),
        pytest.param(Kind.BOT_USER, person(), person(first_name="Ana"), False, id="a profile changes"),
        pytest.param(Kind.BOT_USER, None, person(**AT_THE_REDIRECT), False, id="linked at the redirect, maybe by another"),
        pytest.param(Kind.BOT_USER, person(**AT_THE_REDIRECT), person(), True, id="and opens the bot after that"),
        pytest.param(Kind.BOT_USER, person(), person(last_start_at_ms=NOW_MS), False, id="a person opens the bot again"),
        pytest.param(Kind.BOT_USER, person(**LOST), person(), False, id="a link is found again"),
        pytest.param(Kind.BOT_USER, person(), None, False, id="a person is forgotten"),
        pytest.param(Kind.PAYMENT, None, payment(PaymentStatus.CREATED), False, id="a payment without a charge"),
        pytest.param(Kind.PAYMENT, None, payment(PaymentStatus.PENDING), True, id="a payment with its charge"),
        pytest.param(Kind.PAYMENT, payment(PaymentStatus.CREATED), payment(PaymentStatus.PENDING), True, id="the charge is made"),
        pytest.param(
            Kind.PAYMENT,
            payment(PaymentStatus.PENDING),
            payment(PaymentStatus.PENDING, version=9),
            False,
            id="a pending payment changes",
        ),
        pytest.param(Kind.PAYMENT, payment(PaymentStatus.PENDING), payment(PaymentStatus.PAID), False, id="it is paid"),
        pytest.param(Kind.LEDGER, None, row(LedgerStatus.QUEUED), True, id="a purchase to be sent"),
        pytest.param(Kind.LEDGER, None, row(LedgerStatus.HELD), False, id="a purchase is held"),
        pytest.param(Kind.LEDGER, None, row(LedgerStatus.PARKED), False, id="a funnel event is parked"),
        pytest.param(Kind.LEDGER, row(LedgerStatus.HELD), row(LedgerStatus.QUEUED), True, id="a held one is released"),
        pytest.param(Kind.LEDGER, row(LedgerStatus.PARKED), row(LedgerStatus.QUEUED), True, id="a parked one is resumed"),
        pytest.param(Kind.LEDGER, row(LedgerStatus.QUEUED), row(LedgerStatus.SENDING), False, id="it is claimed"),
        pytest.param(Kind.LEDGER, row(LedgerStatus.SENDING), row(LedgerStatus.QUEUED), False, id="its sender gives it back"),
        pytest.param(Kind.LEDGER, row(LedgerStatus.SENDING), row(LedgerStatus.ACCEPTED), False, id="it is accepted"),
        pytest.param(
            Kind.LEDGER,
            row(LedgerStatus.QUEUED),
            row(LedgerStatus.QUEUED, requeued_at_ms=1),
            True,
            id="it is asked for again",
        ),
        pytest.param(
            Kind.LEDGER,
            row(LedgerStatus.QUEUED, requeued_at_ms=1),
            row(LedgerStatus.QUEUED, requeued_at_ms=2),
            True,
            id="and once more",
        ),
        pytest.param(
            Kind.LEDGER,
            row(LedgerStatus.SENDING, requeued_at_ms=1),
            row(LedgerStatus.QUEUED, requeued_at_ms=1),
            False,
            id="given back after having been asked for",
        ),
        pytest.param(
            Kind.LEDGER,
            row(LedgerStatus.QUEUED, requeued_at_ms=1),
            row(LedgerStatus.SENDING, requeued_at_ms=1),
            False,
            id="claimed after having been asked for",
        ),
        pytest.param(
            Kind.LEDGER,
            row(LedgerStatus.SENDING),
            row(LedgerStatus.SENDING, requeued_at_ms=1),
            True,
            id="its sender died",
        ),
    ],
)
def test_a_change_is_news_or_not(kind: Kind, old: Image | None, new: Image | None, is_news: bool) -> None:  # noqa: FBT001
    assert (news_of(kind, Change(table="t", sequence_number="1", old=old, new=new)) is not None) is is_news


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "image",
    [
        {"status": "queued", **STARTED},
        {"status": "pending", **STARTED, "payload": "{"},
    ],
)
def test_an_image_that_is_no_record_is_refused(kind: Kind, image: Image) -> None:
    if image["status"] == "queued" and kind is Kind.PAYMENT:
        image = image | {"status": "pending"}
    if image["status"] == "pending" and kind is Kind.LEDGER:
        image = image | {"status": "queued"}
    with pytest.raises(InvalidInput):
        news_of(kind, Change(table="t", sequence_number="1", old=None, new=image))


class World:
    def __init__(self) -> None:
        self.funnels = InMemoryFunnelStore(FUNNEL)
        self.clicks = InMemoryClickStore()
        self.queue = InMemoryQueue()
        self.outbox = self.fresh_outbox()

    def fresh_outbox(self) -> Outbox:
        return Outbox(
            kinds={kind.value: kind for kind in Kind},
            funnels=self.funnels,
            clicks=self.clicks,
            queue=self.queue,
            now_ms=lambda: NOW_MS,
        )


def change(kind: str, new: Image | None, old: Image | None = None) -> Change:
    return Change(table=kind, sequence_number="1", old=old, new=new)


def test_each_record_makes_its_event_for_every_pixel_of_its_funnel() -> None:
    world = World()
    world.clicks.put(CLICK)

    relayed = world.outbox.relay(
        [
            change("click", click()),
            change("bot_user", person()),
            change("payment", payment(PaymentStatus.PENDING)),
            change("ledger", row(LedgerStatus.QUEUED)),
        ]
    )

    assert relayed.first_failed is None
    assert [(event.event_name, event.pixel_id) for event in world.queue.events] == [
        ("PageView", "1000000000000001"),
        ("PageView", "1000000000000002"),
        ("ViewContent", "1000000000000001"),
        ("ViewContent", "1000000000000002"),
        ("InitiateCheckout", "1000000000000001"),
        ("InitiateCheckout", "1000000000000002"),
        ("Purchase", "1000000000000001"),
    ]
    assert {event.test_event_code for event in world.queue.events if event.pixel_id.endswith("2")} == {"TEST1"}
    assert world.queue.events[-1] == ROW.event
    assert world.queue.events[2].payload["user_data"]["fbc"] == FBC
    assert relayed.counts["queued_PageView"] == 2


def test_a_record_changed_ten_times_makes_its_event_once() -> None:
    world = World()
    images = [person(version=number) for number in range(10)]

    world.outbox.relay([change("bot_user", new, old) for old, new in zip([None, *images], images, strict=False)])

    assert [event.event_name for event in world.queue.events] == ["ViewContent"] * 2


def test_a_person_whose_click_is_gone_still_makes_a_view_content() -> None:
    world = World()

    world.outbox.relay([change("bot_user", person())])

    assert {event.payload["action_source"] for event in world.queue.events} == {"chat"}
    assert set(world.queue.events[0].payload["user_data"]) == {"external_id"}


@pytest.mark.parametrize(
    ("visitor_id", "claimed_by", "has_browser"),
    [
        (CLICK.visitor_id, None, True),
        (CLICK.visitor_id, BOT_USER.key, True),
        (CLICK.visitor_id, "1#2", False),
        (VisitorId("another"), None, False),
        (None, None, False),
        (None, BOT_USER.key, True),
    ],
)
def test_the_browser_of_a_click_is_told_only_of_the_person_it_is_known_to_be(
    visitor_id: VisitorId | None,
    claimed_by: str | None,
    has_browser: bool,  # noqa: FBT001 - a column of the table
) -> None:
    attribution = attribution_of(replace(BOT_USER, visitor_id=visitor_id), replace(CLICK, claimed_by=claimed_by))

    assert attribution.fbc == FBC
    assert (attribution.fbp is not None, attribution.click_ip is not None) == (has_browser, has_browser)


def test_the_names_of_a_campaign_are_remembered_once() -> None:
    world = World()
    ref = campaign_ref(CLICK.campaign)

    world.outbox.relay([change("click", click())])
    world.funnels.campaigns.clear()
    world.outbox.relay([change("click", click())])
    assert world.funnels.campaigns == {}

    world.fresh_outbox().relay([change("click", click())])
    assert world.funnels.campaigns == {ref: CLICK.campaign}


def test_a_click_without_a_campaign_has_no_names_to_remember() -> None:
    world = World()

    world.outbox.relay([change("click", click(campaign=Campaign()))])

    assert world.funnels.campaigns == {}


def test_a_record_of_an_unknown_funnel_makes_no_event() -> None:
    world = World()

    relayed = world.outbox.relay([change("click", click(slug=Slug("gone")))])

    assert (relayed.first_failed, world.queue.events) == (None, [])


def test_an_event_that_meta_could_match_to_nobody_is_not_queued() -> None:
    world = World()

    relayed = world.outbox.relay([change("click", click(fbc=None, fbp=None, click_ip="10.0.0.1"))])

    assert world.queue.events == []
    assert relayed.counts["unmatchable"] == 2
    assert relayed.counts["dropped_client_ip_address"] == 1


def test_a_change_that_cannot_be_read_is_named_and_nothing_after_it_is_queued() -> None:
    world = World()

    relayed = world.outbox.relay(
        [change("click", click()), change("ledger", {"status": "queued"}), change("ledger", row(LedgerStatus.QUEUED))]
    )

    assert (relayed.first_failed, relayed.unreadable) == (1, True)
    assert {event.event_name for event in world.queue.events} == {"PageView"}


def test_a_change_of_an_unknown_table_is_named() -> None:
    assert World().outbox.relay([change("somewhere else", click())]).first_failed == 0


def test_a_store_that_is_down_has_the_change_come_again() -> None:
    world = World()
    world.funnels.unavailable = True

    relayed = world.outbox.relay([change("ledger", row(LedgerStatus.QUEUED)), change("click", click())])

    assert (relayed.first_failed, relayed.unreadable) == (1, False)
    assert world.queue.events == [ROW.event]


class ChoosyQueue(InMemoryQueue):
    """Does not take the events of one kind."""

    def send(self, events: Sequence[ConversionEvent]) -> Sequence[ConversionEvent]:
        refused = [event for event in events if event.event_name == "InitiateCheckout"]
        super().send([event for event in events if event not in refused])
        return refused


def test_what_the_queue_does_not_take_comes_again() -> None:
    world = World()
    world.queue = ChoosyQueue()
    changes = [
        change("click", click()),
        change("payment", payment(PaymentStatus.PENDING)),
        change("ledger", row(LedgerStatus.QUEUED)),
        change("ledger", {"status": "queued"}),
    ]

    relayed = world.fresh_outbox().relay(changes)

    assert (relayed.first_failed, relayed.unreadable) == (1, False)
    assert relayed.counts["event_not_queued"] == 2


def test_a_view_content_belongs_to_one_click_of_one_person() -> None:
    world = World()
    world.outbox.relay([change("bot_user", person()), change("bot_user", person(tracking_session_id=TOKEN + "B"), person())])

    assert len({event.event_id for event in world.queue.events}) == 2
