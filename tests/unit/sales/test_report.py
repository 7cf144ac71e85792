from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rastro.errors import StoreUnavailable
from rastro.figures import HOUR_MS, Group, Reported, Sale, Seen, hour_of
from rastro.model import (
    BotId,
    ChatId,
    Confidence,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PixelId,
    PurchaseState,
    Reason,
    Slug,
)
from rastro.pix.provider import NoticeKind
from rastro.sales.report import Dimension, Facts, Period, Reporter, Step
from tests.fakes.stores import InMemoryRollupStore, InMemorySalesBook
from tests.fakes.world import NOW_MS, PERSON, World

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
DAY = date(2026, 9, 21)
PERIOD = Period(first=DAY, last=DAY, zone=SAO_PAULO)
MINUTE_MS = 60_000


class TestPeriod:
    def test_days_are_those_of_the_zone(self) -> None:
        assert datetime.fromtimestamp(PERIOD.begin_ms / 1000, UTC) == datetime(2026, 9, 21, 3, tzinfo=UTC)
        assert PERIOD.end_ms - PERIOD.begin_ms == 24 * HOUR_MS
        assert PERIOD.hours()[0] == "2026-09-21T03"
        assert PERIOD.hours()[-1] == "2026-09-22T02"
        assert PERIOD.utc_days() == [DAY, DAY + timedelta(days=1)]
        assert PERIOD.day_of(PERIOD.end_ms - 1) == "2026-09-21"
        assert PERIOD.day_of(PERIOD.end_ms) == "2026-09-22"

    def test_a_day_of_utc_is_its_own(self) -> None:
        period = replace(PERIOD, zone=UTC)
        assert (period.utc_days(), len(period.hours())) == ([DAY], 24)

    def test_a_day_on_which_the_clock_is_changed_has_its_hours(self) -> None:
        changed = Period(first=date(2026, 3, 29), last=date(2026, 3, 29), zone=ZoneInfo("Europe/Lisbon"))
        assert len(changed.hours()) == 23

    def test_a_month_has_every_day_and_hour_once(self) -> None:
        month = replace(PERIOD, first=date(2026, 9, 1), last=date(2026, 9, 30))
        assert (len(month.days()), month.days()[0], month.days()[-1]) == (30, "2026-09-01", "2026-09-30")
        assert len(set(month.hours())) == len(month.hours()) == 720


def sale(number: int = 0, **changes: Any) -> Sale:
    paid = Sale(
        payment_id=PaymentId(f"p{number}"),
        bot_id=BotId("7"),
        slug=Slug("curso"),
        provider="openpix",
        amount_cents=1000,
        created_at_ms=NOW_MS,
        paid_at_ms=NOW_MS + MINUTE_MS,
        campaign="natal",
        link_source=LinkSource.START_PARAM,
        link_confidence=Confidence.CERTAIN,
    )
    return replace(paid, **changes)


def reported(*statuses: LedgerStatus, after_ms: Sequence[int] = (2_000, 5_000)) -> list[Reported]:
    return [
        Reported(
            pixel_id=PixelId(str(number)),
            status=status,
            accepted_at_ms=NOW_MS + MINUTE_MS + after_ms[number] if status is LedgerStatus.ACCEPTED else None,
        )
        for number, status in enumerate(statuses)
    ]


ACCEPTED, PARKED, QUEUED = LedgerStatus.ACCEPTED, LedgerStatus.PARKED, LedgerStatus.QUEUED
UNLINKED: dict[str, Any] = {"link_source": LinkSource.NONE, "link_confidence": Confidence.NONE}
PROBABLE: dict[str, Any] = {"link_source": LinkSource.RECENT_CLICK, "link_confidence": Confidence.PROBABLE}


@pytest.fixture
def facts() -> Facts:
    return Facts(PERIOD)


