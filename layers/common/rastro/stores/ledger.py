"""The delivery ledger in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from rastro.errors import Conflict
from rastro.model import LedgerRow, LedgerStatus, PaymentId, PixelId
from rastro.stores import keys
from rastro.stores.dynamodb import Condition, Table
from rastro.stores.items import ledger_item, ledger_row_of
from rastro.stores.wire import Item

_STATUS = {"#status": "status"}
_QUEUED, _SENDING, _PARKED = LedgerStatus.QUEUED.value, LedgerStatus.SENDING.value, LedgerStatus.PARKED.value


def ledger_record(row: LedgerRow) -> Item:
    """Return a row as it is stored, with the keys of its indexes."""
    item = ledger_item(row)
    item["event_key"] = row.event.key
    item["expires_at"] = keys.expires_at(row.created_at_ms, keys.ledger_lifetime_ms(row.event.event_name))
    if row.status is LedgerStatus.PARKED:
        item["parked_shard"] = _parked_shard(row.event.pixel_id, keys.shard_of(row.event.key, keys.PARKED_SHARDS))
    return item


class DynamoLedgerStore:
    """The event table."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def get(self, key: str) -> LedgerRow | None:
        """Return a row."""
        item = self._table.get({"event_key": key})
        return ledger_row_of(item) if item else None

    def by_payment(self, payment_id: PaymentId) -> Sequence[LedgerRow]:
        """Return a payment's rows."""
        return self._whole(list(self._table.query("by_payment", "payment_id", payment_id)))

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        """Take a row that waits, else one whose sender let its claim lapse; that one may have been sent already."""
        until_ms = now_ms + lease_ms
        waiting = {":queued": _QUEUED, ":doubtful": 0}
        lapsed = {":doubtful": 1}
        return self._take(key, now_ms, until_ms, "#status = :queued", waiting) or self._take(
            key, now_ms, until_ms, "#status = :sending AND claimed_until_ms < :now", lapsed
        )

    def _take(self, key: str, now_ms: int, until_ms: int, condition: str, values: Mapping[str, object]) -> LedgerRow | None:
        try:
            item = self._table.update(
                {"event_key": key},
                "SET #status = :sending, claimed_until_ms = :until, updated_at_ms = :now, attempts = attempts + :one, "
                "first_sent_at_ms = if_not_exists(first_sent_at_ms, :now), doubtful_sends = doubtful_sends + :doubtful",
                names=_STATUS,
                values={":sending": _SENDING, ":until": until_ms, ":now": now_ms, ":one": 1, **values},
                condition=condition,
            )
        except Conflict:
            return None
        return ledger_row_of(item)

    def settle(self, row: LedgerRow) -> None:
        """Write the outcome of a claimed row, while the claim is still the one that the row tells of."""
        mine = Condition(
            "#status = :sending AND claimed_until_ms = :until AND attempts = :attempts",
            _STATUS,
            {":sending": _SENDING, ":until": row.claimed_until_ms or 0, ":attempts": row.attempts},
        )
        self._table.put(ledger_record(row), mine)

    def record(self, row: LedgerRow) -> None:
        """Write a row for an event that has none."""
        try:
            self._table.put(ledger_record(row), Condition("attribute_not_exists(event_key)", {}, {}))
        except Conflict:
            return

    def parked(self, pixel_id: PixelId, limit: int | None = None) -> Iterator[LedgerRow]:
        """Yield the rows parked at a pixel, page by page of every shard of the index."""
        shards = [
            self._table.query("parked", "parked_shard", _parked_shard(pixel_id, shard), limit=limit)
            for shard in range(keys.PARKED_SHARDS)
        ]
        entries = merge(*shards, key=lambda entry: int(entry["parked_at_ms"]))
        found = (self.get(entry["event_key"]) for entry in entries)
        # The index may lag: a row that was requeued meanwhile is no longer parked.
        return islice((row for row in found if row is not None and row.status is LedgerStatus.PARKED), limit)

    def requeue(self, key: str, *, now_ms: int) -> bool:
        """Give an unfinished row to the stream again."""
        try:
            self._table.update(
                {"event_key": key},
                "SET #status = :queued, requeued_at_ms = :now, updated_at_ms = :now REMOVE parked_shard, parked_at_ms",
                names=_STATUS,
                values={":queued": _QUEUED, ":parked": _PARKED, ":now": now_ms},
                condition="#status IN (:queued, :parked)",
            )
        except Conflict:
            return self._requeue_lapsed(key, now_ms)
        return True

    def _requeue_lapsed(self, key: str, now_ms: int) -> bool:
        """Bring a lapsed claim to the stream: it stays ``sending``, so that who claims it knows it for doubtful."""
        try:
            self._table.update(
                {"event_key": key},
                "SET requeued_at_ms = :now",
                names=_STATUS,
                values={":sending": _SENDING, ":now": now_ms},
                condition="#status = :sending AND claimed_until_ms < :now",
            )
        except Conflict:
            return False
        return True

    def expire(self, key: str, *, now_ms: int) -> bool:
        """Give up an unfinished row that no sender has in hand."""
        try:
            self._table.update(
                {"event_key": key},
                "SET #status = :expired, updated_at_ms = :now REMOVE parked_shard, parked_at_ms",
                names=_STATUS,
                values={
                    ":expired": LedgerStatus.EXPIRED.value,
                    ":queued": _QUEUED,
                    ":parked": _PARKED,
                    ":sending": _SENDING,
                    ":now": now_ms,
                },
                condition="#status IN (:queued, :parked) OR (#status = :sending AND claimed_until_ms < :now)",
            )
        except Conflict:
            return False
        return True

    def _whole(self, entries: Sequence[Item]) -> list[LedgerRow]:
        found = (self.get(entry["event_key"]) for entry in entries)
        return [row for row in found if row is not None]


def _parked_shard(pixel_id: PixelId, shard: int) -> str:
    return f"{pixel_id}#{shard}"
