"""The records in memory. ``unavailable = True`` makes every call of a store fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Lock

from rastro.errors import Conflict, SecretMissing, StoreUnavailable
from rastro.figures import Group, Hour, Reported, Sale, campaign_name
from rastro.model import (
    BotId,
    BotProfile,
    BotUser,
    Campaign,
    ChatId,
    Click,
    ConversionEvent,
    EventName,
    Funnel,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentId,
    PixelId,
    Slug,
    TrackingToken,
    Turn,
    UnknownNotice,
    VisitorId,
)
from rastro.stores import keys


class _Breakable:
    def __init__(self) -> None:
        self.unavailable = False

    def _check(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("switched off by the test")


class InMemoryClickStore(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.clicks: dict[TrackingToken, Click] = {}

    def put(self, click: Click) -> bool:
        self._check()
        others = [known for known in self.clicks.values() if known.tracking_token != click.tracking_token]
        self.clicks.setdefault(click.tracking_token, click)
        return click.fbclid is not None and any(known.fbclid == click.fbclid for known in others)

    def begin_put(self, click: Click) -> Callable[[], bool]:
        return lambda: self.put(click)

    def get(self, token: TrackingToken) -> Click | None:
        self._check()
        return self.clicks.get(token)

    def newest_by_fbclid(self, fbclid: str, *, until_ms: int | None = None) -> Click | None:
        self._check()
        found = [click for click in self.clicks.values() if click.fbclid == fbclid]
        return self._newest([click for click in found if until_ms is None or click.clicked_at_ms <= until_ms])

    def newest_by_visitor(self, visitor_id: VisitorId, slugs: Collection[Slug]) -> Click | None:
        self._check()
        found = [click for click in self.clicks.values() if click.visitor_id == visitor_id and click.slug in slugs]
        return self._newest([click for click in found if click.from_ad] or found)

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        self._check()
        found = [click for click in self.clicks.values() if click.slug == slug and click.clicked_at_ms >= since_ms]
        unclaimed = [click for click in found if click.claimed_by is None]
        return unclaimed[0] if len(unclaimed) == 1 else None

    def claim(self, click: Click, bot_user_key: str) -> None:
        self._check()
        known = self.clicks.get(click.tracking_token)
        if known is not None and known.claimed_by is None:
            self.clicks[click.tracking_token] = replace(known, claimed_by=bot_user_key)

    def add_browser_ids(self, token: TrackingToken, *, fbp: str | None, fbc: str | None) -> None:
        self._check()
        click = self.clicks.get(token)
        if click is not None:
            self.clicks[token] = replace(click, fbp=click.fbp or fbp, fbc=click.fbc or fbc)

    @staticmethod
    def _newest(clicks: Sequence[Click]) -> Click | None:
        return max(clicks, key=lambda click: click.clicked_at_ms, default=None)


class InMemoryClickCache(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.clicks: dict[TrackingToken, Click] = {}
        self.newest: dict[str, TrackingToken] = {}
        self.unclaimed: dict[TrackingToken, Click] = {}

    def put(self, click: Click) -> bool:
        self._check()
        before = self.newest.get(f"fbclid:{click.fbclid}", click.tracking_token)
        self.clicks[click.tracking_token] = click
        self.newest |= self._pointers(click, fbclid=True, visitor=True)
        self.unclaimed[click.tracking_token] = click
        return before != click.tracking_token

    def keep(self, click: Click, *, fbclid: bool = False, visitor: bool = False) -> None:
        self._check()
        self.clicks.setdefault(click.tracking_token, click)
        self.newest = self._pointers(click, fbclid=fbclid, visitor=visitor) | self.newest

    def get(self, token: TrackingToken) -> Click | None:
        self._check()
        return self.clicks.get(token)

    def newest_by_fbclid(self, fbclid: str) -> Click | None:
        self._check()
        return self.clicks.get(self.newest.get(f"fbclid:{fbclid}", TrackingToken("")))

    def newest_by_visitor(self, visitor_id: VisitorId) -> Click | None:
        self._check()
        return self.clicks.get(self.newest.get(f"visitor:{visitor_id}", TrackingToken("")))

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        self._check()
        found = [click for click in self.unclaimed.values() if click.slug == slug and click.clicked_at_ms >= since_ms]
        return found[0] if len(found) == 1 else None

    def claimed(self, click: Click) -> None:
        self._check()
        self.clicks.pop(click.tracking_token, None)
        self.unclaimed.pop(click.tracking_token, None)

    def forget(self, token: TrackingToken) -> None:
        self._check()
        self.clicks.pop(token, None)

    @staticmethod
    def _pointers(click: Click, *, fbclid: bool, visitor: bool) -> dict[str, TrackingToken]:
        named = {"fbclid": click.fbclid if fbclid else None, "visitor": click.visitor_id if visitor and click.from_ad else None}
        return {f"{name}:{value}": click.tracking_token for name, value in named.items() if value is not None}


class InMemoryBotUserStore(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.bot_users: dict[str, BotUser] = {}
        self.writes = 0

    def get(self, bot_id: BotId, chat_id: ChatId) -> BotUser | None:
        self._check()
        return self.bot_users.get(f"{bot_id}#{chat_id}")

    def save(self, bot_user: BotUser) -> BotUser:
        self._check()
        stored = self.bot_users.get(bot_user.key)
        if (stored.version if stored else 0) != bot_user.version:
            raise Conflict(bot_user.key)
        saved = replace(bot_user, version=bot_user.version + 1)
        self.bot_users[bot_user.key] = saved
        self.writes += 1
        return saved

    def by_fbclid(self, fbclid: str) -> Sequence[BotUser]:
        self._check()
        return [bot_user for bot_user in self.bot_users.values() if bot_user.fbclid == fbclid]

    def by_visitor(self, visitor_id: VisitorId) -> Sequence[BotUser]:
        self._check()
        return [bot_user for bot_user in self.bot_users.values() if bot_user.visitor_id == visitor_id]


class InMemoryLedgerStore(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, LedgerRow] = {}

    def get(self, key: str) -> LedgerRow | None:
        self._check()
        return self.rows.get(key)

    def by_payment(self, payment_id: PaymentId) -> Sequence[LedgerRow]:
        self._check()
        return [row for row in self.rows.values() if row.event.payment_id == payment_id]

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        self._check()
        row = self.rows.get(key)
        if row is None:
            return None
        lapsed = row.status is LedgerStatus.SENDING and (row.claimed_until_ms or 0) < now_ms
        if row.status is not LedgerStatus.QUEUED and not lapsed:
            return None
        self.rows[key] = replace(
            row,
            status=LedgerStatus.SENDING,
            claimed_until_ms=now_ms + lease_ms,
            updated_at_ms=now_ms,
            attempts=row.attempts + 1,
            first_sent_at_ms=row.first_sent_at_ms or now_ms,
            doubtful_sends=row.doubtful_sends + lapsed,
        )
        return self.rows[key]

    def settle(self, row: LedgerRow) -> None:
        self._check()
        stored = self.rows.get(row.event.key)
        if (
            stored is None
            or stored.status is not LedgerStatus.SENDING
            or (stored.claimed_until_ms, stored.attempts) != (row.claimed_until_ms, row.attempts)
        ):
            raise Conflict(row.event.key)
        self.rows[row.event.key] = row

    def record(self, row: LedgerRow) -> None:
        self._check()
        self.rows.setdefault(row.event.key, row)

    def parked(self, pixel_id: PixelId, limit: int | None = None) -> Iterator[LedgerRow]:
        self._check()
        found = [row for row in self.rows.values() if row.status is LedgerStatus.PARKED and row.event.pixel_id == pixel_id]
        return iter(sorted(found, key=lambda row: row.parked_at_ms or 0)[:limit])

    def requeue(self, key: str, *, now_ms: int) -> bool:
        self._check()
        row = self.rows.get(key)
        if row is None:
            return False
        if row.status in (LedgerStatus.QUEUED, LedgerStatus.PARKED):
            self.rows[key] = replace(
                row, status=LedgerStatus.QUEUED, requeued_at_ms=now_ms, updated_at_ms=now_ms, parked_at_ms=None
            )
            return True
        if row.status is LedgerStatus.SENDING and (row.claimed_until_ms or 0) < now_ms:
            self.rows[key] = replace(row, requeued_at_ms=now_ms)
            return True
        return False

    def expire(self, key: str, *, now_ms: int) -> bool:
        self._check()
        row = self.rows.get(key)
        if row is None:
            return False
        lapsed = row.status is LedgerStatus.SENDING and (row.claimed_until_ms or 0) < now_ms
        if row.status not in (LedgerStatus.QUEUED, LedgerStatus.PARKED) and not lapsed:
            return False
        self.rows[key] = replace(row, status=LedgerStatus.EXPIRED, updated_at_ms=now_ms, parked_at_ms=None)
        return True


class InMemoryPaymentStore(_Breakable):
    def __init__(self, ledger: InMemoryLedgerStore | None = None) -> None:
        super().__init__()
        self.ledger = ledger or InMemoryLedgerStore()
        self.payments: dict[PaymentId, Payment] = {}
        self._lock = Lock()

    def get(self, payment_id: PaymentId) -> Payment | None:
        self._check()
        return self.payments.get(payment_id)

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        self._check()
        with self._lock:
            stored = self.payments.get(payment.payment_id)
            if (stored.version if stored else 0) != payment.version:
                raise Conflict(payment.payment_id)
            for row in rows:
                known = self.ledger.rows.get(row.event.key)
                if known is not None and known.status is not LedgerStatus.HELD:
                    raise Conflict(row.event.key)
            saved = replace(payment, version=payment.version + 1)
            self.payments[payment.payment_id] = saved
            self.ledger.rows |= {row.event.key: row for row in rows}
            return saved

    def by_charge(self, provider: str, charge_id: str) -> Payment | None:
        self._check()
        found = (payment for payment in self.payments.values() if (payment.provider, payment.charge_id) == (provider, charge_id))
        return next(found, None)

    def by_bot_user(self, bot_id: BotId, chat_id: ChatId) -> Sequence[Payment]:
        self._check()
        found = [payment for payment in self.payments.values() if (payment.bot_id, payment.chat_id) == (bot_id, chat_id)]
        return sorted(found, key=lambda payment: -payment.created_at_ms)

    def by_day(self, day: date) -> Iterator[Payment]:
        self._check()
        for payment in sorted(self.payments.values(), key=lambda payment: payment.created_at_ms):
            if datetime.fromtimestamp(payment.created_at_ms / 1000, UTC).date() == day:
                yield payment

    def due(self, before_ms: int, limit: int) -> Sequence[Payment]:
        self._check()
        found = [
            payment for payment in self.payments.values() if payment.due_at_ms is not None and payment.due_at_ms <= before_ms
        ]
        return sorted(found, key=lambda payment: payment.due_at_ms or 0)[:limit]


class InMemoryFunnelStore(_Breakable):
    def __init__(self, *funnels: Funnel) -> None:
        super().__init__()
        self.funnels: dict[Slug, Funnel] = {}
        self.bots: dict[BotId, BotProfile] = {}
        self.campaigns: dict[str, Campaign] = {}
        for funnel in funnels:
            self.put(funnel)

    def get(self, slug: Slug) -> Funnel | None:
        self._check()
        return self.funnels.get(slug)

    def put(self, funnel: Funnel) -> None:
        self._check()
        before = self.funnels.get(funnel.slug)
        self.funnels[funnel.slug] = funnel
        for bot in before.bots if before else ():
            if funnel.bot(bot.bot_id) is None:
                slugs = tuple(slug for slug in self.bots[bot.bot_id].slugs if slug != funnel.slug)
                self.bots[bot.bot_id] = replace(self.bots[bot.bot_id], slugs=slugs)
        for bot in funnel.bots:
            slugs = self.bots[bot.bot_id].slugs if bot.bot_id in self.bots else ()
            more = () if funnel.slug in slugs else (funnel.slug,)
            self.bots[bot.bot_id] = BotProfile(bot_id=bot.bot_id, username=bot.username, slugs=slugs + more)

    def slugs(self) -> Sequence[Slug]:
        self._check()
        return sorted(self.funnels)

    def bot(self, bot_id: BotId) -> BotProfile | None:
        self._check()
        return self.bots.get(bot_id)

    def campaign(self, ref: str) -> Campaign | None:
        self._check()
        return self.campaigns.get(ref)

    def remember_campaign(self, ref: str, campaign: Campaign, *, seen_at_ms: int) -> None:
        self._check()
        self.campaigns.setdefault(ref, campaign)


class InMemoryInbox(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.done: dict[tuple[BotId, ChatId], list[int]] = {}
        self.busy: dict[tuple[BotId, ChatId], tuple[int, int]] = {}
        self.kept: dict[str, UnknownNotice] = {}
        self._lock = Lock()

    def take_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, now_ms: int, lease_ms: int) -> Turn:
        self._check()
        key = (bot_id, chat_id)
        with self._lock:
            if update_id in self.done.get(key, ()):
                return Turn.REPEATED
            if now_ms < self.busy.get(key, (0, 0))[1]:
                return Turn.BUSY
            self.busy[key] = (update_id, now_ms + lease_ms)
            return Turn.TAKEN

    def end_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, done: bool) -> None:
        self._check()
        key = (bot_id, chat_id)
        with self._lock:
            if done and update_id not in self.done.get(key, ()):
                self.done[key] = [*self.done.get(key, ()), update_id][-keys.TURNS_KNOWN :]
            if self.busy.get(key, (None, 0))[0] == update_id:
                del self.busy[key]

    def keep_notice(self, notice: UnknownNotice) -> None:
        self._check()
        self.kept.setdefault(notice.notice_id, notice)

    def notices(self, day: date) -> Iterator[UnknownNotice]:
        self._check()
        of_day = [each for each in self.kept.values() if datetime.fromtimestamp(each.received_at_ms / 1000, UTC).date() == day]
        yield from sorted(of_day, key=lambda each: each.received_at_ms)


class InMemoryRollupStore(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: dict[Hour, list[dict[Group, list[str]]]] = {}
        self.closed: dict[Hour, dict[Group, int]] = {}

    def add(self, hour: Hour, seen: Mapping[Group, Collection[str]]) -> None:
        self._check()
        piece = {group: sorted(marks) for group, marks in seen.items() if marks}
        pieces = self.pieces.setdefault(hour, [])
        if piece and piece not in pieces:
            pieces.append(piece)

    def seen(self, hour: Hour) -> Iterator[Mapping[Group, Sequence[str]]]:
        self._check()
        return iter(list(self.pieces.get(hour, ())))

    def close(self, hour: Hour, counts: Mapping[Group, int]) -> None:
        self._check()
        self.closed[hour] = dict(counts)

    def reopen(self, hour: Hour) -> None:
        self._check()
        self.closed.pop(hour, None)

    def counts(self, hours: Sequence[Hour]) -> Iterator[tuple[Hour, Mapping[Group, int]]]:
        self._check()
        return iter([(hour, self.closed[hour]) for hour in hours if hour in self.closed])


class InMemorySalesBook:
    """The payments and the ledger of other fakes, read as reports read them."""

    def __init__(self, payments: InMemoryPaymentStore) -> None:
        self._payments = payments

    def sales(self, day: date) -> Sequence[Sale]:
        return [
            Sale(
                payment_id=payment.payment_id,
                bot_id=payment.bot_id,
                slug=payment.slug,
                provider=payment.provider,
                amount_cents=payment.amount_cents,
                created_at_ms=payment.created_at_ms,
                charged=payment.charge_id is not None or payment.paid_at_ms is not None,
                paid_at_ms=payment.paid_at_ms,
                amount_paid_cents=payment.amount_paid_cents,
                refunded_cents=payment.refunded_cents,
                campaign=campaign_name(payment.attribution.campaign),
                link_source=payment.attribution.link_source,
                link_confidence=payment.attribution.link_confidence,
                reason=payment.attribution.reason,
                user_agent=payment.attribution.click_user_agent,
            )
            for payment in self._payments.by_day(day)
        ]

    def reported(self, expected: Mapping[PaymentId, Sequence[str]]) -> Mapping[PaymentId, Sequence[Reported]]:
        found = {payment_id: self._payments.ledger.by_payment(payment_id) for payment_id in expected}
        return {
            payment_id: [
                Reported(pixel_id=row.event.pixel_id, status=row.status, accepted_at_ms=row.accepted_at_ms)
                for row in rows
                if row.event.event_name is EventName.PURCHASE
            ]
            for payment_id, rows in found.items()
            if rows
        }


class InMemoryQueue(_Breakable):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[ConversionEvent] = []
        self.lost_clicks: list[Click] = []

    def send(self, events: Sequence[ConversionEvent]) -> Sequence[ConversionEvent]:
        if self.unavailable:
            return list(events)
        self.events.extend(events)
        return []

    def send_lost_click(self, click: Click) -> None:
        self._check()
        self.lost_clicks.append(click)


class InMemorySecrets(_Breakable):
    def __init__(self, **secrets: str) -> None:
        super().__init__()
        self.secrets = dict(secrets)

    def get(self, name: str) -> str:
        self._check()
        if not self.secrets.get(name):
            raise SecretMissing(name)
        return self.secrets[name]
