"""The fault campaign in small, on the deployed template: real streams, a real queue, real functions, DynamoDB's ledger."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import requests

from rastro.meta import event as meta_event
from rastro.meta.parking import resume_pixel
from rastro.model import DeliveryState, LedgerRow, LedgerStatus, PaymentId, Pixel, PixelId, PurchaseState
from rastro.stores.dynamodb import Table
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from stack.local import LocalStack
from tests.campaign.verdict import spoilt
from tests.unit.meta.records import PAYMENT

pytestmark = pytest.mark.integration

PURCHASES = 200
INVALID = {17, 117}
PATIENCE_SECONDS = 90


class Deployment:
    """The records and the lab of a running stack."""

    def __init__(self, stack: LocalStack) -> None:
        self._lab = stack.lab
        client = stack.client("dynamodb")
        events = Table(client, stack.tables["event"])
        self.ledger = DynamoLedgerStore(events)
        self.payments = DynamoPaymentStore(Table(client, stack.tables["payment"]), events)
        self.pixel = Pixel(pixel_id=PixelId(stack.demo["pixel_id"]))
        self._run = secrets.token_hex(4)

    def fault(self, **fault: object) -> None:
        self._control("PUT", "faults/graph", fault)

    def end_fault(self) -> None:
        self._control("DELETE", "faults/graph")

    def accepted(self) -> Counter[str]:
        return Counter(entry["event"]["event_id"] for entry in self._control("GET", "graph/events"))

    def sell(self, numbers: Sequence[int]) -> list[PaymentId]:
        """Write paid payments with their ledger rows, each in one transaction."""
        return [self._pay(number) for number in numbers]

    def _pay(self, number: int) -> PaymentId:
        now_ms = time.time_ns() // 1_000_000
        payment = replace(
            PAYMENT,
            payment_id=PaymentId(f"{self._run}-{number}"),
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            paid_at_ms=now_ms,
            purchase_state=PurchaseState.QUEUED,
            delivery_state=DeliveryState.DELIVERED,
        )
        event = meta_event.purchase(payment, self.pixel, now_ms=now_ms)
        if number in INVALID:
            event = replace(event, payload=spoilt(event.payload, number))
        row = LedgerRow(event=event, status=LedgerStatus.QUEUED, created_at_ms=now_ms, updated_at_ms=now_ms)
        return self.payments.save(payment, [row]).payment_id

    def rows(self, sold: Sequence[PaymentId]) -> list[LedgerRow]:
        found = [self.ledger.get(f"{self.pixel.pixel_id}#Purchase#{meta_event.purchase_id(payment_id)}") for payment_id in sold]
        return [row for row in found if row is not None]

    def wait(self, sold: Sequence[PaymentId], *ends: LedgerStatus) -> Counter[LedgerStatus]:
        """Wait until every row is at one of these ends, and return how many are at each."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            statuses = Counter(row.status for row in self.rows(sold))
            if set(statuses) <= set(ends) or time.monotonic() > deadline:
                return statuses
            time.sleep(0.5)

    def _control(self, method: str, path: str, document: object = None) -> Any:
        answer = requests.request(method, f"{self._lab}/_/{path}", json=document, timeout=60)
        answer.raise_for_status()
        return answer.json()


def test_every_valid_purchase_is_accepted_though_graph_fails_and_the_token_dies(local_stack: LocalStack) -> None:
    deployment = Deployment(local_stack)
    half = PURCHASES // 2
    try:
        deployment.fault(mode="http_500", count=3)
        sold = deployment.sell(range(half))
        assert deployment.wait(sold, LedgerStatus.ACCEPTED, LedgerStatus.REJECTED) == {
            LedgerStatus.ACCEPTED: half - 1,
            LedgerStatus.REJECTED: 1,
        }

        deployment.fault(mode="token_error")
        later = deployment.sell(range(half, PURCHASES))
        assert deployment.wait(later, LedgerStatus.PARKED) == {LedgerStatus.PARKED: half}

        deployment.fault(mode="accept_then_timeout", count=1, delay_ms=10_000)
        assert resume_pixel(deployment.ledger, deployment.pixel.pixel_id, lambda: time.time_ns() // 1_000_000) >= half
        assert deployment.wait(later, LedgerStatus.ACCEPTED, LedgerStatus.REJECTED) == {
            LedgerStatus.ACCEPTED: half - 1,
            LedgerStatus.REJECTED: 1,
        }
    finally:
        deployment.end_fault()

    times = deployment.accepted()
    rows = {row.event.event_id: row for row in deployment.rows([*sold, *later])}
    accepted = {event_id for event_id, row in rows.items() if row.status is LedgerStatus.ACCEPTED}
    assert accepted == set(times) & set(rows)
    doubled = {event_id for event_id in accepted if times[event_id] > 1}
    assert doubled
    assert all(rows[event_id].doubtful_sends > 0 for event_id in doubled)
