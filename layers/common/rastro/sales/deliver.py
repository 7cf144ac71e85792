"""The buyer hears that the money arrived and gets what they bought; no message that fails undoes the sale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rastro.errors import ChatUnreachable, Conflict, RastroError
from rastro.model import DeliveryState, Payment, PaymentStatus, Product
from rastro.observability import logger
from rastro.stores.ports import FunnelStore, PaymentStore
from rastro.telegram import texts
from rastro.telegram.bot import BotApis, Button

WRITE_ATTEMPTS = 8


class Courier:
    """Delivers what was paid."""

    def __init__(self, *, payments: PaymentStore, funnels: FunnelStore, bots: BotApis, now_ms: Callable[[], int]) -> None:
        """Take the stores, the bots and the clock."""
        self._payments = payments
        self._funnels = funnels
        self._bots = bots
        self._now_ms = now_ms

    def deliver(self, payment: Payment) -> Payment:
        """Deliver a paid payment and note it; what fails stays to do, for the reconciler.

        The caller is the only one at it: it has just written the payment (as paid, or as taken for delivery).
        """
        if payment.status is not PaymentStatus.PAID or payment.delivery_state is not DeliveryState.TO_DO:
            return payment
        try:
            payment = self._with_link(payment)
            self.hand_over(payment)
        except ChatUnreachable as exc:
            logger.warning("buyer_unreachable", payment_id=payment.payment_id, reason=str(exc))
            return self._note(payment, DeliveryState.UNREACHABLE)
        except RastroError as exc:
            logger.error("delivery_failed", payment_id=payment.payment_id, reason=str(exc))
            return payment
        return self._note(payment, DeliveryState.DELIVERED)

    def _with_link(self, payment: Payment) -> Payment:
        """Make and note the one-time link of a product that is a group: noted before it is handed over, so it stays one."""
        product = self._product(payment)
        if product is None or product.delivery_chat_id is None or payment.delivery_link is not None:
            return payment
        bot = self._bots(payment.bot_id)
        link = bot.create_invite_link(product.delivery_chat_id, payment.payment_id)
        return self._payments.save(replace(payment, delivery_link=link, updated_at_ms=self._now_ms()))

    def _product(self, payment: Payment) -> Product | None:
        funnel = self._funnels.get(payment.slug)
        return funnel.product(payment.sku) if funnel else None

    def hand_over(self, payment: Payment) -> None:
        """Tell the buyer that the money is there, with the way to what they bought; raises what the bot raises."""
        funnel = self._funnels.get(payment.slug)
        own = funnel.texts if funnel else {}
        product = self._product(payment)
        message = texts.text(
            "paid",
            own,
            product=payment.product_name,
            price=texts.reais(payment.amount_paid_cents or payment.amount_cents),
        )
        link = payment.delivery_link or (product.delivery_url if product else "")
        button = texts.label("delivery_button", own, product=payment.product_name)
        keyboard = [[Button(text=button, url=link)]] if link else ()
        self._bots(payment.bot_id).send_message(payment.chat_id, message, keyboard)

    def _note(self, payment: Payment, state: DeliveryState) -> Payment:
        """Write the outcome onto the payment as it is by now; a store that fails leaves the delivery to do."""
        current: Payment | None = payment
        for _ in range(WRITE_ATTEMPTS):
            if current is None or current.delivery_state is not DeliveryState.TO_DO:
                break
            try:
                return self._payments.save(replace(current, delivery_state=state, updated_at_ms=self._now_ms()))
            except Conflict:
                current = self._payments.get(payment.payment_id)
        return current or payment
