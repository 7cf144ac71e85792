"""Bots that Telegram bans and lets back, and what is told in the chat when something of the Bot API refuses."""

from __future__ import annotations

from dataclasses import replace

from rastro.errors import TelegramError
from rastro.model import BotId, DeliveryState, FunnelBot, Product, Slug
from rastro.sales.bots import CHECK_EVERY_MS, BotWatch
from rastro.sales.shop import Step
from rastro.telegram.bot import TEXT_MAX_LENGTH
from rastro.telegram.updates import Message
from tests.fakes.world import BOT, FUNNEL, PERSON, SLUG, RecordingBot, Said, World


def bots(world: World, slug: Slug = SLUG) -> tuple[FunnelBot, ...]:
    funnel = world.funnels.get(slug)
    assert funnel is not None
    return funnel.bots


def test_a_bot_that_telegram_refuses_is_noted_on_every_funnel_and_let_in_again() -> None:
    other = replace(FUNNEL, slug=Slug("outro"))
    world = World(FUNNEL, other)
    world.bot.refused = True
    assert world.watch.look(lambda: True) == {"bot_banned": 2}
    assert [bot.banned_at_ms for slug in (SLUG, other.slug) for bot in bots(world, slug)] == [world.now_ms] * 2
    assert world.watch.look(lambda: True) == {}, "not again at once"
    world.now_ms += CHECK_EVERY_MS
    assert world.watch.look(lambda: True) == {}, "banned already"
    world.bot.refused = False
    world.now_ms += CHECK_EVERY_MS
    assert world.watch.look(lambda: True) == {"bot_back": 2}
    assert [bot.banned_at_ms for bot in bots(world)] == [None]


def test_a_bot_of_which_nothing_can_be_known_now_stays_as_it_is() -> None:
    world = World()
    world.bot.fault = TelegramError("getMe: 400 Bad Request")
    assert world.watch.look(lambda: True) == {}
    assert [bot.banned_at_ms for bot in bots(world)] == [None]


def test_what_an_operator_changes_while_telegram_is_asked_stays_changed() -> None:
    world = World()
    world.bot.refused = True
    cheaper = replace(FUNNEL, products=(replace(FUNNEL.products[0], price_cents=1990),))

    def asking(_bot_id: BotId) -> RecordingBot:
        world.funnels.put(cheaper)
        return world.bot

    BotWatch(funnels=world.funnels, bots=asking, now_ms=lambda: world.now_ms).look(lambda: True)
    stored = world.funnels.get(SLUG)
    assert stored is not None
    assert (stored.products, stored.bots[0].banned_at_ms) == (cheaper.products, world.now_ms)


def test_a_watch_without_time_finds_nothing() -> None:
    world = World()
    world.bot.refused = True
    assert world.watch.look(lambda: False) == {}


GROUP = replace(FUNNEL, products=(replace(FUNNEL.products[0], delivery_chat_id="-1001234"),))


def test_a_buyer_of_a_group_gets_a_link_of_their_own() -> None:
    world = World(GROUP)
    payment = world.buy()
    world.notice(payment)
    assert world.bot.invited == [("-1001234", payment.payment_id)]
    link = world.payment(payment.payment_id).delivery_link
    assert world.bot.said[-1].keyboard[0][0].url == link


def test_a_second_try_to_deliver_hands_over_the_same_link() -> None:
    world = World(GROUP)
    payment = world.buy()
    world.bot.refuses = {"send_message"}
    world.notice(payment)
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.TO_DO
    world.bot.refuses = set()
    world.now_ms += 3_600_000
    world.reconciler.run(lambda: True)
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.DELIVERED
    assert len(world.bot.invited) == 1
    assert world.bot.said[-1].keyboard[0][0].url == world.payment(payment.payment_id).delivery_link


def test_a_picture_that_is_refused_leaves_the_code_as_text() -> None:
    world = World()
    world.bot.refuses = {"send_photo"}
    world.buy()
    said: Said = world.bot.said[-1]
    assert said.photo is None
    assert world.provider.BRCODE in said.text


def test_a_button_of_an_older_funnel_of_the_bot_still_sells() -> None:
    older = replace(
        FUNNEL,
        slug=Slug("antigo"),
        products=(Product(sku="livro", name="Livro", price_cents=990, delivery_url="https://e.com/l"),),
    )
    world = World(FUNNEL, older)
    world.start()
    outcome = world.press("buy:livro")
    assert outcome.step is Step.CHARGED
    assert outcome.payment is not None
    assert (outcome.payment.slug, outcome.payment.amount_cents) == ("antigo", 990)


def test_a_product_that_no_funnel_of_the_bot_has_is_not_for_sale() -> None:
    assert World().press("buy:casa").step is Step.UNKNOWN_PRODUCT


def test_a_long_offer_is_left_out_of_a_greeting_that_telegram_would_refuse() -> None:
    many = tuple(
        Product(sku=f"s{number}", name="N" * 100, price_cents=100, delivery_url="https://e.com", description="d" * 300)
        for number in range(20)
    )
    world = World(replace(FUNNEL, products=many))
    world.start()
    assert len(world.bot.said[-1].text) <= TEXT_MAX_LENGTH
    assert len(world.bot.said[-1].keyboard) >= len(many)


def test_what_is_no_order_is_answered_with_the_products() -> None:
    world = World()
    world.start()
    assert world.shop.handle(BOT, _text("oi, tem desconto?"), "https://go.example.com").step is Step.HELPED
    assert world.bot.said[-1].keyboard[-1][0].callback_data == "buy:curso"


def _text(text: str) -> Message:

    return Message(person=PERSON, text=text)
