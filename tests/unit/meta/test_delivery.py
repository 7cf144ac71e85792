from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.meta.bookkeeping import LEASE_MS, Books
from rastro.meta.delivery import Delivery, QueueMessage, Report, backoff_seconds
from rastro.model import (
    DAY_MS,
    ConversionEvent,
    DeliveryState,
    EventName,
    LedgerRow,
    LedgerStatus,
    PaymentId,
    PixelId,
    PurchaseState,
)
from rastro.stores.messages import event_message, lost_click_message
from tests.fakes.stores import InMemoryClickStore, InMemoryLedgerStore, InMemoryPaymentStore
from tests.unit.meta.records import CLICK, NOW_MS, PAYMENT, conversion

Answer = GraphAnswer | TransportFailure
Behaviour = Callable[[PixelId, Sequence[Mapping[str, Any]]], Answer]


def _json(status: int, document: object, headers: Mapping[str, str] | None = None) -> GraphAnswer:
    return GraphAnswer(status=status, headers=headers or {}, body=json.dumps(document).encode())


def accepts(_pixel_id: PixelId, events: Sequence[Mapping[str, Any]]) -> Answer:
    return _json(200, {"events_received": len(events), "fbtrace_id": "Aok"})


def refuses(code: int, subcode: int = 0, headers: Mapping[str, str] | None = None) -> Behaviour:
    error = {"code": code, "error_subcode": subcode, "is_transient": False, "fbtrace_id": "Ano"}
    return lambda _pixel_id, _events: _json(400, {"error": error}, headers)


def refuses_bad_events(pixel_id: PixelId, events: Sequence[Mapping[str, Any]]) -> Answer:
    """Take a request only if no event in it is bad, as Meta does."""
    bad = any("bad" in event["event_id"] for event in events)
    return refuses(100, 2804050)(pixel_id, events) if bad else accepts(pixel_id, events)


class FakeGraph:
    """Behaves as told, and remembers what it was sent and what it took."""

    def __init__(self, behaviour: Behaviour = accepts) -> None:
        self.behaviour = behaviour
        self.requests: list[tuple[PixelId, list[str], str | None]] = []
        self.accepted: list[str] = []

    def send(self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None) -> Answer:
        ids = [event["event_id"] for event in events]
        self.requests.append((pixel_id, ids, test_event_code))
        answer = self.behaviour(pixel_id, events)
        if isinstance(answer, GraphAnswer) and answer.status == 200:
            self.accepted += ids
        return answer


class World:
    def __init__(self, behaviour: Behaviour = accepts) -> None:
        self.now_ms = NOW_MS
        self.graph = FakeGraph(behaviour)
        self.ledger = InMemoryLedgerStore()
        self.payments = InMemoryPaymentStore(self.ledger)
        self.clicks = InMemoryClickStore()
        books = Books(ledger=self.ledger, payments=self.payments, now_ms=lambda: self.now_ms)
        self.delivery = Delivery(graph=self.graph, books=books, clicks=self.clicks, jitter=lambda: 1.0)

    def purchase(self, number: str = "9326", pixel_id: str = "1", **more: Any) -> ConversionEvent:
        """Return the Purchase of a payment that is paid, with its ledger row."""
        event = conversion(f"purchase_{number}", pixel_id=pixel_id, payment_id=number, **more)
        self.ledger.rows[event.key] = LedgerRow(
            event=event, status=LedgerStatus.QUEUED, created_at_ms=NOW_MS, updated_at_ms=NOW_MS
        )
        payment_id = PaymentId(number)
        self.payments.payments[payment_id] = replace(
            PAYMENT,
            payment_id=payment_id,
            version=1,
            purchase_state=PurchaseState.QUEUED,
            delivery_state=DeliveryState.DELIVERED,
            due_at_ms=NOW_MS + 300_000,
        )
        return event

    def deliver(self, *events: ConversionEvent, receives: int = 1, has_time: Callable[[], bool] = lambda: True) -> Report:
        messages = [
            QueueMessage(message_id=f"m{number}", body=event_message(event), receive_count=receives)
            for number, event in enumerate(events)
        ]
        return self.delivery.deliver(messages, has_time)

    def status(self, event: ConversionEvent) -> LedgerStatus:
        return self.ledger.rows[event.key].status

    def state(self, number: str = "9326") -> PurchaseState:
        return self.payments.payments[PaymentId(number)].purchase_state


