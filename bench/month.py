"""A month as it might have been: people at the door, people in the bots, sales, and what came of each.

It is told twice: as the records that the system would hold, and as plain numbers that are counted here and know nothing of the
system's own way of counting.
"""

from __future__ import annotations

import hashlib
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from rastro.model import (
    DAY_MS,
    Attribution,
    BotId,
    BotUser,
    Campaign,
    ChatId,
    Click,
    Confidence,
    ConversionEvent,
    DeliveryState,
    EventName,
    Funnel,
    FunnelBot,
    FunnelMode,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    Product,
    Reason,
    Slug,
    StartPayload,
    TrackingToken,
    VisitorId,
)

FIRST_DAY = date(2026, 9, 1)
UTC_OFFSET_MS = -3 * 3_600_000
"""Brasília's."""
HOUR_MS = 3_600_000
_WEIGHTS = (0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 0.8, 1, 1, 1.1, 1.4, 1.6, 1.3, 1.1, 1, 1.1, 1.3, 1.7, 2.2, 2.6, 2.5, 1.8, 0.9)
"""How busy the hours of a day are."""


def _funnel(slug: str, provider: str, price_cents: int, bots: Sequence[str], pixels: Sequence[str]) -> Funnel:
    return Funnel(
        slug=Slug(slug),
        name=slug,
        mode=FunnelMode.DIRECT,
        bots=tuple(FunnelBot(bot_id=BotId(bot_id), username=f"bot{bot_id}_bot") for bot_id in bots),
        products=(Product(sku="p", name="Curso", price_cents=price_cents, delivery_url="https://example.com/curso"),),
        pixels=tuple(Pixel(pixel_id=PixelId(pixel_id)) for pixel_id in pixels),
        provider=provider,
    )


FUNNELS = (
    _funnel("curso-pao", "openpix", 4990, ["7000000001", "7000000002"], ["1000000000000001"]),
    _funnel("confeitaria", "mercadopago", 9700, ["7000000003"], ["1000000000000001", "1000000000000002"]),
    _funnel("sinais-vip", "efi", 2990, ["7000000004"], ["1000000000000003"]),
)
CAMPAIGNS = (
    *(("pascoa-lookalike-1", 0, 30), ("video-fermentacao", 0, 18), ("remarketing-7d", 0, 8), ("bolos-natal", 1, 16)),
    *(
        ("confeitaria-interesse", 1, 9),
        ("sinais-frio", 2, 8),
        ("sinais-influencer", 2, 5),
        ("teste-criativo-9", 0, 3),
        ("", 0, 3),
    ),
)
"""Name, funnel, weight."""
_ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Mobile Safari/537.36"
_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
CLIENTS = (
    ("instagram_android", f"{_ANDROID} Instagram 395.0.0.36.69 Android", 34),
    ("instagram_ios", f"{_IOS} Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR)", 22),
    ("facebook_android", f"{_ANDROID} [FB_IAB/FB4A;FBAV/533.0.0.31.105;]", 24),
    ("facebook_ios", f"{_IOS} [FBAN/FBIOS;FBAV/533.0.0.31.105;FBDV/iPhone15,2]", 9),
    ("chrome_android", _ANDROID, 8),
    ("safari_ios", f"{_IOS} Version/18.5 Safari/604.1", 3),
)
_CAMPAIGN_WEIGHTS = [weight for _, _, weight in CAMPAIGNS]
_CLIENT_WEIGHTS = [weight for _, _, weight in CLIENTS]
_LINKS = (
    (LinkSource.START_PARAM, Confidence.CERTAIN, None, 78),
    (LinkSource.REDIRECT, Confidence.CERTAIN, None, 6),
    (LinkSource.BOT_USER, Confidence.CERTAIN, None, 3),
    (LinkSource.FBCLID, Confidence.CERTAIN, None, 2),
    (LinkSource.RECENT_CLICK, Confidence.PROBABLE, None, 2),
    (LinkSource.NONE, Confidence.NONE, Reason.DIRECT_ENTRY, 6),
    (LinkSource.NONE, Confidence.NONE, Reason.PAYLOAD_DROPPED, 2),
    (LinkSource.NONE, Confidence.NONE, Reason.OUTSIDE_WINDOW, 1),
)
_STATES = (
    (LedgerStatus.ACCEPTED, 965),
    (LedgerStatus.QUEUED, 8),
    (LedgerStatus.HELD, 6),
    (LedgerStatus.PARKED, 12),
    (LedgerStatus.REJECTED, 6),
    (LedgerStatus.EXPIRED, 3),
)
_LINK_WEIGHTS = [weight for *_, weight in _LINKS]
_BEST_FIRST = ("start_param", "bridge", "redirect", "bot_user", "fbclid", "recent_click", "none")
_NAMES = ("campaign", "funnel", "bot", "provider", "day", "client")
_LATER_SHARE, _START_SHARE, _PAID_SHARE, _REFUND_SHARE = 0.03, 0.24, 0.42, 0.015
_EXACT_SHARE, _BRIDGE_SHARE = 0.99, 0.5


