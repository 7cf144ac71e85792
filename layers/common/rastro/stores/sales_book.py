"""The sales as reports read them: a day's at once, many reads side by side, of each record only what a report needs.

A payment has some two kilobytes, a report needs a tenth of them; thirty thousand whole payments one after the other would take
minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

from rastro.figures import Reported, Sale, campaign_name
from rastro.model import Campaign, Confidence, EventName, LedgerStatus, LinkSource, PaymentId, PixelId, Reason, refunded
from rastro.stores import keys
from rastro.stores.dynamodb import Table
from rastro.stores.items import campaign_of
from rastro.stores.wire import Item

READS_AT_ONCE = 16
KEYS_A_READ = 100
_OF_A_PAYMENT = (
    *("payment_id", "bot_id", "slug", "provider", "amount_cents", "created_at_ms", "paid_at_ms", "amount_paid_cents", "refunds"),
    *("charge_id", "link_source", "link_confidence", "reason", "click_user_agent"),
    *(field.name for field in fields(Campaign)),
)
_OF_A_ROW = ("event_key", "payment_id", "event_name", "pixel_id", "status", "accepted_at_ms")

_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")


class DynamoSalesBook:
    """The payment table and the ledger, for reading."""

    def __init__(self, payments: Table, ledger: Table) -> None:
        """Take the tables; their client has to serve several threads at once."""
        self._payments = payments
        self._ledger = ledger

    def sales(self, day: date) -> Sequence[Sale]:
        """Return a day's sales: every shard of the index, then the records, a hundred a read."""
        shards = _side_by_side(self._payments_of, keys.day_shards(day))
        wanted = [{"payment_id": payment_id} for shard in shards for payment_id in shard]
        found = _side_by_side(lambda part: list(self._payments.get_many(part, _OF_A_PAYMENT)), _parts(wanted))
        return [_sale(item) for items in found for item in items]

    def reported(self, expected: Mapping[PaymentId, Sequence[str]]) -> Mapping[PaymentId, Sequence[Reported]]:
        """Return what the ledger says: by the keys, a hundred a read, then by the index where there was nothing."""
        wanted = [{"event_key": key} for of_a_sale in expected.values() for key in of_a_sale]
        by_key = _side_by_side(lambda part: list(self._ledger.get_many(part, _OF_A_ROW)), _parts(wanted))
        found = _by_payment(row for rows in by_key for row in rows)
        unknown = [payment_id for payment_id in expected if payment_id not in found]
        by_index = _side_by_side(self._rows_of, unknown)
        return found | _by_payment(row for rows in by_index for row in rows)

    def _payments_of(self, day_shard: str) -> list[str]:
        return [entry["payment_id"] for entry in self._payments.query("by_day", "day_shard", day_shard)]

    def _rows_of(self, payment_id: PaymentId) -> list[Item]:
        entries = list(self._ledger.query("by_payment", "payment_id", payment_id))
        return list(self._ledger.get_many([{"event_key": entry["event_key"]} for entry in entries], _OF_A_ROW))


def _side_by_side(do: Callable[[_Asked], _Found], asked: Sequence[_Asked]) -> list[_Found]:
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        return list(pool.map(do, asked))


def _parts(wanted: Sequence[dict[str, str]]) -> list[Sequence[dict[str, str]]]:
    return [wanted[begin : begin + KEYS_A_READ] for begin in range(0, len(wanted), KEYS_A_READ)]


def _by_payment(rows: Iterable[Item]) -> dict[PaymentId, list[Reported]]:
    found: dict[PaymentId, list[Reported]] = {}
    for row in _purchases(rows):
        reported = Reported(
            pixel_id=PixelId(row["pixel_id"]),
            status=LedgerStatus(row["status"]),
            accepted_at_ms=row.get("accepted_at_ms"),
        )
        found.setdefault(PaymentId(row["payment_id"]), []).append(reported)
    return found


def _purchases(rows: Iterable[Item]) -> Iterator[Item]:
    return (row for row in rows if row["event_name"] == EventName.PURCHASE and "payment_id" in row)


def _sale(item: Mapping[str, Any]) -> Sale:
    return Sale(
        payment_id=item["payment_id"],
        bot_id=item["bot_id"],
        slug=item["slug"],
        provider=item["provider"],
        amount_cents=item["amount_cents"],
        created_at_ms=item["created_at_ms"],
        charged=bool(item.keys() & {"charge_id", "paid_at_ms"}),
        paid_at_ms=item.get("paid_at_ms"),
        amount_paid_cents=item.get("amount_paid_cents"),
        refunded_cents=refunded(item.get("refunds", {})),
        campaign=campaign_name(campaign_of(item)),
        link_source=LinkSource(item.get("link_source", LinkSource.NONE)),
        link_confidence=Confidence(item.get("link_confidence", Confidence.NONE)),
        reason=Reason(item["reason"]) if item.get("reason") else None,
        user_agent=item.get("click_user_agent"),
    )
