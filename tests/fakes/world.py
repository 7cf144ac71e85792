"""A whole deployment in memory: the stores, a bot that writes down what it says, a provider that makes charges, a clock."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rastro.errors import BotRefused, ProviderUnavailable, TelegramError
from rastro.model import BotId, ChatId, Click, Funnel, FunnelBot, FunnelMode, Payment, PaymentId, Pixel, PixelId, Product, Slug
from rastro.pix.provider import CallbackRequest, Charge, ChargeReference, ChargeRequest, Notice, NoticeKind
from rastro.sales.bots import BotWatch
from rastro.sales.charge import Cashier
from rastro.sales.deliver import Courier
from rastro.sales.enquire import Enquirer
from rastro.sales.people import People
from rastro.sales.reconcile import Reconciler
from rastro.sales.settle import Settled, Settler
from rastro.sales.shop import Outcome, Shop
from rastro.sales.turns import Queue
from rastro.telegram.bot import Keyboard
from rastro.telegram.updates import ButtonPress, Message, Person
from rastro.tracking.linking import Linker
from rastro.tracking.passage import Passage, Redirect, Visit
from rastro.tracking.recognition import Recognition
from rastro.tracking.signing import SigningKeys
from tests.fakes.stores import (
    InMemoryBotUserStore,
    InMemoryClickStore,
    InMemoryFunnelStore,
    InMemoryInbox,
    InMemoryLedgerStore,
    InMemoryPaymentStore,
    InMemoryQueue,
)

NOW_MS = 1_790_000_000_000
BASE_URL = "https://go.example.com"
BOT = BotId("7000000001")
SLUG = Slug("curso")
PERSON = Person(chat_id=ChatId("1111"), first_name="Ana")
FUNNEL = Funnel(
    slug=SLUG,
    name="Curso de Pão",
    mode=FunnelMode.DIRECT,
    bots=(FunnelBot(bot_id=BOT, username="pao_bot"),),
    products=(Product(sku="curso", name="Curso de Pão", price_cents=4990, delivery_url="https://example.com/curso"),),
    pixels=(Pixel(pixel_id=PixelId("1000000000000001")), Pixel(pixel_id=PixelId("1000000000000002"))),
    provider="openpix",
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"
AD_QUERY = "utm_source=facebook&utm_campaign=natal&campaign_code=NATAL26&fbclid=IwAR-AbC_123"


class Dice:
    """Random numbers that are the same in every run."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def token_urlsafe(self, count: int) -> str:
        return ("v" + self._random.randbytes(count).hex())[: (count * 4 + 2) // 3]

    def randbelow(self, limit: int) -> int:
        return self._random.randrange(limit)


@dataclass
class Said:
    """One thing that a bot said."""

    chat_id: ChatId
    text: str
    keyboard: Keyboard
    photo: bytes | None = None


@dataclass
class RecordingBot:
    """A bot that writes down what it says; ``fault`` is raised instead."""

    said: list[Said] = field(default_factory=list)
    fault: TelegramError | None = None
    answered: list[str] = field(default_factory=list)
    invited: list[tuple[str, str]] = field(default_factory=list)
    refused: bool = False
    refuses: set[str] = field(default_factory=set)
    """Methods that Telegram takes nothing by."""

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = ()) -> None:
        self._check("send_message")
        self.said.append(Said(chat_id, html, keyboard))

    def send_photo(self, chat_id: ChatId, png: bytes, caption_html: str, keyboard: Keyboard = ()) -> None:
        self._check("send_photo")
        self.said.append(Said(chat_id, caption_html, keyboard, png))

    def answer_callback(self, callback_query_id: str, text: str = "") -> None:
        self._check()
        self.answered.append(callback_query_id)

    def create_invite_link(self, chat_id: str, name: str) -> str:
        self._check()
        self.invited.append((chat_id, name))
        return f"https://t.me/+{name}{len(self.invited)}"

    def check(self) -> None:
        self._check()
        if self.refused:
            raise BotRefused("getMe: 401 Unauthorized")

    def _check(self, method: str = "") -> None:
        if self.fault:
            raise self.fault
        if method in self.refuses:
            raise TelegramError(f"{method}: 400 Bad Request")


class SimpleProvider:
    """A provider that makes one charge a payment id."""

    BRCODE = (
        "00020126330014br.gov.bcb.pix0111minha-chave520400005303986540549.905802BR5907PADARIA6009SAO PAULO62070503***63044782"
    )

    def __init__(self, world: World) -> None:
        self._world = world
        self.charges: dict[PaymentId, Charge] = {}
        self.asked: list[ChargeRequest] = []
        self.unavailable = False
        self.enquiries: list[ChargeReference] = []
        self.truth: dict[PaymentId, Sequence[Notice]] = {}
        """What it says of each charge when it is asked."""

    def create_charge(self, request: ChargeRequest) -> Charge:
        self.asked.append(request)
        if self.unavailable:
            raise ProviderUnavailable("switched off by the test")
        expires_at_ms = self._world.now_ms + request.expires_in_seconds * 1000
        charge = Charge(charge_id=f"ch-{request.payment_id}", brcode=self.BRCODE, expires_at_ms=expires_at_ms)
        return self.charges.setdefault(request.payment_id, charge)

    def authenticate(self, request: CallbackRequest) -> None: ...

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        return []

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        self.enquiries.append(charge)
        if self.unavailable:
            raise ProviderUnavailable("switched off by the test")
        return self.truth.get(charge.payment_id or PaymentId(""), ())

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None: ...


