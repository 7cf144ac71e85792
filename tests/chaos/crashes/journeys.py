"""The journeys, each a small life: what a person does, and what they do again when nothing comes back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from rastro.gateway import HttpResponse
from rastro.model import ChatId, Funnel, FunnelMode, Product
from tests.chaos.crashes.counterparts import BankCharge, Shown
from tests.chaos.crashes.reality import MINUTE_MS, Life, Reality
from tests.fakes.world import AD_QUERY, FUNNEL

ANA = ChatId("1111")
SECOND_AD = "utm_source=facebook&utm_campaign=pascoa&campaign_code=PASCOA26&fbclid=IwAR-XyZ_789"
DELIVERY_URL = FUNNEL.products[0].delivery_url
GROUP = replace(
    FUNNEL,
    products=(
        Product(sku="curso", name="Curso de Pão", price_cents=4990, delivery_url=DELIVERY_URL, delivery_chat_id="-100777"),
    ),
)
_TRIES = 12
_RELOAD_SECONDS = 4.0
_ANSWER_SECONDS = 45.0
_START_LINK = re.compile(r'href="(https://t\.me/[^"]+)"')
_NONCE = re.compile(r'"n(?:once)?":\s*"([A-Za-z0-9_-]{38})"|nonce[^A-Za-z0-9_-]+([A-Za-z0-9_-]{38})')


@dataclass(slots=True)
class Buyer:
    """A person with a browser, a Telegram and a bank."""

    at: Reality
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""
    charge: BankCharge | None = None

    def chat(self) -> list[Shown]:
        """Return what the bot said so far."""
        return [shown for shown in self.at.chats.shown if shown.chat_id == ANA]

    def pass_redirect(self, query: str = AD_QUERY) -> Life:
        """Open the redirect, and reload it until it leads on."""
        for _ in range(_TRIES):
            cookies = [f"{name}={value}" for name, value in self.cookies.items()]
            answer = self.at.visit("/go/curso", query=query, cookies=cookies)
            if answer is not None:
                self._arrive(answer)
                return
            yield _RELOAD_SECONDS

    def _arrive(self, answer: HttpResponse) -> None:
        self.at.answers.append(answer)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = _START_LINK.search(answer.body)
        link = answer.headers.get("location") or (html.unescape(found[1]) if found else "")
        token = (parse_qs(urlsplit(link).query).get("start") or [""])[0]
        if token:
            self.at.tokens.append(token)
        self.page = answer.body

    @property
    def token(self) -> str:
        """Return the token of the last passage."""
        return self.at.tokens[-1] if self.at.tokens else ""

    def until(self, came: Callable[[], bool], act: Callable[[], None], *, wait: float = _ANSWER_SECONDS) -> Life:
        """Do something, and do it again as long as nothing comes of it."""
        for _ in range(_TRIES):
            act()
            waited = 0.0
            while waited < wait:
                if came():
                    return
                yield 1.0
                waited += 1.0

    def start(self, payload: str | None = None) -> Life:
        """Open the bot, with the token unless Telegram drops it."""
        seen = len(self.chat())
        text = f"/start {self.token if payload is None else payload}".strip()
        yield from self.until(lambda: any(shown.offers("buy:") for shown in self.chat()[seen:]), lambda: self.at.say(ANA, text))

    def buy(self) -> Life:
        """Press the button until a code to pay by comes."""
        seen = len(self.chat())
        yield from self.until(lambda: any(shown.code for shown in self.chat()[seen:]), lambda: self.at.press(ANA, "buy:curso"))
        code = next((shown.code for shown in reversed(self.chat()) if shown.code), None)
        self.charge = self.at.bank.with_code(code) if code else None

    def pay(self, *, notify: bool = True) -> Life:
        """Pay the code that was shown last."""
        yield 20.0
        if self.charge is None:
            return
        self.charge.paid_at_ms = self.at.now_ms
        if notify:
            self.at.notify(self.charge, "paid")

    def says_paid(self) -> Life:
        """Press "I have paid" until the goods come."""
        if self.charge is not None:
            data = f"paid:{self.charge.payment_id}"
            yield from self.until(lambda: bool(handed_over(self.at)), lambda: self.at.press(ANA, data), wait=90.0)

    def be_refunded(self, *, after: float = 3_600.0) -> Life:
        """Get the money back."""
        yield after
        if self.charge is not None:
            self.charge.refunded = True
            self.at.notify(self.charge, "refunded")


def handed_over(at: Reality) -> list[str]:
    """Return every way to the goods that the bot showed."""
    ways = [link for shown in at.chats.shown if not shown.picture for link in shown.links]
    return [link for link in ways if link == DELIVERY_URL or link in at.chats.invited]


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey by its name."""

    name: str
    live: Callable[[Buyer], Life]
    funnel: Funnel = FUNNEL
    notices_are_proof: bool = True
    told: bool = True
    """Whether the buyer can be told that the goods are there."""


