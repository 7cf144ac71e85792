"""A person's own requests (LGPD, article 18): everything that is held of them, shown or taken away.

Erasing comes twice as well as once, and goes on where it broke off: the records by which a person is found go last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rastro.errors import Conflict, StoreUnavailable
from rastro.meta.event import view_content_id
from rastro.meta.user_data import hashed_name
from rastro.model import (
    BotId,
    BotUser,
    ChatId,
    Click,
    DeliveryState,
    EventName,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentStatus,
    Slug,
    TrackingToken,
    bot_user_key,
)
from rastro.sales.erasure import WAITING, Place, Receipt, Tally, of_nobody, untold, without_person
from rastro.stores.ports import BotUserStore, FunnelStore, LedgerStore, PaymentStore, PersonalCache, PersonalRecords

ATTEMPTS = 4
_END_TO_END_ID = re.compile(r"E[0-9]{20}[A-Za-z0-9]{11}")
"""A PIX's own id, as it stands on the payer's receipt (BACEN, Manual de Padrões para Iniciação do Pix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalFile:
    """Everything that is held of one person in one bot."""

    bot_id: BotId
    chat_id: ChatId
    bot_user: BotUser | None = None
    clicks: tuple[Click, ...] = ()
    """Those that are known to be theirs, oldest first."""
    bridges: tuple[Click, ...] = ()
    """Other people's, who came by a link that was theirs."""
    payments: tuple[Payment, ...] = ()
    rows: tuple[LedgerRow, ...] = ()
    updates_known: tuple[int, ...] | None = None
    cached: Mapping[TrackingToken, tuple[str, ...]] = field(default_factory=dict)
    """By click, the kinds of entries in the cache."""
    cache_answers: bool = True

    @property
    def empty(self) -> bool:
        """Say whether nothing is held."""
        records = (self.clicks, self.bridges, self.payments, self.rows, self.cached)
        return self.bot_user is None and self.updates_known is None and not any(records)

    @property
    def open_sales(self) -> tuple[Payment, ...]:
        """Return the sales that are not over."""
        unpaid = (PaymentStatus.CREATED, PaymentStatus.PENDING)
        return tuple(each for each in self.payments if each.status in unpaid or each.delivery_state is DeliveryState.TO_DO)


class Privacy:
    """Finds what is held of a person, and erases it; every method may raise ``StoreUnavailable``."""

    def __init__(
        self,
        *,
        bot_users: BotUserStore,
        payments: PaymentStore,
        funnels: FunnelStore,
        ledger: LedgerStore,
        records: PersonalRecords,
        cache: PersonalCache | None,
        cache_ttl_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the cache (``None`` where it is out of reach) with its lifetime, and the clock."""
        self._bot_users = bot_users
        self._payments = payments
        self._funnels = funnels
        self._ledger = ledger
        self._records = records
        self._cache = cache
        self._cache_ttl_ms = cache_ttl_ms
        self._now_ms = now_ms

    def bots_of(self, chat_id: ChatId) -> Sequence[BotId]:
        """Return the bots of the deployment that know a chat: a person has one id in all of them."""
        funnels = [self._funnels.get(slug) for slug in self._funnels.slugs()]
        bots = dict.fromkeys(bot.bot_id for funnel in funnels if funnel is not None for bot in funnel.bots)
        return [bot_id for bot_id in bots if self._bot_users.get(bot_id, chat_id) or self._payments_of(bot_id, chat_id)]

    def payments_of_payer(self, payer: str) -> Sequence[Payment]:
        """Return the payments of a payer, by the PIX's own id or by their name as the bank has it; reads every payment.

        Of a name only hashes of the first and the last word are kept, so several people may have the same.
        """
        if _END_TO_END_ID.fullmatch(payer):
            return [payment for payment in self._records.payments() if payment.end_to_end_id == payer]
        hashes = hashed_name(payer)
        return [payment for payment in self._records.payments() if hashes and dict(payment.payer_hashes) == hashes]

    def file(self, bot_id: BotId, chat_id: ChatId) -> PersonalFile:
        """Return everything that is held of a person."""
        key = bot_user_key(bot_id, chat_id)
        bot_user = self._bot_users.get(bot_id, chat_id)
        payments = self._payments_of(bot_id, chat_id)
        clicks = {click.tracking_token: click for click in self._records.clicks_of(key)}
        if bot_user is not None and bot_user.visitor_id is not None:
            clicks |= {click.tracking_token: click for click in self._records.clicks_of_browser(bot_user.visitor_id)}
        theirs = [click for click in clicks.values() if click.claimed_by in (None, key)]
        others = [click for click in clicks.values() if click.claimed_by not in (None, key)]
        updates = self._records.updates_known(bot_id, chat_id)
        cached = self._cached(theirs)
        return PersonalFile(
            bot_id=bot_id,
            chat_id=chat_id,
            bot_user=bot_user,
            clicks=tuple(sorted(theirs, key=lambda click: click.clicked_at_ms)),
            bridges=tuple(click for click in others if click.bridge_for == key),
            payments=payments,
            rows=(*self._rows_of_sales(payments), *self._rows_of_visits(bot_user, theirs)),
            updates_known=None if updates is None else tuple(updates),
            cached=cached or {},
            cache_answers=cached is not None,
        )

    def would_erase(self, file: PersonalFile) -> Receipt:
        """Return the receipt that erasing a file would give, writing nothing."""
        tally = Tally(cache_answers=file.cache_answers)
        tally.add(Place.CACHE, sum(len(kinds) for kinds in file.cached.values()))
        tally.add(Place.CLICK, len(file.clicks) + len(file.bridges))
        for row in file.rows:
            tally.add_row(row)
        tally.add(Place.INBOX, file.updates_known is not None)
        tally.add(Place.BOT_USER, file.bot_user is not None)
        for payment in file.payments:
            tally.add_payment(payment)
        tally.leave_open(file.open_sales)
        return tally.receipt(self._now_ms(), cache_ttl_ms=self._cache_ttl_ms)

    def erase(self, bot_id: BotId, chat_id: ChatId) -> Receipt:
        """Take a person out of every record, and return the receipt.

        Raises ``Conflict`` when others keep writing the same records, or a sender has an event of theirs in hand: what was erased
        until then stays erased, and a further call goes on.
        """
        tally = Tally()
        for attempt in range(ATTEMPTS):
            try:
                self._erase(self.file(bot_id, chat_id), tally)
            except Conflict:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                break
        return tally.receipt(self._now_ms(), cache_ttl_ms=self._cache_ttl_ms)

    def _erase(self, file: PersonalFile, tally: Tally) -> None:
        now_ms = self._now_ms()
        if any(row.status is LedgerStatus.SENDING and now_ms <= (row.claimed_until_ms or 0) for row in file.rows):
            raise Conflict("an event of this person is being sent just now")
        tally.leave_open(file.open_sales)
        self._erase_clicks(file, tally)
        self._erase_rows(file, tally, now_ms)
        if file.updates_known is not None:
            self._records.delete_turn(file.bot_id, file.chat_id)
            tally.add(Place.INBOX)
        if file.bot_user is not None:
            self._records.delete_bot_user(file.bot_user)
            tally.add(Place.BOT_USER)
        for payment in file.payments:
            self._payments.save(of_nobody(payment, now_ms))
            tally.add_payment(payment)

    def _erase_clicks(self, file: PersonalFile, tally: Tally) -> None:
        """Erase each click from the cache, which it is found by no more once its record is erased, and again after that.

        Whoever read the record in between has put it back there.
        """
        for click in file.clicks:
            self._forget(click, tally)
            self._records.replace_click(click, without_person(click))
            self._forget(click, tally)
            tally.add(Place.CLICK)
        for click in file.bridges:
            self._records.replace_click(click, replace(click, bridge_for=None))
            tally.add(Place.CLICK)

    def _forget(self, click: Click, tally: Tally) -> None:
        if self._cache is None:
            tally.cache_answers = False
            return
        try:
            tally.add(Place.CACHE, len(self._cache.forget(click)))
        except StoreUnavailable:
            tally.cache_answers = False

    def _erase_rows(self, file: PersonalFile, tally: Tally, now_ms: int) -> None:
        for row in file.rows:
            if row.event.event_name is EventName.PURCHASE:
                self._records.replace_row(row, untold(row, now_ms))
            else:
                self._records.delete_row(row)
            tally.add_row(row)

    def _payments_of(self, bot_id: BotId, chat_id: ChatId) -> tuple[Payment, ...]:
        # The index may lag behind an erasure; of what it leads to only the record counts.
        return tuple(payment for payment in self._payments.by_bot_user(bot_id, chat_id) if payment.chat_id == chat_id)

    def _cached(self, clicks: Sequence[Click]) -> Mapping[TrackingToken, tuple[str, ...]] | None:
        """Return the kinds of entries by click, ``None`` where the cache does not answer."""
        if self._cache is None:
            return None
        try:
            found = {click.tracking_token: tuple(self._cache.holds(click)) for click in clicks}
        except StoreUnavailable:
            return None
        return {token: kinds for token, kinds in found.items() if kinds}

    def _rows_of_sales(self, payments: Sequence[Payment]) -> Iterator[LedgerRow]:
        """Yield the rows that say whose a sale is, or wait to say so."""
        for payment in payments:
            for row in self._ledger.by_payment(payment.payment_id):
                if row.status in WAITING or row.event.payload.get("user_data"):
                    yield row

    def _rows_of_visits(self, bot_user: BotUser | None, clicks: Sequence[Click]) -> Iterator[LedgerRow]:
        """Yield the rows of a person's clicks and starts: there are some only of what was parked or refused."""
        names = {f"{EventName.PAGE_VIEW}#{click.pageview_event_id}": click.slug for click in clicks}
        if bot_user is not None:
            for session in bot_user.sessions:
                event_id = view_content_id(bot_user.bot_id, bot_user.chat_id, session.tracking_token)
                names[f"{EventName.VIEW_CONTENT}#{event_id}"] = session.slug
        for name, slug in names.items():
            for pixel_id in self._pixels(slug):
                row = self._ledger.get(f"{pixel_id}#{name}")
                if row is not None:
                    yield row

    def _pixels(self, slug: Slug) -> Sequence[str]:
        funnel = self._funnels.get(slug)
        return [pixel.pixel_id for pixel in funnel.pixels] if funnel else []
