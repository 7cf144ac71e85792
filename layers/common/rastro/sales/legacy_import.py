"""Bringing the sales of an earlier system in, so that they can be diagnosed and repaired. Nothing is sent to Meta by it.

An imported payment has no ledger row and is due to nobody; only a repair sends its Purchase.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import Conflict
from rastro.model import (
    Attribution,
    BotUser,
    Confidence,
    Funnel,
    LinkSource,
    Payment,
    PaymentStatus,
    PurchaseState,
    Reason,
    Slug,
)
from rastro.sales.legacy import LegacySale
from rastro.sales.legacy_flaws import BadLine, Flaw
from rastro.stores.ports import BotUserStore, FunnelStore, PaymentStore

WRITE_ATTEMPTS = 8


class PaymentImport(StrEnum):
    """What became of a payment."""

    CREATED = "created"
    ALREADY_THERE = "already_there"


class BotUserImport(StrEnum):
    """What became of a bot user."""

    CREATED = "created"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import of one sale did, or would do."""

    payment: PaymentImport
    bot_user: BotUserImport


class LegacyImport:
    """Writes sales of an earlier system; what is there already stays."""

    def __init__(
        self,
        *,
        payments: PaymentStore,
        bot_users: BotUserStore,
        funnels: FunnelStore,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores and the clock."""
        self._payments = payments
        self._bot_users = bot_users
        self._funnels = funnels
        self._now_ms = now_ms

    def take(self, sale: LegacySale, *, dry_run: bool = False) -> Imported:
        """Import one sale: first its person, then its payment, so that a second run makes up for one that was cut off.

        Raises ``BadLine`` for a sale that fits no funnel of this deployment: nothing was written then.
        """
        payment = self._payment(sale)
        person = self._take_person(sale, payment, dry_run=dry_run)
        there = self._payments.get(payment.payment_id)
        if there is None and not dry_run:
            try:
                self._payments.save(payment)
            except Conflict:
                there = payment
        return Imported(payment=PaymentImport.ALREADY_THERE if there else PaymentImport.CREATED, bot_user=person)

    def _take_person(self, sale: LegacySale, payment: Payment, *, dry_run: bool) -> BotUserImport:
        for attempt in range(WRITE_ATTEMPTS):
            stored = self._bot_users.get(sale.bot_id, sale.chat_id)
            before = stored or BotUser(
                bot_id=sale.bot_id,
                chat_id=sale.chat_id,
                created_at_ms=sale.created_at_ms,
                updated_at_ms=sale.created_at_ms,
                reason=Reason.LEGACY_PAYMENT,
            )
            after = _completed(before, sale, payment.slug)
            if stored is not None and after == stored:
                return BotUserImport.UNCHANGED
            if not dry_run:
                try:
                    self._bot_users.save(replace(after, updated_at_ms=self._now_ms()))
                except Conflict:
                    if attempt == WRITE_ATTEMPTS - 1:
                        raise
                    continue
            return BotUserImport.CREATED if stored is None else BotUserImport.COMPLETED
        raise AssertionError("unreachable")

    def _payment(self, sale: LegacySale) -> Payment:
        funnel = self._funnel(sale)
        sku = sale.sku or (funnel.products[0].sku if len(funnel.products) == 1 else None)
        if sku is None:
            raise BadLine(Flaw.SEVERAL_PRODUCTS, slug=funnel.slug, count=len(funnel.products))
        product = funnel.product(sku)
        paid = sale.status is PaymentStatus.PAID
        return Payment(
            payment_id=sale.payment_id,
            bot_id=sale.bot_id,
            chat_id=sale.chat_id,
            slug=funnel.slug,
            sku=sku,
            product_name=sale.product_name or (product.name if product else sku),
            amount_cents=sale.amount_cents,
            provider=sale.provider or funnel.provider,
            status=sale.status,
            created_at_ms=sale.created_at_ms,
            updated_at_ms=self._now_ms(),
            attribution=_attribution(sale),
            paid_at_ms=sale.paid_at_ms,
            amount_paid_cents=sale.amount_cents if sale.paid_at_ms is not None else None,
            purchase_state=PurchaseState.ACCEPTED if paid and _was_reported(sale) else PurchaseState.NONE,
        )

    def _funnel(self, sale: LegacySale) -> Funnel:
        slug = sale.slug or self._only_slug(sale)
        funnel = self._funnels.get(slug)
        if funnel is None:
            raise BadLine(Flaw.UNKNOWN_FUNNEL, slug=slug)
        if funnel.bot(sale.bot_id) is None:
            raise BadLine(Flaw.FOREIGN_FUNNEL, slug=slug, bot_id=sale.bot_id)
        return funnel

    def _only_slug(self, sale: LegacySale) -> Slug:
        profile = self._funnels.bot(sale.bot_id)
        if profile is None or not profile.slugs:
            raise BadLine(Flaw.UNKNOWN_BOT, bot_id=sale.bot_id)
        funnels = [self._funnels.get(slug) for slug in profile.slugs]
        if len({(funnel.pixels, funnel.products) for funnel in funnels if funnel}) > 1:
            raise BadLine(Flaw.SEVERAL_FUNNELS, count=len(profile.slugs), bot_id=sale.bot_id)
        return profile.slugs[0]


def _was_reported(sale: LegacySale) -> bool:
    """Say whether the earlier system reported the Purchase: as it says, else if it had a link: without, it reported none."""
    return sale.tracking_token is not None if sale.purchase_sent is None else sale.purchase_sent


def _attribution(sale: LegacySale) -> Attribution:
    """Return what the earlier system knew of the sale's click; without a token it is evidence, not a link."""
    token = sale.tracking_token
    linked = token is not None
    return Attribution(
        link_source=LinkSource.BOT_USER if linked else LinkSource.NONE,
        link_confidence=Confidence.CERTAIN if linked else Confidence.NONE,
        reason=None if linked else Reason.LEGACY_PAYMENT,
        tracking_token=token,
        pageview_event_id=sale.pageview_event_id,
        campaign=sale.campaign,
        fbclid=sale.fbclid,
    )


def _completed(bot_user: BotUser, sale: LegacySale, slug: Slug) -> BotUser:
    """Return the bot user with what it lacks and the sale knows."""
    return replace(
        bot_user,
        slug=bot_user.slug or slug,
        fbclid=bot_user.fbclid or sale.fbclid,
        tracking_session_id=bot_user.tracking_session_id or sale.tracking_session_id,
        first_session_id=bot_user.first_session_id or bot_user.tracking_session_id or sale.tracking_session_id,
        first_name=bot_user.first_name or sale.first_name,
        username=bot_user.username or sale.username,
    )
