"""Repairing a sale after the fact: its link as of the sale from all evidence, and its Purchase where that can still be sent.

Planning only reads; carrying a plan out are conditional writes, so that a repair may come twice, at any time, beside everything
else that writes. Of an event_id Meta keeps the first copy: what may have been sent is never replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from rastro.errors import Conflict, StoreUnavailable
from rastro.meta.bookkeeping import EVENT_MAX_AGE_MS, purchase_state
from rastro.model import (
    Attribution,
    BotUser,
    Confidence,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentId,
    PaymentStatus,
    PixelId,
    PurchaseState,
    Reason,
    Slug,
)
from rastro.sales.settle import Settler
from rastro.stores.ports import BotUserStore, ClickStore, FunnelStore, LedgerStore, PaymentStore
from rastro.tracking.linking import Link, Linker, apply, snapshot

WRITE_ATTEMPTS = 8
_SAYS_NOTHING_NEW = (None, Reason.DIRECT_ENTRY, Reason.FBCLID_ABSENT)
"""What the waterfall says where it finds no trace: that the sale is of an earlier system explains more."""


class Sending(StrEnum):
    """What a repair makes, or leaves, of a Purchase at one pixel."""

    CREATED = "created"
    """No copy of it was ever made: it is queued."""
    RELEASED = "released"
    """It was held: it is queued with the repaired link."""
    HELD = "held"
    ON_ITS_WAY = "on_its_way"
    """It is queued already. A sender may claim it at any moment, so it goes as it is."""
    BEING_SENT = "being_sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PARKED = "parked"
    EXPIRED = "expired"


class Obstacle(StrEnum):
    """Why a repair sends nothing."""

    NOT_PAID = "not_paid"
    REFUNDED = "refunded"
    TOO_OLD = "too_old"
    """Meta takes no event older than seven days."""
    UNLINKED = "unlinked"
    """A copy sent without its click could never be corrected."""
    REPORTED_BEFORE = "reported_before"
    """An earlier system reported the sale."""
    NO_PIXEL = "no_pixel"


_AS_IT_IS = {
    LedgerStatus.HELD: Sending.HELD,
    LedgerStatus.QUEUED: Sending.ON_ITS_WAY,
    LedgerStatus.SENDING: Sending.BEING_SENT,
    LedgerStatus.ACCEPTED: Sending.ACCEPTED,
    LedgerStatus.REJECTED: Sending.REJECTED,
    LedgerStatus.PARKED: Sending.PARKED,
    LedgerStatus.EXPIRED: Sending.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRepair:
    """What becomes of the Purchase: by pixel, and what stands in the way of sending it."""

    by_pixel: tuple[tuple[PixelId, Sending], ...] = ()
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan:
    """A sale and its person as they are and as a repair leaves them."""

    link: Link
    """The outcome of the waterfall as of the sale."""
    before: Payment
    after: Payment
    bot_user_before: BotUser | None
    bot_user_after: BotUser | None
    purchase: PurchaseRepair
    rows: tuple[LedgerRow, ...] = ()
    """What is written into the ledger: new, or in the place of a held row."""

    @property
    def changes_payment(self) -> bool:
        """Say whether the payment or its Purchase changes."""
        return bool(self.rows) or self.after != self.before

    @property
    def changes_bot_user(self) -> bool:
        """Say whether the bot user changes."""
        return self.bot_user_after != self.bot_user_before

    @property
    def changes(self) -> bool:
        """Say whether anything changes."""
        return self.changes_payment or self.changes_bot_user


class Repairer:
    """Plans and does repairs; every method may raise ``StoreUnavailable``."""

    def __init__(
        self,
        *,
        payments: PaymentStore,
        bot_users: BotUserStore,
        clicks: ClickStore,
        funnels: FunnelStore,
        ledger: LedgerStore,
        linker: Linker,
        settler: Settler,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the waterfall, who makes Purchases, and the clock."""
        self._payments = payments
        self._bot_users = bot_users
        self._clicks = clicks
        self._funnels = funnels
        self._ledger = ledger
        self._linker = linker
        self._settler = settler
        self._now_ms = now_ms

    def plan(self, payment: Payment) -> RepairPlan:
        """Return what a repair of this payment would change, writing nothing."""
        now_ms = self._now_ms()
        bot_user = self._bot_users.get(payment.bot_id, payment.chat_id)
        link = self._link(payment, bot_user, now_ms)
        relinked = replace(payment, attribution=_attribution(payment.attribution, link))
        after, rows, purchase = self._purchase(relinked, now_ms)
        return RepairPlan(
            link=link,
            before=payment,
            after=after,
            bot_user_before=bot_user,
            bot_user_after=None if bot_user is None else _linked(bot_user, link, now_ms),
            purchase=purchase,
            rows=rows,
        )

    def repair(self, payment_id: PaymentId) -> RepairPlan | None:
        """Repair a payment and its bot user and return what was changed, ``None`` for an unknown payment.

        Raises ``Conflict`` when others keep writing them.
        """
        plan = self._repair_payment(payment_id)
        if plan is None or not plan.changes_bot_user:
            return plan
        return replace(plan, bot_user_after=self._repair_bot_user(plan))

    def _repair_payment(self, payment_id: PaymentId) -> RepairPlan | None:
        for attempt in range(WRITE_ATTEMPTS):
            payment = self._payments.get(payment_id)
            if payment is None:
                return None
            plan = self.plan(payment)
            if not plan.changes_payment:
                return plan
            try:
                after = self._payments.save(replace(plan.after, updated_at_ms=self._now_ms()), plan.rows)
            except Conflict:
                if attempt == WRITE_ATTEMPTS - 1:
                    raise
            else:
                return replace(plan, after=after)
        raise AssertionError("unreachable")

    def _repair_bot_user(self, plan: RepairPlan) -> BotUser | None:
        now_ms = self._now_ms()
        current = plan.bot_user_before
        for attempt in range(WRITE_ATTEMPTS):
            linked = current if current is None else _linked(current, plan.link, now_ms)
            if current is None or linked is None or linked == current:
                return current
            try:
                saved = self._bot_users.save(replace(linked, updated_at_ms=now_ms))
            except Conflict:
                if attempt == WRITE_ATTEMPTS - 1:
                    raise
                current = self._bot_users.get(current.bot_id, current.chat_id)
            else:
                self._claim(saved, plan.link)
                return saved
        raise AssertionError("unreachable")

    def _claim(self, bot_user: BotUser, link: Link) -> None:
        """Note on a click that is known to be theirs who made it; the link stands without."""
        if link.click is None or not link.personal or link.click.claimed_by is not None:
            return
        try:
            self._clicks.claim(link.click, bot_user.key)
        except StoreUnavailable:
            return

    def _link(self, payment: Payment, bot_user: BotUser | None, now_ms: int) -> Link:
        """Walk the waterfall as of the sale; the fbclid that came with the sale itself goes before the person's."""
        known = bot_user or BotUser(
            bot_id=payment.bot_id,
            chat_id=payment.chat_id,
            created_at_ms=payment.created_at_ms,
            updated_at_ms=payment.created_at_ms,
            reason=payment.attribution.reason,
        )
        if payment.attribution.fbclid is not None:
            known = replace(known, fbclid=payment.attribution.fbclid)
        profile = self._funnels.bot(payment.bot_id)
        slugs = profile.slugs if profile else (payment.slug,)
        return self._linker.link(known, slugs, None, moment_of_sale_ms(payment, now_ms))

    def _purchase(self, payment: Payment, now_ms: int) -> tuple[Payment, tuple[LedgerRow, ...], PurchaseRepair]:
        """Return the payment with the rows to write, and what becomes of its Purchase at each pixel."""
        waiting, fresh = self._settler.with_purchases(payment, now_ms)
        there = {row.event.key: self._ledger.get(row.event.key) for row in fresh}
        obstacle = _obstacle(payment, now_ms, has_rows=any(there.values()), has_pixels=bool(fresh))
        # A pixel that came to the funnel after the sale was settled has no row while others have one: it gets none.
        replaceable = (LedgerStatus.HELD,) if any(there.values()) else (LedgerStatus.HELD, None)
        rows: list[LedgerRow] = []
        by_pixel: list[tuple[PixelId, Sending]] = []
        for row in fresh:
            stored = there[row.event.key]
            status = stored.status if stored else None
            if obstacle is None and status in replaceable:
                rows.append(row)
                by_pixel.append((row.event.pixel_id, Sending.RELEASED if stored else Sending.CREATED))
            elif stored is not None:
                by_pixel.append((row.event.pixel_id, _AS_IT_IS[stored.status]))
        purchase = PurchaseRepair(by_pixel=tuple(by_pixel), obstacle=obstacle)
        if not rows:
            return payment, (), purchase
        written = {row.event.key for row in rows}
        statuses = {row.status for row in rows} | {row.status for key, row in there.items() if row and key not in written}
        return replace(payment, purchase_state=purchase_state(statuses), due_at_ms=waiting.due_at_ms), tuple(rows), purchase


