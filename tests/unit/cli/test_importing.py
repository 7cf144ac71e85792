"""``rastro import legacy`` as its operator uses it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rastro.errors import StoreUnavailable
from rastro.model import PaymentId
from rastro_cli import importing
from tests.fakes.world import BOT, World
from tests.unit.cli.conftest import Operator

HEADER = "payment_id,bot_id,chat_id,status,amount,created_at,paid_at,fbclid,tracking_session_id,tracking_token,utm_source"
GOOD = f"9326,{BOT},1111,paid,49.90,2026-09-19T12:00:00,2026-09-19T12:05:00,IwAR-1,NONE,NONE,NONE"
BAD = f"9327,{BOT},1111,paid,R$ 49,2026-09-19T12:00:00,2026-09-19T12:05:00,,,,"


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "vendas.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n{BAD}\n", encoding="utf-8")
    return path


def test_a_file_is_taken_line_by_line_and_the_bad_line_named(operator: Operator, world: World, sales: Path) -> None:
    assert operator("import", "legacy", str(sales)) == 4
    assert "linha 3: amount não é um número como 49.90" in operator.out
    assert list(world.payments.payments) == ["9326"]
    document = operator.json("import", "legacy", str(sales), "--lang", "en")
    assert document["counts"]["payments_already_there"] == 1
    assert document["errors"] == [{"line": 3, "message": "amount is not a number such as 49.90"}]


def test_a_dry_run_counts_and_writes_nothing(operator: Operator, world: World, sales: Path) -> None:
    document = operator.json("import", "legacy", str(sales), "--dry-run")
    assert (document["dry_run"], document["counts"]["payments_created"], document["counts"]["errors"]) == (True, 1, 1)
    assert world.payments.payments == {}


def test_jsonl_is_read_too(operator: Operator, world: World, tmp_path: Path) -> None:
    path = tmp_path / "vendas.jsonl"
    path.write_text(json.dumps(dict(zip(HEADER.split(","), GOOD.split(","), strict=True))) + "\n")
    assert operator("import", "legacy", str(path)) == 0
    assert "Nada foi enviado à Meta" in operator.out
    assert list(world.payments.payments) == ["9326"]


def test_times_without_a_zone_are_of_the_one_named(operator: Operator, world: World, sales: Path) -> None:
    operator("import", "legacy", str(sales), "--timezone", "America/Sao_Paulo")
    created = world.payment(PaymentId("9326")).created_at_ms
    assert datetime.fromtimestamp(created / 1000, UTC).hour == 15


def test_doctor_repair_doctor_after_an_import(operator: Operator, world: World, sales: Path) -> None:
    world.now_ms = int(datetime(2026, 9, 19, 11, 59, tzinfo=UTC).timestamp() * 1000)
    click = world.click("utm_source=facebook&utm_campaign=natal&campaign_code=NATAL26&fbclid=IwAR-1")
    world.now_ms += 2 * 86_400_000
    operator("import", "legacy", str(sales))
    before = operator.json("doctor", "payment", "9326")
    assert set(before["fields"].values()) == {None}
    operator("repair", "payment", "9326")
    after = operator.json("doctor", "payment", "9326")
    assert None not in after["fields"].values()
    assert after["fields"]["tracking_token"] == click.tracking_token


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("vendas.txt", b"", ".csv"),
        ("vendas.csv", b"id,amount\n1,2\n", "a primeira linha tem de dar nome às colunas"),
        ("vendas.csv", b"payment_id,amount\n\xff\xfe,2\n", "utf-8"),
        ("missing.csv", None, "No such file"),
    ],
)
def test_a_file_that_is_none_is_refused(operator: Operator, tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert operator("import", "legacy", str(path)) == 2
    assert says in operator.err


def test_a_file_that_is_too_large_is_refused(operator: Operator, sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "FILE_MAX_MB", 0)
    assert operator("import", "legacy", str(sales)) == 2


def test_a_zone_that_is_none_is_refused(operator: Operator, sales: Path) -> None:
    assert operator("import", "legacy", str(sales), "--timezone", "Mars/Olympus") == 2
    assert "Mars/Olympus" in operator.err


def test_many_errors_are_counted_and_the_first_shown(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "vendas.csv"
    path.write_text("\n".join([HEADER, *[BAD] * 60]) + "\n")
    assert operator("import", "legacy", str(path)) == 4
    assert "… e mais 10 linhas com erro" in operator.out


def test_a_store_that_fails_midway_says_where_it_stopped(operator: Operator, world: World, sales: Path) -> None:
    world.bot_users.unavailable = True
    assert operator("import", "legacy", str(sales)) == 1
    assert "Parou na linha 2" in operator.err
    world.bot_users.unavailable = False
    assert operator("import", "legacy", str(sales)) == 4
    assert list(world.payments.payments) == ["9326"]


def test_errors_of_a_store_are_no_errors_of_the_file() -> None:
    assert not issubclass(StoreUnavailable, OSError)