class TestFacts:
    def test_a_charge_that_was_not_paid_is_a_charge_and_nothing_else(self, facts: Facts) -> None:
        facts.add_sale(sale(paid_at_ms=None), [])
        facts.add_sale(sale(paid_at_ms=None, charged=False), [])
        total = facts.total()
        assert (total.charges, total.paid, total.revenue_cents, total.purchases) == (1, 0, 0, {})
        assert (total.coverage, total.median_delay_ms) == (None, None)

    def test_revenue_is_what_was_paid_and_what_was_given_back_stands_beside_it(self, facts: Facts) -> None:
        facts.add_sale(sale(1), [])
        facts.add_sale(sale(2, amount_paid_cents=900, refunded_cents=400), [])
        total = facts.total()
        assert (total.revenue_cents, total.refunded_cents, total.paid) == (1900, 400, 2)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({}, None),
            (UNLINKED | {"reason": Reason.DIRECT_ENTRY}, "direct_entry"),
            (UNLINKED, "unknown"),
            (PROBABLE, "probable"),
            (PROBABLE | {"reason": Reason.DIRECT_ENTRY}, "probable"),
        ],
    )
    def test_revenue_without_a_certain_link_has_its_reason(
        self, facts: Facts, changes: dict[str, Any], reason: str | None
    ) -> None:
        facts.add_sale(sale(**changes), [])
        total = facts.total()
        assert total.unlinked == ({reason: 1} if reason else {})
        assert total.unlinked_cents == ({reason: 1000} if reason else {})
        assert total.coverage == (0 if reason else 1)

    @pytest.mark.parametrize(
        ("rows", "state", "delay_ms"),
        [
            ([], PurchaseState.NONE, None),
            ([ACCEPTED], PurchaseState.ACCEPTED, 2_000),
            ([ACCEPTED, ACCEPTED], PurchaseState.ACCEPTED, 5_000),
            ([ACCEPTED, PARKED], PurchaseState.PARKED, None),
            ([ACCEPTED, QUEUED], PurchaseState.QUEUED, None),
            ([LedgerStatus.SENDING], PurchaseState.QUEUED, None),
            ([LedgerStatus.REJECTED], PurchaseState.REJECTED, None),
        ],
    )
    def test_a_purchase_is_accepted_when_every_pixel_has_it(
        self, facts: Facts, rows: list[LedgerStatus], state: PurchaseState, delay_ms: int | None
    ) -> None:
        facts.add_sale(sale(), reported(*rows))
        total = facts.total()
        assert total.purchases == {state: 1}
        assert total.accepted == (state is PurchaseState.ACCEPTED)
        assert total.median_delay_ms == delay_ms

    def test_the_median_is_that_of_all_sales_together(self, facts: Facts) -> None:
        for number, delay_ms in enumerate((1_000, 2_000, 9_000, 90_000)):
            facts.add_sale(sale(campaign=str(number)), reported(ACCEPTED, after_ms=[delay_ms]))
        assert facts.total().median_delay_ms == 5_500

    def test_people_and_sales_meet_where_they_belong(self, facts: Facts) -> None:
        ads = Group(seen=Seen.CLICK, slug="curso", bot_id="7", provider="openpix", client="instagram_ios", campaign="natal")
        facts.add_people("2026-09-21", ads, 10)
        facts.add_people("2026-09-21", replace(ads, seen=Seen.START, link_source="start_param", link_confidence="certain"), 4)
        facts.add_people("2026-09-21", replace(ads, seen=Seen.START, campaign="", link_source="none", link_confidence="none"), 1)
        facts.add_sale(sale(user_agent="Mozilla/5.0 (iPhone) Instagram 335.0"), reported(ACCEPTED))
        for dimension, values in (
            (Dimension.CAMPAIGN, ["natal", ""]),
            (Dimension.FUNNEL, ["curso"]),
            (Dimension.BOT, ["7"]),
            (Dimension.PROVIDER, ["openpix"]),
            (Dimension.DAY, ["2026-09-21"]),
            (Dimension.CLIENT, ["instagram_ios"]),
        ):
            rows = facts.by([dimension])
            assert [row.place for row in rows] == [(value,) for value in values]
            assert (rows[0].figures.clicks, rows[0].figures.paid) == (10, 1)
        total = facts.total()
        assert (total.clicks, total.starts, total.linked_starts) == (10, 5, 4)
        assert total.sources == {"start_param": 4, "none": 1}
        assert facts.by([])[0].figures.clicks == 10

    def test_days_go_in_their_order_and_the_rest_by_money_then_by_clicks(self, facts: Facts) -> None:
        day_ms = 24 * HOUR_MS
        for campaign, later, cents in (("b", 0, 500), ("b", 1, 900), ("a", 1, 700), ("c", 0, 600)):
            facts.add_sale(sale(campaign=campaign, created_at_ms=NOW_MS + later * day_ms, amount_cents=cents), [])
        facts.add_people("2026-09-21", Group(seen=Seen.CLICK, campaign="few"), 1)
        facts.add_people("2026-09-21", Group(seen=Seen.CLICK, campaign="many"), 9)
        assert [row.place[0] for row in facts.by([Dimension.CAMPAIGN])] == ["b", "a", "c", "many", "few"]
        assert [row.place for row in facts.by([Dimension.CAMPAIGN, Dimension.DAY])][:3] == [
            ("b", "2026-09-21"),
            ("b", "2026-09-22"),
            ("a", "2026-09-22"),
        ]
        assert [row.place for row in facts.by([Dimension.DAY, Dimension.CAMPAIGN])][:2] == [
            ("2026-09-21", "c"),
            ("2026-09-21", "b"),
        ]

    def test_only_what_is_asked_for_is_kept(self, facts: Facts) -> None:
        facts.add_sale(sale(1), [])
        facts.add_sale(sale(2, campaign="outra"), [])
        facts.add_sale(sale(3, campaign="outra", bot_id=BotId("8")), [])
        assert facts.only({}).total().paid == 3
        assert facts.only({Dimension.CAMPAIGN: ["outra", "x"]}).total().paid == 2
        assert facts.only({Dimension.CAMPAIGN: ["outra"], Dimension.BOT: ["8"]}).total().paid == 1
        assert facts.only({Dimension.FUNNEL: ["x"]}).by([Dimension.DAY]) == []


