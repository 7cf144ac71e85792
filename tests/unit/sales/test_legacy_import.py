"""Bringing an earlier system's sales in: what is there stays, nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from rastro.errors import Conflict, InvalidInput
from rastro.model import (
    BotUser,
    Confidence,
    Funnel,
    LinkSource,
    PaymentId,
    PaymentStatus,
    Product,
    PurchaseState,
    Reason,
    Slug,
)
from rastro.sales.legacy import LegacySale, sale_of
from rastro.sales.legacy_import import BotUserImport, LegacyImport, PaymentImport
from rastro.sales.outbox import Kind, news_of
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, payment_item
from tests.fakes.world import BOT, FUNNEL, NOW_MS, World

LINE: Mapping[str, Any] = {
    "payment_id": "9326",
    "bot_id": BOT,
    "chat_id": "1111",
    "status": "paid",
    "amount_cents": "4990",
    "created_at": NOW_MS - 3_600_000,
    "paid_at": NOW_MS - 3_500_000,
    "fbclid": "IwAR-AbC_123",
}


def _sale(**changes: Any) -> LegacySale:
    return sale_of({**LINE, **changes}, now_ms=NOW_MS)


def _import(world: World) -> LegacyImport:
    return LegacyImport(payments=world.payments, bot_users=world.bot_users, funnels=world.funnels, now_ms=lambda: world.now_ms)


def _person(world: World) -> BotUser:
    return world.bot_users.bot_users[f"{BOT}#1111"]


def test_a_sale_comes_with_its_person() -> None:
    world = World()
    imported = _import(world).take(_sale(first_name="Ana"))
    assert (imported.payment, imported.bot_user) == (PaymentImport.CREATED, BotUserImport.CREATED)
    payment, person = world.payment(PaymentId("9326")), _person(world)
    assert (payment.status, payment.amount_cents, payment.amount_paid_cents) == (PaymentStatus.PAID, 4990, 4990)
    assert (payment.slug, payment.sku, payment.product_name, payment.provider) == ("curso", "curso", "Curso de Pão", "openpix")
    assert (payment.attribution.reason, payment.attribution.fbclid) == (Reason.LEGACY_PAYMENT, "IwAR-AbC_123")
    assert (person.fbclid, person.first_name, person.reason) == ("IwAR-AbC_123", "Ana", Reason.LEGACY_PAYMENT)
    assert person.tracking_session_id is None


@pytest.mark.parametrize("status", ["paid", "pending", "refunded", "expired", "failed"])
@pytest.mark.parametrize("token", [None, "old-token"])
def test_an_import_makes_no_event_and_leaves_nothing_to_do(status: str, token: str | None) -> None:
    world = World()
    _import(world).take(_sale(status=status, tracking_token=token, tracking_session_id=token))
    payment = world.payment(PaymentId("9326"))
    images = {Kind.PAYMENT: payment_item(payment), Kind.BOT_USER: bot_user_item(_person(world))}
    for kind, image in images.items():
        assert news_of(kind, Change(table="t", sequence_number="1", old=None, new=image)) is None
    assert world.ledger.rows == {}
    assert payment.due_at_ms is None
    world.now_ms += 30 * 86_400_000
    assert world.reconciler.run(lambda: True).counts == Counter()


def test_a_second_import_changes_nothing() -> None:
    world = World()
    _import(world).take(_sale())
    payments, people = dict(world.payments.payments), dict(world.bot_users.bot_users)
    again = _import(world).take(_sale(amount_cents="1", utm_source="changed"))
    assert (again.payment, again.bot_user) == (PaymentImport.ALREADY_THERE, BotUserImport.UNCHANGED)
    assert (world.payments.payments, world.bot_users.bot_users) == (payments, people)


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    world = World()
    imported = _import(world).take(_sale(), dry_run=True)
    assert (world.payments.payments, world.bot_users.bot_users) == ({}, {})
    assert imported == _import(world).take(_sale())


def test_a_known_person_gets_what_is_missing_and_keeps_the_rest() -> None:
    world = World()
    click = world.click()
    world.start(click.tracking_token)
    known = _person(world)
    assert _import(world).take(_sale(fbclid="IwAR-old", tracking_session_id="old")).bot_user is BotUserImport.UNCHANGED
    assert _person(world) == known


def test_a_person_without_an_fbclid_is_completed() -> None:
    world = World()
    world.start()
    assert _import(world).take(_sale()).bot_user is BotUserImport.COMPLETED
    assert (_person(world).fbclid, _person(world).reason) == ("IwAR-AbC_123", Reason.DIRECT_ENTRY)


def test_a_sale_that_was_linked_keeps_its_link_and_counts_as_reported() -> None:
    world = World()
    _import(world).take(_sale(tracking_token="old-token", utm_campaign="natal", pageview_event_id="pv1"))
    payment = world.payment(PaymentId("9326"))
    attribution = payment.attribution
    assert (attribution.link_source, attribution.link_confidence) == (LinkSource.BOT_USER, Confidence.CERTAIN)
    assert (attribution.tracking_token, attribution.campaign.utm_campaign, attribution.reason) == ("old-token", "natal", None)
    assert payment.purchase_state is PurchaseState.ACCEPTED


@pytest.mark.parametrize(("sent", "state"), [("true", PurchaseState.ACCEPTED), ("false", PurchaseState.NONE)])
@pytest.mark.parametrize("token", [None, "old-token"])
def test_what_the_old_system_says_of_its_purchase_counts(sent: str, state: PurchaseState, token: str | None) -> None:
    world = World()
    _import(world).take(_sale(purchase_sent=sent, tracking_token=token))
    assert world.payment(PaymentId("9326")).purchase_state is state


TWO_PRODUCTS = replace(
    FUNNEL, products=(*FUNNEL.products, Product(sku="b", name="B", price_cents=1, delivery_url="https://e.com"))
)
SECOND = replace(FUNNEL, slug=Slug("segundo"))
OTHER_PIXEL = replace(SECOND, pixels=FUNNEL.pixels[:1])


@pytest.mark.parametrize(
    ("funnels", "changes", "message"),
    [
        ((FUNNEL,), {"slug": "another"}, "the funnel another is not set up here"),
        ((FUNNEL,), {"bot_id": "7"}, "no funnel leads to the bot 7"),
        ((FUNNEL,), {"bot_id": "7", "slug": "curso"}, "does not lead to the bot 7"),
        ((TWO_PRODUCTS,), {}, "sku is missing"),
        ((FUNNEL, OTHER_PIXEL), {}, "slug is missing"),
    ],
)
def test_a_sale_that_fits_no_funnel_is_refused_and_nothing_written(
    funnels: tuple[Funnel, ...], changes: dict[str, Any], message: str
) -> None:
    world = World(*funnels)
    with pytest.raises(InvalidInput, match=message):
        _import(world).take(_sale(**changes))
    assert (world.payments.payments, world.bot_users.bot_users) == ({}, {})


def test_funnels_that_sell_and_report_the_same_need_not_be_told_apart() -> None:
    world = World(FUNNEL, SECOND)
    _import(world).take(_sale())
    assert world.payment(PaymentId("9326")).slug == FUNNEL.slug


def test_a_product_that_is_sold_no_more_keeps_its_own_name() -> None:
    world = World()
    _import(world).take(_sale(sku="old", product_name="Antigo", provider="efi"))
    payment = world.payment(PaymentId("9326"))
    assert (payment.sku, payment.product_name, payment.provider) == ("old", "Antigo", "efi")


def test_a_person_who_writes_meanwhile_loses_nothing() -> None:
    world = World()
    save, raced = world.bot_users.save, False

    def save_after_a_rival(bot_user: BotUser) -> BotUser:
        nonlocal raced
        if not raced:
            raced = True
            world.start()
        return save(bot_user)

    world.bot_users.save = save_after_a_rival  # type: ignore[method-assign] # the rival comes between read and write
    assert _import(world).take(_sale()).bot_user is BotUserImport.COMPLETED
    assert (_person(world).fbclid, _person(world).first_name) == ("IwAR-AbC_123", "Ana")


def test_a_person_whom_others_keep_writing_is_told() -> None:
    world = World()

    def lose(bot_user: BotUser) -> BotUser:
        raise Conflict("always")

    world.bot_users.save = lose  # type: ignore[method-assign] # a store that never lets us win
    with pytest.raises(Conflict):
        _import(world).take(_sale())
    assert world.payments.payments == {}
