"""What ``SalesBook`` promises, over the stores that write what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from rastro.figures import Reported, Sale
from rastro.model import (
    DAY_MS,
    Attribution,
    Confidence,
    EventName,
    LedgerStatus,
    LinkSource,
    PaymentId,
    PaymentStatus,
    PixelId,
    Reason,
)
from rastro.stores.ports import PaymentStore, SalesBook
from tests.contracts.records import BARE_PAYMENT, NOW_MS, PAYMENT, event, row

DAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()


@dataclass(frozen=True, slots=True)
class BookWithSales:
    """A book, and the store behind it."""

    book: SalesBook
    payments: PaymentStore


class SalesBookContract:
    """A subclass gives ``stores`` that are empty."""

    @pytest.fixture
    def stores(self) -> BookWithSales:
        raise NotImplementedError

    def test_a_day_without_sales_has_none(self, stores: BookWithSales) -> None:
        assert stores.book.sales(DAY) == []
        assert stores.book.reported({}) == {}

    def test_a_sale_has_what_a_report_needs(self, stores: BookWithSales) -> None:
        paid = replace(
            PAYMENT,
            status=PaymentStatus.PAID,
            created_at_ms=NOW_MS,
            paid_at_ms=NOW_MS + 5,
            amount_paid_cents=4000,
            refunds={"a": 1000, "b": 500, "total": 1200},
        )
        stores.payments.save(paid)
        (sale,) = stores.book.sales(DAY)
        attribution = paid.attribution
        assert sale == Sale(
            payment_id=paid.payment_id,
            bot_id=paid.bot_id,
            slug=paid.slug,
            provider=paid.provider,
            amount_cents=paid.amount_cents,
            created_at_ms=NOW_MS,
            paid_at_ms=NOW_MS + 5,
            amount_paid_cents=4000,
            refunded_cents=1500,
            campaign="promoção de maio",
            link_source=attribution.link_source,
            link_confidence=attribution.link_confidence,
            reason=attribution.reason,
            user_agent=attribution.click_user_agent,
        )
        assert sale.revenue_cents == 4000

    def test_a_bare_sale_is_one_without_a_charge(self, stores: BookWithSales) -> None:
        bare = replace(BARE_PAYMENT, created_at_ms=NOW_MS, attribution=Attribution(reason=Reason.DIRECT_ENTRY))
        stores.payments.save(bare)
        (sale,) = stores.book.sales(DAY)
        assert (sale.charged, sale.revenue_cents, sale.refunded_cents, sale.campaign) == (False, 0, 0, "")
        assert (sale.link_source, sale.link_confidence, sale.reason) == (LinkSource.NONE, Confidence.NONE, Reason.DIRECT_ENTRY)

    def test_a_day_has_its_own_sales_and_all_of_them(self, stores: BookWithSales) -> None:
        begins_ms = NOW_MS // DAY_MS * DAY_MS
        moments = [begins_ms - 1, *(begins_ms + 700_000 * number for number in range(123)), begins_ms + DAY_MS]
        for number, at_ms in enumerate(moments):
            stores.payments.save(replace(BARE_PAYMENT, payment_id=PaymentId(f"p{number}"), created_at_ms=at_ms))
        told = {sale.payment_id for sale in stores.book.sales(DAY)}
        assert told == {f"p{number}" for number in range(1, 124)}
        assert [sale.payment_id for sale in stores.book.sales(DAY + timedelta(days=1))] == ["p124"]

    @pytest.mark.parametrize(
        "expected",
        [
            pytest.param(lambda keys: keys, id="the keys are known"),
            pytest.param(lambda keys: [*keys, "9#Purchase#purchase_1"], id="more are expected than there are"),
            pytest.param(lambda _keys: [], id="none is known"),
            pytest.param(lambda _keys: ["9#Purchase#purchase_1"], id="the pixels changed since"),
        ],
    )
    def test_what_the_ledger_says_of_a_sale(self, stores: BookWithSales, expected: Callable[[list[str]], list[str]]) -> None:
        accepted = row(
            event=event(payment_id=PAYMENT.payment_id, pixel_id=PixelId("1")), status=LedgerStatus.ACCEPTED, accepted_at_ms=7
        )
        parked = row(event=event(payment_id=PAYMENT.payment_id, pixel_id=PixelId("2")), status=LedgerStatus.QUEUED)
        stores.payments.save(PAYMENT, [accepted, parked])
        found = stores.book.reported({PAYMENT.payment_id: expected([accepted.event.key, parked.event.key])})
        assert sorted(found[PAYMENT.payment_id], key=lambda each: each.pixel_id) == [
            Reported(pixel_id=PixelId("1"), status=LedgerStatus.ACCEPTED, accepted_at_ms=7),
            Reported(pixel_id=PixelId("2"), status=LedgerStatus.QUEUED),
        ]

    def test_only_purchases_are_told_of(self, stores: BookWithSales) -> None:
        checkout = row(event=event(payment_id=PAYMENT.payment_id, event_name=EventName.INITIATE_CHECKOUT))
        stores.payments.save(PAYMENT, [checkout])
        assert not stores.book.reported({PAYMENT.payment_id: []}).get(PAYMENT.payment_id)

    def test_sales_without_rows_have_none(self, stores: BookWithSales) -> None:
        stores.payments.save(PAYMENT)
        assert not stores.book.reported({PAYMENT.payment_id: ["1#Purchase#x"], PaymentId("nothing"): []})
