"""The sender's books: each Purchase is claimed in the ledger before it is sent and settled after, and its payment told.

A claim that its sender let lapse, and an answer that never came, leave one thing unknown: whether Meta has the event. It is then
sent again under the same event_id and noted as doubtful, but only inside the 48 hours in which Meta recognises a repeated one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import Conflict, StoreUnavailable
from rastro.meta.answer import Action, Verdict
from rastro.model import (
    DAY_MS,
    ConversionEvent,
    DeliveryState,
    EventName,
    LedgerRow,
    LedgerStatus,
    PaymentId,
    PurchaseState,
    SendAttempt,
)
from rastro.stores.ports import LedgerStore, PaymentStore

LEASE_MS = 120_000
"""How long a claim holds: twice the longest run of a sender, so that one that still runs is never taken for dead."""
EVENT_MAX_AGE_MS = 7 * DAY_MS - 60_000
"""Meta refuses an event older than seven days, and every other in its request; the minute is for the way there."""
REPEAT_HORIZON_MS = 47 * 3_600_000
"""Until when an event that Meta may have is sent again: an hour short of the 48 in which Meta discards a repeated event_id."""
LATE_MS = 10 * 60_000
"""From this age on a funnel event may be one that was parked, and then has a row."""
WRITE_ATTEMPTS = 8
SETTLE_ATTEMPTS = 3
ATTEMPTS_KEPT = 20
"""How many attempts a row tells one by one: the backoff makes twenty last for hours."""

_STATUS = {
    Action.ACCEPT: LedgerStatus.ACCEPTED,
    Action.REJECT: LedgerStatus.REJECTED,
    Action.PARK: LedgerStatus.PARKED,
    Action.RETRY: LedgerStatus.QUEUED,
    Action.RETRY_SLOWLY: LedgerStatus.QUEUED,
}
_BY_URGENCY = (
    (LedgerStatus.PARKED, PurchaseState.PARKED),
    (LedgerStatus.QUEUED, PurchaseState.QUEUED),
    (LedgerStatus.SENDING, PurchaseState.QUEUED),
    (LedgerStatus.HELD, PurchaseState.HELD),
    (LedgerStatus.REJECTED, PurchaseState.REJECTED),
    (LedgerStatus.EXPIRED, PurchaseState.EXPIRED),
    (LedgerStatus.ACCEPTED, PurchaseState.ACCEPTED),
)
"""What a payment with several pixels says: what still needs somebody comes first."""
_FINAL = frozenset({LedgerStatus.ACCEPTED, LedgerStatus.REJECTED, LedgerStatus.EXPIRED})


class Standing(StrEnum):
    """Whether an event is to be sent."""

    SEND = "send"
    DONE = "done"
    """Its row says that nothing is left to send."""
    TAKEN = "taken"
    """Another sender is at it, or died over it: until its claim lapses nobody can know."""
    UNKNOWN = "unknown"
    """A Purchase without a row: nobody can say whether it was sent."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the books say of an event before it is sent."""

    event: ConversionEvent
    standing: Standing
    row: LedgerRow | None = None
    wait_ms: int = 0


