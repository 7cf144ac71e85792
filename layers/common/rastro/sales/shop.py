"""The shop in the chat: what a bot answers to each thing that a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import ProviderError, SecretMissing, StoreUnavailable, TelegramError
from rastro.model import BotId, BotUser, BotUserStatus, Funnel, Payment, Slug
from rastro.observability import logger
from rastro.pix.brcode import qr_png
from rastro.sales.charge import Cashier
from rastro.sales.people import People
from rastro.stores.ports import FunnelStore
from rastro.telegram import texts
from rastro.telegram.bot import COPY_TEXT_MAX_LENGTH, BotApi, BotApis, Button, Keyboard
from rastro.telegram.updates import ButtonPress, Membership, Message, Person, Update
from rastro.tracking.linking import Link
from rastro.tracking.reference import seal
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import parse

BUY_PREFIX = "buy:"
MINUTE_MS = 60_000


class Step(StrEnum):
    """What an update came to."""

    IGNORED = "ignored"
    STARTED = "started"
    CHARGED = "charged"
    CHARGE_FAILED = "charge_failed"
    UNKNOWN_PRODUCT = "unknown_product"
    HELPED = "helped"
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
        bots: BotApis,
        keys: Callable[[], SigningKeys],
        now_ms: Callable[[], int],
    ) -> None:
        """Take the people, the funnels, the cashier, the bots and the signing keys (read when needed)."""
        self._people = people
        self._funnels = funnels
        self._cashier = cashier
        self._bots = bots
        self._keys = keys
        self._now_ms = now_ms

    def handle(self, bot_id: BotId, update: Update | None, base_url: str) -> Outcome:
        """Do what an update asks for; ``base_url`` is where our own redirect is.

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
                return self._press(bot_id, update)
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
        if bot_user.slug is None:
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
        meeting = self._people.meet(bot_id, person, change=_active)
        own = _texts(self._funnel(meeting.bot_user.slug))
        told = self._tell(lambda: self._bots(bot_id).send_message(person.chat_id, texts.text("help", own)))
        return Outcome(step=Step.HELPED, link=meeting.link, unreachable=not told)

    def _press(self, bot_id: BotId, press: ButtonPress) -> Outcome:
        bot = self._bots(bot_id)
        self._tell(lambda: bot.answer_callback(press.callback_query_id))
        if not press.data.startswith(BUY_PREFIX):
            return Outcome(step=Step.IGNORED)
        return self._buy(bot_id, press.person, press.data.removeprefix(BUY_PREFIX))

    def _buy(self, bot_id: BotId, person: Person, sku: str) -> Outcome:
        bot = self._bots(bot_id)
        meeting = self._people.meet(bot_id, person, change=_active)
        funnel = self._funnel(meeting.bot_user.slug)
        product = funnel.product(sku) if funnel else None
        if funnel is None or product is None:
            self._tell(lambda: bot.send_message(person.chat_id, texts.text("unknown_product", _texts(funnel))))
            return Outcome(step=Step.UNKNOWN_PRODUCT, link=meeting.link)
        try:
            payment = self._cashier.charge(meeting, person, funnel, product)
        except ProviderError as exc:
            logger.error("charge_failed", provider=funnel.provider, reason=str(exc))
            self._tell(lambda: bot.send_message(person.chat_id, texts.text("charge_failed", funnel.texts)))
            return Outcome(step=Step.CHARGE_FAILED, link=meeting.link)
        told = self._tell(lambda: self._show_charge(bot, person, funnel, payment))
        return Outcome(step=Step.CHARGED, link=meeting.link, payment=payment, unreachable=not told)

    def _show_charge(self, bot: BotApi, person: Person, funnel: Funnel, payment: Payment) -> None:
        brcode = payment.brcode or ""
        left_ms = (payment.charge_expires_at_ms or self._now_ms()) - self._now_ms()
        caption = texts.text(
            "charge",
            funnel.texts,
            product=payment.product_name,
            price=texts.reais(payment.amount_cents),
            brcode=brcode,
            minutes=str(max(1, round(left_ms / MINUTE_MS))),
        )
        keyboard: Keyboard = ()
        if 0 < len(brcode) <= COPY_TEXT_MAX_LENGTH:
            keyboard = [[Button(text=texts.label("copy_button", funnel.texts), copy_text=brcode)]]
        bot.send_photo(person.chat_id, qr_png(brcode), caption, keyboard)

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
    for product in funnel.products:
        offer = texts.label("buy_button", funnel.texts, product=product.name, price=texts.reais(product.price_cents))
        keyboard.append([Button(text=offer, callback_data=BUY_PREFIX + product.sku)])
    greeting = texts.text("welcome", funnel.texts, first_name=person.first_name or "tudo bem?")
    bot.send_message(person.chat_id, greeting, keyboard)
