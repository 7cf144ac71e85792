"""The campaign: sales, a queue, three senders, the reconciler and an operator on one clock, against the lab's Graph over HTTP.

The clock is simulated and jumps from step to step, so that half an hour and its waits take seconds; requests, answers and
time-outs are real. The records are the in-memory stores that pass the same contract suites as the DynamoDB adapters: ten thousand
purchases on an emulator would measure the emulator.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import requests

from rastro.meta import event as meta_event
from rastro.meta.parking import resume_pixel
from rastro.model import DeliveryState, LedgerRow, LedgerStatus, Payment, PaymentId, Pixel, PixelId, PurchaseState
from rastro.sales.reconcile import Reconciler
from rastro.sales.settle import CHECK_AGAIN_MS
from rastro.stores.messages import event_message
from tests.campaign.mortal import CrashPoint
from tests.campaign.queue import SimulatedSqs
from tests.campaign.records import LockedPayments, StreamedLedger
from tests.campaign.sender import Sender
from tests.campaign.verdict import INVALID_EVERY, Findings, find, spoilt
from tests.campaign.weather import (
    MINUTE_MS,
    RESUMED_AT_MINUTE,
    SALES_END_MINUTE,
    TOKEN_DEAD_FROM_MINUTE,
    TOKEN_DEAD_TO_MINUTE,
    spell_at,
)
from tests.fakes.world import World
from tests.unit.meta.records import PAYMENT

SEED = 20261124
SENDERS = 3
STEP_MS = 5_000
BATCH_MESSAGES = 1_000
RECONCILED_EVERY_MS = MINUTE_MS
PATIENCE_MS = 24 * 60 * MINUTE_MS
"""By then everything must have come to its end."""
PIXELS = (Pixel(pixel_id=PixelId("1000000000000001")), Pixel(pixel_id=PixelId("1000000000000002")))
_TOKEN, _RENEWED_TOKEN = "a-token", "a-renewed-token"


class Campaign:
    """One run."""

    def __init__(self, lab_url: str, purchases: int) -> None:
        self._lab_url = lab_url
        self._purchases = purchases
        self._dice = random.Random(SEED)
        self._start_ms = self._now_ms = int(time.time()) * 1000
        self._session = requests.Session()
        self._session.trust_env = False
        self._tokens = dict.fromkeys((pixel.pixel_id for pixel in PIXELS), _TOKEN)
        self._sold = 0
        self._spell: str | None = None
        self._resumed: int | None = None
        self.ledger = StreamedLedger()
        self.payments = LockedPayments(self.ledger)
        self.queue = SimulatedSqs(self._dice, self._clock)
        self.reconciled: Counter[str] = Counter()
        rest_of_the_deployment = World()
        self._reconciler = Reconciler(
            payments=self.payments,
            ledger=self.ledger,
            settler=rest_of_the_deployment.settler,
            enquirer=rest_of_the_deployment.enquirer,
            courier=rest_of_the_deployment.courier,
            now_ms=self._clock,
        )
        self._senders = [
            Sender(
                SEED + number,
                graph_url=f"{lab_url}/graph",
                tokens=self._tokens,
                ledger=self.ledger,
                payments=self.payments,
                now_ms=self._clock,
            )
            for number in range(SENDERS)
        ]

    def run(self) -> Findings:
        """Sell, send and wait until nothing is left to do, and return what the records say then."""
        began = time.monotonic()
        self._control("POST", "reset")
        self._configure_graph(_TOKEN)
        with ThreadPoolExecutor(SENDERS) as threads:
            while not self._is_over():
                self._go_on(threads)
        self._control("DELETE", "faults/graph")
        for sender in self._senders:
            sender.close()
        accepted, sent = self._control("GET", "graph/events"), self._control("GET", "graph/requests")
        self._session.close()
        return find(
            rows=list(self.ledger.rows.values()),
            payments=list(self.payments.payments.values()),
            accepted=accepted,
            requests=sent,
            killed=sum((sender.killed for sender in self._senders), Counter[CrashPoint]()),
            outcomes=sum((sender.outcomes for sender in self._senders), Counter[str]()) + self.reconciled,
            resumed=self._resumed or 0,
            left_over=len(self.queue),
            dead_letters=len(self.queue.dead_letters),
            duplicates=self.queue.duplicates,
            simulated_minutes=self._minute,
            seconds=time.monotonic() - began,
        )

    @property
    def _minute(self) -> float:
        return (self._now_ms - self._start_ms) / MINUTE_MS

    def _clock(self) -> int:
        return self._now_ms

    def _is_over(self) -> bool:
        if self._now_ms - self._start_ms > PATIENCE_MS:
            return True
        return self._sold == self._purchases and self._resumed is not None and not len(self.queue) and not self._unsettled()

    def _unsettled(self) -> bool:
        return any(payment.due_at_ms is not None for payment in self.payments.payments.values())

    def _go_on(self, threads: ThreadPoolExecutor) -> None:
        """Let one step pass."""
        self._change_weather()
        self._sell()
        self._relay()
        batches = [batch for _ in self._senders if (batch := self.queue.receive(self._batch_size()))]
        pairs = list(zip(self._senders, batches, strict=False))
        list(threads.map(lambda pair: pair[0].run(pair[1], self.queue), pairs))
        if (self._now_ms - self._start_ms) % RECONCILED_EVERY_MS == 0:
            self.reconciled += self._reconciler.run(lambda: True).counts
        self._now_ms += STEP_MS

    def _batch_size(self) -> int:
        return self._dice.choice((10, 100, BATCH_MESSAGES))

    def _change_weather(self) -> None:
        spell = spell_at(self._minute)
        if (spell.name if spell else None) != self._spell:
            self._spell = spell.name if spell else None
            if spell:
                self._control("PUT", "faults/graph", dict(spell.fault))
            else:
                self._control("DELETE", "faults/graph")
        if self._minute == TOKEN_DEAD_FROM_MINUTE:
            self._configure_graph(_RENEWED_TOKEN)
        if self._minute == TOKEN_DEAD_TO_MINUTE:
            self._tokens[PIXELS[0].pixel_id] = _RENEWED_TOKEN
        if self._minute == RESUMED_AT_MINUTE:
            self._resumed = resume_pixel(self.ledger, PIXELS[0].pixel_id, self._clock)

    def _sell(self) -> None:
        """Sell what is due by now, most of it in bursts as a live launch has them."""
        if self._minute >= SALES_END_MINUTE:
            due = self._purchases
        else:
            due = min(self._purchases, round(self._purchases * (self._minute + self._dice.random()) / SALES_END_MINUTE))
        for number in range(self._sold, due):
            self._pay(number)
        self._sold = max(self._sold, due)

    def _pay(self, number: int) -> None:
        """Write a paid payment and its ledger row, in one transaction as the settlement does."""
        pixel = PIXELS[0] if number % 4 else PIXELS[1]
        payment = _payment(number, self._now_ms)
        event = meta_event.purchase(payment, pixel, now_ms=self._now_ms)
        # The lab's Graph is on the real clock, and refuses what is ahead of it.
        payload = {**event.payload, "event_time": self._start_ms // 1000}
        event = replace(event, payload=spoilt(payload, number) if number % INVALID_EVERY == 0 else payload)
        row = LedgerRow(event=event, status=LedgerStatus.QUEUED, created_at_ms=self._now_ms, updated_at_ms=self._now_ms)
        self.payments.save(payment, [row])

    def _relay(self) -> None:
        """Do the outbox's part: what the ledger's stream says is to be sent goes onto the queue."""
        for event in self.ledger.taken_from_stream():
            self.queue.send(event_message(event))

    def _configure_graph(self, token_of_the_first: str) -> None:
        pixels = {pixel.pixel_id: _TOKEN for pixel in PIXELS} | {PIXELS[0].pixel_id: token_of_the_first}
        self._control("PUT", "config", {"api": "http://127.0.0.1:9", "bots": [], "providers": {}, "pixels": pixels})

    def _control(self, method: str, path: str, document: object = None) -> Any:
        response = self._session.request(method, f"{self._lab_url}/_/{path}", json=document, timeout=30)
        response.raise_for_status()
        return response.json()


def _payment(number: int, now_ms: int) -> Payment:
    return replace(
        PAYMENT,
        payment_id=PaymentId(str(number)),
        created_at_ms=now_ms - 60_000,
        updated_at_ms=now_ms,
        paid_at_ms=now_ms,
        purchase_state=PurchaseState.QUEUED,
        delivery_state=DeliveryState.DELIVERED,
        due_at_ms=now_ms + CHECK_AGAIN_MS,
    )