def _sale(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield 3.0
    yield from ana.start()
    yield 5.0
    yield from ana.buy()
    yield from ana.pay()
    yield from ana.be_refunded()


def _bridge(ana: Buyer) -> Life:
    yield from ana.start("")
    link = next((link for shown in ana.chat() for link in shown.links if "?u=" in link), "")
    yield from ana.pass_redirect(urlsplit(link).query)
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay()


def _passes_again(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield 3_600.0
    yield from ana.pass_redirect(SECOND_AD)
    yield from ana.start("")
    yield from ana.buy()
    yield from ana.pay()


def _without_click(ana: Buyer) -> Life:
    yield from ana.start("")
    yield from ana.buy()
    yield from ana.pay()


def _table_down(ana: Buyer) -> Life:
    ana.at.records.clicks.unavailable = True
    yield from ana.pass_redirect()
    yield 2.0
    ana.at.records.clicks.unavailable = False
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay()


def _clicks_unreadable(ana: Buyer) -> Life:
    """The click is stored, but neither store can be read until a minute after the sale: till then its token is all there is."""
    yield from ana.pass_redirect()
    yield 5.0
    ana.at.records.cache.unavailable = ana.at.records.clicks.unavailable = True
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay()
    yield 60.0
    ana.at.records.cache.unavailable = ana.at.records.clicks.unavailable = False


def _notice_lost(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay(notify=False)


def _notice_lost_and_asked(ana: Buyer) -> Life:
    yield from _notice_lost(ana)
    yield 30.0
    yield from ana.says_paid()


def _paid_late(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    yield 31 * 60.0
    if ana.charge is not None:
        ana.at.notify(ana.charge, "expired")
    yield 20 * 3_600.0
    yield from ana.pay()


def _unproven(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay()


def _blocked(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    ana.at.block(ANA)
    yield 5.0
    yield from ana.pay()


def _refund_first(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay(notify=False)
    yield from ana.be_refunded(after=5.0)
    yield 30.0
    if ana.charge is not None:
        ana.at.notify(ana.charge, "paid")


def _page(ana: Buyer) -> Life:
    yield from ana.pass_redirect()
    found = _NONCE.search(ana.page)
    nonce = (found[1] or found[2]) if found else ""
    seen = json.dumps({"n": nonce, "fbp": f"fb.1.{ana.at.now_ms}.123456789", "fbc": None}).encode()
    ana.at.visit("/go/curso/seen", body=seen)
    yield from ana.start()
    ana.at.visit("/go/curso/status", query=f"n={nonce}")
    yield from ana.buy()
    yield from ana.pay()


def _parked(ana: Buyer) -> Life:
    ana.at.meta.token_dead = True
    yield from ana.pass_redirect()
    yield from ana.start()
    yield from ana.buy()
    yield from ana.pay()
    yield 2 * 3_600.0
    ana.at.meta.token_dead = False
    for _ in range(_TRIES):
        if ana.at.functions.resume():
            return
        yield MINUTE_MS / 1000


JOURNEYS: Mapping[str, Journey] = {
    journey.name: journey
    for journey in (
        Journey("an ad, a sale, a refund", _sale),
        Journey("the payload dropped, the bridge taken", _bridge),
        Journey("a known person passes another ad", _passes_again),
        Journey("no click at all: held, then released", _without_click),
        Journey("the click table refuses the click", _table_down),
        Journey("no store of clicks can be read until the sale is made", _clicks_unreadable),
        Journey("no notice ever comes", _notice_lost),
        Journey("no notice comes, the buyer says so", _notice_lost_and_asked),
        Journey("expired, and paid the day after", _paid_late),
        Journey("a notice that proves nothing", _unproven, notices_are_proof=False),
        Journey("the goods are a group", _unproven, funnel=GROUP),
        Journey("the buyer blocks the bot", _blocked, told=False),
        Journey("the refund is heard of first", _refund_first, told=False),
        Journey("a page with its beacon", _page, funnel=replace(FUNNEL, mode=FunnelMode.PAGE)),
        Journey("the pixel is parked and resumed", _parked),
    )
}
