"""``rastro repair`` as its operator uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rastro.errors import Conflict, StoreUnavailable
from rastro.explanation import Language
from rastro.model import DAY_MS, ChatId, LedgerRow, Payment, PaymentId, Slug
from rastro_cli.exits import CommandError
from rastro_cli.repairing import since_ms
from rastro_cli.texts import Texts
from tests.fakes.world import NOW_MS, World
from tests.unit.cli.conftest import Operator
from tests.unit.sales.test_repair import BUYER, SALE

SALES = 4


def _sales(world: World) -> None:
    """Leave four paid sales without a link, a day apart; those of even number have an fbclid with a click."""
    for number in range(SALES):
        sold_at_ms = NOW_MS - number * DAY_MS - 3_600_000
        world.now_ms = sold_at_ms - 60_000
        click = world.click(f"utm_campaign=natal&campaign_code=N{number}&fbclid=IwAR-{number}")
        chat_id = ChatId(str(number + 1))
        fbclid = click.fbclid if number % 2 == 0 else None
        world.bot_users.save(replace(BUYER, chat_id=chat_id, fbclid=fbclid))
        sale = replace(SALE, payment_id=PaymentId(f"s{number}"), chat_id=chat_id)
        world.payments.save(replace(sale, created_at_ms=sold_at_ms, paid_at_ms=sold_at_ms))
    world.now_ms = NOW_MS


def _linked(world: World) -> list[str]:
    return sorted(payment.payment_id for payment in world.payments.payments.values() if payment.attribution.certain)


def test_one_payment_shows_before_and_after(operator: Operator, world: World) -> None:
    _sales(world)
    assert operator("repair", "payment", "s0") == 0
    assert "O que o reparo mudou" in operator.out
    assert "legacy_payment  →  NONE" in operator.out
    assert "entra na fila, com a campanha" in operator.out
    assert "Ligado: fbclid (certain)" in operator.out
    assert _linked(world) == ["s0"]


def test_a_second_repair_says_that_nothing_is_left(operator: Operator, world: World) -> None:
    _sales(world)
    operator("repair", "payment", "s0")
    assert operator("repair", "payment", "s0", "--lang", "en") == 0
    assert "Nothing: everything is as it can be." in operator.out
    assert "queued already and goes as it is" in operator.out


def test_a_dry_run_shows_the_same_and_writes_nothing(operator: Operator, world: World) -> None:
    _sales(world)
    before = dict(world.payments.payments)
    assert operator("repair", "payment", "s0", "--dry-run") == 0
    assert "Simulação: nada foi gravado." in operator.out
    assert operator.json("repair", "payment", "s0", "--dry-run")["repair"]["changes"]
    assert (world.payments.payments, world.ledger.rows) == (before, {})


@pytest.mark.parametrize("option", [("--dry-run",), ("--since", "7d"), ("--funnel", "curso"), ("--from-day", "2026-09-20")])
def test_an_option_of_the_bulk_repair_ahead_of_one_payment_is_refused(
    operator: Operator, world: World, option: tuple[str, ...]
) -> None:
    _sales(world)
    assert operator("repair", *option, "payment", "s0") == 2
    assert "depois do ID" in operator.err
    assert _linked(world) == []


def test_an_unknown_payment_ends_with_3(operator: Operator) -> None:
    assert operator("repair", "payment", "1") == 3
    assert operator("repair", "payment", "1", "--dry-run") == 3


def test_bulk_repairs_what_has_evidence_and_counts_the_rest_by_reason(operator: Operator, world: World) -> None:
    _sales(world)
    document = operator.json("repair", "--since", "7d")
    assert document["counts"] == {
        "looked_at": 4,
        "worth": 4,
        "linked": 2,
        "people": 2,
        "purchases": 4,
        "unlinked": 2,
        "failed": 0,
    }
    assert document["unlinked_by_reason"] == {"legacy_payment": 2}
    assert [entry["payment"]["payment_id"] for entry in document["changed"]] == ["s2", "s0"]
    assert _linked(world) == ["s0", "s2"]


def test_bulk_comes_again_without_harm(operator: Operator, world: World) -> None:
    _sales(world)
    operator("repair", "--since", "7d")
    rows = dict(world.ledger.rows)
    document = operator.json("repair", "--since", "7d")
    assert (document["counts"]["worth"], document["changed"]) == (2, [])
    assert world.ledger.rows == rows


def test_bulk_prints_a_line_a_sale_and_the_counts(operator: Operator, world: World) -> None:
    _sales(world)
    assert operator("repair", "--since", "7d") == 0
    lines = [line.rstrip() for line in operator.out.splitlines()]
    assert "s2  legacy_payment → fbclid  Purchase: created" in lines
    assert "2  continuam sem ligação" in lines
    assert "2    por legacy_payment" in lines


def test_bulk_looks_only_at_the_time_and_funnel_asked_for(operator: Operator, world: World) -> None:
    _sales(world)
    world.payments.payments[PaymentId("s0")] = replace(world.payment(PaymentId("s0")), slug=Slug("another"))
    assert operator.json("repair", "--since", "36h", "--dry-run")["counts"]["looked_at"] == 2
    assert operator.json("repair", "--since", "36h", "--funnel", "another", "--dry-run")["counts"]["looked_at"] == 1
    assert _linked(world) == []


def test_a_run_that_ends_at_its_limit_says_how_to_go_on(operator: Operator, world: World) -> None:
    _sales(world)
    assert operator("repair", "--since", "7d", "--limit", "2") == 4
    assert "--from-day 2026-09-20" in operator.out
    assert _linked(world) == ["s2"]
    assert operator("repair", "--since", "7d", "--from-day", "2026-09-20") == 0
    assert _linked(world) == ["s0", "s2"]


def test_a_sale_that_others_keep_writing_is_left_and_counted(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sales(world)
    save = world.payments.save

    def lose_s2(payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        if payment.payment_id == "s2":
            raise Conflict("s2")
        return save(payment, rows)

    monkeypatch.setattr(world.payments, "save", lose_s2)
    assert operator("repair", "--since", "7d") == 4
    assert "s2  outros continuam gravando" in operator.err
    assert _linked(world) == ["s0"]


def test_a_store_that_fails_midway_ends_the_run_and_says_where(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sales(world)

    def fail(*_arguments: Any) -> None:
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(world.bot_users, "get", fail)
    assert operator("repair", "--since", "7d") == 1
    assert "--from-day 2026-09-18" in operator.err


def test_repair_of_nothing_named_is_refused(operator: Operator) -> None:
    assert operator("repair") == 2
    assert "rastro repair --since 7d" in operator.err
    assert operator.opened == []


@pytest.mark.parametrize(
    ("text", "begin_ms"),
    [
        ("7d", NOW_MS - 7 * DAY_MS),
        ("12h", NOW_MS - DAY_MS // 2),
        ("2026-09-20", NOW_MS // DAY_MS * DAY_MS - DAY_MS),
    ],
)
def test_since_is_a_duration_or_a_day(text: str, begin_ms: int) -> None:
    assert since_ms(text, NOW_MS, Texts(Language.EN)) == begin_ms


@pytest.mark.parametrize("text", ["7", "d", "0d", "400d", "2020-01-01", "2027-01-01", "yesterday", "-7d", "7w", ""])
def test_any_other_since_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="duration"):
        since_ms(text, NOW_MS, Texts(Language.EN))


def test_a_from_day_that_is_none_is_refused(operator: Operator) -> None:
    assert operator("repair", "--since", "7d", "--from-day", "soon") == 2
