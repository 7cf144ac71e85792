"""What the provider says when it is asked: of a notice without proof, of a charge nobody told us of, of one said to be paid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.errors import ProviderUnavailable
from rastro.model import BotId, ChatId, DeliveryState, Payment, PaymentStatus, PurchaseState
from rastro.pix.provider import Notice, NoticeKind
from rastro.sales.reconcile import LAST_ENQUIRY_MS
from rastro.sales.settle import ASK_AGAIN_MS, Settlement
from rastro.sales.shop import ENQUIRY_PAUSE_MS, Step
from rastro.telegram.updates import Person
from tests.fakes.world import BOT, FUNNEL, PERSON, World

HOUR_MS = 3_600_000


def told(payment: Payment, kind: NoticeKind = NoticeKind.PAID, **more: object) -> Notice:
    """Return what the provider answers of a payment."""
    return replace(
        Notice(kind=kind, payment_id=payment.payment_id, charge_id=payment.charge_id, amount_cents=payment.amount_cents),
        **more,  # type: ignore[arg-type] # fields of a notice
    )


def hint(payment: Payment) -> Notice:
    """Return a notice that proves nothing."""
    return told(payment, proven=False, amount_cents=1)


def take(world: World, notice: Notice) -> list[Settlement]:
    return [settled.settlement for settled in world.enquirer.take("openpix", BOT, notice)]


def run(world: World) -> dict[str, int]:
    return dict(world.reconciler.run(lambda: True).counts)


def test_a_notice_without_proof_is_worth_what_the_provider_says() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment, amount_cents=4990)]
    assert take(world, hint(payment)) == [Settlement.PAID]
    assert world.payment(payment.payment_id).amount_paid_cents == 4990, "not what the notice said"


def test_a_notice_that_can_change_nothing_any_more_asks_nobody() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment)]
    take(world, hint(payment))
    assert take(world, hint(payment)) == [Settlement.REPEATED]
    assert take(world, told(payment, NoticeKind.EXPIRED, proven=False)) == [Settlement.REPEATED]
    assert len(world.provider.enquiries) == 1


def test_a_notice_that_the_provider_does_not_bear_out_pays_nothing_and_is_looked_after_soon() -> None:
    world = World()
    payment = world.buy()
    assert take(world, hint(payment)) == [Settlement.UNCONFIRMED]
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING
    world.provider.truth[payment.payment_id] = [told(payment)]
    world.now_ms += ASK_AGAIN_MS
    assert run(world) == {"found_paid": 1}
    assert world.payment(payment.payment_id).status is PaymentStatus.PAID


def test_a_charge_that_is_still_open_when_asked_early_keeps_its_time() -> None:
    world = World()
    payment = world.buy()
    take(world, hint(payment))
    world.now_ms += ASK_AGAIN_MS
    assert run(world) == {"still_open": 1}
    assert world.payment(payment.payment_id).due_at_ms == payment.due_at_ms


def test_a_notice_comes_again_when_the_provider_cannot_be_asked() -> None:
    world = World()
    payment = world.buy()
    world.provider.unavailable = True
    with pytest.raises(ProviderUnavailable):
        take(world, hint(payment))
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


def test_what_proves_itself_and_what_is_ignored_asks_nobody() -> None:
    world = World()
    payment = world.buy()
    take(world, Notice(kind=NoticeKind.IGNORED, proven=False))
    take(world, told(payment))
    assert world.provider.enquiries == []


def test_a_charge_whose_notice_was_lost_is_found_paid_before_it_expires() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment)]
    world.now_ms += HOUR_MS
    assert run(world) == {"found_paid": 1}
    paid = world.payment(payment.payment_id)
    assert (paid.status, paid.delivery_state) == (PaymentStatus.PAID, DeliveryState.DELIVERED)
    assert paid.purchase_state is not PurchaseState.NONE


def test_money_that_comes_after_expiry_is_found_a_day_later_without_any_notice() -> None:
    world = World()
    payment = world.buy()
    world.now_ms += HOUR_MS
    assert run(world) == {"expired": 1}
    world.provider.truth[payment.payment_id] = [told(payment)]
    assert run(world) == {}
    world.now_ms += LAST_ENQUIRY_MS
    assert run(world) == {"found_paid": 1}


def test_an_expired_charge_is_asked_about_once_more_and_then_left() -> None:
    world = World()
    payment = world.buy()
    world.now_ms += HOUR_MS
    run(world)
    world.now_ms += LAST_ENQUIRY_MS
    assert run(world) == {"nothing_left": 1}
    assert world.payment(payment.payment_id).due_at_ms is None
    assert world.payment(payment.payment_id).status is PaymentStatus.EXPIRED


def test_a_charge_does_not_expire_while_its_provider_is_down() -> None:
    world = World()
    payment = world.buy()
    world.provider.unavailable = True
    world.now_ms += HOUR_MS
    assert run(world) == {"provider_unavailable": 1}
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING
    world.now_ms += 3 * LAST_ENQUIRY_MS
    assert run(world) == {"expired": 1}, "but not for ever"


def test_a_sale_that_was_given_back_before_anybody_heard_of_it_is_none() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment), told(payment, NoticeKind.REFUNDED)]
    said = len(world.bot.said)
    world.now_ms += HOUR_MS
    assert run(world) == {"found_refunded": 1}
    stored = world.payment(payment.payment_id)
    assert (stored.status, stored.delivery_state) == (PaymentStatus.REFUNDED, DeliveryState.NONE)
    assert (world.ledger.rows, len(world.bot.said)) == ({}, said)


def test_a_part_that_was_given_back_leaves_the_sale() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment), told(payment, NoticeKind.REFUNDED, amount_cents=990)]
    world.now_ms += HOUR_MS
    run(world)
    stored = world.payment(payment.payment_id)
    assert (stored.status, stored.refunded_cents) == (PaymentStatus.PAID, 990)


def test_an_answer_about_another_payment_settles_nothing() -> None:
    world = World()
    payment, other = world.buy(), world.buy(Person(chat_id=ChatId("2222")))
    world.provider.truth[payment.payment_id] = [told(other)]
    world.enquirer.ask(payment)
    assert world.payment(other.payment_id).status is PaymentStatus.PENDING


# What a buyer reads who says that they paid


def says_paid(world: World, payment: Payment, person: Person = PERSON) -> Step:
    return world.press(f"paid:{payment.payment_id}", person).step


def test_who_says_paid_and_did_gets_the_access_at_once() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment)]
    assert says_paid(world, payment) is Step.ALREADY_PAID
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.DELIVERED
    assert world.bot.said[-1].keyboard[0][0].url == FUNNEL.products[0].delivery_url


def test_who_says_paid_and_did_not_is_told_to_wait() -> None:
    world = World()
    payment = world.buy()
    assert says_paid(world, payment) is Step.NOT_PAID_YET
    assert "Ainda não recebemos" in world.bot.said[-1].text
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


def test_a_buyer_who_keeps_tapping_asks_the_provider_once_a_minute() -> None:
    world = World()
    payment = world.buy()
    for _ in range(5):
        assert says_paid(world, payment) is Step.NOT_PAID_YET
    assert len(world.provider.enquiries) == 1
    world.provider.truth[payment.payment_id] = [told(payment)]
    world.now_ms += ENQUIRY_PAUSE_MS
    assert says_paid(world, payment) is Step.ALREADY_PAID


def test_who_says_paid_while_the_provider_is_down_is_told_to_wait() -> None:
    world = World()
    payment = world.buy()
    world.provider.unavailable = True
    assert says_paid(world, payment) is Step.NOT_PAID_YET


def test_who_asks_again_after_delivery_gets_the_access_again_and_no_second_sale() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    rows, said = dict(world.ledger.rows), len(world.bot.said)
    assert says_paid(world, payment) is Step.ALREADY_PAID
    assert len(world.bot.said) == said + 1
    assert world.ledger.rows == rows


def test_who_asks_about_an_old_code_is_told_that_it_is_over() -> None:
    world = World()
    payment = world.buy()
    world.now_ms += HOUR_MS
    assert says_paid(world, payment) is Step.NOT_PAID_YET
    assert "não vale mais" in world.bot.said[-1].text


def test_who_was_given_the_money_back_is_told_so() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    world.notice(payment, NoticeKind.REFUNDED)
    says_paid(world, payment)
    assert "devolvido" in world.bot.said[-1].text


@pytest.mark.parametrize("data", ["paid:", "paid:nobody", "paid:" + "X" * 58])
def test_a_button_about_no_payment_is_ignored(data: str) -> None:
    world = World()
    assert world.press(data).step is Step.IGNORED
    assert world.provider.enquiries == []


def test_nobody_asks_about_anothers_payment() -> None:
    world = World()
    payment = world.buy()
    world.provider.truth[payment.payment_id] = [told(payment)]
    assert says_paid(world, payment, Person(chat_id=ChatId("666"))) is Step.IGNORED
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


# Whose notice it is


def test_a_notice_about_no_charge_of_ours_is_kept_once_without_its_payer() -> None:
    world = World()
    stray = Notice(kind=NoticeKind.PAID, charge_id="c-404", amount_cents=100, end_to_end_id="E9", payer_name="Ana da Silva")
    assert take(world, stray) == take(world, stray) == [Settlement.UNKNOWN_CHARGE]
    (kept,) = world.inbox.kept.values()
    assert (kept.provider, kept.charge_id, kept.amount_cents, kept.end_to_end_id) == ("openpix", "c-404", 100, "E9")
    assert "Ana" not in repr(kept)


def test_a_notice_to_another_bot_counts_only_if_both_share_the_account() -> None:
    world, other = World(), BotId("7000000002")
    payment = world.buy()
    assert world.settler.take_notice("openpix", other, told(payment)).settlement is Settlement.UNKNOWN_CHARGE
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING
    world.same_accounts.add((other, BOT))
    assert world.settler.take_notice("openpix", other, told(payment)).settlement is Settlement.PAID


# What is given back, and what is disputed


def give_back(
    world: World, payment: Payment, cents: int | None, refund_id: str | None = None, *, partial: bool = False
) -> Settlement:
    notice = told(payment, NoticeKind.REFUNDED, amount_cents=cents, refund_id=refund_id, partial=partial)
    return world.settler.take_notice("openpix", BOT, notice).settlement


def test_refunds_add_up_each_once_until_all_is_given_back() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    assert give_back(world, payment, 1000, "D1", partial=True) is Settlement.PARTLY_REFUNDED
    assert give_back(world, payment, 1000, "D1", partial=True) is Settlement.REPEATED
    assert world.payment(payment.payment_id).refunded_cents == 1000
    assert world.payment(payment.payment_id).status is PaymentStatus.PAID
    assert give_back(world, payment, 3990, "D2", partial=True) is Settlement.REFUNDED
    assert world.payment(payment.payment_id).status is PaymentStatus.REFUNDED


def test_a_total_that_a_provider_names_grows_and_is_not_added_up() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    assert give_back(world, payment, 1000) is Settlement.PARTLY_REFUNDED
    assert give_back(world, payment, 2000) is Settlement.PARTLY_REFUNDED
    assert give_back(world, payment, 1500) is Settlement.REPEATED, "an older notice"
    assert world.payment(payment.payment_id).refunded_cents == 2000
    assert give_back(world, payment, None) is Settlement.REFUNDED, "without an amount it is all of it"


def test_a_refund_that_is_heard_of_before_its_payment_delivers_and_reports_nothing() -> None:
    world = World()
    payment = world.buy()
    give_back(world, payment, None)
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING
    said = len(world.bot.said)
    assert world.notice(payment).settlement is Settlement.REFUNDED
    stored = world.payment(payment.payment_id)
    assert (stored.status, stored.delivery_state, stored.purchase_state) == (
        PaymentStatus.REFUNDED,
        DeliveryState.NONE,
        PurchaseState.NONE,
    )
    assert (world.ledger.rows, len(world.bot.said)) == ({}, said)


def test_a_partial_refund_that_is_heard_of_first_leaves_a_sale() -> None:
    world = World()
    payment = world.buy()
    give_back(world, payment, 990, "D1", partial=True)
    assert world.notice(payment).settlement is Settlement.PAID
    assert world.payment(payment.payment_id).refunded_cents == 990


def test_a_dispute_is_recorded_once_and_changes_no_sale() -> None:
    world = World()
    payment = world.buy()
    world.notice(payment)
    rows = dict(world.ledger.rows)
    assert world.notice(payment, NoticeKind.DISPUTED).settlement is Settlement.DISPUTED
    assert world.notice(payment, NoticeKind.DISPUTED).settlement is Settlement.REPEATED
    stored = world.payment(payment.payment_id)
    assert (stored.status, stored.disputed_at_ms) == (PaymentStatus.PAID, world.now_ms)
    assert world.ledger.rows == rows
