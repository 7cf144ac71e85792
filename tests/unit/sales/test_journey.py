"""The use cases on a deployment in memory: from the click to the Purchase in the ledger."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from rastro.errors import ChatUnreachable, Conflict, StoreUnavailable, TelegramUnavailable
from rastro.model import (
    DAY_MS,
    Attribution,
    BotUser,
    BotUserStatus,
    ChatId,
    Confidence,
    DeliveryState,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentStatus,
    PurchaseState,
    Reason,
)
from rastro.pix.provider import NoticeKind
from rastro.sales.settle import Settlement
from rastro.sales.shop import Step
from rastro.telegram.updates import Membership, Person
from rastro.tracking.passage import Answer
from rastro.tracking.signing import SigningKeys
from tests.fakes.world import AD_QUERY, BASE_URL, BOT, NOW_MS, PERSON, World

OTHER = Person(chat_id=ChatId("2222"), first_name="Bia")


def _bot_user(world: World, person: Person = PERSON) -> BotUser:
    bot_user = world.bot_users.get(BOT, person.chat_id)
    assert bot_user is not None
    return bot_user


def test_a_click_becomes_an_attributed_purchase() -> None:
    world = World()
    passage = world.visit()
    assert passage.answer is Answer.REDIRECT
    token = parse_qs(urlsplit(passage.location or "").query)["start"][0]

    assert world.start(token).step is Step.STARTED
    assert _bot_user(world).tracking_session_id == token

    payment = world.buy()
    assert payment.status is PaymentStatus.PENDING
    assert payment.attribution.tracking_token == token
    assert payment.attribution.link_source is LinkSource.START_PARAM
    assert payment.attribution.campaign.campaign_code == "NATAL26"
    assert payment.attribution.fbc == f"fb.1.{NOW_MS}.IwAR-AbC_123"
    assert payment.attribution.click_ip == "177.10.20.30"

    assert world.notice(payment).settlement is Settlement.PAID
    paid = world.payment(payment.payment_id)
    assert (paid.status, paid.purchase_state, paid.delivery_state) == (
        PaymentStatus.PAID,
        PurchaseState.QUEUED,
        DeliveryState.DELIVERED,
    )
    rows = world.ledger.by_payment(payment.payment_id)
    assert [row.status for row in rows] == [LedgerStatus.QUEUED] * 2
    for row in rows:
        assert row.event.event_id == f"purchase_{payment.payment_id}"
        assert row.event.payload["user_data"]["fbc"] == payment.attribution.fbc
        assert row.event.payload["custom_data"]["value"] == 49.9
    assert "https://example.com/curso" in [button.url for row in world.bot.said[-1].keyboard for button in row]


def test_the_bot_user_is_written_once_with_its_link_before_the_welcome() -> None:
    world = World()
    token = world.click().tracking_token
    world.bot.fault = TelegramUnavailable("down")
    outcome = world.start(token)
    assert outcome.unreachable
    assert world.bot_users.writes == 1
    assert _bot_user(world).tracking_session_id == token


def test_a_start_that_cannot_be_written_says_nothing_and_may_come_again() -> None:
    world = World()
    token = world.click().tracking_token
    world.bot_users.unavailable = True
    with pytest.raises(StoreUnavailable):
        world.start(token)
    assert world.bot.said == []
    world.bot_users.unavailable = False
    assert world.start(token).step is Step.STARTED


def test_the_welcome_greets_by_name_escaped_and_offers_the_products() -> None:
    world = World()
    world.start(person=replace(PERSON, first_name="<b>Ana & Zé</b>"))
    (said,) = world.bot.said
    assert "&lt;b&gt;Ana &amp; Zé&lt;/b&gt;" in said.text
    assert [button.callback_data for row in said.keyboard for button in row][-1] == "buy:curso"
    assert "R$ 49,90" in said.keyboard[-1][0].text


def test_a_charge_is_shown_as_code_and_picture_with_a_button_to_copy() -> None:
    world = World()
    world.start()
    payment = world.buy()
    said = world.bot.said[-1]
    assert said.photo is not None
    assert payment.brcode
    assert payment.brcode in said.text
    assert said.keyboard[0][0].copy_text == payment.brcode
    assert "30 minutos" in said.text


def test_a_code_that_banks_may_refuse_is_told_of_and_shown_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    assert world.buy().status is PaymentStatus.PENDING
    assert "brcode_invalid" not in caplog.text
    world.provider.BRCODE = world.provider.BRCODE[:-4] + "0000"
    assert world.buy(OTHER).status is PaymentStatus.PENDING
    assert "brcode_invalid" in caplog.text


def test_a_second_tap_shows_the_same_charge() -> None:
    world = World()
    world.start()
    first, second = world.buy(), world.buy()
    assert first.payment_id == second.payment_id
    assert len(world.provider.asked) == 1
    assert len(world.payments.payments) == 1


def test_a_tap_after_the_charge_expired_makes_a_new_one() -> None:
    world = World()
    world.start()
    first = world.buy()
    world.now_ms = first.charge_expires_at_ms or 0
    assert world.buy().payment_id != first.payment_id


def test_a_tap_after_the_payment_makes_a_new_charge() -> None:
    world = World()
    world.start()
    first = world.buy()
    world.notice(first)
    assert world.buy().payment_id != first.payment_id


def test_a_charge_that_the_provider_did_not_make_is_made_by_the_next_tap_under_the_same_id() -> None:
    world = World()
    world.start()
    world.provider.unavailable = True
    assert world.press().step is Step.CHARGE_FAILED
    assert "Nada foi cobrado" in world.bot.said[-1].text
    world.provider.unavailable = False
    world.buy()
    assert len({request.payment_id for request in world.provider.asked}) == 1
    assert len(world.payments.payments) == 1


def test_an_unknown_product_is_told_so() -> None:
    world = World()
    world.start()
    assert world.press("buy:nada").step is Step.UNKNOWN_PRODUCT
    assert world.payments.payments == {}


def test_a_tap_without_a_start_before_still_sells() -> None:
    world = World()
    payment = world.buy()
    assert payment.status is PaymentStatus.PENDING
    assert payment.attribution.reason is Reason.DIRECT_ENTRY


@pytest.mark.parametrize("down", ["clicks", "queue"])
def test_no_fault_of_tracking_refuses_a_charge_or_loses_a_payment(down: str) -> None:
    world = World()
    token = world.click().tracking_token
    getattr(world, down).unavailable = True
    world.start(token)
    payment = world.buy()
    assert world.notice(payment).settlement is Settlement.PAID
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.DELIVERED


def test_a_click_that_every_store_lost_still_gives_the_sale_its_campaign() -> None:
    world = World()
    click = world.click()
    token = click.tracking_token
    world.funnels.remember_campaign(_campaign_ref(world, token), click.campaign, seen_at_ms=NOW_MS)
    world.clicks.clicks.clear()
    world.start(token)
    attribution = world.buy().attribution
    assert (attribution.tracking_token, attribution.link_confidence) == (token, Confidence.CERTAIN)
    assert attribution.campaign == click.campaign
    assert attribution.pageview_event_id == click.pageview_event_id
    assert (attribution.fbc, attribution.fbp, attribution.click_ip) == (None, None, None)


def _campaign_ref(world: World, token: str) -> str:
    from rastro.tracking.token import parse  # noqa: PLC0415 - only here

    parsed = parse(world.keys, token)
    assert parsed is not None
    return parsed.campaign_ref


def test_a_notice_that_comes_ten_times_pays_and_delivers_once() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    said_before = len(world.bot.said)
    settlements = [world.notice(payment).settlement for _ in range(10)]
    assert settlements == [Settlement.PAID] + [Settlement.REPEATED] * 9
    assert len(world.bot.said) == said_before + 1
    assert len(world.ledger.rows) == 2


def test_a_late_payment_after_expiry_counts() -> None:
    world = World()
    payment = world.buy()
    assert world.notice(payment, NoticeKind.EXPIRED).settlement is Settlement.EXPIRED
    assert world.notice(payment).settlement is Settlement.PAID
    assert world.notice(payment, NoticeKind.EXPIRED).settlement is Settlement.REPEATED
    assert world.payment(payment.payment_id).status is PaymentStatus.PAID


def test_another_amount_is_recorded_and_is_the_value_sent() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    settled = world.notice(payment, amount_cents=1000)
    assert settled.amount_differs
    assert world.payment(payment.payment_id).amount_paid_cents == 1000
    assert {row.event.payload["custom_data"]["value"] for row in world.ledger.rows.values()} == {10}


def test_a_notice_for_an_unknown_charge_changes_nothing() -> None:
    world = World()
    payment = world.buy()
    stranger = replace(payment, payment_id="01X", charge_id="ch-x")  # type: ignore[arg-type] # an id that nobody gave out
    assert world.notice(stranger).settlement is Settlement.UNKNOWN_CHARGE
    assert world.ledger.rows == {}


def test_a_notice_by_another_account_changes_nothing() -> None:
    world = World()
    payment = world.buy()
    assert world.notice(replace(payment, provider="efi")).settlement is Settlement.UNKNOWN_CHARGE
    assert world.notice(replace(payment, bot_id="7")).settlement is Settlement.UNKNOWN_CHARGE  # type: ignore[arg-type] # another bot
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


def test_a_refund_is_recorded_and_sends_nothing_more() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    rows = dict(world.ledger.rows)
    assert world.notice(payment, NoticeKind.REFUNDED).settlement is Settlement.REFUNDED
    assert world.notice(payment).settlement is Settlement.REPEATED
    assert world.ledger.rows == rows


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ChatUnreachable("blocked"), DeliveryState.UNREACHABLE),
        (TelegramUnavailable("down"), DeliveryState.TO_DO),
    ],
)
def test_a_message_that_cannot_be_sent_undoes_no_payment(fault: ChatUnreachable, state: DeliveryState) -> None:
    world = World()
    payment = world.buy()
    world.bot.fault = fault
    assert world.notice(payment).settlement is Settlement.PAID
    assert world.payment(payment.payment_id).delivery_state is state


def test_the_reconciler_delivers_what_could_not_be_delivered_once() -> None:
    world = World()
    payment = world.buy()
    world.bot.fault = TelegramUnavailable("down")
    world.notice(payment)
    world.bot.fault = None
    said_before = len(world.bot.said)
    world.reconciler.run(lambda: True)
    assert len(world.bot.said) == said_before  # the webhook may still be at it
    for _ in range(3):
        world.now_ms += 61_000
        world.reconciler.run(lambda: True)
    assert len(world.bot.said) == said_before + 1
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.DELIVERED


def _held(world: World) -> Payment:
    world.start()
    payment = world.buy()
    world.notice(payment)
    held = world.payment(payment.payment_id)
    assert held.purchase_state is PurchaseState.HELD
    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.HELD}
    return held


def test_a_sale_without_a_link_is_held_then_sent_as_it_is() -> None:
    world = World()
    held = _held(world)
    world.now_ms += 61_000
    world.reconciler.run(lambda: True)
    assert world.payment(held.payment_id).purchase_state is PurchaseState.HELD
    world.now_ms = NOW_MS + 900_000
    world.reconciler.run(lambda: True)
    released = world.payment(held.payment_id)
    assert released.purchase_state is PurchaseState.QUEUED
    assert released.attribution.reason is Reason.DIRECT_ENTRY
    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.QUEUED}


def test_a_held_sale_whose_link_is_found_is_released_with_it() -> None:
    world = World()
    click = world.click()
    held = _held(world)
    bot_user = _bot_user(world)
    world.bot_users.save(replace(bot_user, fbclid=click.fbclid))
    world.now_ms += 61_000
    world.reconciler.run(lambda: True)
    repaired = world.payment(held.payment_id)
    assert repaired.purchase_state is PurchaseState.QUEUED
    assert repaired.attribution.link_source is LinkSource.FBCLID
    assert repaired.attribution.campaign.campaign_code == "NATAL26"
    # An fbclid proves the ad, not the person.
    assert (repaired.attribution.fbp, repaired.attribution.click_ip) == (None, None)
    assert all(row.event.payload["user_data"]["fbc"] == click.fbc for row in world.ledger.rows.values())


def _bought_without_click_table(world: World) -> Payment:
    """Buy by a click whose record is there, but cannot be read until the code is made: all that is known is its token."""
    token = world.click().tracking_token
    world.clicks.unavailable = True
    world.start(token)
    payment = world.buy()
    assert (payment.attribution.tracking_token, payment.attribution.fbclid) == (token, None)
    return payment


def test_a_click_that_could_not_be_read_when_the_code_was_made_is_on_the_sale_once_it_is_paid() -> None:
    world = World()
    payment = _bought_without_click_table(world)
    world.clicks.unavailable = False
    world.notice(payment)
    paid = world.payment(payment.payment_id)
    assert (paid.attribution.fbclid, paid.attribution.complete) == ("IwAR-AbC_123", True)
    assert paid.purchase_state is PurchaseState.QUEUED


def test_a_sale_known_by_its_token_alone_is_held_until_its_click_can_be_read() -> None:
    world = World()
    payment = _bought_without_click_table(world)
    world.notice(payment)
    assert world.payment(payment.payment_id).purchase_state is PurchaseState.HELD
    world.now_ms += 60_000
    world.clicks.unavailable = False
    world.reconciler.run(lambda: True)
    released = world.payment(payment.payment_id)
    assert (released.attribution.fbclid, released.purchase_state) == ("IwAR-AbC_123", PurchaseState.QUEUED)
    events = [row.event.payload for row in world.ledger.by_payment(payment.payment_id)]
    assert all("IwAR-AbC_123" in event["user_data"]["fbc"] for event in events)


def test_a_sale_whose_click_is_lost_for_good_goes_by_its_token_when_the_time_is_over() -> None:
    world = World()
    payment = _bought_without_click_table(world)
    world.notice(payment)
    world.now_ms += 900_000
    world.reconciler.run(lambda: True)
    released = world.payment(payment.payment_id)
    assert released.purchase_state is PurchaseState.QUEUED
    assert released.attribution.tracking_token == payment.attribution.tracking_token


def test_the_reconciler_requeues_a_purchase_that_nobody_sent() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    world.now_ms += 301_000
    world.reconciler.run(lambda: True)
    assert all(row.requeued_at_ms == world.now_ms for row in world.ledger.rows.values())


def test_the_reconciler_lets_go_of_what_is_finished() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    world.ledger.rows = {key: replace(row, status=LedgerStatus.ACCEPTED) for key, row in world.ledger.rows.items()}
    world.now_ms += 301_000
    world.reconciler.run(lambda: True)
    assert world.payment(payment.payment_id).due_at_ms is None


def test_the_reconciler_expires_an_unpaid_charge_and_fails_one_never_made() -> None:
    world = World()
    payment = world.buy()
    world.provider.unavailable = True
    world.press(person=OTHER)
    world.provider.unavailable = False
    world.now_ms += 3_600_000
    world.reconciler.run(lambda: True)
    statuses = {stored.payment_id == payment.payment_id: stored.status for stored in world.payments.payments.values()}
    assert statuses == {True: PaymentStatus.EXPIRED, False: PaymentStatus.FAILED}


def test_the_reconciler_ends_in_time_and_goes_on_in_the_next_run() -> None:
    world = World()
    payments = [world.buy(Person(chat_id=ChatId(str(number)))) for number in range(5)]
    world.now_ms += 3_600_000
    budget = iter([True, True, True, False, False])
    report = world.reconciler.run(lambda: next(budget))
    assert not report.complete
    assert report.counts["expired"] == 2
    assert world.reconciler.run(lambda: True).complete
    assert all(world.payment(payment.payment_id).status is PaymentStatus.EXPIRED for payment in payments)


def test_blocking_and_coming_back_are_noted() -> None:
    world = World()
    world.start()
    world.shop.handle(BOT, Membership(person=PERSON, blocked=True), BASE_URL)
    assert _bot_user(world).status is BotUserStatus.BLOCKED
    world.start()
    assert _bot_user(world).status is BotUserStatus.ACTIVE


def test_two_writers_of_one_person_lose_nothing() -> None:
    world = World()
    token = world.click().tracking_token
    first = world.bot_users.save
    raced = False

    def save_after_a_rival(bot_user):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - wraps save
        nonlocal raced
        if not raced:
            raced = True
            world.press(person=PERSON)
        return first(bot_user)

    world.bot_users.save = save_after_a_rival  # type: ignore[method-assign] # the rival comes between read and write
    world.start(token)
    bot_user = _bot_user(world)
    assert bot_user.tracking_session_id == token
    assert "curso" in bot_user.open_charges


def test_a_write_that_always_loses_is_told() -> None:
    world = World()

    def lose(_bot_user: object) -> None:
        raise Conflict("always")

    world.bot_users.save = lose  # type: ignore[assignment, method-assign] # a store that never lets us win
    with pytest.raises(Conflict):
        world.start()


def test_an_organic_click_never_replaces_one_of_an_ad() -> None:
    world = World()
    ad = world.click(AD_QUERY)
    world.start(ad.tracking_token)
    world.now_ms += 60_000
    organic = world.click("")
    outcome = world.start(organic.tracking_token)
    assert outcome.link
    assert outcome.link.source is LinkSource.BOT_USER
    assert world.buy().attribution.tracking_token == ad.tracking_token


def test_the_newest_ad_wins_and_the_first_is_kept() -> None:
    world = World()
    first = world.click()
    world.start(first.tracking_token)
    world.now_ms += 60_000
    second = world.click("utm_campaign=outra&fbclid=IwAR-zzz")
    world.start(second.tracking_token)
    bot_user = _bot_user(world)
    assert bot_user.tracking_session_id == second.tracking_token
    assert bot_user.first_session_id == first.tracking_token
    assert [session.tracking_token for session in bot_user.sessions] == [second.tracking_token, first.tracking_token]
    world.start(first.tracking_token)
    assert world.buy().attribution.tracking_token == second.tracking_token


def test_a_forwarded_link_brings_the_campaign_and_not_the_other_persons_browser() -> None:
    world = World()
    click = world.click()
    world.start(click.tracking_token, PERSON)
    world.start(click.tracking_token, OTHER)
    mine, theirs = world.buy(PERSON).attribution, world.buy(OTHER).attribution
    assert (mine.fbp, mine.click_ip) == (click.fbp, click.click_ip)
    assert (theirs.fbp, theirs.click_ip, theirs.click_user_agent) == (None, None, None)
    assert theirs.campaign == mine.campaign


@pytest.mark.parametrize(
    ("start_param", "reason"),
    [("", Reason.DIRECT_ENTRY), ("promo", Reason.TOKEN_INVALID), ("A" * 44, Reason.TOKEN_INVALID)],
)
def test_a_start_without_evidence_gets_its_reason(start_param: str, reason: Reason) -> None:
    world = World()
    world.start(start_param)
    assert _bot_user(world).reason is reason
    payment = world.buy()
    assert payment.attribution.reason is reason
    assert payment.attribution.tracking_token is None


def test_a_token_of_a_funnel_that_does_not_lead_to_this_bot_is_foreign() -> None:
    from rastro.model import Campaign, Slug  # noqa: PLC0415 - only here
    from rastro.tracking.token import mint  # noqa: PLC0415

    world = World()
    foreign = mint(world.keys, click_id=b"x" * 12, clicked_at_ms=NOW_MS, slug=Slug("outro"), campaign=Campaign())
    world.start(foreign)
    assert _bot_user(world).reason is Reason.TOKEN_FOREIGN


def test_a_click_outside_the_window_is_no_link() -> None:
    world = World()
    token = world.click().tracking_token
    world.now_ms += 8 * 86_400_000
    world.start(token)
    assert world.buy().attribution.reason is Reason.OUTSIDE_WINDOW


def test_a_dropped_payload_of_a_known_person_is_linked_by_the_earlier_click() -> None:
    world = World()
    token = world.click().tracking_token
    world.start(token)
    world.now_ms += 3_600_000
    outcome = world.start()
    assert outcome.link
    assert outcome.link.source is LinkSource.BOT_USER
    assert world.buy().attribution.tracking_token == token


def test_a_click_after_the_sale_did_not_cause_it() -> None:
    world = World()
    held = _held(world)
    world.now_ms += 30_000
    late = world.click()
    world.start(late.tracking_token)
    assert _bot_user(world).tracking_session_id == late.tracking_token
    world.now_ms = NOW_MS + 900_000
    world.reconciler.run(lambda: True)
    released = world.payment(held.payment_id)
    assert released.purchase_state is PurchaseState.QUEUED
    assert (released.attribution.tracking_token, released.attribution.reason) == (None, Reason.CLICK_AFTER_SALE)


def test_a_sale_is_linked_as_of_its_own_time_though_a_newer_click_came_since() -> None:
    world = World()
    first = world.click()
    world.start(first.tracking_token)
    bot_user = _bot_user(world)
    payment = world.buy()
    world.now_ms += 60_000
    world.start(world.click("utm_campaign=outra&fbclid=IwAR-zzz").tracking_token)
    unlinked = replace(world.payment(payment.payment_id), attribution=Attribution(), paid_at_ms=NOW_MS)
    repaired = world.settler.relink(unlinked, world.now_ms)
    assert repaired.tracking_token == first.tracking_token
    assert bot_user.first_session_id == first.tracking_token


def test_a_single_unclaimed_click_explains_a_bare_start_as_a_dropped_payload_without_being_a_link() -> None:
    world = World()
    world.click()
    world.start()
    assert (_bot_user(world).reason, _bot_user(world).tracking_session_id) == (Reason.PAYLOAD_DROPPED, None)


def test_of_several_unclaimed_clicks_none_explains_a_bare_start() -> None:
    world = World()
    world.click()
    world.click()
    world.start()
    assert _bot_user(world).reason is Reason.DIRECT_ENTRY


def test_a_probable_link_is_off_by_default_and_never_feeds_meta() -> None:
    world = World()
    world.linker._recent_ms = 5 * 60_000
    click = world.click()
    world.start()
    bot_user = _bot_user(world)
    assert (bot_user.link_source, bot_user.link_confidence) == (LinkSource.RECENT_CLICK, Confidence.PROBABLE)
    payment = world.buy()
    assert payment.attribution.campaign == click.campaign
    world.notice(payment)
    world.now_ms = NOW_MS + 900_000
    world.reconciler.run(lambda: True)
    assert world.payment(payment.payment_id).purchase_state is PurchaseState.QUEUED
    for row in world.ledger.rows.values():
        assert "fbc" not in row.event.payload["user_data"]
        assert "campaign_code" not in row.event.payload["custom_data"]


def test_a_payment_whose_purchase_waits_for_its_pixel_stays_in_sight() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    world.ledger.rows = {key: replace(row, status=LedgerStatus.PARKED) for key, row in world.ledger.rows.items()}
    world.now_ms += 301_000
    world.reconciler.run(lambda: True)
    assert world.payment(payment.payment_id).due_at_ms == world.now_ms + 3_600_000


def _sold_and(status: LedgerStatus) -> tuple[World, Payment]:
    """Return a world with one paid sale whose Purchase stands so at every pixel."""
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    world.notice(payment)
    world.ledger.rows = {
        key: replace(row, status=status, parked_at_ms=world.now_ms, error_code=190) for key, row in world.ledger.rows.items()
    }
    return world, payment


@pytest.mark.parametrize("status", [LedgerStatus.PARKED, LedgerStatus.QUEUED])
def test_a_purchase_that_meta_would_refuse_for_its_age_is_given_up(status: LedgerStatus) -> None:
    world, payment = _sold_and(status)
    world.now_ms += 7 * DAY_MS

    report = world.reconciler.run(lambda: True)

    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.EXPIRED}
    told = world.payment(payment.payment_id)
    assert (told.purchase_state, told.due_at_ms) == (PurchaseState.EXPIRED, None)
    assert report.counts == {"purchase_expired": 2, "nothing_left": 1}


@pytest.mark.parametrize(("days", "alarmed"), [(4, 0), (5, 2), (6, 2)])
def test_a_purchase_that_still_waits_on_its_fifth_day_is_alarmed(days: int, alarmed: int) -> None:
    world, payment = _sold_and(LedgerStatus.PARKED)
    world.now_ms += days * DAY_MS

    report = world.reconciler.run(lambda: True)

    assert report.counts["purchase_expiring"] == alarmed
    assert {row.status for row in world.ledger.rows.values()} == {LedgerStatus.PARKED}
    told = world.payment(payment.payment_id)
    assert (told.purchase_state, told.due_at_ms) == (PurchaseState.PARKED, world.now_ms + 3_600_000)


def test_a_doubtful_purchase_is_given_up_before_meta_would_count_it_twice() -> None:
    world, payment = _sold_and(LedgerStatus.PARKED)
    world.ledger.rows = {
        key: replace(row, doubtful_sends=1, first_sent_at_ms=world.now_ms) for key, row in world.ledger.rows.items()
    }
    world.now_ms += 2 * DAY_MS

    world.reconciler.run(lambda: True)

    assert world.payment(payment.payment_id).purchase_state is PurchaseState.EXPIRED


def test_a_payment_that_was_never_told_of_its_row_is_told_by_the_reconciler() -> None:
    world, payment = _sold_and(LedgerStatus.ACCEPTED)
    world.now_ms += 301_000

    world.reconciler.run(lambda: True)

    told = world.payment(payment.payment_id)
    assert (told.purchase_state, told.due_at_ms) == (PurchaseState.ACCEPTED, None)


def test_a_start_whose_token_cannot_be_read_for_want_of_the_keys_says_so_and_is_linked_once_they_are_back() -> None:
    world = World()
    token = world.click().tracking_token
    keys = world.keys

    def no_keys() -> SigningKeys:
        raise StoreUnavailable("the parameter store is down")

    world.linker._keys = no_keys
    world.start(token)
    assert _bot_user(world).reason is Reason.STORES_UNAVAILABLE
    assert world.buy().status is PaymentStatus.PENDING
    world.linker._keys = lambda: keys
    world.start(token)
    assert _bot_user(world).tracking_session_id == token


def test_a_click_that_comes_back_after_the_start_is_its_persons_with_their_browser() -> None:
    world = World()
    world.clicks.unavailable = True
    click = world.click()
    world.start(click.tracking_token)
    payment = world.buy()
    world.clicks.unavailable = False
    world.clicks.put(world.queue.lost_clicks[0])
    world.notice(payment)
    paid = world.payment(payment.payment_id)
    assert (paid.attribution.fbp, paid.attribution.click_ip) == (click.fbp, click.click_ip)
    stored = world.clicks.get(click.tracking_token)
    assert stored is not None
    assert stored.claimed_by == f"{BOT}#{PERSON.chat_id}"


def test_of_two_who_came_with_such_a_click_the_first_to_be_looked_up_has_its_browser() -> None:
    world = World()
    world.clicks.unavailable = True
    click = world.click()
    for person in (PERSON, OTHER):
        world.start(click.tracking_token, person)
    first, second = world.buy(), world.buy(OTHER)
    world.clicks.unavailable = False
    world.clicks.put(world.queue.lost_clicks[0])
    for payment in (first, second):
        world.notice(payment)
    assert world.payment(first.payment_id).attribution.fbp == click.fbp
    assert world.payment(second.payment_id).attribution.fbp is None
    assert world.payment(second.payment_id).attribution.tracking_token == click.tracking_token