def views(*numbers: int) -> list[ConversionEvent]:
    return [conversion(f"view_{number}", name=EventName.PAGE_VIEW, pixel_id="1") for number in numbers]


def test_a_purchase_is_accepted_and_its_payment_knows() -> None:
    world = World()
    event = world.purchase()

    report = world.deliver(event)

    assert report.again_after_seconds == {}
    assert report.counts == {"accept": 1}
    assert world.graph.requests == [(PixelId("1"), ["purchase_9326"], None)]
    assert (world.status(event), world.state()) == (LedgerStatus.ACCEPTED, PurchaseState.ACCEPTED)
    assert world.payments.payments[PAYMENT.payment_id].due_at_ms is None


def test_a_second_delivery_of_a_message_sends_nothing() -> None:
    world = World()
    event = world.purchase()
    world.deliver(event)

    report = world.deliver(event)

    assert world.graph.accepted == ["purchase_9326"]
    assert (report.again_after_seconds, report.counts) == ({}, {"already_settled": 1})


def test_a_message_that_comes_twice_in_one_batch_is_one_event() -> None:
    world = World(refuses(2))
    event = world.purchase()

    report = world.deliver(event, event)

    assert world.graph.requests == [(PixelId("1"), ["purchase_9326"], None)]
    assert set(report.again_after_seconds) == {"m0", "m1"}


