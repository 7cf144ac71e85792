"""Senders that die: killed outright at a chosen point of their work, as when a container is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.meta.delivery import Graph
from rastro.model import LedgerRow, Payment, PaymentId, PixelId
from tests.campaign.records import LockedPayments, StreamedLedger


class CrashPoint(StrEnum):
    """Everywhere between two effects of a sender."""

    CLAIMING = "some claimed, others not"
    CLAIMED = "claimed, nothing sent"
    SENT = "sent, no outcome written"
    SETTLING = "some outcomes written, others not"
    SETTLED = "outcomes written, payments not told"
    TELLING = "some payments told, others not"
    TOLD = "payments told, messages not deleted"


class SenderKilled(BaseException):
    """End a sender as nothing that it could catch would."""


@dataclass(slots=True)
class Fate:
    """Where one run of a sender dies, if it does."""

    point: CrashPoint | None = None
    passes: int = 0
    """How often it gets past that point before."""

    def meet(self, point: CrashPoint) -> None:
        """Die here, if this is the place."""
        if point is not self.point:
            return
        self.passes -= 1
        if self.passes < 0:
            raise SenderKilled(point)


class MortalGraph:
    """Graph as a sender reaches it that may die before or after."""

    def __init__(self, graph: Graph, fate: Fate) -> None:
        self._graph = graph
        self._fate = fate

    def send(
        self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None
    ) -> GraphAnswer | TransportFailure:
        self._fate.meet(CrashPoint.CLAIMED)
        answer = self._graph.send(pixel_id, events, test_event_code)
        self._fate.meet(CrashPoint.SENT)
        return answer


class MortalLedger:
    """The ledger as a sender that may die writes it."""

    def __init__(self, ledger: StreamedLedger, fate: Fate) -> None:
        self._ledger = ledger
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        claimed = self._ledger.claim(key, now_ms=now_ms, lease_ms=lease_ms)
        self._fate.meet(CrashPoint.CLAIMING)
        return claimed

    def settle(self, row: LedgerRow) -> None:
        self._ledger.settle(row)
        self._fate.meet(CrashPoint.SETTLING)


class MortalPayments:
    """The payments as a sender that may die writes them."""

    def __init__(self, payments: LockedPayments, fate: Fate) -> None:
        self._payments = payments
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._payments, name)

    def get(self, payment_id: PaymentId) -> Payment | None:
        self._fate.meet(CrashPoint.SETTLED)
        return self._payments.get(payment_id)

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        saved = self._payments.save(payment, rows)
        self._fate.meet(CrashPoint.TELLING)
        return saved
