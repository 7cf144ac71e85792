"""The shop in the chat: what a bot answers to each thing that a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import (
    BotRefused,
    ChatUnreachable,
    InvalidInput,
    ProviderError,
    SecretMissing,
    StoreUnavailable,
    TelegramError,
    TelegramUnavailable,
)
from rastro.model import (
    BotId,
    BotUser,
    BotUserStatus,
    DeliveryState,
    Funnel,
    Payment,
    PaymentId,
    PaymentStatus,
    Product,
    Slug,
)
from rastro.observability import logger
from rastro.pix.brcode import qr_png
from rastro.sales.charge import Cashier
from rastro.sales.deliver import Courier
from rastro.sales.enquire import Enquirer
from rastro.sales.people import People
from rastro.stores.ports import FunnelStore, PaymentStore
from rastro.telegram import texts
from rastro.telegram.bot import COPY_TEXT_MAX_LENGTH, TEXT_MAX_LENGTH, BotApi, BotApis, Button
from rastro.telegram.updates import ButtonPress, Membership, Message, Person, Update
from rastro.tracking.linking import Link
from rastro.tracking.reference import seal
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import parse

BUY_PREFIX = "buy:"
PAID_PREFIX = "paid:"
DESCRIPTION_MAX_LENGTH = 300
NAME_MAX_LENGTH = 100
"""What of a product's name goes into a message; Telegram takes 4,096 characters in all, and 1,024 under a picture."""
MINUTE_MS = 60_000
ENQUIRY_PAUSE_MS = MINUTE_MS
"""How often a buyer's “Já paguei” reaches the provider: some block an account that asks more often about a charge."""