def test_a_second_sender_leaves_the_event_to_the_first_until_its_claim_lapses() -> None:
    world = World()
    event = world.purchase()
    world.ledger.claim(event.key, now_ms=NOW_MS, lease_ms=LEASE_MS)

    report = world.deliver(event)

    assert world.graph.requests == []
    assert report.again_after_seconds == {"m0": LEASE_MS // 1000 + 5}


def test_a_sender_that_died_is_followed_by_one_that_notes_the_doubt() -> None:
    world = World()
    event = world.purchase()
    world.ledger.claim(event.key, now_ms=NOW_MS, lease_ms=LEASE_MS)
    world.now_ms += LEASE_MS + 1

    world.deliver(event)

    assert world.status(event) is LedgerStatus.ACCEPTED
    assert world.ledger.rows[event.key].doubtful_sends == 1


def test_events_go_by_pixel_and_test_event_code() -> None:
    world = World()
    tested = conversion("view_t", name=EventName.PAGE_VIEW, pixel_id="1", test_event_code="TEST1")
    other = conversion("view_o", name=EventName.PAGE_VIEW, pixel_id="2")

    report = world.deliver(*views(1, 2), tested, other)

    assert world.graph.requests == [
        (PixelId("1"), ["view_1", "view_2"], None),
        (PixelId("1"), ["view_t"], "TEST1"),
        (PixelId("2"), ["view_o"], None),
    ]
    assert report.counts["sent_as_test"] == 1


def test_a_request_carries_a_thousand_events_at_most() -> None:
    world = World()

    world.deliver(*views(*range(2_001)))

    assert [len(ids) for _, ids, _ in world.graph.requests] == [1_000, 1_000, 1]


def test_funnel_events_that_go_well_leave_no_row() -> None:
    world = World()

    world.deliver(*views(1, 2))

    assert world.ledger.rows == {}


def test_a_bad_event_is_found_and_none_is_refused_for_its_neighbour() -> None:
    world = World(refuses_bad_events)
    good = [world.purchase(str(number)) for number in range(20)]
    bad = conversion("bad_view", name=EventName.PAGE_VIEW, pixel_id="1")
    bad_purchase = world.purchase("bad")

    report = world.deliver(*good[:7], bad, *good[7:], bad_purchase)

    assert sorted(world.graph.accepted) == sorted(event.event_id for event in good)
    assert {world.status(event) for event in good} == {LedgerStatus.ACCEPTED}
    assert (world.status(bad_purchase), world.state("bad")) == (LedgerStatus.REJECTED, PurchaseState.REJECTED)
    row = world.ledger.rows[bad.key]
    assert (row.status, row.error_code, row.error_subcode) == (LedgerStatus.REJECTED, 100, 2804050)
    assert (report.again_after_seconds, report.counts) == ({}, {"accept": 20, "reject": 2})


@pytest.mark.parametrize("behaviour", [refuses(190, 460), refuses(100, 33), refuses(200)])
def test_a_pixel_without_access_parks_its_events_and_retries_none(behaviour: Behaviour) -> None:
    world = World(behaviour)
    event = world.purchase()

    report = world.deliver(event, *views(*range(1_500)))

    assert len(world.graph.requests) == 1
    assert report.again_after_seconds == {}
    assert report.counts == {"park": 1_501}
    assert (world.status(event), world.state()) == (LedgerStatus.PARKED, PurchaseState.PARKED)
    assert len(world.ledger.rows) == 1_501


def test_a_pixel_without_a_token_parks_its_events_and_no_other_pixels() -> None:
    def no_token_for_1(pixel_id: PixelId, events: Sequence[Mapping[str, Any]]) -> Answer:
        if pixel_id == "1":
            raise SecretMissing(pixel_id)
        return accepts(pixel_id, events)

    world = World(no_token_for_1)
    parked, accepted = world.purchase(), world.purchase("2", pixel_id="2")

    world.deliver(parked, accepted)

    assert (world.status(parked), world.status(accepted)) == (LedgerStatus.PARKED, LedgerStatus.ACCEPTED)


def test_a_token_that_cannot_be_read_now_is_retried() -> None:
    def unreadable(pixel_id: PixelId, _events: Sequence[Mapping[str, Any]]) -> Answer:
        raise StoreUnavailable(pixel_id)

    world = World(unreadable)
    event = world.purchase()

    assert world.deliver(event).again_after_seconds == {"m0": 5}
    assert world.status(event) is LedgerStatus.QUEUED


@pytest.mark.parametrize(("failure", "doubtful"), [(TransportFailure.NOT_SENT, 0), (TransportFailure.NO_ANSWER, 1)])
def test_a_purchase_without_an_answer_is_given_back_and_sent_again(failure: TransportFailure, doubtful: int) -> None:
    world = World(lambda _pixel_id, _events: failure)
    event = world.purchase()

    report = world.deliver(event, receives=3)
    world.graph.behaviour = accepts
    world.deliver(event)

    assert report.again_after_seconds == {"m0": 20}
    assert world.status(event) is LedgerStatus.ACCEPTED
    assert world.ledger.rows[event.key].doubtful_sends == doubtful


def test_a_throttled_pixel_is_left_alone_for_as_long_as_it_asks() -> None:
    usage = json.dumps({"1": [{"estimated_time_to_regain_access": 7}]})
    world = World(refuses(80004, headers={"x-business-use-case-usage": usage}))

    report = world.deliver(*views(*range(1_001)))

    assert len(world.graph.requests) == 1
    assert set(report.again_after_seconds.values()) == {7 * 60 + 5}
    assert len(report.again_after_seconds) == 1_001


def test_a_pixel_near_its_limit_rests_before_it_is_refused() -> None:
    def nearly_full(pixel_id: PixelId, events: Sequence[Mapping[str, Any]]) -> Answer:
        answer = accepts(pixel_id, events)
        assert isinstance(answer, GraphAnswer)
        return replace(answer, headers={"x-app-usage": '{"call_count": 99}'})

    world = World(nearly_full)

    report = world.deliver(*views(*range(1_001)))

    assert report.counts == {"accept": 1_000, "retry_slowly": 1}
    assert report.again_after_seconds == {"m1000": 305}


def test_a_dead_graph_is_left_alone_after_a_few_requests() -> None:
    world = World(lambda _pixel_id, _events: TransportFailure.NOT_SENT)

    report = world.deliver(*views(*range(9)), receives=20)

    assert len(world.graph.requests) == 3
    assert len(report.again_after_seconds) == 9


def test_an_event_that_keeps_failing_is_sent_alone() -> None:
    world = World(
        lambda pixel_id, events: refuses(1)(pixel_id, events) if events[0]["event_id"] == "view_1" else accepts(pixel_id, events)
    )

    report = world.deliver(*views(0, 1, 2), receives=6)

    assert world.graph.accepted == ["view_0", "view_2"]
    assert list(report.again_after_seconds) == ["m1"]


def test_what_there_is_no_time_for_is_given_back_unsent() -> None:
    world = World()
    event = world.purchase()

    report = world.deliver(event, has_time=lambda: False)

    assert world.graph.requests == []
    assert world.status(event) is LedgerStatus.QUEUED
    assert report.again_after_seconds == {"m0": 5}


def test_an_expired_event_is_not_sent_and_spoils_no_batch() -> None:
    world = World()
    old = world.purchase(at_ms=NOW_MS - 8 * DAY_MS)

    report = world.deliver(old, *views(1))

    assert world.graph.accepted == ["view_1"]
    assert (world.status(old), world.state()) == (LedgerStatus.EXPIRED, PurchaseState.EXPIRED)
    assert (report.again_after_seconds, report.counts) == ({}, {"expired": 1, "accept": 1})


def test_a_lost_click_is_restored() -> None:
    world = World()

    report = world.delivery.deliver([QueueMessage(message_id="m0", body=lost_click_message(CLICK))], lambda: True)

    assert world.clicks.clicks == {CLICK.tracking_token: CLICK}
    assert (report.again_after_seconds, report.counts) == ({}, {"click_restored": 1})


def test_a_lost_click_whose_table_is_still_down_comes_again() -> None:
    world = World()
    world.clicks.unavailable = True

    report = world.delivery.deliver([QueueMessage(message_id="m0", body=lost_click_message(CLICK))], lambda: True)

    assert report.again_after_seconds == {"m0": None}


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"kind": "event"}', '{"kind": "later version"}'])
def test_a_message_of_unknown_content_ends_among_the_dead_letters_alone(body: str) -> None:
    world = World()
    messages = [
        QueueMessage(message_id="m0", body=body),
        QueueMessage(message_id="m1", body=event_message(views(1)[0])),
    ]

    report = world.delivery.deliver(messages, lambda: True)

    assert report.again_after_seconds == {"m0": None}
    assert world.graph.accepted == ["view_1"]


