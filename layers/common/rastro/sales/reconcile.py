"""The reconciler: looks after every payment with something left to do, by changing records and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from rastro.errors import Conflict, InvalidInput, ProviderError, SecretMissing, StoreUnavailable
from rastro.meta.bookkeeping import EVENT_MAX_AGE_MS, is_too_late, purchase_state
from rastro.model import DAY_MS, DeliveryState, LedgerRow, LedgerStatus, Payment, PaymentStatus, PurchaseState
from rastro.observability import logger
from rastro.sales.charge import EXPIRY_GRACE_MS
from rastro.sales.deliver import Courier
from rastro.sales.enquire import Enquirer
from rastro.sales.settle import CHECK_AGAIN_MS, DELIVERY_PATIENCE_MS, Settler
from rastro.stores.ports import LedgerStore, PaymentStore

BATCH = 100
PARKED_CHECK_MS = 3_600_000
"""How often a payment is looked at whose Purchase waits for its pixel."""
EXPIRING_AGE_MS = 5 * DAY_MS
"""From this age on a Purchase that Meta does not have yet is alarmed: two days are left to mend what keeps it."""
LAST_ENQUIRY_MS = DAY_MS
"""How long after its expiry a charge is asked about for the last time: money may come late, and its notice be lost."""
_UNFINISHED = (LedgerStatus.QUEUED, LedgerStatus.SENDING)
_WAITING = (*_UNFINISHED, LedgerStatus.PARKED)


@dataclass(slots=True)
class Report:
    """What a run did, counted by kind."""

    counts: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    """Whether nothing that was due is left."""
    longest_wait_ms: int | None = None
    """How long the Purchase has waited for Meta that has waited longest, of those looked at; ``None`` where none waits."""


class Reconciler:
    """Repairs, releases, requeues, expires and delivers what the straight path left behind."""

    def __init__(
        self,
        *,
        payments: PaymentStore,
        ledger: LedgerStore,
        settler: Settler,
        enquirer: Enquirer,
        courier: Courier,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the settler's own steps, who asks providers, who delivers, and the clock."""
        self._payments = payments
        self._ledger = ledger
        self._settler = settler
        self._enquirer = enquirer
        self._courier = courier
        self._now_ms = now_ms

    def run(self, has_time: Callable[[], bool]) -> Report:
        """Look at every payment that is due, while there is time; what is left comes first in the next run."""
        report = Report()
        seen: set[str] = set()
        while has_time():
            due = [payment for payment in self._payments.due(self._now_ms(), BATCH) if payment.payment_id not in seen]
            if not due:
                return report
            for payment in due:
                if not has_time():
                    report.complete = False
                    return report
                seen.add(payment.payment_id)
                report.counts[self._look_after(payment, report)] += 1
        report.complete = False
        return report

    def _look_after(self, payment: Payment, report: Report) -> str:
        """Do what is due for one payment and return what it was; whoever wrote it in between has looked after it."""
        try:
            match payment.status:
                case PaymentStatus.CREATED:
                    return self._close(payment, PaymentStatus.FAILED, ask_at_ms=None)
                case PaymentStatus.PENDING | PaymentStatus.EXPIRED | PaymentStatus.FAILED:
                    return self._ask(payment)
                case PaymentStatus.PAID | PaymentStatus.REFUNDED:
                    return self._finish(payment, report)
        except Conflict:
            return "changed_meanwhile"
        except StoreUnavailable:
            return "store_unavailable"

    def _ask(self, payment: Payment) -> str:
        """Ask the provider about an unpaid charge before it counts as expired, and once more a day later."""
        now_ms = self._now_ms()
        over_at_ms = (payment.charge_expires_at_ms or payment.created_at_ms) + EXPIRY_GRACE_MS
        try:
            settled = self._enquirer.ask(payment)
        except (ProviderError, SecretMissing, InvalidInput) as exc:
            return self._not_answered(payment, over_at_ms, str(exc))
        if settled:
            return f"found_{settled[-1].settlement}"
        if payment.status is not PaymentStatus.PENDING:
            self._payments.save(replace(payment, due_at_ms=None))
            return "nothing_left"
        if now_ms < over_at_ms:
            self._payments.save(replace(payment, due_at_ms=over_at_ms))
            return "still_open"
        return self._close(payment, PaymentStatus.EXPIRED, ask_at_ms=now_ms + LAST_ENQUIRY_MS)

    def _not_answered(self, payment: Payment, over_at_ms: int, reason: str) -> str:
        """Ask again later, for two days; a charge is not given up because its provider is down."""
        now_ms = self._now_ms()
        given_up = now_ms >= over_at_ms + 2 * LAST_ENQUIRY_MS
        logger.error("charge_not_enquired", payment_id=payment.payment_id, provider=payment.provider, reason=reason)
        if not given_up:
            self._payments.save(replace(payment, due_at_ms=now_ms + CHECK_AGAIN_MS))
            return "provider_unavailable"
        if payment.status is PaymentStatus.PENDING:
            return self._close(payment, PaymentStatus.EXPIRED, ask_at_ms=None)
        self._payments.save(replace(payment, due_at_ms=None))
        return "nothing_left"

    def _close(self, payment: Payment, status: PaymentStatus, *, ask_at_ms: int | None) -> str:
        self._payments.save(replace(payment, status=status, updated_at_ms=self._now_ms(), due_at_ms=ask_at_ms))
        return status.value

    def _finish(self, payment: Payment, report: Report) -> str:
        now_ms = self._now_ms()
        to_deliver = payment.delivery_state is DeliveryState.TO_DO and payment.status is PaymentStatus.PAID
        if to_deliver and now_ms >= (payment.paid_at_ms or 0) + DELIVERY_PATIENCE_MS:
            return self._deliver(payment, now_ms)
        if payment.purchase_state is PurchaseState.HELD:
            return self._release(payment, now_ms)
        rows = [self._in_time(row, now_ms, report) for row in self._ledger.by_payment(payment.payment_id)]
        unfinished = [row for row in rows if row.status in _UNFINISHED]
        stuck = [row for row in unfinished if now_ms >= row.updated_at_ms + CHECK_AGAIN_MS]
        for row in stuck:
            self._ledger.requeue(row.event.key, now_ms=now_ms)
        parked = any(row.status is LedgerStatus.PARKED for row in rows)
        wait_ms = DELIVERY_PATIENCE_MS if to_deliver else CHECK_AGAIN_MS if unfinished else PARKED_CHECK_MS if parked else None
        state = purchase_state({row.status for row in rows}) if rows else payment.purchase_state
        changed = payment if state is payment.purchase_state else replace(payment, purchase_state=state, updated_at_ms=now_ms)
        self._payments.save(replace(changed, due_at_ms=None if wait_ms is None else now_ms + wait_ms))
        if unfinished or to_deliver:
            return "requeued" if stuck else "waiting"
        return "parked" if parked else "nothing_left"

    def _in_time(self, row: LedgerRow, now_ms: int, report: Report) -> LedgerRow:
        """Return a row as it is by now: what waits is given up once it is too late for Meta, and alarmed days before."""
        event, age_ms = row.event, now_ms - row.event.event_time_s * 1000
        if row.status not in _WAITING:
            return row
        report.longest_wait_ms = max(report.longest_wait_ms or 0, now_ms - row.created_at_ms)
        if age_ms < EXPIRING_AGE_MS and not is_too_late(row, now_ms):
            return row
        told: dict[str, Any] = {
            "payment_id": event.payment_id,
            "pixel_id": event.pixel_id,
            "event_id": event.event_id,
            "status": row.status.value,
            "code": row.error_code,
        }
        if is_too_late(row, now_ms) and self._ledger.expire(event.key, now_ms=now_ms):
            logger.error("purchase_expired", **told)
            report.counts["purchase_expired"] += 1
            return replace(row, status=LedgerStatus.EXPIRED, updated_at_ms=now_ms)
        logger.warning("purchase_expiring", hours_left=max(EVENT_MAX_AGE_MS - age_ms, 0) // 3_600_000, **told)
        report.counts["purchase_expiring"] += 1
        return row

    def _release(self, payment: Payment, now_ms: int) -> str:
        """Repair the link of a held Purchase and let it go: at once if it has one now, else when its time is over."""
        attribution = self._settler.relink(payment, now_ms)
        released, rows = self._settler.with_purchases(replace(payment, attribution=attribution, updated_at_ms=now_ms), now_ms)
        self._payments.save(released, rows)
        self._settler.count_if_final(released)
        if released.purchase_state is PurchaseState.HELD:
            return "still_held"
        return "repaired" if attribution.certain else "released_without_link"

    def _deliver(self, payment: Payment, now_ms: int) -> str:
        """Take the delivery over, by a write that only one can win, and do it."""
        taken = self._payments.save(replace(payment, due_at_ms=now_ms + DELIVERY_PATIENCE_MS))
        delivered = self._courier.deliver(taken)
        return "delivery_failed" if delivered.delivery_state is DeliveryState.TO_DO else "delivered"
