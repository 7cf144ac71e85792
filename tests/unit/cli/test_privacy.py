"""``rastro erase`` and ``rastro export`` as their operator uses them."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from rastro.meta.user_data import CLEAR_KEYS, HASHED_KEYS
from rastro.model import (
    Attribution,
    BotId,
    BotUser,
    Campaign,
    ChatId,
    Click,
    ConversionEvent,
    FunnelBot,
    LedgerRow,
    Payment,
    SendAttempt,
    Session,
    Slug,
)
from rastro.pix.provider import Notice, NoticeKind
from rastro.telegram.updates import Person
from rastro_cli.privacy_documents import explained
from rastro_cli.privacy_fields import FIELDS
from tests.fakes.world import BOT, FUNNEL, PERSON, World
from tests.unit.cli.conftest import Operator

CHAT = f"{BOT}/{PERSON.chat_id}"
OTHER = Person(chat_id=ChatId("2222"), first_name="Bia")
TRANSFER = "E18236120202611250130s0123456789"


def _sale(world: World, person: Person = PERSON, payer: str = "Ana da Silva", transfer: str = TRANSFER) -> Payment:
    click = world.click(f"utm_campaign=natal&fbclid=IwAR{person.chat_id}")
    world.start(click.tracking_token, person)
    payment = world.buy(person)
    paid = Notice(
        kind=NoticeKind.PAID,
        payment_id=payment.payment_id,
        amount_cents=payment.amount_cents,
        end_to_end_id=transfer,
        payer_name=payer,
    )
    world.settler.take_notice("openpix", BOT, paid)
    return world.payment(payment.payment_id)


def _chats(world: World) -> set[str]:
    return {payment.chat_id for payment in world.payments.payments.values()}


@pytest.mark.parametrize(
    "option", [("--chat", CHAT), ("--chat", PERSON.chat_id), ("--payer", "Ana Silva"), ("--payer", TRANSFER), ("--payment", "")]
)
def test_a_person_is_erased_by_any_of_their_names(operator: Operator, world: World, option: tuple[str, str]) -> None:
    payment = _sale(world)
    name, value = option
    assert operator("erase", name, value or payment.payment_id) == 0
    assert "Apagado em" in operator.out
    assert _chats(world) == {"erased"}
    assert world.bot_users.bot_users == {}


def test_a_dry_run_shows_the_same_and_erases_nothing(operator: Operator, world: World) -> None:
    _sale(world)
    assert operator("erase", "--chat", CHAT, "--dry-run") == 0
    assert "O que seria apagado" in operator.out
    assert "Simulação: nada foi gravado." in operator.out
    assert _chats(world) == {PERSON.chat_id}
    would = operator.json("erase", "--chat", CHAT, "--dry-run")
    done = operator.json("erase", "--chat", CHAT)
    assert (would["dry_run"], done["dry_run"]) == (True, False)
    assert would["bots"] == done["bots"]


def test_the_receipt_names_nobody(operator: Operator, world: World) -> None:
    payment = _sale(world)
    document = operator.json("erase", "--chat", CHAT)
    (bot,) = document["bots"]
    assert bot["bot_id"] == BOT
    assert {each["where"]: each["records"] for each in bot["erased"]} == {"click": 1, "event": 2, "bot_user": 1, "payment": 1}
    assert [each["where"] for each in bot["remains"]] == ["streams", "queues", "backups"]
    (sales,) = (each for each in bot["erased"] if each["where"] == "payment")
    assert sales["ids"] == [payment.payment_id]
    assert not any(value in operator.out for value in ("1111", "Ana", "177.10.20.30", "IwAR"))


def test_a_second_erasure_says_that_nothing_is_held(operator: Operator, world: World) -> None:
    payment = _sale(world)
    operator("erase", "--chat", CHAT)
    for option in (("--chat", CHAT), ("--chat", PERSON.chat_id), ("--payment", payment.payment_id), ("--payer", TRANSFER)):
        assert operator("erase", *option) == 0
        assert "Nada desta pessoa é guardado." in operator.out
        assert operator.json("erase", *option)["bots"] == []


def test_several_people_of_one_name_are_listed_and_nobody_is_erased(operator: Operator, world: World) -> None:
    payments = [_sale(world), _sale(world, OTHER, transfer=f"{TRANSFER[:-1]}0")]
    assert operator("erase", "--payer", "Ana Silva") == 2
    assert all(payment.payment_id in operator.err for payment in payments)
    assert _chats(world) == {"1111", "2222"}
    assert operator("erase", "--payment", payments[1].payment_id) == 0
    assert _chats(world) == {"1111", "erased"}


@pytest.mark.parametrize("option", [("--payer", "Zuleica Souza"), ("--payer", ""), ("--payment", "01NOBODY")])
def test_a_payment_that_is_not_there_is_said_to_be_not_there(operator: Operator, option: tuple[str, str]) -> None:
    assert operator("erase", *option) == 3
    assert operator("erase", *option, "--dry-run") == 3


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--chat", CHAT, "--payment", "1"),
        ("--chat", "Ana"),
        ("--chat", f"{BOT}#1111"),
        ("--chat", f"{BOT}/erased"),
        ("--chat", "erased"),
    ],
)
def test_what_names_nobody_is_refused_before_anything_is_opened(operator: Operator, arguments: tuple[str, ...]) -> None:
    assert operator("erase", *arguments) == 2
    assert operator.opened == []


def test_a_sale_that_is_not_over_is_warned_of(operator: Operator, world: World) -> None:
    world.start()
    payment = world.buy()
    assert operator("erase", "--chat", CHAT, "--dry-run") == 0
    assert f"Venda em aberto: {payment.payment_id}" in operator.out
    assert operator.json("erase", "--chat", CHAT)["bots"][0]["open_sales"] == [payment.payment_id]


def test_a_chat_without_a_bot_is_erased_in_every_bot(operator: Operator, world: World) -> None:
    second = BotId("7000000002")
    world.funnels.put(replace(FUNNEL, slug=Slug("outro"), bots=(FunnelBot(bot_id=second, username="outro_bot"),)))
    _sale(world)
    world.people.meet(second, PERSON, start_param="")
    assert [bot["bot_id"] for bot in operator.json("erase", "--chat", PERSON.chat_id)["bots"]] == [BOT, second]
    assert world.bot_users.bot_users == {}


def test_an_event_that_is_being_sent_asks_for_another_try(operator: Operator, world: World) -> None:
    _sale(world)
    world.ledger.claim(next(iter(world.ledger.rows)), now_ms=world.now_ms, lease_ms=1_000)
    assert operator("erase", "--chat", CHAT) == 1
    assert "Tente de novo" in operator.err
    assert _chats(world) == {PERSON.chat_id}


# export


def test_everything_that_is_held_is_shown_and_explained(operator: Operator, world: World) -> None:
    _sale(world)
    operator.cache.put(next(iter(world.clicks.clicks.values())))
    world.inbox.done[BOT, PERSON.chat_id] = [1]
    assert operator("export", "--chat", CHAT) == 0
    document = json.loads(operator.out)
    assert set(document["records"]) == set(FIELDS)
    assert document["records"]["bot_user"][0]["first_name"] == "Ana"
    assert document["records"]["click"][0]["click_ip"] == "177.10.20.30"
    assert document["records"]["event"][0]["payload"]["user_data"]["client_ip_address"] == "177.10.20.30"
    assert document["fields"]["bot_user"]["first_name"] == "Nome que a pessoa usa no Telegram."
    assert explained(document)


def test_nobody_is_shown_what_is_anothers(operator: Operator, world: World) -> None:
    _sale(world)
    _sale(world, OTHER, transfer=f"{TRANSFER[:-1]}0")
    operator("export", "--chat", CHAT)
    assert "2222" not in operator.out
    assert "Bia" not in operator.out


def test_after_an_erasure_nothing_is_held(operator: Operator, world: World) -> None:
    _sale(world)
    operator("erase", "--chat", CHAT)
    assert operator("export", "--chat", CHAT) == 3
    assert "Nada é guardado" in operator.err


def test_an_export_needs_to_know_whose(operator: Operator) -> None:
    assert operator("export") == 2
    assert operator.opened == []


def _names(*kinds: type) -> set[str]:
    flattened = {"attribution", "campaign", "event"}
    return {field.name for kind in kinds for field in fields(kind)} - flattened


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ("bot_user", _names(BotUser, Session)),
        ("click", _names(Click, Campaign) - {"link_source", "link_confidence", "reason"}),
        ("payment", _names(Payment, Attribution, Campaign)),
        ("event", _names(LedgerRow, ConversionEvent, SendAttempt)),
    ],
)
def test_every_field_of_a_record_has_its_explanation(record: str, names: set[str]) -> None:
    assert names - set(FIELDS[record]) == set()


def test_whatever_meta_is_told_of_a_person_has_its_explanation() -> None:
    told = {"external_id", "country", "fn", "ln", *CLEAR_KEYS}
    assert told <= set(FIELDS["event"])
    assert told <= {*HASHED_KEYS, *CLEAR_KEYS}