def test_a_purchase_is_not_sent_while_the_ledger_is_down() -> None:
    world = World()
    event = world.purchase()
    world.ledger.unavailable = True

    report = world.deliver(event, *views(1))

    assert world.graph.accepted == ["view_1"]
    assert report.again_after_seconds == {"m0": None}


def test_a_payment_that_could_not_be_told_is_told_when_the_message_comes_again() -> None:
    world = World()
    event = world.purchase()
    world.payments.unavailable = True
    report = world.deliver(event)
    world.payments.unavailable = False

    again = world.deliver(event)

    assert (list(report.again_after_seconds), again.again_after_seconds) == (["m0"], {})
    assert world.graph.accepted == ["purchase_9326"]
    assert world.state() is PurchaseState.ACCEPTED


def test_a_purchase_without_a_row_is_not_sent() -> None:
    world = World()

    report = world.deliver(conversion("purchase_1", payment_id="1"))

    assert world.graph.requests == []
    assert report.again_after_seconds == {"m0": None}


@pytest.mark.parametrize(
    ("receives", "jitter", "seconds"),
    [(1, 0.0, 2), (1, 1.0, 5), (2, 1.0, 10), (8, 1.0, 640), (9, 1.0, 900), (9, 0.0, 450), (10**6, 1.0, 900)],
)
def test_the_wait_doubles_up_to_a_ceiling(receives: int, jitter: float, seconds: int) -> None:
    assert backoff_seconds(receives, jitter) == seconds