class World:
    """Everything wired together, with short words for what people do."""

    def __init__(self, *funnels: Funnel, repair_window_ms: int = 900_000) -> None:
        self.now_ms = NOW_MS
        self.funnels = InMemoryFunnelStore(*(funnels or (FUNNEL,)))
        self.clicks = InMemoryClickStore()
        self.bot_users = InMemoryBotUserStore()
        self.ledger = InMemoryLedgerStore()
        self.payments = InMemoryPaymentStore(self.ledger)
        self.queue = InMemoryQueue()
        self.bot = RecordingBot()
        self.provider = SimpleProvider(self)
        self.keys = SigningKeys(b"k" * 32)
        clock = self._clock
        self.linker = Linker(clicks=self.clicks, funnels=self.funnels, keys=lambda: self.keys, attribution_window_days=7)
        self.redirect = Redirect(
            funnels=self.funnels,
            clicks=self.clicks,
            queue=self.queue,
            recognition=Recognition(bot_users=self.bot_users, funnels=self.funnels, linker=self.linker),
            keys=lambda: self.keys,
            randomness=Dice(),
            now_ms=clock,
        )
        self.people = People(bot_users=self.bot_users, funnels=self.funnels, linker=self.linker, now_ms=clock)
        self.cashier = Cashier(
            people=self.people,
            payments=self.payments,
            providers=lambda _name, _bot_id: self.provider,
            randomness=Dice(),
            now_ms=clock,
        )
        self.inbox = InMemoryInbox()
        self.courier = Courier(payments=self.payments, funnels=self.funnels, bots=lambda _bot_id: self.bot, now_ms=clock)
        self.same_accounts: set[tuple[BotId, BotId]] = set()
        self.counted: list[Payment] = []
        """The sales whose link is final."""
        self.settler = Settler(
            payments=self.payments,
            bot_users=self.bot_users,
            funnels=self.funnels,
            linker=self.linker,
            courier=self.courier,
            inbox=self.inbox,
            same_account=lambda _name, one, other: one == other or (one, other) in self.same_accounts,
            repair_window_ms=repair_window_ms,
            now_ms=clock,
            count_sale=self.counted.append,
        )
        self.enquirer = Enquirer(providers=lambda _name, _bot_id: self.provider, settler=self.settler)
        self.shop = Shop(
            people=self.people,
            funnels=self.funnels,
            cashier=self.cashier,
            payments=self.payments,
            enquirer=self.enquirer,
            courier=self.courier,
            bots=lambda _bot_id: self.bot,
            keys=lambda: self.keys,
            now_ms=clock,
        )
        self.turns = Queue(shop=self.shop, inbox=self.inbox, now_ms=clock, sleep=self._sleep)
        self.reconciler = Reconciler(
            payments=self.payments,
            ledger=self.ledger,
            settler=self.settler,
            enquirer=self.enquirer,
            courier=self.courier,
            now_ms=clock,
        )
        self.watch = BotWatch(funnels=self.funnels, bots=lambda _bot_id: self.bot, now_ms=clock)

    def _sleep(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    def _clock(self) -> int:
        return self.now_ms

    def visit(
        self,
        query: str = AD_QUERY,
        *,
        slug: Slug = SLUG,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Passage:
        """Pass the redirect."""
        return self.redirect.visit(
            Visit(
                slug=slug,
                method="GET",
                raw_query=query,
                headers={"user-agent": IPHONE} | dict(headers or {}),
                cookies=cookies or {},
                address="177.10.20.30",
                page_url=f"https://go.example.com/go/{slug}",
            )
        )

    def click(self, query: str = AD_QUERY, *, slug: Slug = SLUG, cookies: Mapping[str, str] | None = None) -> Click:
        """Pass the redirect as a person and return the click."""
        click = self.visit(query, slug=slug, cookies=cookies).click
        assert click is not None
        return click

    def start(self, start_param: str = "", person: Person = PERSON) -> Outcome:
        """Open the bot."""
        return self.shop.handle(BOT, Message(person=person, text=f"/start {start_param}".strip()), BASE_URL)

    def press(self, data: str = "buy:curso", person: Person = PERSON) -> Outcome:
        """Press a button."""
        return self.shop.handle(BOT, ButtonPress(person=person, callback_query_id="cb", data=data), BASE_URL)

    def buy(self, person: Person = PERSON) -> Payment:
        """Ask for a charge and return its payment."""
        payment = self.press(person=person).payment
        assert payment is not None
        return payment

    def notice(self, payment: Payment, kind: NoticeKind = NoticeKind.PAID, amount_cents: int | None = None) -> Settled:
        """Take a provider's notice."""
        notice = Notice(
            kind=kind,
            payment_id=payment.payment_id,
            charge_id=payment.charge_id,
            amount_cents=amount_cents or payment.amount_cents,
            occurred_at_ms=self.now_ms,
            end_to_end_id="E123",
            payer_name="Ana da Silva",
        )
        return self.settler.take_notice(payment.provider, payment.bot_id, notice)

    def payment(self, payment_id: PaymentId) -> Payment:
        """Return a payment as it is by now."""
        return self.payments.payments[payment_id]