def moment_of_sale_ms(payment: Payment, now_ms: int) -> int:
    """Return when the link of a sale has to have held: when it was paid, else now."""
    return now_ms if payment.paid_at_ms is None else payment.paid_at_ms


def worth_repairing(payment: Payment) -> bool:
    """Say whether a paid sale lacks its link or its Purchase."""
    if payment.status is not PaymentStatus.PAID:
        return False
    return not payment.attribution.certain or payment.purchase_state is PurchaseState.NONE


def sales_since(payments: PaymentStore, since_ms: int, now_ms: int, slug: Slug | None = None) -> Iterator[tuple[date, Payment]]:
    """Yield the payments created since then with their day (UTC), oldest first, of one funnel or all."""
    day, last = (datetime.fromtimestamp(at_ms / 1000, UTC).date() for at_ms in (since_ms, now_ms))
    while day <= last:
        for payment in payments.by_day(day):
            if payment.created_at_ms >= since_ms and slug in (None, payment.slug):
                yield day, payment
        day += timedelta(days=1)


def _attribution(before: Attribution, link: Link) -> Attribution:
    """Return what a payment says of its click after a repair; what is known already is not given up for less."""
    found = snapshot(link)
    if before.certain:
        return _completed(before, found) if found.tracking_token == before.tracking_token else before
    if link.click is None:
        gives_less = link.reason is Reason.STORES_UNAVAILABLE or before.tracking_token is not None
        says_less = before.reason is Reason.LEGACY_PAYMENT and link.reason in _SAYS_NOTHING_NEW
        return before if gives_less or says_less else replace(before, reason=link.reason)
    if before.link_confidence is Confidence.PROBABLE and not found.certain:
        return before
    return found if found.campaign.known else replace(found, campaign=before.campaign)


