"""The records in memory for several senders at once: each call alone, and every written row an image on the stream."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from rastro.model import ConversionEvent, LedgerRow, Payment, PaymentId
from rastro.sales.outbox import Kind, news_of
from rastro.stores.images import Change
from rastro.stores.items import ledger_item
from tests.fakes.stores import InMemoryLedgerStore, InMemoryPaymentStore


class _StreamedRows(dict[str, LedgerRow]):
    """The rows by key; the outbox's own rule decides which of their images are an event."""

    def __init__(self) -> None:
        super().__init__()
        self.to_send: list[ConversionEvent] = []
        self.by_payment: dict[PaymentId, dict[str, LedgerRow]] = {}

    def __setitem__(self, key: str, row: LedgerRow) -> None:
        known = self.get(key)
        super().__setitem__(key, row)
        if row.event.payment_id is not None:
            self.by_payment.setdefault(row.event.payment_id, {})[key] = row
        images = {"old": ledger_item(known) if known else None, "new": ledger_item(row)}
        if news_of(Kind.LEDGER, Change(table="event", sequence_number="", **images)) is not None:
            self.to_send.append(row.event)

    def __ior__(self, rows: Mapping[str, LedgerRow] | Iterable[tuple[str, LedgerRow]], /) -> Self:  # type: ignore[override,misc] # only ever a mapping
        for key, row in dict(rows).items():
            self[key] = row
        return self


class StreamedLedger(InMemoryLedgerStore):
    """The ledger that passes the contract suite, with a lock around each call and a stream behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.rows: _StreamedRows = _StreamedRows()

    def by_payment(self, payment_id: PaymentId) -> Sequence[LedgerRow]:
        with self.lock:
            return list(self.rows.by_payment.get(payment_id, {}).values())

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        with self.lock:
            return super().claim(key, now_ms=now_ms, lease_ms=lease_ms)

    def settle(self, row: LedgerRow) -> None:
        with self.lock:
            super().settle(row)

    def record(self, row: LedgerRow) -> None:
        with self.lock:
            super().record(row)

    def requeue(self, key: str, *, now_ms: int) -> bool:
        with self.lock:
            return super().requeue(key, now_ms=now_ms)

    def expire(self, key: str, *, now_ms: int) -> bool:
        with self.lock:
            return super().expire(key, now_ms=now_ms)

    def taken_from_stream(self) -> list[ConversionEvent]:
        """Return what the outbox would put on the queue since it was asked last."""
        with self.lock:
            taken, self.rows.to_send = self.rows.to_send, []
            return taken


class LockedPayments(InMemoryPaymentStore):
    """The payments that pass the contract suite, with the ledger's lock around each write."""

    ledger: StreamedLedger

    def __init__(self, ledger: StreamedLedger) -> None:
        super().__init__(ledger)

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        with self.ledger.lock:
            return super().save(payment, rows)
