"""The records in memory, with a stream behind each table that makes events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from rastro.model import Funnel
from rastro.sales.outbox import Kind
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, click_item, ledger_item, payment_item
from rastro.stores.wire import Item
from tests.fakes.stores import (
    InMemoryBotUserStore,
    InMemoryClickCache,
    InMemoryClickStore,
    InMemoryFunnelStore,
    InMemoryInbox,
    InMemoryLedgerStore,
    InMemoryPaymentStore,
)

K = TypeVar("K")
V = TypeVar("V")

BATCH = 100
"""How many changes the outbox is given at most, as the template has it."""


@dataclass(slots=True)
class Stream:
    """The changes of a table in their order, and how far they were dealt with."""

    table: str
    changes: list[Change] = field(default_factory=list)
    checkpoint: int = 0

    def write(self, old: Item | None, new: Item | None) -> None:
        """Append a change."""
        self.changes.append(Change(table=self.table, sequence_number=str(len(self.changes)), old=old, new=new))

    def unread(self) -> list[Change]:
        """Return what comes next."""
        return self.changes[self.checkpoint : self.checkpoint + BATCH]


class _Streamed(dict[K, V]):
    """A table's content, whose every change goes onto the stream."""

    def __init__(self, stream: Stream, item_of: Callable[[V], Item]) -> None:
        super().__init__()
        self._stream = stream
        self._item_of = item_of

    def __setitem__(self, key: K, value: V) -> None:
        known = self.get(key)
        super().__setitem__(key, value)
        self._stream.write(None if known is None else self._item_of(known), self._item_of(value))

    def setdefault(self, key: K, default: V) -> V:
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, values: Mapping[K, V] | Iterable[tuple[K, V]], /) -> Self:  # type: ignore[override,misc] # only ever a mapping
        for key, value in dict(values).items():
            self[key] = value
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """The stores that the records are made of: a mutation puts one without its condition in the place of another."""

    ledger: type[InMemoryLedgerStore] = InMemoryLedgerStore
    payments: type[InMemoryPaymentStore] = InMemoryPaymentStore
    bot_users: type[InMemoryBotUserStore] = InMemoryBotUserStore
    inbox: type[InMemoryInbox] = InMemoryInbox
    reconciled: bool = True
    """Whether the reconciler is run at all."""
    stream_retries: bool = True
    """Whether a stream gives a batch again whose function died."""
    provider_knows_repetitions: bool = True
    """Whether the provider makes one charge a payment id."""


class Records:
    """Everything that is stored."""

    def __init__(self, funnel: Funnel, safeguards: Safeguards) -> None:
        """Start with a funnel and nothing else."""
        self.cache = InMemoryClickCache()
        self.clicks = InMemoryClickStore()
        self.bot_users = safeguards.bot_users()
        self.ledger = safeguards.ledger()
        self.payments = safeguards.payments(self.ledger)
        self.funnels = InMemoryFunnelStore(funnel)
        self.inbox = safeguards.inbox()
        self.streams = {kind: Stream(kind.value) for kind in Kind}
        self.clicks.clicks = _Streamed(self.streams[Kind.CLICK], click_item)
        self.bot_users.bot_users = _Streamed(self.streams[Kind.BOT_USER], bot_user_item)
        self.payments.payments = _Streamed(self.streams[Kind.PAYMENT], payment_item)
        self.ledger.rows = _Streamed(self.streams[Kind.LEDGER], ledger_item)

    def due_at_ms(self) -> int | None:
        """Return when the reconciler has something to do next."""
        times = [payment.due_at_ms for payment in self.payments.payments.values() if payment.due_at_ms is not None]
        return min(times, default=None)