def _completed(before: Attribution, found: Attribution) -> Attribution:
    """Return a snapshot with what it lacked of its click, which a store gives by now."""
    missing = {field.name: getattr(found, field.name) for field in fields(Attribution) if getattr(before, field.name) is None}
    missing.pop("reason", None)
    return replace(before, **missing, campaign=before.campaign if before.campaign.known else found.campaign)


def _linked(bot_user: BotUser, link: Link, now_ms: int) -> BotUser:
    """Return the bot user with the link of its sale if it has none: what came since is newer."""
    if bot_user.sessions or link.click is None or link.confidence is not Confidence.CERTAIN:
        return bot_user
    return apply(bot_user, link, now_ms)


def _obstacle(payment: Payment, now_ms: int, *, has_rows: bool, has_pixels: bool) -> Obstacle | None:
    if payment.status is PaymentStatus.REFUNDED:
        return Obstacle.REFUNDED
    if payment.status is not PaymentStatus.PAID:
        return Obstacle.NOT_PAID
    if not has_rows and payment.purchase_state is PurchaseState.ACCEPTED:
        return Obstacle.REPORTED_BEFORE
    if now_ms - (payment.paid_at_ms or now_ms) > EVENT_MAX_AGE_MS:
        return Obstacle.TOO_OLD
    if not payment.attribution.certain:
        return Obstacle.UNLINKED
    return None if has_pixels else Obstacle.NO_PIXEL
