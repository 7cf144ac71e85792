"""A queue of 100,000 events drained by five senders to a Graph on this machine that keeps every event id it takes.

Four of five events are an InitiateCheckout, the fifth is a Purchase, which is claimed in the ledger before and settled after. The
queue gives every tenth message a second time, as SQS may: a Purchase goes out once all the same. The senders are threads of one
process, so what is measured is one machine's work; on Lambda each has a container of its own.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests

from bench.graph_server import TALLIED_PIXEL
from bench.senders import LAMBDA_BATCH, TOKEN, charges
from rastro.meta import event as meta_event
from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.model import DeliveryState, LedgerRow, LedgerStatus, Payment, PaymentStatus, Pixel, PixelId, PurchaseState
from rastro.stores.messages import event_message
from tests.campaign.records import LockedPayments, StreamedLedger
from tests.fakes.stores import InMemoryClickStore

SENDERS = 5
"""``MaxSenderConcurrency`` as the template has it."""
PURCHASE_EVERY = 5
TWICE_EVERY = 10
_PIXEL = Pixel(pixel_id=PixelId(TALLIED_PIXEL))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What became of the queue."""

    events: int
    """Different events that were queued."""
    messages: int
    """Messages that the senders got, the second ones too."""
    seconds: float
    accepted: int
    """Different events that Graph has."""
    purchases: int
    purchases_accepted: int
    """How often Graph got a Purchase: as many as there are, or one was lost or doubled."""
    memory_mb: float

    @property
    def right(self) -> bool:
        """Say whether everything arrived, and every Purchase once."""
        return self.accepted == self.events and self.purchases_accepted == self.purchases


class _Queue:
    """Messages for several receivers; what comes again is put back."""

    def __init__(self, messages: list[QueueMessage]) -> None:
        self._messages = messages
        self._lock = threading.Lock()
        self.received = 0

    def take(self) -> list[QueueMessage]:
        with self._lock:
            taken, self._messages = self._messages[:LAMBDA_BATCH], self._messages[LAMBDA_BATCH:]
            self.received += len(taken)
            return taken

    def give_back(self, messages: list[QueueMessage]) -> None:
        with self._lock:
            self._messages += [replace(each, receive_count=each.receive_count + 1) for each in messages]


def drain(events: int) -> Drained:
    """Queue so many events, drain the queue, and compare what Graph has."""
    payments = LockedPayments(StreamedLedger())
    now_ms = int(time.time()) * 1000
    messages = list(_messages(events, payments, now_ms))
    queue = _Queue(messages)
    counts: Counter[str] = Counter()
    told: dict[str, Any] = {}
    with _graph(told) as url:
        senders = [threading.Thread(target=_send, args=(queue, payments, url, counts)) for _ in range(SENDERS)]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        seconds = time.perf_counter() - began
    purchases = events // PURCHASE_EVERY
    unfinished = [row for row in payments.ledger.rows.values() if row.status is not LedgerStatus.ACCEPTED]
    if unfinished:
        raise RuntimeError(f"{len(unfinished)} Purchases are not accepted in the ledger")
    return Drained(
        events=events,
        messages=queue.received,
        seconds=seconds,
        accepted=told["distinct"],
        purchases=purchases,
        purchases_accepted=told["purchases"],
        memory_mb=_memory_mb(),
    )


def _messages(events: int, payments: LockedPayments, now_ms: int) -> Iterator[QueueMessage]:
    """Yield the messages in no order, every tenth twice."""
    made = []
    for number, payment in enumerate(charges(events)):
        body = _purchase(payment, payments, now_ms) if number % PURCHASE_EVERY == 0 else _checkout(payment, now_ms)
        made += [QueueMessage(message_id=f"{number}-{copy}", body=body) for copy in range(1 + (number % TWICE_EVERY == 0))]
    random.Random(7).shuffle(made)  # noqa: S311 - the same disorder in every run
    yield from made


def _checkout(payment: Payment, now_ms: int) -> str:
    return event_message(meta_event.initiate_checkout(payment, _PIXEL, now_ms=now_ms))


def _purchase(payment: Payment, payments: LockedPayments, now_ms: int) -> str:
    paid = replace(
        payment,
        status=PaymentStatus.PAID,
        paid_at_ms=now_ms,
        purchase_state=PurchaseState.QUEUED,
        delivery_state=DeliveryState.DELIVERED,
    )
    event = meta_event.purchase(paid, _PIXEL, now_ms=now_ms)
    row = LedgerRow(event=event, status=LedgerStatus.QUEUED, created_at_ms=now_ms, updated_at_ms=now_ms)
    payments.save(paid, [row])
    return event_message(event)


def _send(queue: _Queue, payments: LockedPayments, url: str, counts: Counter[str]) -> None:
    """Drain the queue as one container does, batch by batch."""
    session = requests.Session()
    session.trust_env = False
    graph = GraphClient(session, tokens=lambda _pixel_id: TOKEN, seconds=time.monotonic, base_url=url)
    books = Books(ledger=payments.ledger, payments=payments, now_ms=lambda: int(time.time() * 1000))
    delivery = Delivery(graph=graph, books=books, clicks=InMemoryClickStore(), jitter=lambda: 0.5)
    while batch := queue.take():
        report = delivery.deliver(batch, lambda: True)
        counts.update(report.counts)
        again = report.again_after_seconds
        queue.give_back([message for message in batch if message.message_id in again])


@contextmanager
def _graph(told: dict[str, Any]) -> Iterator[str]:
    """Run the Graph in a process of its own and put what it counted into ``told``."""
    command = [sys.executable, "-m", "bench.graph_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise AssertionError("unreachable")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
        told.update(json.loads(process.stdout.readline()))


def _memory_mb() -> float:
    import resource  # noqa: PLC0415 - not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(drain(int(sys.argv[1])))
