"""Repairing sales: the link as of the sale, what becomes of the Purchase, and that it may come twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from rastro.errors import Conflict
from rastro.model import (
    DAY_MS,
    Attribution,
    BotUser,
    Click,
    Confidence,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    PurchaseState,
    Reason,
    Slug,
)
from rastro.sales.repair import Obstacle, Repairer, RepairPlan, Sending, sales_since, worth_repairing
from tests.fakes.world import BOT, FUNNEL, NOW_MS, PERSON, SLUG, World

SALE = Payment(
    payment_id=PaymentId("9326"),
    bot_id=BOT,
    chat_id=PERSON.chat_id,
    slug=SLUG,
    sku="curso",
    product_name="Curso de Pão",
    amount_cents=4990,
    provider="openpix",
    status=PaymentStatus.PAID,
    created_at_ms=NOW_MS - 2 * DAY_MS - 60_000,
    updated_at_ms=NOW_MS - 2 * DAY_MS,
    paid_at_ms=NOW_MS - 2 * DAY_MS,
    attribution=Attribution(reason=Reason.LEGACY_PAYMENT),
)
BUYER = BotUser(
    bot_id=BOT,
    chat_id=PERSON.chat_id,
    created_at_ms=SALE.created_at_ms,
    updated_at_ms=SALE.created_at_ms,
    reason=Reason.LEGACY_PAYMENT,
)


def _repairer(world: World) -> Repairer:
    return Repairer(
        payments=world.payments,
        bot_users=world.bot_users,
        clicks=world.clicks,
        funnels=world.funnels,
        ledger=world.ledger,
        linker=world.linker,
        settler=world.settler,
        now_ms=lambda: world.now_ms,
    )


def _click_before_the_sale(world: World) -> Click:
    world.now_ms = SALE.created_at_ms - 60_000
    click = world.click()
    world.now_ms = NOW_MS
    return click


def _repaired(world: World, payment_id: str = SALE.payment_id) -> RepairPlan:
    plan = _repairer(world).repair(PaymentId(payment_id))
    assert plan is not None
    return plan


def _with_sale(world: World, *, fbclid: str | None, sale: Payment = SALE) -> None:
    world.bot_users.save(replace(BUYER, fbclid=fbclid))
    world.payments.save(sale)


def _statuses(world: World) -> set[LedgerStatus]:
    return {row.status for row in world.ledger.rows.values()}


def test_payment_9326_gets_its_six_fields_by_the_fbclid_on_its_bot_user() -> None:
    world = World()
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=click.fbclid)
    plan = _repaired(world)
    attribution, bot_user = world.payment(SALE.payment_id).attribution, world.bot_users.get(BOT, PERSON.chat_id)
    assert plan.changes
    assert bot_user is not None
    assert (
        attribution.tracking_token,
        attribution.campaign.utm_source,
        attribution.campaign.utm_campaign,
        attribution.campaign.campaign_code,
        attribution.pageview_event_id,
        bot_user.tracking_session_id,
    ) == (click.tracking_token, "facebook", "natal", "NATAL26", click.pageview_event_id, click.tracking_token)
    assert (attribution.link_source, attribution.reason) == (LinkSource.FBCLID, None)
    assert (attribution.fbclid, attribution.fbc) == (click.fbclid, click.fbc)
    # An fbclid proves the ad, not the person.
    assert (attribution.fbp, attribution.click_ip, attribution.click_user_agent) == (None, None, None)


def test_its_purchase_is_queued_once_for_each_pixel_with_the_campaign() -> None:
    world = World()
    _with_sale(world, fbclid=_click_before_the_sale(world).fbclid)
    plan = _repaired(world)
    assert [sending for _, sending in plan.purchase.by_pixel] == [Sending.CREATED, Sending.CREATED]
    rows = list(world.ledger.rows.values())
    assert {row.event.event_id for row in rows} == {"purchase_9326"}
    assert {row.event.pixel_id for row in rows} == {pixel.pixel_id for pixel in FUNNEL.pixels}
    assert {row.event.payload["custom_data"]["campaign_code"] for row in rows} == {"NATAL26"}
    assert {row.event.event_time_s for row in rows} == {(SALE.paid_at_ms or 0) // 1000}
    assert _statuses(world) == {LedgerStatus.QUEUED}
    payment = world.payment(SALE.payment_id)
    assert payment.purchase_state is PurchaseState.QUEUED
    assert payment.due_at_ms is not None


def test_a_repair_that_comes_again_changes_nothing() -> None:
    world = World()
    _with_sale(world, fbclid=_click_before_the_sale(world).fbclid)
    _repaired(world)
    payments, people, rows = dict(world.payments.payments), dict(world.bot_users.bot_users), dict(world.ledger.rows)
    again = _repaired(world)
    assert not again.changes
    assert [sending for _, sending in again.purchase.by_pixel] == [Sending.ON_ITS_WAY, Sending.ON_ITS_WAY]
    assert (world.payments.payments, world.bot_users.bot_users, world.ledger.rows) == (payments, people, rows)


def test_a_plan_says_what_the_repair_does_and_writes_nothing() -> None:
    world = World()
    _with_sale(world, fbclid=_click_before_the_sale(world).fbclid)
    before = world.payment(SALE.payment_id)
    plan = _repairer(world).plan(before)
    assert (world.payment(SALE.payment_id), world.ledger.rows) == (before, {})
    done = _repaired(world)
    assert done.after.attribution == plan.after.attribution
    assert done.rows == plan.rows


def test_without_a_trace_the_sale_stays_a_legacy_payment_and_nothing_is_sent() -> None:
    world = World()
    _click_before_the_sale(world)
    _with_sale(world, fbclid=None)
    plan = _repaired(world)
    assert not plan.changes
    assert plan.purchase.obstacle is Obstacle.UNLINKED
    assert world.payment(SALE.payment_id).attribution.reason is Reason.LEGACY_PAYMENT
    assert world.ledger.rows == {}


def test_an_fbclid_without_a_click_is_a_better_reason_than_legacy() -> None:
    world = World()
    _with_sale(world, fbclid="IwAR-of-no-click")
    _repaired(world)
    assert world.payment(SALE.payment_id).attribution.reason is Reason.FBCLID_UNKNOWN


def test_the_fbclid_that_came_with_the_sale_goes_before_that_of_the_person() -> None:
    world = World()
    click = _click_before_the_sale(world)
    of_the_sale = replace(SALE, attribution=replace(SALE.attribution, fbclid=click.fbclid))
    _with_sale(world, fbclid="IwAR-of-another-ad", sale=of_the_sale)
    assert _repaired(world).after.attribution.tracking_token == click.tracking_token


def test_a_click_after_the_sale_is_no_link() -> None:
    world = World()
    click = world.click()
    _with_sale(world, fbclid=click.fbclid)
    plan = _repaired(world)
    assert plan.after.attribution.reason is Reason.CLICK_AFTER_SALE
    assert not plan.changes_bot_user


def test_a_click_after_the_sale_does_not_hide_the_one_before() -> None:
    world = World()
    click = _click_before_the_sale(world)
    later = world.click()
    assert later.fbclid == click.fbclid
    _with_sale(world, fbclid=click.fbclid)
    assert _repaired(world).after.attribution.tracking_token == click.tracking_token


def test_a_sale_older_than_seven_days_is_linked_and_not_sent() -> None:
    world = World()
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=click.fbclid)
    world.now_ms = (SALE.paid_at_ms or 0) + 7 * DAY_MS
    plan = _repaired(world)
    assert plan.after.attribution.tracking_token == click.tracking_token
    assert plan.purchase.obstacle is Obstacle.TOO_OLD
    assert world.ledger.rows == {}


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"status": PaymentStatus.EXPIRED, "paid_at_ms": None}, Obstacle.NOT_PAID),
        ({"status": PaymentStatus.REFUNDED}, Obstacle.REFUNDED),
        ({"purchase_state": PurchaseState.ACCEPTED}, Obstacle.REPORTED_BEFORE),
        ({"slug": Slug("another")}, Obstacle.NO_PIXEL),
    ],
)
def test_what_is_not_to_be_sent_is_linked_all_the_same(change: dict[str, object], obstacle: Obstacle) -> None:
    world = World()
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=click.fbclid, sale=replace(SALE, **change))  # type: ignore[arg-type] # any field
    plan = _repaired(world)
    assert plan.after.attribution.tracking_token == click.tracking_token
    assert plan.purchase.obstacle is obstacle
    assert world.ledger.rows == {}


def _unlinked_sale_in_the_ledger(world: World, status: LedgerStatus) -> None:
    """Leave a sale without a link whose Purchase stands as ``status``, and its person with a click found since."""
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=None, sale=replace(SALE, attribution=Attribution(reason=Reason.DIRECT_ENTRY)))
    stored = world.payment(SALE.payment_id)
    _, rows = world.settler.with_purchases(stored, NOW_MS)
    world.payments.save(replace(stored, purchase_state=PurchaseState.QUEUED), [replace(row, status=status) for row in rows])
    bot_user = world.bot_users.get(BOT, PERSON.chat_id)
    assert bot_user is not None
    world.bot_users.save(replace(bot_user, fbclid=click.fbclid))


def test_a_held_purchase_goes_with_the_repaired_link() -> None:
    world = World()
    _unlinked_sale_in_the_ledger(world, LedgerStatus.HELD)
    plan = _repaired(world)
    assert [sending for _, sending in plan.purchase.by_pixel] == [Sending.RELEASED, Sending.RELEASED]
    assert _statuses(world) == {LedgerStatus.QUEUED}
    assert all("campaign_code" in row.event.payload["custom_data"] for row in world.ledger.rows.values())


@pytest.mark.parametrize(
    ("status", "sending"),
    [
        (LedgerStatus.QUEUED, Sending.ON_ITS_WAY),
        (LedgerStatus.SENDING, Sending.BEING_SENT),
        (LedgerStatus.ACCEPTED, Sending.ACCEPTED),
        (LedgerStatus.REJECTED, Sending.REJECTED),
        (LedgerStatus.PARKED, Sending.PARKED),
        (LedgerStatus.EXPIRED, Sending.EXPIRED),
    ],
)
def test_what_may_have_been_sent_stays_and_the_sale_is_linked(status: LedgerStatus, sending: Sending) -> None:
    world = World()
    _unlinked_sale_in_the_ledger(world, status)
    rows = dict(world.ledger.rows)
    plan = _repaired(world)
    assert [found for _, found in plan.purchase.by_pixel] == [sending, sending]
    assert world.ledger.rows == rows
    assert world.payment(SALE.payment_id).attribution.link_source is LinkSource.FBCLID


def test_a_pixel_that_came_after_the_sale_gets_no_purchase_of_it() -> None:
    world = World()
    _unlinked_sale_in_the_ledger(world, LedgerStatus.HELD)
    later = next(iter(world.ledger.rows))
    del world.ledger.rows[later]
    plan = _repaired(world)
    assert [sending for _, sending in plan.purchase.by_pixel] == [Sending.RELEASED]
    assert later not in world.ledger.rows


def test_a_sender_that_was_faster_keeps_its_copy() -> None:
    world = World()
    _unlinked_sale_in_the_ledger(world, LedgerStatus.HELD)
    save = world.payments.save
    raced = False

    def save_after_the_reconciler(payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        nonlocal raced
        if not raced:
            raced = True
            world.ledger.rows = {key: replace(row, status=LedgerStatus.QUEUED) for key, row in world.ledger.rows.items()}
        return save(payment, rows)

    world.payments.save = save_after_the_reconciler  # type: ignore[method-assign] # the rival comes between plan and write
    rows = {row.event.payload.get("custom_data", {}).get("campaign_code") for row in world.ledger.rows.values()}
    plan = _repaired(world)
    assert rows == {None}
    assert [sending for _, sending in plan.purchase.by_pixel] == [Sending.ON_ITS_WAY, Sending.ON_ITS_WAY]
    assert plan.after.attribution.certain


def test_a_bot_user_that_changed_meanwhile_keeps_what_is_newer() -> None:
    world = World()
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=click.fbclid)
    save = world.payments.save

    def save_and_let_them_click_again(payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        world.start(world.click("utm_campaign=outra&fbclid=IwAR-zzz").tracking_token)
        return save(payment, rows)

    world.payments.save = save_and_let_them_click_again  # type: ignore[method-assign] # the rival comes in between
    plan = _repaired(world)
    assert plan.bot_user_after is not None
    assert plan.bot_user_after.tracking_session_id != click.tracking_token
    assert plan.after.attribution.tracking_token == click.tracking_token


def test_a_person_who_is_linked_since_keeps_the_newer_click() -> None:
    world = World()
    click = _click_before_the_sale(world)
    _with_sale(world, fbclid=click.fbclid)
    newer = world.click("utm_campaign=outra&fbclid=IwAR-zzz")
    world.start(newer.tracking_token)
    of_the_sale = replace(SALE, payment_id=PaymentId("9327"), attribution=Attribution(fbclid=click.fbclid))
    world.payments.save(of_the_sale)
    plan = _repaired(world, "9327")
    assert plan.after.attribution.tracking_token == click.tracking_token
    assert not plan.changes_bot_user


def test_a_snapshot_of_a_lost_click_is_completed_once_the_click_is_back() -> None:
    world = World()
    click = world.click()
    world.clicks.clicks.clear()
    world.start(click.tracking_token)
    payment = world.buy()
    assert payment.attribution.fbc is None
    world.clicks.put(click)
    plan = _repaired(world, payment.payment_id)
    assert (plan.after.attribution.fbc, plan.after.attribution.campaign) == (click.fbc, click.campaign)
    assert plan.after.attribution.link_source is payment.attribution.link_source


def test_a_click_that_is_known_to_be_theirs_is_claimed() -> None:
    world = World()
    click = _click_before_the_sale(world)
    world.bot_users.save(replace(BUYER, visitor_id=click.visitor_id))
    world.payments.save(SALE)
    plan = _repaired(world)
    assert plan.after.attribution.click_ip == click.click_ip
    assert world.clicks.clicks[click.tracking_token].claimed_by == BUYER.key


def test_stores_that_do_not_answer_change_no_reason() -> None:
    world = World()
    _with_sale(world, fbclid="IwAR-AbC_123")
    world.clicks.unavailable = True
    plan = _repaired(world)
    assert plan.link.reason is Reason.STORES_UNAVAILABLE
    assert not plan.changes


def test_a_certain_link_is_kept_whatever_else_is_found() -> None:
    world = World()
    first = world.click()
    world.start(first.tracking_token)
    payment = world.buy()
    bot_user = world.bot_users.bot_users[BUYER.key]
    world.bot_users.save(replace(bot_user, sessions=(), fbclid="IwAR-zzz"))
    world.click("utm_campaign=outra&fbclid=IwAR-zzz")
    assert _repaired(world, payment.payment_id).after.attribution == payment.attribution


def test_a_probable_link_gives_way_to_a_certain_one_only() -> None:
    world = World()
    guess = replace(SALE.attribution, link_confidence=Confidence.PROBABLE, tracking_token="t", reason=None)  # type: ignore[arg-type] # a token
    _with_sale(world, fbclid=None, sale=replace(SALE, attribution=guess))
    assert not _repaired(world).changes
    click = _click_before_the_sale(world)
    bot_user = world.bot_users.bot_users[BUYER.key]
    world.bot_users.save(replace(bot_user, fbclid=click.fbclid))
    assert _repaired(world).after.attribution.tracking_token == click.tracking_token


def test_an_unknown_payment_is_none() -> None:
    assert _repairer(World()).repair(PaymentId("nothing")) is None


def test_a_write_that_always_loses_is_told() -> None:
    world = World()
    _with_sale(world, fbclid=_click_before_the_sale(world).fbclid)

    def lose(payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        raise Conflict("always")

    world.payments.save = lose  # type: ignore[method-assign] # a store that never lets us win
    with pytest.raises(Conflict):
        _repaired(world)


def test_sales_are_walked_from_the_oldest_day_on() -> None:
    world = World()
    for number, days in enumerate((0, 3, 1, 9)):
        world.payments.save(replace(SALE, payment_id=PaymentId(str(number)), created_at_ms=NOW_MS - days * DAY_MS))
    world.payments.save(replace(SALE, payment_id=PaymentId("x"), slug=Slug("another"), created_at_ms=NOW_MS))
    found = list(sales_since(world.payments, NOW_MS - 3 * DAY_MS, NOW_MS, SLUG))
    assert [payment.payment_id for _, payment in found] == ["1", "2", "0"]
    assert found[-1][0] == date(2026, 9, 21)
    assert len(list(sales_since(world.payments, NOW_MS - 3 * DAY_MS, NOW_MS))) == 4


@pytest.mark.parametrize(
    ("change", "worth"),
    [
        ({}, True),
        ({"status": PaymentStatus.PENDING}, False),
        ({"purchase_state": PurchaseState.ACCEPTED}, True),
        ({"attribution": Attribution(link_confidence=Confidence.CERTAIN)}, True),
        ({"attribution": Attribution(link_confidence=Confidence.CERTAIN), "purchase_state": PurchaseState.QUEUED}, False),
    ],
)
def test_a_paid_sale_without_its_link_or_purchase_is_worth_a_repair(change: dict[str, object], worth: bool) -> None:  # noqa: FBT001 - a case
    assert worth_repairing(replace(SALE, **change)) is worth  # type: ignore[arg-type] # any field
