"""``rastro doctor`` as its operator reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.model import ChatId, Click
from rastro.telegram.updates import Person
from rastro.tracking.reference import seal
from tests.fakes.world import BOT, NOW_MS, PERSON, World
from tests.unit.cli.conftest import Operator
from tests.unit.sales.test_repair import BUYER, SALE

SIX = ("tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id", "bot_user.tracking_session_id")


def _sale_of_an_ad(world: World) -> Click:
    world.now_ms = SALE.created_at_ms - 60_000
    click = world.click()
    world.now_ms = NOW_MS
    world.bot_users.save(replace(BUYER, fbclid=click.fbclid))
    world.payments.save(SALE)
    return click


def test_an_unlinked_payment_is_shown_as_the_seller_saw_it(operator: Operator, world: World) -> None:
    world.bot_users.save(BUYER)
    world.payments.save(SALE)
    assert operator("doctor", "payment", "9326") == 0
    lines = operator.out.splitlines()
    for name in SIX:
        assert any(line.split() == ["❌", name, "NONE"] for line in lines)
    assert "Causa raiz: legacy_payment" in operator.out
    assert "sistema anterior" in operator.out
    assert "O que fazer" in operator.out
    assert "sem ligação certa" in operator.out


def test_a_payment_that_can_be_repaired_says_how(operator: Operator, world: World) -> None:
    click = _sale_of_an_ad(world)
    assert operator("doctor", "payment", "9326", "--lang", "en") == 0
    assert "rastro repair payment 9326 --profile local" in operator.out
    assert f"NONE            →  {click.tracking_token}" in operator.out
    assert "fbclid      leads to a click inside the window" in operator.out
    assert world.ledger.rows == {}


def test_a_linked_payment_has_six_ticks(operator: Operator, world: World) -> None:
    world.start(world.click().tracking_token)
    payment = world.buy()
    assert operator("doctor", "payment", payment.payment_id) == 0
    assert operator.out.count("✅") == 7
    assert "❌" not in operator.out
    assert "Ligado: start_param (certain)" in operator.out


def test_no_address_user_agent_or_payer_is_printed(operator: Operator, world: World) -> None:
    click = world.click()
    world.start(click.tracking_token)
    payment = world.buy()
    world.notice(payment)
    private = (click.click_ip, click.click_user_agent, *world.payment(payment.payment_id).payer_hashes.values())
    for arguments in (
        ("payment", payment.payment_id),
        ("bot-user", BOT, PERSON.chat_id),
        ("click", click.tracking_token),
        ("token", click.tracking_token),
    ):
        for more in ((), ("--json",)):
            assert operator("doctor", *arguments, *more) == 0
            assert not any(value in operator.out for value in private if value)


def test_json_has_the_fields_the_cause_and_the_repair(operator: Operator, world: World) -> None:
    click = _sale_of_an_ad(world)
    document = operator.json("doctor", "payment", "9326", "--lang", "en")
    assert list(document["fields"]) == list(SIX)
    assert set(document["fields"].values()) == {None}
    assert document["root_cause"]["reason"] == "legacy_payment"
    assert document["root_cause"]["remedy"].startswith("Run the repair")
    assert {"name": "tracking_token", "before": None, "after": click.tracking_token} in document["repair"]["changes"]
    assert {entry["sending"] for entry in document["repair"]["purchase"]["by_pixel"]} == {"created"}
    assert [hop["kind"] for hop in document["timeline"]] == ["click", "met", "charge", "paid"]


def test_a_person_is_shown_with_what_they_would_be_linked_to(operator: Operator, world: World) -> None:
    _sale_of_an_ad(world)
    assert operator("doctor", "bot-user", BOT, PERSON.chat_id) == 0
    assert "a ligaria por fbclid (certain)" in operator.out
    assert "❌  9326" in operator.out
    document = operator.json("doctor", "bot-user", BOT, PERSON.chat_id)
    assert document["link_now"]["link_source"] == "fbclid"
    assert [payment["payment_id"] for payment in document["payments"]] == ["9326"]


def test_a_click_is_shown_with_who_came_by_it(operator: Operator, world: World) -> None:
    click = world.click()
    other = Person(chat_id=ChatId("2222"), first_name="Bia")
    world.start(click.tracking_token, other)
    assert operator("doctor", "click", click.tracking_token) == 0
    assert f"{BOT}#2222 · active" in operator.out
    document = operator.json("doctor", "click", click.tracking_token)
    assert (document["stored"], document["fields"]["claimed_by"]) == (True, f"{BOT}#2222")


def test_a_click_nobody_came_with_is_shown(operator: Operator, world: World) -> None:
    assert operator("doctor", "click", world.click().tracking_token) == 0
    assert operator.out.count("nada") == 2


def test_a_token_is_explained(operator: Operator, world: World) -> None:
    click = world.click()
    assert operator("doctor", "token", click.tracking_token) == 0
    assert "Token válido, assinado com a chave atual" in operator.out
    assert "NATAL26" in operator.out
    document = operator.json("doctor", "token", click.tracking_token)
    assert (document["valid"], document["key"], document["slug"]) == (True, "current", "curso")
    assert document["campaign"]["utm_campaign"] == "natal"


@pytest.mark.parametrize(
    ("text", "says", "flaw"),
    [
        ("cut", "tem 3 caracteres, um token tem 44", "length"),
        ("A" * 43 + "é", "há caracteres fora", "alphabet"),
        ("A" * 44, "Não foi assinado por esta implantação", "signature"),
    ],
)
def test_what_is_no_token_is_explained(operator: Operator, text: str, says: str, flaw: str) -> None:
    assert operator("doctor", "token", text) == 0
    assert says in operator.out
    document = operator.json("doctor", "token", text)
    assert (document["valid"], document["flaw"]) == (False, flaw)


def test_a_token_of_an_earlier_system_with_a_click_is_explained(operator: Operator, world: World) -> None:
    world.clicks.put(replace(world.click(), tracking_token="old"))  # type: ignore[arg-type] # a token
    assert operator("doctor", "token", "old") == 0
    assert "um clique registrado com esse texto" in operator.out


def test_a_reference_is_explained(operator: Operator, world: World) -> None:
    reference = seal(world.keys, BOT, PERSON.chat_id, now_ms=NOW_MS)
    assert operator("doctor", "token", reference) == 0
    assert "ainda válida" in operator.out
    assert operator.json("doctor", "token", reference)["chat_id"] == PERSON.chat_id


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("payment", "1"), "Não há pagamento 1."),
        (("bot-user", "1", "2"), "Não há bot_user 1#2."),
        (("click", "nada"), "Nenhum clique com esse token"),
    ],
)
def test_what_is_not_there_ends_with_3(operator: Operator, arguments: tuple[str, ...], says: str) -> None:
    assert operator("doctor", *arguments) == 3
    assert says in operator.err


def test_a_long_fbclid_is_shortened_for_people_and_whole_in_json(operator: Operator, world: World) -> None:
    fbclid = "IwAR" + "x" * 1000
    world.bot_users.save(replace(BUYER, fbclid=fbclid))
    assert operator("doctor", "bot-user", BOT, PERSON.chat_id) == 0
    assert "… (1004)" in operator.out
    assert fbclid not in operator.out
    assert operator.json("doctor", "bot-user", BOT, PERSON.chat_id)["fields"]["fbclid"] == fbclid


def test_markup_in_a_campaign_is_printed_as_it_stands(operator: Operator, world: World) -> None:
    world.start(world.click("utm_campaign=[bold]x[/]&fbclid=IwAR-1").tracking_token)
    payment = world.buy()
    assert operator("doctor", "payment", payment.payment_id) == 0
    assert "[bold]x[/]" in operator.out
