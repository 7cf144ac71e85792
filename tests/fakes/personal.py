"""What a person's requests reach, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rastro.errors import Conflict, StoreUnavailable
from rastro.model import BotId, BotUser, ChatId, Click, LedgerRow, Payment, VisitorId
from tests.fakes.stores import (
    InMemoryBotUserStore,
    InMemoryClickCache,
    InMemoryClickStore,
    InMemoryInbox,
    InMemoryLedgerStore,
    InMemoryPaymentStore,
)


class InMemoryPersonalRecords:
    """The personal side of the stores in memory."""

    def __init__(
        self,
        *,
        clicks: InMemoryClickStore,
        bot_users: InMemoryBotUserStore,
        payments: InMemoryPaymentStore,
        ledger: InMemoryLedgerStore,
        inbox: InMemoryInbox,
    ) -> None:
        self._clicks = clicks
        self._bot_users = bot_users
        self._payments = payments
        self._ledger = ledger
        self._inbox = inbox

    def clicks_of(self, bot_user_key: str) -> Iterator[Click]:
        yield from [click for click in self._clicks.clicks.values() if bot_user_key in (click.claimed_by, click.bridge_for)]

    def clicks_of_browser(self, visitor_id: VisitorId) -> Iterator[Click]:
        yield from [click for click in self._clicks.clicks.values() if click.visitor_id == visitor_id]

    def payments(self) -> Iterator[Payment]:
        yield from list(self._payments.payments.values())

    def updates_known(self, bot_id: BotId, chat_id: ChatId) -> Sequence[int] | None:
        return self._inbox.done.get((bot_id, chat_id))

    def replace_click(self, before: Click, after: Click) -> None:
        stored = self._clicks.clicks.get(before.tracking_token)
        if stored is None or _person_of(stored) != _person_of(before):
            raise Conflict(before.tracking_token)
        self._clicks.clicks[before.tracking_token] = after

    def replace_row(self, before: LedgerRow, after: LedgerRow) -> None:
        self._check(before)
        self._ledger.rows[before.event.key] = after

    def delete_row(self, row: LedgerRow) -> None:
        self._check(row)
        del self._ledger.rows[row.event.key]

    def delete_turn(self, bot_id: BotId, chat_id: ChatId) -> None:
        self._inbox.done.pop((bot_id, chat_id), None)
        self._inbox.busy.pop((bot_id, chat_id), None)

    def delete_bot_user(self, bot_user: BotUser) -> None:
        stored = self._bot_users.bot_users.get(bot_user.key)
        if stored is None or stored.version != bot_user.version:
            raise Conflict(bot_user.key)
        del self._bot_users.bot_users[bot_user.key]

    def _check(self, row: LedgerRow) -> None:
        stored = self._ledger.rows.get(row.event.key)
        was = (row.status, row.attempts, row.updated_at_ms)
        if stored is None or (stored.status, stored.attempts, stored.updated_at_ms) != was:
            raise Conflict(row.event.key)


class InMemoryPersonalCache:
    """The personal side of the cache in memory."""

    def __init__(self, cache: InMemoryClickCache) -> None:
        self._cache = cache

    def holds(self, click: Click) -> Sequence[str]:
        if self._cache.unavailable:
            raise StoreUnavailable("switched off by the test")
        token = click.tracking_token
        pointers = {"fbclid": f"fbclid:{click.fbclid}", "visitor": f"visitor:{click.visitor_id}"}
        return [
            *(["click"] if token in self._cache.clicks else []),
            *(kind for kind, key in pointers.items() if self._cache.newest.get(key) == token),
            *(["recent"] if token in self._cache.unclaimed else []),
        ]

    def forget(self, click: Click) -> Sequence[str]:
        found = self.holds(click)
        self._cache.clicks.pop(click.tracking_token, None)
        self._cache.unclaimed.pop(click.tracking_token, None)
        for key in [key for key, token in self._cache.newest.items() if token == click.tracking_token]:
            del self._cache.newest[key]
        return found


def _person_of(click: Click) -> tuple[str | None, ...]:
    return click.claimed_by, click.bridge_for, click.visitor_id, click.fbclid
