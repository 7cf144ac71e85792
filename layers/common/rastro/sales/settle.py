"""A provider's notice becomes a paid payment, once, with its Purchase in the ledger and its delivery to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import Conflict
from rastro.meta import event as meta_event
from rastro.meta.user_data import hashed_name
from rastro.model import (
    Attribution,
    BotId,
    BotUser,
    DeliveryState,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentStatus,
    PurchaseState,
    Slug,
)
from rastro.pix.provider import Notice, NoticeKind
from rastro.sales.deliver import Courier
from rastro.stores.ports import BotUserStore, FunnelStore, PaymentStore
from rastro.tracking.linking import Linker, snapshot

WRITE_ATTEMPTS = 8
CHECK_AGAIN_MS = 5 * 60_000
"""When the reconciler looks whether a queued Purchase arrived."""
DELIVERY_PATIENCE_MS = 60_000
"""How long the webhook that settled a payment has for its delivery before the reconciler takes it over."""


class Settlement(StrEnum):
    """What a notice came to."""

    IGNORED = "ignored"
    UNKNOWN_CHARGE = "unknown_charge"
    REPEATED = "repeated"
    PAID = "paid"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was done, for the log and the metrics."""

    settlement: Settlement
    payment: Payment | None = None

    @property
    def amount_differs(self) -> bool:
        """Say whether another amount was paid than was asked for."""
        payment = self.payment
        return (
            self.settlement is Settlement.PAID
            and payment is not None
            and payment.amount_paid_cents not in (None, payment.amount_cents)
        )


class Settler:
    """Settles payments; every path to ``paid`` goes through here."""

    def __init__(
        self,
        *,
        payments: PaymentStore,
        bot_users: BotUserStore,
        funnels: FunnelStore,
        linker: Linker,
        courier: Courier,
        repair_window_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the waterfall, who delivers, and how long a sale without a link is held."""
        self._payments = payments
        self._bot_users = bot_users
        self._funnels = funnels
        self._linker = linker
        self._courier = courier
        self._repair_window_ms = repair_window_ms
        self._now_ms = now_ms

    def take_notice(self, provider: str, bot_id: BotId, notice: Notice) -> Settled:
        """Do what an authentic notice says, once.

        Raises ``StoreUnavailable`` or ``Conflict`` when the record could not be written: the provider sends the notice again.
        """
        if notice.kind is NoticeKind.IGNORED:
            return Settled(settlement=Settlement.IGNORED)
        for attempt in range(WRITE_ATTEMPTS):
            try:
                return self._take_once(provider, bot_id, notice)
            except Conflict:
                if attempt == WRITE_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _take_once(self, provider: str, bot_id: BotId, notice: Notice) -> Settled:
        payment = self._find(provider, notice)
        if payment is None or payment.provider != provider or payment.bot_id != bot_id:
            return Settled(settlement=Settlement.UNKNOWN_CHARGE)
        if notice.kind is NoticeKind.PAID:
            return self._paid(payment, notice)
        if notice.kind is NoticeKind.REFUNDED:
            return self._refunded(payment, notice)
        return self._expired(payment)

    def _find(self, provider: str, notice: Notice) -> Payment | None:
        payment = self._payments.get(notice.payment_id) if notice.payment_id else None
        if payment is None and notice.charge_id:
            payment = self._payments.by_charge(provider, notice.charge_id)
        return payment

    def _paid(self, payment: Payment, notice: Notice) -> Settled:
        if payment.status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        now_ms = self._now_ms()
        attribution = self._attribution(payment, now_ms)
        paid = replace(
            payment,
            status=PaymentStatus.PAID,
            attribution=attribution,
            charge_id=payment.charge_id or notice.charge_id,
            paid_at_ms=min(notice.occurred_at_ms or now_ms, now_ms),
            amount_paid_cents=notice.amount_cents or payment.amount_cents,
            end_to_end_id=notice.end_to_end_id,
            payer_hashes=hashed_name(notice.payer_name),
            delivery_state=DeliveryState.TO_DO,
            updated_at_ms=now_ms,
        )
        paid, rows = self.with_purchases(paid, now_ms)
        saved = self._payments.save(paid, rows)
        return Settled(settlement=Settlement.PAID, payment=self._courier.deliver(saved))

    def with_purchases(self, payment: Payment, now_ms: int) -> tuple[Payment, list[LedgerRow]]:
        """Return a paid payment with the ledger rows of its Purchase: to be sent, or held while its link is repaired."""
        funnel = self._funnels.get(payment.slug)
        pixels = funnel.pixels if funnel else ()
        hold_until_ms = (payment.paid_at_ms or now_ms) + self._repair_window_ms
        held = not payment.attribution.certain and now_ms < hold_until_ms
        row_status = LedgerStatus.HELD if held else LedgerStatus.QUEUED
        rows = [
            LedgerRow(
                event=meta_event.purchase(payment, pixel, now_ms=now_ms),
                status=row_status,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
            )
            for pixel in pixels
        ]
        state = PurchaseState.NONE if not rows else PurchaseState.HELD if held else PurchaseState.QUEUED
        due_at_ms = now_ms + (CHECK_AGAIN_MS if payment.delivery_state is not DeliveryState.TO_DO else DELIVERY_PATIENCE_MS)
        if held:
            due_at_ms = min(due_at_ms, hold_until_ms)
        return replace(payment, purchase_state=state, due_at_ms=due_at_ms), rows

    def _attribution(self, payment: Payment, now_ms: int) -> Attribution:
        """Return the payment's link, looked for once more if it has none that is certain."""
        return payment.attribution if payment.attribution.certain else self.relink(payment, now_ms)

    def relink(self, payment: Payment, now_ms: int) -> Attribution:
        """Walk the waterfall again for a payment, as of its sale; what is known already is not given up for less."""
        bot_user = self._bot_users.get(payment.bot_id, payment.chat_id)
        if bot_user is None:
            return payment.attribution
        link = self._linker.link(bot_user, self._slugs(bot_user, payment), None, payment.paid_at_ms or now_ms)
        return payment.attribution if link.click is None and payment.attribution.tracking_token else snapshot(link)

    def _slugs(self, bot_user: BotUser, payment: Payment) -> tuple[Slug, ...]:
        profile = self._funnels.bot(bot_user.bot_id)
        return profile.slugs if profile else (payment.slug,)

    def _refunded(self, payment: Payment, notice: Notice) -> Settled:
        if payment.status is not PaymentStatus.PAID or notice.partial:
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        refunded = replace(payment, status=PaymentStatus.REFUNDED, updated_at_ms=self._now_ms())
        return Settled(settlement=Settlement.REFUNDED, payment=self._payments.save(refunded))

    def _expired(self, payment: Payment) -> Settled:
        if payment.status not in (PaymentStatus.CREATED, PaymentStatus.PENDING):
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        expired = replace(payment, status=PaymentStatus.EXPIRED, updated_at_ms=self._now_ms(), due_at_ms=None)
        return Settled(settlement=Settlement.EXPIRED, payment=self._payments.save(expired))