class Step(StrEnum):
    """What an update came to."""

    IGNORED = "ignored"
    STARTED = "started"
    CHARGED = "charged"
    CHARGE_FAILED = "charge_failed"
    UNKNOWN_PRODUCT = "unknown_product"
    HELPED = "helped"
    ALREADY_PAID = "already_paid"
    NOT_PAID_YET = "not_paid_yet"
    REPEATED = "repeated"
    """The same update came before and was dealt with."""
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, for the log."""

    step: Step
    link: Link | None = None
    payment: Payment | None = None
    bot_user: BotUser | None = None
    unreachable: bool = False
    """Whether the answer could not be told to the person."""


class Shop:
    """Answers the updates of every bot."""

    def __init__(
        self,
        *,
        people: People,
        funnels: FunnelStore,
        cashier: Cashier,
        payments: PaymentStore,
        enquirer: Enquirer,
        courier: Courier,
        bots: BotApis,
        keys: Callable[[], SigningKeys],
        now_ms: Callable[[], int],
    ) -> None:
        """Take the people, the stores, who charges, asks and delivers, the bots and the signing keys (read when needed)."""
        self._people = people
        self._funnels = funnels
        self._cashier = cashier
        self._payments = payments
        self._enquirer = enquirer
        self._courier = courier
        self._bots = bots
        self._keys = keys
        self._now_ms = now_ms

    def handle(self, bot_id: BotId, update: Update | None, base_url: str, update_id: int | None = None) -> Outcome:
        """Do what an update asks for; ``base_url`` is where our own redirect is.

        An ``update_id`` tells a second tap from the first one that came again.

        Raises ``StoreUnavailable`` or ``Conflict`` where the record could not be written: nothing was answered then, and the
        same update may come again.
        """
        match update:
            case Message() if update.start_param is not None:
                return self._start(bot_id, update.person, update.start_param, base_url)
            case Message() if self._is_code(update.text):
                return self._start(bot_id, update.person, update.text.strip(), base_url)
            case Message():
                return self._say(bot_id, update.person)
            case ButtonPress():
                return self._press(bot_id, update, base_url, update_id)
            case Membership():
                self._people.block(bot_id, update.person, blocked=update.blocked)
                return Outcome(step=Step.BLOCKED if update.blocked else Step.UNBLOCKED)
            case None:
                return Outcome(step=Step.IGNORED)

    def _start(self, bot_id: BotId, person: Person, start_param: str, base_url: str) -> Outcome:
        meeting = self._people.meet(bot_id, person, start_param=start_param, change=_active)
        funnel = self._funnel(meeting.bot_user.slug)
        bridge = None if meeting.link.click else self._bridge(meeting.bot_user, base_url)
        told = self._tell(lambda: _welcome(self._bots(bot_id), person, funnel, bridge))
        return Outcome(step=Step.STARTED, link=meeting.link, bot_user=meeting.bot_user, unreachable=not told)

    def _bridge(self, bot_user: BotUser, base_url: str) -> str | None:
        """Return the link by which a person without a click passes our redirect once, or ``None`` where none can be signed."""
        if bot_user.slug is None or not base_url:
            return None
        try:
            reference = seal(self._keys(), bot_user.bot_id, bot_user.chat_id, now_ms=self._now_ms())
        except (SecretMissing, StoreUnavailable):
            return None
        return f"{base_url}/go/{bot_user.slug}?u={reference}"

    def _is_code(self, text: str) -> bool:
        """Say whether a text is a start token, pasted without its command."""
        try:
            return parse(self._keys(), text.strip()) is not None
        except (SecretMissing, StoreUnavailable):
            return False

    def _say(self, bot_id: BotId, person: Person) -> Outcome:
        """Answer what is no order (``/help``, any other text) with a hint and the products."""
        meeting = self._people.meet(bot_id, person, change=_active)
        funnel = self._funnel(meeting.bot_user.slug)
        keyboard = _offers(funnel) if funnel else ()
        told = self._tell(lambda: self._bots(bot_id).send_message(person.chat_id, texts.text("help", _texts(funnel)), keyboard))
        return Outcome(step=Step.HELPED, link=meeting.link, unreachable=not told)

    def _press(self, bot_id: BotId, press: ButtonPress, base_url: str, update_id: int | None) -> Outcome:
        bot = self._bots(bot_id)
        self._tell(lambda: bot.answer_callback(press.callback_query_id))
        if press.data.startswith(BUY_PREFIX):
            return self._buy(bot_id, press.person, press.data.removeprefix(BUY_PREFIX), base_url, update_id)
        if press.data.startswith(PAID_PREFIX):
            return self._says_paid(bot_id, press.person, PaymentId(press.data.removeprefix(PAID_PREFIX)))
        return Outcome(step=Step.IGNORED)

    def _buy(self, bot_id: BotId, person: Person, sku: str, base_url: str, update_id: int | None) -> Outcome:
        bot = self._bots(bot_id)
        meeting = self._people.meet(bot_id, person, change=_active)
        funnel, product = self._on_sale(bot_id, meeting.bot_user, sku)
        if funnel is None or product is None:
            self._tell(lambda: bot.send_message(person.chat_id, texts.text("unknown_product", _texts(funnel))))
            return Outcome(step=Step.UNKNOWN_PRODUCT, link=meeting.link)
        try:
            payment = self._cashier.charge(meeting, person, funnel, product, base_url, update_id=update_id)
        except (ProviderError, SecretMissing, InvalidInput) as exc:
            logger.error("charge_failed", provider=funnel.provider, reason=str(exc))
            self._tell(lambda: bot.send_message(person.chat_id, texts.text("charge_failed", funnel.texts)))
            return Outcome(step=Step.CHARGE_FAILED, link=meeting.link)
        if payment.status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
            # This very tap, repeated since its function died over it: its code was shown, and paid meanwhile.
            return Outcome(step=Step.ALREADY_PAID, link=meeting.link, payment=payment)
        told = self._tell(lambda: self._show_charge(bot, person, funnel, payment))
        return Outcome(step=Step.CHARGED, link=meeting.link, payment=payment, unreachable=not told)

    def _on_sale(self, bot_id: BotId, bot_user: BotUser, sku: str) -> tuple[Funnel | None, Product | None]:
        """Return a product and its funnel: the one that the person came by last, else another of this bot (an older button)."""
        profile = self._people.profile(bot_id)
        others = profile.slugs if profile else ()
        first: Funnel | None = None
        for slug in dict.fromkeys((bot_user.slug, *others)):
            funnel = self._funnel(slug)
            if funnel is None or funnel.bot(bot_id) is None:
                continue
            first = first or funnel
            product = funnel.product(sku)
            if product is not None:
                return funnel, product
        return first, None

    def _says_paid(self, bot_id: BotId, person: Person, payment_id: PaymentId) -> Outcome:
        """Ask the provider about a charge whose buyer says that it is paid, and hand over again what was delivered before."""
        bot = self._bots(bot_id)
        payment = self._payments.get(payment_id) if payment_id else None
        if payment is None or (payment.bot_id, payment.chat_id) != (bot_id, person.chat_id):
            return Outcome(step=Step.IGNORED)
        own = _texts(self._funnel(payment.slug))
        price = texts.reais(payment.amount_paid_cents or payment.amount_cents)
        if payment.status is PaymentStatus.REFUNDED:
            told = self._tell(lambda: bot.send_message(person.chat_id, texts.text("refunded", own, price=price)))
            return Outcome(step=Step.ALREADY_PAID, payment=payment, unreachable=not told)
        if payment.status is PaymentStatus.PAID:
            # A first delivery is the courier's and the reconciler's, so that it is noted; this one is a courtesy.
            told = payment.delivery_state is DeliveryState.TO_DO or self._tell(lambda: self._courier.hand_over(payment))
            return Outcome(step=Step.ALREADY_PAID, payment=payment, unreachable=not told)
        paid = self._enquire(payment)
        if paid is not None:
            return Outcome(step=Step.ALREADY_PAID, payment=paid)
        left_ms = (payment.charge_expires_at_ms or 0) - self._now_ms()
        text = "not_paid_yet" if payment.status is PaymentStatus.PENDING and left_ms > 0 else "charge_over"
        told = self._tell(lambda: bot.send_message(person.chat_id, texts.text(text, own, price=price)))
        return Outcome(step=Step.NOT_PAID_YET, payment=payment, unreachable=not told)

    def _enquire(self, payment: Payment) -> Payment | None:
        """Return the payment if the provider, asked, says that it is paid; it is asked once a minute at most."""
        now_ms = self._now_ms()
        if payment.enquired_at_ms is not None and now_ms < payment.enquired_at_ms + ENQUIRY_PAUSE_MS:
            return None
        try:
            asking = self._payments.save(replace(payment, enquired_at_ms=now_ms))
            settled = self._enquirer.ask(asking)
        except (ProviderError, SecretMissing, InvalidInput) as exc:
            logger.warning("charge_not_enquired", payment_id=payment.payment_id, provider=payment.provider, reason=str(exc))
            return None
        return next((each.payment for each in settled if each.payment and each.payment.status is PaymentStatus.PAID), None)

    def _show_charge(self, bot: BotApi, person: Person, funnel: Funnel, payment: Payment) -> None:
        brcode = payment.brcode or ""
        left_ms = (payment.charge_expires_at_ms or self._now_ms()) - self._now_ms()
        caption = texts.text(
            "charge",
            funnel.texts,
            product=payment.product_name[:NAME_MAX_LENGTH],
            price=texts.reais(payment.amount_cents),
            brcode=brcode,
            minutes=str(max(1, round(left_ms / MINUTE_MS))),
        )
        keyboard = [[Button(text=texts.label("paid_button", funnel.texts), callback_data=PAID_PREFIX + payment.payment_id)]]
        if 0 < len(brcode) <= COPY_TEXT_MAX_LENGTH:
            keyboard.insert(0, [Button(text=texts.label("copy_button", funnel.texts), copy_text=brcode)])
        try:
            bot.send_photo(person.chat_id, qr_png(brcode), caption, keyboard)
        except (ChatUnreachable, BotRefused, TelegramUnavailable):
            raise
        except (TelegramError, InvalidInput) as exc:
            # The code can be paid without its picture.
            logger.warning("picture_refused", payment_id=payment.payment_id, reason=str(exc))
            bot.send_message(person.chat_id, caption, keyboard)

    def _funnel(self, slug: Slug | None) -> Funnel | None:
        return self._funnels.get(slug) if slug else None

    @staticmethod
    def _tell(say: Callable[[], None]) -> bool:
        """Say something; a message that cannot be sent undoes nothing of what was done."""
        try:
            say()
        except TelegramError as exc:
            logger.warning("message_not_sent", reason=str(exc))
            return False
        return True


def _active(bot_user: BotUser) -> BotUser:
    return replace(bot_user, status=BotUserStatus.ACTIVE)


def _texts(funnel: Funnel | None) -> dict[str, str]:
    return dict(funnel.texts) if funnel else {}


def _welcome(bot: BotApi, person: Person, funnel: Funnel | None, bridge: str | None) -> None:
    if funnel is None:
        bot.send_message(person.chat_id, texts.text("help"))
        return
    keyboard = [[Button(text=texts.label("bridge_button", funnel.texts), url=bridge)]] if bridge else []
    greeting = texts.text("welcome", funnel.texts, first_name=person.first_name or "tudo bem?")
    described = "".join(_described(funnel, product) for product in funnel.products if product.description)
    told = greeting + described if len(greeting + described) <= TEXT_MAX_LENGTH else greeting
    bot.send_message(person.chat_id, told, [*keyboard, *_offers(funnel)])


def _described(funnel: Funnel, product: Product) -> str:
    return texts.text(
        "product",
        funnel.texts,
        product=product.name[:NAME_MAX_LENGTH],
        price=texts.reais(product.price_cents),
        description=product.description[:DESCRIPTION_MAX_LENGTH],
    )


def _offers(funnel: Funnel) -> list[list[Button]]:
    """Return a button a product, one below the other."""
    return [
        [
            Button(
                text=texts.label(
                    "buy_button",
                    funnel.texts,
                    product=product.name[:NAME_MAX_LENGTH],
                    price=texts.reais(product.price_cents),
                ),
                callback_data=BUY_PREFIX + product.sku,
            )
        ]
        for product in funnel.products
    ]
