"""Explaining payments, people, clicks and start tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rastro.model import (
    DAY_MS,
    Attribution,
    BotUser,
    Campaign,
    Click,
    LedgerStatus,
    Payment,
    PaymentId,
    Reason,
    Slug,
    TrackingToken,
)
from rastro.sales.diagnosis import Doctor, Flaw, Key, PaymentDiagnosis, TokenKind
from rastro.sales.evidence import Check, Finding, Hop, HopKind, Trace, timeline
from rastro.sales.repair import Obstacle, Repairer
from rastro.tracking.reference import LIFETIME_MS, seal
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import campaign_ref
from tests.fakes.world import BOT, NOW_MS, PERSON, SLUG, World
from tests.unit.sales.test_repair import BUYER, SALE


def _doctor(world: World) -> Doctor:
    repairer = Repairer(
        payments=world.payments,
        bot_users=world.bot_users,
        clicks=world.clicks,
        funnels=world.funnels,
        ledger=world.ledger,
        linker=world.linker,
        settler=world.settler,
        now_ms=lambda: world.now_ms,
    )
    return Doctor(
        payments=world.payments,
        bot_users=world.bot_users,
        clicks=world.clicks,
        funnels=world.funnels,
        ledger=world.ledger,
        keys=lambda: world.keys,
        linker=world.linker,
        repairer=repairer,
        attribution_window_days=7,
        now_ms=lambda: world.now_ms,
    )


def _payment(world: World, payment_id: str = SALE.payment_id) -> PaymentDiagnosis:
    diagnosis = _doctor(world).diagnose_payment(PaymentId(payment_id))
    assert diagnosis is not None
    return diagnosis


def _click(world: World, at_ms: int, query: str = "utm_source=facebook&utm_campaign=natal&fbclid=IwAR-AbC_123") -> Click:
    now_ms, world.now_ms = world.now_ms, at_ms
    click = world.click(query)
    world.now_ms = now_ms
    return click


def _with_sale(world: World, bot_user: BotUser = BUYER, sale: Payment = SALE) -> None:
    world.bot_users.save(bot_user)
    world.payments.save(sale)


def _findings(checks: Sequence[Check]) -> dict[Trace, Finding]:
    return {check.trace: check.finding for check in checks}


def _kinds(hops: Sequence[Hop]) -> list[HopKind]:
    return [hop.kind for hop in hops]


def test_payment_9326_without_a_trace_is_explained_as_the_seller_saw_it() -> None:
    world = World()
    _with_sale(world)
    diagnosis = _payment(world)
    assert dict(diagnosis.fields) == dict.fromkeys(
        ["tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id", "bot_user.tracking_session_id"]
    )
    assert diagnosis.reason is Reason.LEGACY_PAYMENT
    assert set(_findings(diagnosis.checks).values()) == {Finding.ABSENT}
    assert not diagnosis.plan.changes
    assert diagnosis.plan.purchase.obstacle is Obstacle.UNLINKED


def test_a_sale_that_a_repair_would_link_says_so_and_stays_as_it_is() -> None:
    world = World()
    click = _click(world, SALE.created_at_ms - 60_000)
    _with_sale(world, replace(BUYER, fbclid=click.fbclid))
    diagnosis = _payment(world)
    assert diagnosis.reason is Reason.LEGACY_PAYMENT
    assert _findings(diagnosis.checks)[Trace.FBCLID] is Finding.USABLE
    assert diagnosis.plan.after.attribution.tracking_token == click.tracking_token
    assert world.payment(SALE.payment_id).attribution.tracking_token is None
    assert _kinds(diagnosis.timeline) == [HopKind.CLICK, HopKind.MET, HopKind.CHARGE, HopKind.PAID]


def test_a_linked_sale_has_no_root_cause_and_its_whole_journey() -> None:
    world = World()
    click = world.click()
    world.now_ms += 10_000
    world.start(click.tracking_token)
    world.now_ms += 10_000
    payment = world.buy()
    world.now_ms += 10_000
    world.notice(payment)
    key = next(iter(world.ledger.rows))
    accepted = replace(world.ledger.rows[key], status=LedgerStatus.ACCEPTED, accepted_at_ms=world.now_ms + 5, fbtrace_id="Atrace")
    world.ledger.rows[key] = replace(accepted, attempts=1)
    diagnosis = _payment(world, payment.payment_id)
    assert diagnosis.reason is None
    assert None not in diagnosis.fields.values()
    assert _findings(diagnosis.checks)[Trace.START] is Finding.USABLE
    assert _kinds(diagnosis.timeline) == [
        HopKind.CLICK,
        HopKind.MET,
        HopKind.START,
        HopKind.LINK,
        HopKind.CHARGE,
        HopKind.PAID,
        HopKind.PURCHASE,
        HopKind.PURCHASE,
    ]
    assert diagnosis.timeline[-1].facts["fbtrace_id"] == "Atrace"
    assert diagnosis.timeline[2].facts["payload"] == "token"


def test_a_link_saved_at_the_redirect_is_a_passage() -> None:
    world = World()
    first = world.click()
    world.start(first.tracking_token)
    world.now_ms += 60_000
    world.click("utm_campaign=outra&fbclid=IwAR-zzz", cookies={"rastro_vid": first.visitor_id or ""})
    diagnosis = _doctor(world).diagnose_bot_user(BOT, PERSON.chat_id)
    assert diagnosis is not None
    assert _kinds(diagnosis.timeline)[-2:] == [HopKind.CLICK, HopKind.PASSAGE]


@pytest.mark.parametrize(
    ("clicked_at_ms", "reason", "finding"),
    [
        (SALE.created_at_ms - 8 * DAY_MS, Reason.OUTSIDE_WINDOW, Finding.OUTSIDE_WINDOW),
        (NOW_MS - DAY_MS, Reason.CLICK_AFTER_SALE, Finding.AFTER_SALE),
        (None, Reason.FBCLID_UNKNOWN, Finding.NO_CLICK),
    ],
)
def test_the_root_cause_comes_with_its_evidence(clicked_at_ms: int | None, reason: Reason, finding: Finding) -> None:
    world = World()
    if clicked_at_ms is not None:
        _click(world, clicked_at_ms)
    _with_sale(world, replace(BUYER, fbclid="IwAR-AbC_123"))
    diagnosis = _payment(world)
    assert diagnosis.reason is reason
    check = next(check for check in diagnosis.checks if check.trace is Trace.FBCLID)
    assert (check.finding, check.at_ms) == (finding, clicked_at_ms)


def test_a_click_of_a_funnel_that_does_not_lead_to_the_bot_is_named() -> None:
    world = World()
    click = world.click()
    world.clicks.clicks[click.tracking_token] = replace(click, slug=Slug("another"))
    _with_sale(world, replace(BUYER, fbclid=click.fbclid))
    assert _findings(_payment(world).checks)[Trace.FBCLID] is Finding.OTHER_FUNNEL


def test_stores_that_do_not_answer_are_named() -> None:
    world = World()
    _with_sale(world, replace(BUYER, fbclid="IwAR-AbC_123"))
    world.clicks.unavailable = True
    diagnosis = _payment(world)
    assert _findings(diagnosis.checks)[Trace.FBCLID] is Finding.UNAVAILABLE
    assert diagnosis.reason is Reason.LEGACY_PAYMENT


def test_the_kind_of_payload_is_evidence() -> None:
    world = World()
    world.start("promo")
    payment = world.buy()
    diagnosis = _payment(world, payment.payment_id)
    assert diagnosis.reason is Reason.TOKEN_INVALID
    assert _findings(diagnosis.checks)[Trace.START] is Finding.INVALID


def test_a_link_made_after_the_sale_is_not_its_link() -> None:
    world = World()
    world.start()
    payment = world.buy()
    world.notice(payment)
    world.now_ms += 60_000
    world.start(world.click().tracking_token)
    diagnosis = _payment(world, payment.payment_id)
    assert _findings(diagnosis.checks)[Trace.SESSION] is Finding.AFTER_SALE
    assert diagnosis.reason is Reason.CLICK_AFTER_SALE


def test_a_payment_of_nobody_known_is_explained_all_the_same() -> None:
    world = World()
    world.payments.save(SALE)
    diagnosis = _payment(world)
    assert (diagnosis.bot_user, diagnosis.checks) == (None, ())
    assert diagnosis.fields["bot_user.tracking_session_id"] is None


def test_what_is_not_there_is_none() -> None:
    doctor = _doctor(World())
    assert doctor.diagnose_payment(PaymentId("1")) is None
    assert doctor.diagnose_bot_user(BOT, PERSON.chat_id) is None
    assert doctor.diagnose_click(TrackingToken("nothing")) is None


def test_a_person_is_explained_with_what_they_would_be_linked_to_now() -> None:
    world = World()
    click = world.click()
    _with_sale(world, replace(BUYER, fbclid=click.fbclid))
    diagnosis = _doctor(world).diagnose_bot_user(BOT, PERSON.chat_id)
    assert diagnosis is not None
    assert diagnosis.reason is Reason.LEGACY_PAYMENT
    assert diagnosis.link.click == click
    assert [payment.payment_id for payment in diagnosis.payments] == ["9326"]
    assert diagnosis.fields["fbclid"] == click.fbclid


def test_a_click_is_explained_with_its_people_and_sales() -> None:
    world = World()
    click = world.click()
    world.start(click.tracking_token)
    payment = world.buy()
    diagnosis = _doctor(world).diagnose_click(click.tracking_token)
    assert diagnosis is not None
    assert diagnosis.click is not None
    assert diagnosis.click.claimed_by == BUYER.key
    assert [bot_user.key for bot_user in diagnosis.bot_users] == [BUYER.key]
    assert [found.payment_id for found in diagnosis.payments] == [payment.payment_id]
    assert diagnosis.fields["campaign_code"] == "NATAL26"


def test_a_lost_click_is_explained_by_its_token_alone() -> None:
    world = World()
    click = world.click()
    world.clicks.clicks.clear()
    world.funnels.remember_campaign(campaign_ref(click.campaign), click.campaign, seen_at_ms=NOW_MS)
    diagnosis = _doctor(world).diagnose_click(click.tracking_token)
    assert diagnosis is not None
    assert (diagnosis.click, diagnosis.bot_users) == (None, ())
    assert diagnosis.token.campaign == click.campaign
    assert diagnosis.token.slug is None


def test_a_token_says_its_click_minute_funnel_and_campaign() -> None:
    world = World()
    click = world.click()
    reading = _doctor(world).diagnose_token(click.tracking_token)
    assert (reading.kind, reading.key, reading.slug) == (TokenKind.START_TOKEN, Key.CURRENT, SLUG)
    assert reading.campaign == click.campaign
    assert reading.token is not None
    assert reading.token.pageview_event_id == click.pageview_event_id
    assert reading.token.clicked_at_ms == NOW_MS // 60_000 * 60_000


def test_a_funnel_that_is_named_is_checked_against_the_token() -> None:
    world = World()
    token = world.click().tracking_token
    world.clicks.clicks.clear()
    assert _doctor(world).diagnose_token(token, SLUG).slug == SLUG
    assert _doctor(world).diagnose_token(token, Slug("another")).slug is None


def test_a_token_of_the_previous_key_says_so() -> None:
    world = World()
    token = world.click().tracking_token
    world.keys = SigningKeys(b"n" * 32, world.keys.current)
    assert _doctor(world).diagnose_token(token).key is Key.PREVIOUS


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", Flaw.LENGTH),
        ("promo", Flaw.LENGTH),
        ("A" * 43 + "!", Flaw.ALPHABET),
        ("á" * 44, Flaw.ALPHABET),
        ("A" * 44, Flaw.SIGNATURE),
    ],
)
def test_what_is_no_token_is_told_why(text: str, flaw: Flaw) -> None:
    reading = _doctor(World()).diagnose_token(text)
    assert (reading.kind, reading.flaw, reading.token) == (TokenKind.UNKNOWN, flaw, None)


def test_the_token_of_an_earlier_system_finds_its_click() -> None:
    world = World()
    old = replace(world.click(), tracking_token=TrackingToken("old-token"))
    world.clicks.put(old)
    assert _doctor(world).diagnose_token("old-token").click == old


def test_a_reference_is_told_from_a_token() -> None:
    world = World()
    reference = seal(world.keys, BOT, PERSON.chat_id, now_ms=NOW_MS)
    reading = _doctor(world).diagnose_token(reference)
    assert (reading.kind, reading.reference_expired) == (TokenKind.REFERENCE, False)
    assert reading.reference is not None
    assert reading.reference.chat_id == PERSON.chat_id
    world.now_ms += LIFETIME_MS
    assert _doctor(world).diagnose_token(reference).reference_expired


def test_hops_of_the_same_moment_come_in_the_order_of_the_journey() -> None:
    world = World()
    click = replace(world.click(), clicked_at_ms=SALE.created_at_ms)
    hops = timeline(payments=[replace(SALE, paid_at_ms=SALE.created_at_ms)], bot_users=[BUYER], clicks=[click, click])
    assert _kinds(hops) == [HopKind.CLICK, HopKind.MET, HopKind.CHARGE, HopKind.PAID]


def test_a_hop_names_only_what_is_known() -> None:
    bare = Click(tracking_token=TrackingToken("t"), slug=Slug(""), clicked_at_ms=1, pageview_event_id="p", campaign=Campaign())
    assert dict(timeline(clicks=[bare])[0].facts) == {"tracking_token": "t"}


def test_a_linked_payment_with_no_reason_on_record_gets_one_when_asked() -> None:
    world = World()
    _with_sale(world, replace(BUYER, reason=None), replace(SALE, attribution=Attribution()))
    assert _payment(world).reason is Reason.DIRECT_ENTRY
