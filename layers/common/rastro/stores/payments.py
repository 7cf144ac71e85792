"""Payments in DynamoDB, written together with the ledger rows of their Purchase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from heapq import merge

from rastro.model import BotId, ChatId, LedgerRow, LedgerStatus, Payment, PaymentId, bot_user_key
from rastro.stores import keys
from rastro.stores.dynamodb import Condition, Table, version_is
from rastro.stores.items import payment_item, payment_of
from rastro.stores.ledger import ledger_record
from rastro.stores.wire import Item

_NEW_OR_HELD = Condition(
    "attribute_not_exists(event_key) OR #status = :held", {"#status": "status"}, {":held": LedgerStatus.HELD.value}
)


class DynamoPaymentStore:
    """The payment table."""

    def __init__(self, table: Table, ledger: Table | None = None) -> None:
        """Take the table, and the ledger's where rows are written together with payments."""
        self._table = table
        self._ledger = ledger

    def get(self, payment_id: PaymentId) -> Payment | None:
        """Return a payment."""
        item = self._table.get({"payment_id": payment_id})
        return payment_of(item) if item else None

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        """Write a payment whole by its version, and the rows with it."""
        saved = replace(payment, version=payment.version + 1)
        condition = version_is(payment.version)
        if not rows:
            self._table.put(_record(saved), condition)
            return saved
        if self._ledger is None:
            raise ValueError("this store was opened without the ledger")
        writes = [self._ledger.write_put(ledger_record(row), _NEW_OR_HELD) for row in rows]
        self._table.write_together([self._table.write_put(_record(saved), condition), *writes])
        return saved

    def by_charge(self, provider: str, charge_id: str) -> Payment | None:
        """Return the payment of a charge."""
        found = self._table.query("by_charge", "charge_key", keys.charge_key(provider, charge_id), limit=1)
        return next(iter(self._whole(list(found))), None)

    def by_bot_user(self, bot_id: BotId, chat_id: ChatId) -> Sequence[Payment]:
        """Return a person's payments, newest first."""
        found = self._table.query("by_bot_user", "bot_user", bot_user_key(bot_id, chat_id), newest_first=True)
        return self._whole(list(found))

    def by_day(self, day: date) -> Iterator[Payment]:
        """Yield a day's payments, page by page of every shard of the index."""
        shards = [self._table.query("by_day", "day_shard", key) for key in keys.day_shards(day)]
        for entry in merge(*shards, key=lambda entry: int(entry["created_at_ms"])):
            payment = self.get(PaymentId(entry["payment_id"]))
            if payment is not None:
                yield payment

    def due(self, before_ms: int, limit: int) -> Sequence[Payment]:
        """Return payments that are due, of every shard its longest overdue."""
        entries: list[Item] = []
        for shard in range(keys.UNSETTLED_SHARDS):
            entries += self._table.query(
                "unsettled", "unsettled_shard", str(shard), sort_before=("due_at_ms", before_ms), limit=limit
            )
        entries.sort(key=lambda entry: int(entry["due_at_ms"]))
        whole = self._whole(entries[:limit])
        # The index may lag: what is no longer due was looked after already.
        return [payment for payment in whole if payment.due_at_ms is not None and payment.due_at_ms <= before_ms]

    def _whole(self, entries: Sequence[Item]) -> list[Payment]:
        found = (self.get(PaymentId(entry["payment_id"])) for entry in entries)
        return [payment for payment in found if payment is not None]


def _record(payment: Payment) -> Item:
    """Return a payment as it is stored, with the keys of its indexes."""
    item = payment_item(payment)
    item["bot_user"] = bot_user_key(payment.bot_id, payment.chat_id)
    item["day_shard"] = keys.day_shard(payment.created_at_ms, payment.payment_id)
    if payment.charge_id is not None:
        item["charge_key"] = keys.charge_key(payment.provider, payment.charge_id)
    if payment.due_at_ms is not None:
        item["unsettled_shard"] = str(keys.shard_of(payment.payment_id, keys.UNSETTLED_SHARDS))
    return item
