"""Asking for money: one open charge a person and product, made once however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rastro.errors import Conflict, InvalidInput
from rastro.model import BotId, BotUser, Funnel, Payment, PaymentId, PaymentStatus, Product
from rastro.observability import count, logger
from rastro.pix.brcode import parse as brcode_fields
from rastro.pix.provider import ChargeRequest, PixProvider
from rastro.sales.people import Meeting, People
from rastro.stores.ports import PaymentStore
from rastro.telegram.updates import Person
from rastro.tracking.linking import snapshot
from rastro.tracking.passage import Randomness

CHARGE_LIFETIME_SECONDS = 30 * 60
REUSE_MARGIN_MS = 2 * 60_000
"""A charge that expires sooner than this is not shown again: the person may need longer to pay."""
EXPIRY_GRACE_MS = 60_000
"""How long after its expiry a charge may still be reported as paid before it counts as expired."""
CREATION_PATIENCE_MS = 10 * 60_000
"""How long a payment may wait for its charge before it counts as failed."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 26

Providers = Callable[[str, BotId], PixProvider]
"""Opens a provider's account for a bot."""


def new_payment_id(randomness: Randomness, now_ms: int) -> PaymentId:
    """Return a ULID: sorts by time, and its 26 letters and digits fit every provider's reference (PIX: 26 to 35)."""
    number = (now_ms << 80) | int.from_bytes(randomness.token_bytes(10), "big")
    return PaymentId("".join(_CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(_ID_LENGTH))))


class Cashier:
    """Makes charges."""

    def __init__(
        self,
        *,
        people: People,
        payments: PaymentStore,
        providers: Providers,
        randomness: Randomness,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the people, the payments, the providers, randomness and the clock."""
        self._people = people
        self._payments = payments
        self._providers = providers
        self._randomness = randomness
        self._now_ms = now_ms

    def charge(
        self, meeting: Meeting, person: Person, funnel: Funnel, product: Product, base_url: str, *, update_id: int | None = None
    ) -> Payment:
        """Return a payment that the person can pay now: the open one for this product, else a new one.

        A second tap, a repeated update and a retry after a fault all lead to the same payment and the same charge: where that is
        paid by now, a further tap makes a new one, but the update that made it (``update_id``) gets it back as it is.
        ``base_url`` is where our own API is: some providers take the callback address with each charge. Raises ``ProviderError``
        when the provider makes no charge; the payment then stays ``created``, and asking again goes on with it.
        """
        open_payment = self._payable(meeting.bot_user, product, update_id)
        payment = open_payment or self._begin(meeting, person, funnel, product, update_id)
        if payment.status is not PaymentStatus.CREATED:
            return payment
        return self._attach_charge(payment, f"{base_url}/pix/{payment.provider}/{payment.bot_id}")

    def _payable(self, bot_user: BotUser, product: Product, update_id: int | None) -> Payment | None:
        payment_id = bot_user.open_charges.get(product.sku)
        payment = self._payments.get(payment_id) if payment_id else None
        if payment is None:
            return None
        if payment.status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
            return payment if update_id is not None and payment.update_id == update_id else None
        if payment.amount_cents != product.price_cents:
            return None
        now_ms = self._now_ms()
        if payment.status is PaymentStatus.PENDING:
            return payment if now_ms + REUSE_MARGIN_MS < (payment.charge_expires_at_ms or 0) else None
        still_new = payment.status is PaymentStatus.CREATED and now_ms < payment.created_at_ms + CREATION_PATIENCE_MS
        return payment if still_new else None

    def _begin(self, meeting: Meeting, person: Person, funnel: Funnel, product: Product, update_id: int | None) -> Payment:
        """Reserve a payment id on the bot user, where two taps at once agree on one, and write the payment."""
        now_ms = self._now_ms()
        seen = meeting.bot_user.open_charges.get(product.sku)
        mine = new_payment_id(self._randomness, now_ms)

        def reserve(bot_user: BotUser) -> BotUser:
            if bot_user.open_charges.get(product.sku) != seen:
                return bot_user  # another tap was faster: its payment is the one
            return replace(bot_user, open_charges={**bot_user.open_charges, product.sku: mine})

        reserved = self._people.meet(meeting.bot_user.bot_id, person, change=reserve)
        payment_id = reserved.bot_user.open_charges[product.sku]
        payment = Payment(
            payment_id=payment_id,
            bot_id=reserved.bot_user.bot_id,
            chat_id=reserved.bot_user.chat_id,
            slug=funnel.slug,
            sku=product.sku,
            product_name=product.name,
            amount_cents=product.price_cents,
            provider=funnel.provider,
            status=PaymentStatus.CREATED,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            attribution=snapshot(reserved.link),
            update_id=update_id,
            due_at_ms=now_ms + CREATION_PATIENCE_MS,
        )
        try:
            return self._payments.save(payment)
        except Conflict:
            return self._payments.get(payment_id) or payment

    def _attach_charge(self, payment: Payment, callback_url: str) -> Payment:
        """Have the provider make the charge, by its idempotency key the same one for everybody who asks."""
        provider = self._providers(payment.provider, payment.bot_id)
        charge = provider.create_charge(
            ChargeRequest(
                payment_id=payment.payment_id,
                amount_cents=payment.amount_cents,
                description=payment.product_name,
                expires_in_seconds=CHARGE_LIFETIME_SECONDS,
                callback_url=callback_url,
            )
        )
        _check(charge.brcode, payment)
        pending = replace(
            payment,
            status=PaymentStatus.PENDING,
            charge_id=charge.charge_id,
            brcode=charge.brcode,
            charge_expires_at_ms=charge.expires_at_ms,
            updated_at_ms=self._now_ms(),
            due_at_ms=charge.expires_at_ms + EXPIRY_GRACE_MS,
        )
        try:
            return self._payments.save(pending)
        except Conflict:
            # Another tap wrote the same charge, or the notice of its payment was faster than this write.
            return self._payments.get(payment.payment_id) or pending


def _check(brcode: str, payment: Payment) -> None:
    """Tell of a code that banks may refuse; it is shown all the same, since the provider says that it is good."""
    try:
        brcode_fields(brcode)
    except InvalidInput as exc:
        logger.warning("brcode_invalid", payment_id=payment.payment_id, provider=payment.provider, reason=str(exc))
        count("brcode_invalid")
