"""One update of a person at a time, and each once."""

from __future__ import annotations

import pytest

from rastro.errors import Conflict, StoreUnavailable
from rastro.model import ChatId
from rastro.sales.shop import Outcome, Step
from rastro.sales.turns import LEASE_MS, PATIENCE_SECONDS
from rastro.telegram.updates import ButtonPress, Message, Person
from tests.fakes.world import BASE_URL, BOT, PERSON, World


def start(world: World, update_id: int = 1, person: Person = PERSON) -> Outcome:
    return world.turns.handle(BOT, update_id, Message(person=person, text="/start"), BASE_URL)


def test_an_update_that_comes_twice_is_answered_once() -> None:
    world = World()
    assert start(world).step is Step.STARTED
    assert start(world).step is Step.REPEATED
    assert len(world.bot.said) == 1


def test_a_repeated_tap_makes_one_charge_and_one_message() -> None:
    world = World()
    press = ButtonPress(person=PERSON, callback_query_id="cb", data="buy:curso")
    assert world.turns.handle(BOT, 5, press, BASE_URL).step is Step.CHARGED
    assert world.turns.handle(BOT, 5, press, BASE_URL).step is Step.REPEATED
    assert (len(world.provider.asked), len(world.bot.said)) == (1, 1)


def test_an_update_that_failed_is_dealt_with_when_it_comes_again() -> None:
    world = World()
    world.bot_users.unavailable = True
    with pytest.raises(StoreUnavailable):
        start(world)
    world.bot_users.unavailable = False
    assert start(world).step is Step.STARTED


def test_an_update_waits_for_the_one_before_and_comes_again_if_that_takes_long() -> None:
    world = World()
    world.inbox.take_turn(BOT, PERSON.chat_id, 1, now_ms=world.now_ms, lease_ms=LEASE_MS)
    began_ms = world.now_ms
    with pytest.raises(Conflict):
        start(world, 2)
    assert PATIENCE_SECONDS * 1000 <= world.now_ms - began_ms < 2 * PATIENCE_SECONDS * 1000
    assert world.bot.said == []
    world.inbox.end_turn(BOT, PERSON.chat_id, 1, done=True)
    assert start(world, 2).step is Step.STARTED


def test_the_turn_of_a_function_that_died_lapses() -> None:
    world = World()
    world.inbox.take_turn(BOT, PERSON.chat_id, 1, now_ms=world.now_ms, lease_ms=LEASE_MS)
    world.now_ms += LEASE_MS
    assert start(world, 1).step is Step.STARTED


def test_a_tap_whose_function_died_after_showing_the_code_asks_for_no_more_money_once_that_is_paid() -> None:
    world = World()
    press = ButtonPress(person=PERSON, callback_query_id="cb", data="buy:curso")
    world.inbox.take_turn(BOT, PERSON.chat_id, 1, now_ms=world.now_ms, lease_ms=LEASE_MS)
    payment = world.shop.handle(BOT, press, BASE_URL, 1).payment  # and died before it ended its turn
    assert payment is not None
    world.notice(payment)
    world.now_ms += LEASE_MS
    repeated = world.turns.handle(BOT, 1, press, BASE_URL)
    assert (repeated.step, repeated.payment) == (Step.ALREADY_PAID, world.payment(payment.payment_id))
    assert len(world.payments.payments) == 1
    assert world.turns.handle(BOT, 2, press, BASE_URL).step is Step.CHARGED  # a second tap is a second purchase
    assert len(world.payments.payments) == 2


def test_people_do_not_wait_for_each_other() -> None:
    world = World()
    world.inbox.take_turn(BOT, PERSON.chat_id, 1, now_ms=world.now_ms, lease_ms=LEASE_MS)
    assert start(world, 2, Person(chat_id=ChatId("2222"))).step is Step.STARTED


def test_what_a_shop_has_no_answer_to_takes_no_turn() -> None:
    world = World()
    world.inbox.unavailable = True
    assert world.turns.handle(BOT, 1, None, BASE_URL).step is Step.IGNORED