class TestReporter:
    """The report of what was played in a world."""

    @pytest.fixture
    def world(self) -> World:
        return World()

    @pytest.fixture
    def rollup(self) -> InMemoryRollupStore:
        return InMemoryRollupStore()

    @pytest.fixture
    def reporter(self, world: World, rollup: InMemoryRollupStore) -> Reporter:
        return Reporter(rollup=rollup, book=InMemorySalesBook(world.payments), funnels=world.funnels)

    def buy(self, world: World, *, paid: bool = True, linked: bool = True) -> Payment:
        person = replace(PERSON, chat_id=ChatId(str(1000 + len(world.payments.payments))))
        world.start(world.click().tracking_token if linked else "", person)
        payment = world.buy(person)
        if paid:
            world.now_ms += MINUTE_MS
            world.notice(payment)
        return world.payment(payment.payment_id)

    def test_what_was_played_is_what_is_told(self, world: World, rollup: InMemoryRollupStore, reporter: Reporter) -> None:
        first = self.buy(world)
        self.buy(world, linked=False)
        self.buy(world, paid=False)
        given_back = self.buy(world)
        world.notice(given_back, NoticeKind.REFUNDED, 1000)
        rows = [row for row in world.ledger.rows.values() if row.event.payment_id == first.payment_id]
        assert first.paid_at_ms is not None
        for number, row in enumerate(rows):
            accepted_at_ms = first.paid_at_ms + 3_000 + number
            world.ledger.rows[row.event.key] = replace(row, status=ACCEPTED, accepted_at_ms=accepted_at_ms)
        rollup.add(hour_of(NOW_MS), {Group(seen=Seen.CLICK, campaign="natal"): {"a", "b"}})
        rollup.close(hour_of(NOW_MS - HOUR_MS), {Group(seen=Seen.CLICK, campaign="natal"): 5})

        total = reporter.read(PERIOD, lambda *_: None).total()
        assert (total.clicks, total.charges, total.paid, total.certain) == (7, 4, 3, 2)
        assert (total.revenue_cents, total.refunded_cents) == (3 * 4990, 1000)
        assert total.purchases == {PurchaseState.ACCEPTED: 1, PurchaseState.HELD: 1, PurchaseState.QUEUED: 1}
        assert total.median_delay_ms == 3_001
        assert total.unlinked_cents == {"direct_entry": 4990}

    def test_a_sale_counts_on_the_day_of_its_charge_alone(self, world: World, reporter: Reporter) -> None:
        world.now_ms = PERIOD.end_ms - 1_000
        self.buy(world)
        days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
        told = [reporter.read(Period(first=day, last=day, zone=SAO_PAULO), lambda *_: None).total() for day in days]
        assert [each.paid for each in told] == [0, 1, 0]
        assert [each.revenue_cents for each in told] == [0, 4990, 0]

    def test_each_step_says_how_far_it_is(self, reporter: Reporter) -> None:
        steps: list[tuple[Step, int, int]] = []
        reporter.read(PERIOD, lambda step, done, of: steps.append((step, done, of)))
        assert Counter(step for step, _, _ in steps) == {Step.PEOPLE: 24, Step.SALES: 2}
        assert [(done, of) for step, done, of in steps if step is Step.SALES] == [(1, 2), (2, 2)]

    def test_a_rollup_that_does_not_answer_is_told(self, rollup: InMemoryRollupStore, reporter: Reporter) -> None:
        rollup.unavailable = True
        with pytest.raises(StoreUnavailable):
            reporter.read(PERIOD, lambda *_: None)
