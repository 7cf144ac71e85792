"""A provider's notice becomes a paid payment, once, with its Purchase in the ledger and its delivery to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from rastro.errors import Conflict
from rastro.meta import event as meta_event
from rastro.meta.user_data import hashed_name
from rastro.model import (
    REFUND_TOTAL,
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
    UnknownNotice,
)
from rastro.observability import count
from rastro.pix.provider import Notice, NoticeKind
from rastro.sales.deliver import Courier
from rastro.stores.ports import BotUserStore, FunnelStore, Inbox, PaymentStore
from rastro.tracking.linking import Linker, snapshot

WRITE_ATTEMPTS = 8
CHECK_AGAIN_MS = 5 * 60_000
"""When the reconciler looks whether a queued Purchase arrived."""
ASK_AGAIN_MS = 60_000
"""When the reconciler asks the provider about a notice that was not borne out yet."""
DELIVERY_PATIENCE_MS = 60_000
"""How long the webhook that settled a payment has for its delivery before the reconciler takes it over."""

SameAccount = Callable[[str, BotId, BotId], bool]
"""Says whether two bots sell through the same account of a provider."""


def count_sale(payment: Payment) -> None:
    """Count a paid sale by whether it has a certain link: the two counts are the coverage."""
    count("sale_linked" if payment.attribution.certain else "sale_unlinked")


def _count_nothing(_payment: Payment) -> None:
    """Leave a sale uncounted."""


class Settlement(StrEnum):
    """What a notice came to."""

    IGNORED = "ignored"
    UNKNOWN_CHARGE = "unknown_charge"
    REPEATED = "repeated"
    PAID = "paid"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    DISPUTED = "disputed"
    UNCONFIRMED = "unconfirmed"
    """The notice proves nothing by itself, and the provider, when asked, does not say so (yet)."""


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
        inbox: Inbox,
        same_account: SameAccount,
        repair_window_ms: int,
        now_ms: Callable[[], int],
        count_sale: Callable[[Payment], None] = _count_nothing,
    ) -> None:
        """Take the stores, the waterfall, who delivers, who knows accounts, and how long a sale without a link is held.

        ``count_sale`` is told of each paid sale, once, as soon as nobody looks for its link any more.
        """
        self._payments = payments
        self._bot_users = bot_users
        self._funnels = funnels
        self._linker = linker
        self._courier = courier
        self._inbox = inbox
        self._same_account = same_account
        self._repair_window_ms = repair_window_ms
        self._now_ms = now_ms
        self._count_sale = count_sale

    def take_notice(self, provider: str, bot_id: BotId, notice: Notice) -> Settled:
        """Do what an authentic notice says, once.

        Raises ``StoreUnavailable`` or ``Conflict`` when the record could not be written: the provider sends the notice again.
        """
        if notice.kind not in self._STEPS:
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
        if payment is None or not self._concerns(payment, provider, bot_id):
            self._inbox.keep_notice(_unknown(provider, bot_id, notice, self._now_ms()))
            return Settled(settlement=Settlement.UNKNOWN_CHARGE)
        return self._STEPS[notice.kind](self, payment, notice)

    def settled_already(self, provider: str, bot_id: BotId, notice: Notice) -> Settled | None:
        """Return the payment of a notice that can change nothing any more, whoever sends it: then nobody has to be asked."""
        over = {
            NoticeKind.PAID: (PaymentStatus.PAID, PaymentStatus.REFUNDED),
            NoticeKind.EXPIRED: (PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.EXPIRED),
            NoticeKind.REFUNDED: (PaymentStatus.REFUNDED,),
        }.get(notice.kind, ())
        payment = self._find(provider, notice) if over else None
        if payment is None or payment.status not in over or not self._concerns(payment, provider, bot_id):
            return None
        return Settled(settlement=Settlement.REPEATED, payment=payment)

    def look_again(self, provider: str, bot_id: BotId, notice: Notice) -> Settled:
        """Have the reconciler ask soon about the charge of a notice that the provider does not bear out yet."""
        for _ in range(WRITE_ATTEMPTS):
            payment = self._find(provider, notice)
            if payment is None or not self._concerns(payment, provider, bot_id):
                return Settled(settlement=Settlement.UNCONFIRMED)
            soon_ms = self._now_ms() + ASK_AGAIN_MS
            settled = payment.status in (PaymentStatus.PAID, PaymentStatus.REFUNDED)
            if settled or (payment.due_at_ms is not None and payment.due_at_ms <= soon_ms):
                return Settled(settlement=Settlement.UNCONFIRMED, payment=payment)
            try:
                self._payments.save(replace(payment, due_at_ms=soon_ms))
            except Conflict:
                continue
        return Settled(settlement=Settlement.UNCONFIRMED)

    def _concerns(self, payment: Payment, provider: str, bot_id: BotId) -> bool:
        """Say whether a payment is one of the account that a notice came from; a seller's bots may share an account."""
        return payment.provider == provider and (payment.bot_id == bot_id or self._same_account(provider, bot_id, payment.bot_id))

    def _find(self, provider: str, notice: Notice) -> Payment | None:
        payment = self._payments.get(notice.payment_id) if notice.payment_id else None
        if payment is None and notice.charge_id:
            payment = self._payments.by_charge(provider, notice.charge_id)
        return payment

    def _paid(self, payment: Payment, notice: Notice) -> Settled:
        if payment.status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        now_ms = self._now_ms()
        amount_paid_cents = notice.amount_cents or payment.amount_cents
        if payment.refunded_cents >= amount_paid_cents:
            return self._paid_and_given_back(payment, notice, amount_paid_cents)
        attribution = self._attribution(payment, now_ms)
        paid = replace(
            payment,
            status=PaymentStatus.PAID,
            attribution=attribution,
            charge_id=payment.charge_id or notice.charge_id,
            paid_at_ms=min(notice.occurred_at_ms or now_ms, now_ms),
            amount_paid_cents=amount_paid_cents,
            end_to_end_id=notice.end_to_end_id,
            payer_hashes={} if payment.erased_at_ms else hashed_name(notice.payer_name),
            delivery_state=DeliveryState.UNREACHABLE if payment.erased_at_ms else DeliveryState.TO_DO,
            updated_at_ms=now_ms,
        )
        paid, rows = self.with_purchases(paid, now_ms)
        saved = self._payments.save(paid, rows)
        self.count_if_final(saved)
        return Settled(settlement=Settlement.PAID, payment=self._courier.deliver(saved))

    def count_if_final(self, payment: Payment) -> None:
        """Count a sale that was just settled or released, unless its Purchase is (still) held: then its link may come."""
        if payment.purchase_state is not PurchaseState.HELD:
            self._count_sale(payment)

    def with_purchases(self, payment: Payment, now_ms: int) -> tuple[Payment, list[LedgerRow]]:
        """Return a paid payment with the ledger rows of its Purchase: to be sent, or held while its link is repaired.

        Of a sale whose person asked to be erased nothing is told to anybody.
        """
        funnel = self._funnels.get(payment.slug)
        pixels = funnel.pixels if funnel and not payment.erased_at_ms else ()
        hold_until_ms = (payment.paid_at_ms or now_ms) + self._repair_window_ms
        held = not payment.attribution.complete and now_ms < hold_until_ms
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
        """Return the payment's link, looked for once more if it has none that is certain, or its click was not to be had."""
        return payment.attribution if payment.attribution.complete else self.relink(payment, now_ms)

    def relink(self, payment: Payment, now_ms: int) -> Attribution:
        """Walk the waterfall again for a payment, as of its sale; what is known already is not given up for less."""
        bot_user = self._bot_users.get(payment.bot_id, payment.chat_id)
        if bot_user is None:
            return payment.attribution
        link = self._linker.link(bot_user, self._slugs(bot_user, payment), None, payment.paid_at_ms or now_ms)
        known, found = payment.attribution, snapshot(link)
        if known.certain:
            if not found.complete or found.tracking_token != known.tracking_token:
                return known
            self._linker.claim(bot_user, link)
            return found
        return known if link.click is None and known.tracking_token else found

    def _slugs(self, bot_user: BotUser, payment: Payment) -> tuple[Slug, ...]:
        profile = self._funnels.bot(bot_user.bot_id)
        return profile.slugs if profile else (payment.slug,)

    def _paid_and_given_back(self, payment: Payment, notice: Notice, amount_paid_cents: int) -> Settled:
        """Note a sale whose refund we heard of first: there is nothing to deliver and nothing to report."""
        now_ms = self._now_ms()
        refunded = replace(
            payment,
            status=PaymentStatus.REFUNDED,
            paid_at_ms=min(notice.occurred_at_ms or now_ms, now_ms),
            amount_paid_cents=amount_paid_cents,
            end_to_end_id=notice.end_to_end_id,
            updated_at_ms=now_ms,
            due_at_ms=None,
        )
        return Settled(settlement=Settlement.REFUNDED, payment=self._payments.save(refunded))

    def _refunded(self, payment: Payment, notice: Notice) -> Settled:
        """Note what was given back, each refund once; given back whole, a paid payment is refunded.

        A refund that comes before the notice of its payment is noted and waits for it.
        """
        paid_cents = payment.amount_paid_cents or payment.amount_cents
        name = notice.refund_id or REFUND_TOTAL
        given_back_cents = notice.amount_cents or (0 if notice.partial else paid_cents)
        if payment.refunds.get(name, -1) >= given_back_cents:
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        noted = replace(payment, refunds={**payment.refunds, name: given_back_cents}, updated_at_ms=self._now_ms())
        whole = noted.refunded_cents >= paid_cents
        if whole and payment.status is PaymentStatus.PAID:
            noted = replace(noted, status=PaymentStatus.REFUNDED)
        settlement = Settlement.REFUNDED if whole else Settlement.PARTLY_REFUNDED
        return Settled(settlement=settlement, payment=self._payments.save(noted))

    def _disputed(self, payment: Payment, _notice: Notice) -> Settled:
        if payment.disputed_at_ms is not None:
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        now_ms = self._now_ms()
        disputed = replace(payment, disputed_at_ms=now_ms, updated_at_ms=now_ms)
        return Settled(settlement=Settlement.DISPUTED, payment=self._payments.save(disputed))

    def _expired(self, payment: Payment, _notice: Notice) -> Settled:
        if payment.status not in (PaymentStatus.CREATED, PaymentStatus.PENDING):
            return Settled(settlement=Settlement.REPEATED, payment=payment)
        expired = replace(payment, status=PaymentStatus.EXPIRED, updated_at_ms=self._now_ms(), due_at_ms=None)
        return Settled(settlement=Settlement.EXPIRED, payment=self._payments.save(expired))

    _STEPS: ClassVar[Mapping[NoticeKind, Callable[[Settler, Payment, Notice], Settled]]] = {
        NoticeKind.PAID: _paid,
        NoticeKind.REFUNDED: _refunded,
        NoticeKind.DISPUTED: _disputed,
        NoticeKind.EXPIRED: _expired,
    }


def _unknown(provider: str, bot_id: BotId, notice: Notice, now_ms: int) -> UnknownNotice:
    """Return a notice as it is kept: without the payer, and under an id that a repetition has too."""
    about = (provider, notice.kind, notice.payment_id, notice.charge_id, notice.end_to_end_id, notice.refund_id)
    return UnknownNotice(
        notice_id=hashlib.sha256("|".join(str(part) for part in about).encode()).hexdigest()[:32],
        provider=provider,
        bot_id=bot_id,
        kind=notice.kind.value,
        received_at_ms=now_ms,
        payment_id=notice.payment_id,
        charge_id=notice.charge_id,
        end_to_end_id=notice.end_to_end_id,
        amount_cents=notice.amount_cents,
    )
