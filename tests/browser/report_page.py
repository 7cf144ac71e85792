"""The page of a report, of a month that never was (``bench.month``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.month import FUNNELS, Month, SaleRecords, Start
from bench.report import period_of
from rastro.explanation import Language
from rastro.figures import Reported
from rastro.model import Click, LedgerRow, PaymentId
from rastro.sales.report import Dimension, Facts, Reporter
from rastro.sales.rollup import Rollup, Table
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, click_item
from rastro_cli.reporting_documents import Asked
from rastro_cli.reporting_page import page
from rastro_cli.texts import Texts
from tests.fakes.stores import (
    InMemoryClickStore,
    InMemoryFunnelStore,
    InMemoryPaymentStore,
    InMemoryRollupStore,
    InMemorySalesBook,
)

DAYS = 30
_BATCH = 200


def written(path: Path, *, clicks: int, payments: int) -> Path:
    """Write the page of a month of so many clicks and payments."""
    month = Month(clicks=clicks, payments=payments, days=DAYS)
    asked = Asked(facts=_facts(month), zone="America/Sao_Paulo", by=[Dimension.CAMPAIGN], only=())
    path.write_text(page(asked, Texts(Language.PT), month.end_ms), encoding="utf-8")
    return path


def _facts(month: Month) -> Facts:
    funnels, stores = InMemoryFunnelStore(*FUNNELS), InMemoryRollupStore()
    known, payments, changes = InMemoryClickStore(), InMemoryPaymentStore(), list[Change]()
    rollup = Rollup(
        tables={"click": Table.CLICK, "person": Table.BOT_USER}, funnels=funnels, clicks=known, rollup=stores, now_ms=lambda: 0
    )
    for _, happening in month.happenings():
        match happening:
            case Click():
                known.clicks[happening.tracking_token] = happening
                changes.append(Change(table="click", sequence_number="", old=None, new=click_item(happening)))
            case Start():
                changes.append(Change(table="person", sequence_number="", old=None, new=bot_user_item(happening.bot_user)))
            case SaleRecords():
                payments.save(happening.payment, happening.rows)
        if len(changes) >= _BATCH:
            rollup.take(changes)
            changes.clear()
    rollup.take(changes)
    book = _IndexedBook(payments)
    return Reporter(rollup=stores, book=book, funnels=funnels).read(period_of(DAYS), lambda *_: None)


class _IndexedBook(InMemorySalesBook):
    """Looks rows up by their payment instead of going through all of them each time."""

    def __init__(self, payments: InMemoryPaymentStore) -> None:
        super().__init__(payments)
        self._rows: dict[PaymentId | None, list[LedgerRow]] = defaultdict(list)
        for row in payments.ledger.rows.values():
            self._rows[row.event.payment_id].append(row)

    def reported(self, expected: Mapping[PaymentId, Sequence[str]]) -> Mapping[PaymentId, Sequence[Reported]]:
        return {
            payment_id: [
                Reported(pixel_id=row.event.pixel_id, status=row.status, accepted_at_ms=row.accepted_at_ms)
                for row in self._rows[payment_id]
            ]
            for payment_id in expected
        }