@dataclass(frozen=True, slots=True)
class _Visitor:
    """A person and the click that they made."""

    click: Click
    client: str
    chat_id: ChatId


@dataclass(frozen=True, slots=True)
class _Linked:
    """How a person was linked."""

    source: LinkSource
    confidence: Confidence
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A person opened a bot."""

    bot_user: BotUser
    click: Click


@dataclass(frozen=True, slots=True)
class SaleRecords:
    """A payment with the ledger rows of its Purchase."""

    payment: Payment
    rows: tuple[LedgerRow, ...]


Happening = Click | Start | SaleRecords


@dataclass(slots=True)
class Truth:
    """What happened, counted one by one with nothing of the system's; days are Brasília's."""

    clicks: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """By campaign, funnel, bot, provider, day and client."""
    people: dict[tuple[int, str], list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    """By hour and person, the links that they had, with where they stood."""
    sales: list[dict[str, object]] = field(default_factory=list)

    def totals(self) -> dict[str, object]:
        """Return the figures of the whole month."""
        links = Counter(self._best(starts) for starts in self.people.values())
        paid = [sale for sale in self.sales if sale["paid"]]
        unlinked: Counter[object] = Counter()
        for sale in paid:
            if sale["why"] is not None:
                unlinked[sale["why"]] += _whole(sale["cents"])
        delays = [_whole(sale["delay"]) for sale in paid if sale["delay"] is not None]
        return {
            "clicks": self.clicks.total(),
            "starts": len(self.people),
            "links": dict(sorted(links.items())),
            "charges": len(self.sales),
            "paid": len(paid),
            "revenue_cents": sum(_whole(sale["cents"]) for sale in paid),
            "refunded_cents": sum(_whole(sale["refunded"]) for sale in self.sales),
            "purchases_accepted": sum(sale["state"] == "accepted" for sale in paid),
            "purchases": dict(sorted(Counter(str(sale["state"]) for sale in paid).items())),
            "certain": sum(sale["why"] is None for sale in paid),
            "unlinked": {str(reason): cents for reason, cents in sorted(unlinked.items(), key=str)},
            "median_delay_ms": round(statistics.median(delays)) if delays else None,
        }

    def by(self, *names: str) -> dict[tuple[str, ...], dict[str, int]]:
        """Return clicks, charges, paid and revenue of each place, told apart by these names."""
        rows: dict[tuple[str, ...], dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(("clicks", "charges", "paid", "cents"), 0)
        )
        for place, count in self.clicks.items():
            rows[tuple(place[_NAMES.index(name)] for name in names)]["clicks"] += count
        for sale in self.sales:
            row = rows[tuple(str(sale[name]) for name in names)]
            row["charges"] += 1
            if sale["paid"]:
                row["paid"] += 1
                row["cents"] += _whole(sale["cents"])
        return dict(rows)

    @staticmethod
    def _best(starts: Sequence[tuple[str, ...]]) -> str:
        return min((start[0] for start in starts), key=_BEST_FIRST.index)


class Month:
    """Thirty days of a seller's, always the same for the same numbers."""

    def __init__(self, *, clicks: int, payments: int, days: int = 30, seed: int = 7) -> None:
        """Take how many clicks and payments there are to be."""
        self._clicks = clicks
        self._payments = payments
        self._days = days
        self._random = random.Random(seed)  # noqa: S311 - a month that repeats
        self.truth = Truth()
        self.begin_ms = round(datetime.combine(FIRST_DAY, datetime.min.time(), UTC).timestamp()) * 1000 - UTC_OFFSET_MS
        self.end_ms = self.begin_ms + days * DAY_MS

    def happenings(self) -> Iterator[tuple[int, Happening]]:
        """Yield what happens, day by day in the order of time; sales come when they are over."""
        number = 0
        for day in range(self._days):
            until = self._clicks * (day + 1) // self._days
            of_day: list[tuple[int, int, Happening]] = []
            for at_ms in self._moments(self.begin_ms + day * DAY_MS, until - number):
                number += 1
                of_day += self._passage(number, at_ms)
            of_day.sort(key=lambda entry: entry[:2])
            for at_ms, _, happening in of_day:
                yield at_ms, happening

    def _moments(self, day_begins_ms: int, count: int) -> list[int]:
        hours = self._random.choices(range(24), _WEIGHTS, k=count)
        return [day_begins_ms + hour * HOUR_MS + self._random.randrange(HOUR_MS) for hour in hours]

    def _passage(self, number: int, at_ms: int) -> Iterator[tuple[int, int, Happening]]:
        """Yield a click, and what the person did after it."""
        click, client = self._click(number, at_ms)
        place = self._place(click, at_ms, client)
        self.truth.clicks[place] += 1
        yield at_ms, number, click
        # How many payments there have been follows how many clicks there have been: the numbers come out exactly.
        buys = number * self._payments // self._clicks > (number - 1) * self._payments // self._clicks
        if not buys and self._random.random() >= _START_SHARE:
            return
        visitor = _Visitor(click, client, ChatId(str(500_000_000 + number)))
        source, confidence, reason, _ = self._random.choices(_LINKS, _LINK_WEIGHTS)[0]
        linked = _Linked(source, confidence, reason)
        started_at_ms = at_ms + self._random.randrange(1_000, 120_000)
        yield started_at_ms, number, self._start(visitor, started_at_ms, linked)
        if reason is not None and self._random.random() < _BRIDGE_SHARE:
            # They take the bot's bridge: the same person again, linked.
            linked = _Linked(LinkSource.BRIDGE, Confidence.CERTAIN)
            started_at_ms += self._random.randrange(5_000, 60_000)
            yield started_at_ms, number, self._start(visitor, started_at_ms, linked)
        if buys:
            yield self._sale(number, visitor, started_at_ms, linked)

    def _click(self, number: int, at_ms: int) -> tuple[Click, str]:
        name, funnel_number, _ = self._random.choices(CAMPAIGNS, _CAMPAIGN_WEIGHTS)[0]
        client, user_agent, _ = self._random.choices(CLIENTS, _CLIENT_WEIGHTS)[0]
        funnel = FUNNELS[funnel_number]
        fbclid = f"IwZXh0bgNhZW0CMTAAYnJpZBE{number:028d}" if name else None
        click = Click(
            tracking_token=TrackingToken(f"{number:044d}"),
            slug=funnel.slug,
            clicked_at_ms=at_ms,
            pageview_event_id=f"pageview_{number:024x}",
            campaign=Campaign(utm_source="facebook", utm_medium="cpc", utm_campaign=name) if name else Campaign(),
            bot_id=self._random.choice(funnel.bots).bot_id,
            visitor_id=VisitorId(f"v{number:021d}"),
            fbclid=fbclid,
            fbc=f"fb.1.{at_ms}.{fbclid}" if fbclid else None,
            click_ip="177.10.20.30",
            click_user_agent=user_agent,
            event_source_url=f"https://go.example.com/go/{funnel.slug}",
        )
        return click, client

    def _start(self, visitor: _Visitor, at_ms: int, how: _Linked) -> Start:
        click, linked = visitor.click, how.confidence is not Confidence.NONE
        if at_ms < self.end_ms:
            self.truth.people[at_ms // HOUR_MS, visitor.chat_id].append((how.source.value, visitor.client))
        bot_user = BotUser(
            bot_id=click.bot_id or BotId(""),
            chat_id=visitor.chat_id,
            created_at_ms=click.clicked_at_ms,
            updated_at_ms=at_ms,
            version=1,
            slug=click.slug,
            tracking_session_id=click.tracking_token if linked else None,
            visitor_id=click.visitor_id if linked else None,
            fbclid=click.fbclid if linked else None,
            link_source=how.source,
            link_confidence=how.confidence,
            linked_at_ms=at_ms if linked else None,
            last_start_at_ms=at_ms,
            last_start_payload=StartPayload.TOKEN if linked else StartPayload.BARE,
            first_name="Ana",
            language_code="pt-br",
        )
        return Start(bot_user, click)

    def _sale(self, number: int, visitor: _Visitor, started_at_ms: int, how: _Linked) -> tuple[int, int, SaleRecords]:
        """Return a sale when it is over, and tell the truth of it."""
        click = visitor.click
        funnel = next(each for each in FUNNELS if each.slug == click.slug)
        at_ms = started_at_ms + self._random.randrange(10_000, 1_200_000)
        paid = self._random.random() < _PAID_SHARE
        paid_at_ms = at_ms + self._random.randrange(15_000, 240_000)
        if self._random.random() < _LATER_SHARE:
            paid_at_ms += DAY_MS
        price_cents = funnel.products[0].price_cents
        cents = price_cents if self._random.random() < _EXACT_SHARE else price_cents - 100
        refunds = {"r1": cents} if paid and self._random.random() < _REFUND_SHARE else {}
        payment = Payment(
            payment_id=PaymentId(hashlib.sha256(str(number).encode()).hexdigest()[:26]),
            bot_id=click.bot_id or BotId(""),
            chat_id=visitor.chat_id,
            slug=click.slug,
            sku="p",
            product_name="Curso",
            amount_cents=price_cents,
            provider=funnel.provider,
            status=(PaymentStatus.REFUNDED if refunds else PaymentStatus.PAID) if paid else PaymentStatus.EXPIRED,
            created_at_ms=at_ms,
            updated_at_ms=at_ms,
            attribution=_attribution(click, how),
            charge_id=f"ch{number}",
            brcode="00020126580014br.gov.bcb.pix0136" + "0" * 120,
            paid_at_ms=paid_at_ms if paid else None,
            amount_paid_cents=cents if paid else None,
            end_to_end_id=f"E{number:031d}" if paid else None,
            refunds=refunds,
            delivery_state=DeliveryState.DELIVERED if paid else DeliveryState.NONE,
        )
        rows, state, delay_ms = self._rows(payment, funnel, paid_at_ms) if paid else ((), "none", None)
        if at_ms < self.end_ms:
            certain, linked = how.confidence is Confidence.CERTAIN, how.confidence is not Confidence.NONE
            campaign = click.campaign.utm_campaign or "" if linked else ""
            place = self._place(click, at_ms, visitor.client if certain else "", campaign)
            why = None if certain else "probable" if linked else how.reason
            self.truth.sales.append(
                dict(zip(_NAMES, place, strict=True))
                | {"paid": paid, "cents": cents, "refunded": sum(refunds.values()), "state": state, "why": why, "delay": delay_ms}
            )
        return at_ms, number, SaleRecords(payment, rows)

    def _rows(self, payment: Payment, funnel: Funnel, paid_at_ms: int) -> tuple[tuple[LedgerRow, ...], str, int | None]:
        status = self._random.choices([state for state, _ in _STATES], [weight for _, weight in _STATES])[0]
        delays = [self._random.randrange(900, 9_000) for _ in funnel.pixels]
        rows = tuple(
            replace(_row(payment, pixel.pixel_id, status, paid_at_ms), accepted_at_ms=paid_at_ms + delay, fbtrace_id="A1b2")
            if status is LedgerStatus.ACCEPTED
            else _row(payment, pixel.pixel_id, status, paid_at_ms)
            for pixel, delay in zip(funnel.pixels, delays, strict=True)
        )
        return rows, status.value, max(delays) if status is LedgerStatus.ACCEPTED else None

    def _place(self, click: Click, at_ms: int, client: str, campaign: str | None = None) -> tuple[str, ...]:
        provider = next(each.provider for each in FUNNELS if each.slug == click.slug)
        day = datetime.fromtimestamp((at_ms + UTC_OFFSET_MS) / 1000, UTC).date().isoformat()
        name = (click.campaign.utm_campaign or "") if campaign is None else campaign
        return name, click.slug, click.bot_id or "", provider, day, client


def _attribution(click: Click, how: _Linked) -> Attribution:
    """Return what a payment keeps of its click; of one that is not known to be the person's, nothing of the browser."""
    if how.confidence is Confidence.NONE:
        return Attribution(reason=how.reason)
    certain = how.confidence is Confidence.CERTAIN
    return Attribution(
        link_source=how.source,
        link_confidence=how.confidence,
        tracking_token=click.tracking_token,
        clicked_at_ms=click.clicked_at_ms,
        campaign=click.campaign,
        fbclid=click.fbclid,
        fbc=click.fbc if certain else None,
        click_ip=click.click_ip if certain else None,
        click_user_agent=click.click_user_agent if certain else None,
    )


def _row(payment: Payment, pixel_id: PixelId, status: LedgerStatus, paid_at_ms: int) -> LedgerRow:
    payload = {
        "event_name": "Purchase",
        "event_time": paid_at_ms // 1000,
        "event_id": f"purchase_{payment.payment_id}",
        "action_source": "website",
        "user_data": {"external_id": ["0" * 64], "fbc": payment.attribution.fbc, "client_user_agent": _IOS},
        "custom_data": {"currency": "BRL", "value": payment.amount_cents / 100, "order_id": payment.payment_id},
    }
    event = ConversionEvent(
        pixel_id=pixel_id,
        event_name=EventName.PURCHASE,
        event_id=f"purchase_{payment.payment_id}",
        event_time_s=paid_at_ms // 1000,
        payload=payload,
        payment_id=payment.payment_id,
    )
    return LedgerRow(event=event, status=status, created_at_ms=paid_at_ms, updated_at_ms=paid_at_ms, attempts=1)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a figure is a whole number")
    return value