class Books:
    """Keeps the ledger and the payments true to what Meta answered; every method may raise ``StoreUnavailable``."""

    def __init__(self, *, ledger: LedgerStore, payments: PaymentStore, now_ms: Callable[[], int]) -> None:
        """Take the stores and the clock."""
        self._ledger = ledger
        self._payments = payments
        self._now_ms = now_ms

    def take(self, event: ConversionEvent) -> Claim:
        """Claim an event for sending, where it has a row; a funnel event costs nothing here unless it is late."""
        now_ms = self._now_ms()
        age_ms = now_ms - event.event_time_s * 1000
        is_purchase = event.event_name is EventName.PURCHASE
        if not is_purchase and age_ms < LATE_MS:
            return Claim(event=event, standing=Standing.SEND)
        row = self._ledger.claim(event.key, now_ms=now_ms, lease_ms=LEASE_MS)
        if row is None:
            return self._unclaimed(event, now_ms, is_purchase=is_purchase)
        if is_too_late(row, now_ms):
            self._settle(replace(row, status=LedgerStatus.EXPIRED, updated_at_ms=now_ms))
            return Claim(event=row.event, standing=Standing.EXPIRED, row=row)
        return Claim(event=row.event, standing=Standing.SEND, row=row)

    def _unclaimed(self, event: ConversionEvent, now_ms: int, *, is_purchase: bool) -> Claim:
        stored = self._ledger.get(event.key)
        if stored is None and not is_purchase:
            too_old = now_ms - event.event_time_s * 1000 > EVENT_MAX_AGE_MS
            return Claim(event=event, standing=Standing.EXPIRED if too_old else Standing.SEND)
        if stored is None:
            return Claim(event=event, standing=Standing.UNKNOWN)
        if stored.status in (LedgerStatus.SENDING, LedgerStatus.QUEUED):
            return Claim(event=event, standing=Standing.TAKEN, wait_ms=max((stored.claimed_until_ms or now_ms) - now_ms, 0))
        return Claim(event=event, standing=Standing.DONE, row=stored)

    def settle(self, claim: Claim, verdict: Verdict) -> None:
        """Write down what became of an event that was taken for sending.

        A lost claim is left to who has it now. A funnel event gets a row when it waits for its pixel or was refused.
        """
        now_ms = self._now_ms()
        if claim.row is not None:
            self._settle(_settled(claim.row, verdict, now_ms))
        elif verdict.action in (Action.PARK, Action.REJECT):
            # One that was parked, resumed and is still young has a row, which says that it waits to be sent.
            known = self._ledger.claim(claim.event.key, now_ms=now_ms, lease_ms=LEASE_MS)
            if known is not None:
                self._settle(_settled(known, verdict, now_ms))
                return
            fresh = LedgerRow(
                event=claim.event, status=LedgerStatus.QUEUED, created_at_ms=now_ms, updated_at_ms=now_ms, attempts=1
            )
            self._ledger.record(_settled(fresh, verdict, now_ms))

    def _settle(self, row: LedgerRow) -> None:
        """Write a row, trying more than once: an acceptance that is not written down becomes a doubtful second sending."""
        for attempt in range(SETTLE_ATTEMPTS):
            try:
                self._ledger.settle(row)
            except Conflict:
                return
            except StoreUnavailable:
                if attempt == SETTLE_ATTEMPTS - 1:
                    raise
            else:
                return

    def tell_payment(self, payment_id: PaymentId) -> None:
        """Write onto a payment what its rows say, all pixels together; raises ``Conflict`` when others keep writing it.

        The payment is read before its rows: whoever settles a row later also writes the payment later, or this write fails.
        """
        for attempt in range(WRITE_ATTEMPTS):
            payment = self._payments.get(payment_id)
            statuses = {row.status for row in self._ledger.by_payment(payment_id)}
            if payment is None or not statuses:
                return
            state = purchase_state(statuses)
            is_over = statuses <= _FINAL and payment.delivery_state is not DeliveryState.TO_DO
            told = replace(payment, purchase_state=state, due_at_ms=None if is_over else payment.due_at_ms)
            if told == payment:
                return
            try:
                self._payments.save(replace(told, updated_at_ms=self._now_ms()))
            except Conflict:
                if attempt == WRITE_ATTEMPTS - 1:
                    raise
            else:
                return


def purchase_state(statuses: Collection[LedgerStatus]) -> PurchaseState:
    """Return what a payment says of the rows of its Purchase, all pixels together."""
    return next((state for status, state in _BY_URGENCY if status in statuses), PurchaseState.NONE)


def is_too_late(row: LedgerRow, now_ms: int) -> bool:
    """Say whether Meta would refuse the event for its age, or count it twice if it has it."""
    if now_ms - row.event.event_time_s * 1000 > EVENT_MAX_AGE_MS:
        return True
    return row.doubtful_sends > 0 and now_ms - (row.first_sent_at_ms or now_ms) > REPEAT_HORIZON_MS


def _attempt(verdict: Verdict, now_ms: int) -> SendAttempt:
    return SendAttempt(
        at_ms=now_ms,
        status=_STATUS[verdict.action],
        doubtful=verdict.doubtful,
        error_code=verdict.code,
        error_subcode=verdict.subcode,
        fbtrace_id=verdict.fbtrace_id,
    )


def _settled(row: LedgerRow, verdict: Verdict, now_ms: int) -> LedgerRow:
    doubtful_sends = row.doubtful_sends + verdict.doubtful
    surely_not_there = verdict.action is not Action.ACCEPT and doubtful_sends == 0
    return replace(
        row,
        status=_STATUS[verdict.action],
        updated_at_ms=now_ms,
        # Meta's 48 hours begin with the first sending that may have arrived, not with one that was refused.
        first_sent_at_ms=None if surely_not_there else row.first_sent_at_ms,
        doubtful_sends=doubtful_sends,
        accepted_at_ms=now_ms if verdict.action is Action.ACCEPT else None,
        parked_at_ms=now_ms if verdict.action is Action.PARK else None,
        history=(*row.history, _attempt(verdict, now_ms))[-ATTEMPTS_KEPT:],
        fbtrace_id=verdict.fbtrace_id,
        error_code=verdict.code,
        error_subcode=verdict.subcode,
    )
