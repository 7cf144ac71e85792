"""The sender against the lab's Graph, through each of its faults: every valid purchase arrives, and doubles are known."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from rastro.meta import event as meta_event
from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.meta.parking import resume_pixel
from rastro.model import ConversionEvent, LedgerRow, LedgerStatus, PaymentId, PurchaseState
from rastro.stores.messages import event_message
from tests.fakes.stores import InMemoryClickStore, InMemoryLedgerStore, InMemoryPaymentStore
from tests.unit.meta.records import CLICK, NOW_MS, PAYMENT, PIXEL

pytestmark = pytest.mark.integration

PURCHASES = 60
ANSWER_SECONDS = 0.4
DEFAULT_VISIBILITY_SECONDS = 360


@dataclass
class Queued:
    message: QueueMessage
    visible_at_ms: int


class World:
    """A queue, a ledger and payments in memory, whose clock runs ahead from wait to wait, and the real client to the lab."""

    def __init__(self, session: requests.Session, lab_url: str) -> None:
        self.session, self.lab_url = session, lab_url
        self.start_ms = self.now_ms = time.time_ns() // 1_000_000
        self.ledger = InMemoryLedgerStore()
        self.payments = InMemoryPaymentStore(self.ledger)
        self.queue: dict[str, Queued] = {}
        self.outcomes: Counter[str] = Counter()
        graph = GraphClient(
            session,
            tokens=lambda _pixel_id: "pixel-token",
            seconds=time.monotonic,
            base_url=f"{lab_url}/graph",
            answer_seconds=ANSWER_SECONDS,
        )
        books = Books(ledger=self.ledger, payments=self.payments, now_ms=lambda: self.now_ms)
        self.delivery = Delivery(graph=graph, books=books, clicks=InMemoryClickStore(), jitter=lambda: 0.5)

    def control(self, method: str, path: str, document: object = None) -> Any:
        response = self.session.request(method, f"{self.lab_url}/_/{path}", json=document, timeout=5)
        assert response.ok, response.text
        return response.json() if response.content else None

    def put(self, event: ConversionEvent) -> None:
        message = QueueMessage(message_id=f"m{len(self.queue)}-{self.now_ms}", body=event_message(event), receive_count=0)
        self.queue[message.message_id] = Queued(message, self.now_ms)

    def sell(self, count: int) -> list[ConversionEvent]:
        """Put so many purchases, and a page view beside each, on the queue."""
        events = []
        from_sample_to_now_ms = self.start_ms - NOW_MS
        for number in range(count):
            payment_id = PaymentId(str(number))
            payment = replace(PAYMENT, payment_id=payment_id, version=1, paid_at_ms=self.start_ms - 1_000)
            self.payments.payments[payment_id] = payment
            event = meta_event.purchase(payment, PIXEL, now_ms=self.start_ms)
            self.ledger.rows[event.key] = LedgerRow(
                event=event, status=LedgerStatus.QUEUED, created_at_ms=self.start_ms, updated_at_ms=self.start_ms
            )
            events.append(event)
            click = replace(
                CLICK, pageview_event_id=f"pageview_{number}", clicked_at_ms=CLICK.clicked_at_ms + from_sample_to_now_ms
            )
            self.put(event)
            self.put(meta_event.page_view(click, PIXEL, now_ms=self.start_ms))
        return events

    def run(self, rounds: int) -> None:
        """Deliver what is visible, round by round, until the queue is empty."""
        for _ in range(rounds):
            if not self.queue:
                return
            self.now_ms = max(self.now_ms, min(queued.visible_at_ms for queued in self.queue.values()))
            batch = []
            for queued in self.queue.values():
                if queued.visible_at_ms <= self.now_ms:
                    queued.message = replace(queued.message, receive_count=queued.message.receive_count + 1)
                    batch.append(queued.message)
            report = self.delivery.deliver(batch, lambda: True)
            self.outcomes += report.counts
            for message in batch:
                if message.message_id not in report.again_after_seconds:
                    del self.queue[message.message_id]
                    continue
                seconds = report.again_after_seconds[message.message_id]
                wait_seconds = DEFAULT_VISIBILITY_SECONDS if seconds is None else seconds
                self.queue[message.message_id].visible_at_ms = self.now_ms + wait_seconds * 1_000

    def accepted(self) -> Counter[str]:
        return Counter(entry["event"]["event_id"] for entry in self.control("GET", "graph/events"))

    def rows(self, events: list[ConversionEvent]) -> list[LedgerRow]:
        return [self.ledger.rows[event.key] for event in events]


@pytest.fixture
def world(lab_url: str) -> Iterator[World]:
    with requests.Session() as session:
        session.trust_env = False
        world = World(session, lab_url)
        world.control("POST", "reset")
        nobody = {"api": "http://127.0.0.1:9", "bots": [], "providers": {}}
        world.control("PUT", "config", nobody | {"pixels": {PIXEL.pixel_id: "pixel-token"}})
        yield world
        world.control("DELETE", "faults/graph")


def all_accepted(world: World, events: list[ConversionEvent]) -> bool:
    states = {payment.purchase_state for payment in world.payments.payments.values()}
    return {row.status for row in world.rows(events)} == {LedgerStatus.ACCEPTED} and states == {PurchaseState.ACCEPTED}


@pytest.mark.parametrize(
    ("fault", "is_doubtful"),
    [
        ({"mode": "http_500", "count": 3}, False),
        ({"mode": "html_502", "count": 3}, True),
        ({"mode": "throttle", "count": 2, "delay_ms": 120_000}, False),
        ({"mode": "reset", "count": 2}, True),
        ({"mode": "timeout", "count": 2, "delay_ms": 2_000}, True),
    ],
    ids=["http_500", "html_502", "throttle", "reset", "timeout"],
)
def test_every_purchase_arrives_once_when_graph_fails_for_a_while(
    world: World,
    fault: dict[str, object],
    is_doubtful: bool,  # noqa: FBT001 - a column of the table
) -> None:
    events = world.sell(PURCHASES)
    world.control("PUT", "faults/graph", fault)

    world.run(20)

    assert all_accepted(world, events)
    assert set(world.accepted().values()) == {1}
    assert len(world.accepted()) == 2 * PURCHASES
    assert {row.doubtful_sends > 0 for row in world.rows(events)} == {is_doubtful}


@pytest.mark.parametrize("mode", ["accept_then_timeout", "slow"])
def test_what_graph_took_without_saying_so_is_sent_again_and_noted(world: World, mode: str) -> None:
    events = world.sell(3)
    world.control("PUT", "faults/graph", {"mode": mode, "count": 1, "delay_ms": 4_000})

    world.run(10)

    assert all_accepted(world, events)
    assert {world.accepted()[event.event_id] for event in events} == {2}
    assert {row.doubtful_sends for row in world.rows(events)} == {1}


def test_a_dead_token_parks_everything_and_a_new_one_lets_it_go(world: World) -> None:
    events = world.sell(PURCHASES)
    world.control("PUT", "faults/graph", {"mode": "token_error"})

    world.run(1)

    assert world.queue == {}
    assert len(world.control("GET", "graph/requests")) == 1
    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.PARKED}
    assert len(world.ledger.rows) == 2 * PURCHASES

    world.control("DELETE", "faults/graph")
    world.now_ms += 3_600_000
    parked = list(world.ledger.parked(PIXEL.pixel_id))
    assert resume_pixel(world.ledger, PIXEL.pixel_id, lambda: world.now_ms) == 2 * PURCHASES
    for row in parked:
        world.put(row.event)
    world.run(3)

    assert all_accepted(world, events)
    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.ACCEPTED}
    assert set(world.accepted().values()) == {1}


def test_invalid_events_are_found_and_none_is_refused_for_its_neighbour(world: World) -> None:
    events = world.sell(PURCHASES)
    world.control("PUT", "faults/graph", {"mode": "invalid_event", "share": 0.2})

    world.run(5)

    refused = {row.event.event_id for row in world.ledger.rows.values() if row.status is LedgerStatus.REJECTED}
    accepted = world.accepted()
    assert 0 < len(refused) < 2 * PURCHASES
    assert not refused & set(accepted)
    assert len(refused) + len(accepted) == 2 * PURCHASES
    assert set(accepted.values()) == {1}
    assert {row.status for row in world.rows(events)} == {LedgerStatus.ACCEPTED, LedgerStatus.REJECTED}


def test_a_thousand_events_go_in_one_request(world: World) -> None:
    events = world.sell(500)

    world.run(1)

    assert all_accepted(world, events)
    assert [entry["events"] for entry in world.control("GET", "graph/requests")] == [1_000]
