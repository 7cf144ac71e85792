"""Reading the lines of an earlier system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput
from rastro.model import Campaign, PaymentStatus
from rastro.sales import legacy
from rastro.sales.legacy import LegacySale, Line, csv_lines, jsonl_lines, sale_of

NOW_MS = 1_790_000_000_000
WHOLE: Mapping[str, Any] = {
    "payment_id": "9326",
    "bot_id": "7000000001",
    "chat_id": "1111",
    "status": "paid",
    "amount": "49.90",
    "created_at": "2026-09-19T12:00:00Z",
    "paid_at": "2026-09-19T12:05:00Z",
}
CREATED_MS = int(datetime(2026, 9, 19, 12, tzinfo=UTC).timestamp() * 1000)


def _sale(**changes: Any) -> LegacySale:
    return sale_of({**WHOLE, **changes}, now_ms=NOW_MS)


def test_a_line_with_what_is_needed_is_a_sale() -> None:
    sale = _sale()
    assert (sale.payment_id, sale.bot_id, sale.chat_id) == ("9326", "7000000001", "1111")
    assert (sale.status, sale.amount_cents) == (PaymentStatus.PAID, 4990)
    assert (sale.created_at_ms, sale.paid_at_ms) == (CREATED_MS, CREATED_MS + 300_000)
    assert sale.campaign == Campaign()
    assert sale.tracking_token is None


@pytest.mark.parametrize("nothing", ["NONE", "None", "null", "", "  ", None, "nan"])
@pytest.mark.parametrize("name", ["fbclid", "tracking_token", "utm_source", "sku", "slug"])
def test_every_word_for_nothing_is_absence(name: str, nothing: str | None) -> None:
    assert _sale(**{name: nothing}) == _sale()


@pytest.mark.parametrize(
    ("given_as", "cents"),
    [
        ({"amount": "49,90"}, 4990),
        ({"amount": "1234.5"}, 123_450),
        ({"amount": 50}, 5000),
        ({"amount": None, "amount_cents": "4990"}, 4990),
        ({"amount": None, "value": "10.00"}, 1000),
    ],
)
def test_money_is_read_to_the_cent(given_as: dict[str, Any], cents: int) -> None:
    record = {name: value for name, value in {**WHOLE, **given_as}.items() if not (name == "amount" and value is None)}
    assert sale_of(record, now_ms=NOW_MS).amount_cents == cents


@given(st.integers(min_value=1, max_value=legacy.AMOUNT_MAX_CENTS))
def test_every_amount_comes_back_to_the_cent(cents: int) -> None:
    assert _sale(amount=f"{cents // 100}.{cents % 100:02d}").amount_cents == cents


@pytest.mark.parametrize(
    ("at", "expected_ms"),
    [
        ("2026-09-19T12:00:00+00:00", CREATED_MS),
        ("2026-09-19 12:00:00", CREATED_MS),
        ("2026-09-19T09:00:00-03:00", CREATED_MS),
        (CREATED_MS, CREATED_MS),
        (str(CREATED_MS // 1000), CREATED_MS),
    ],
)
def test_times_are_read_with_their_zone_or_as_utc(at: Any, expected_ms: int) -> None:
    assert _sale(created_at=at).created_at_ms == expected_ms


def test_a_time_without_a_zone_is_of_the_one_named() -> None:
    naive = {**WHOLE, "created_at": "2026-09-19 09:00:00", "paid_at": "2026-09-19 09:05:00"}
    assert sale_of(naive, timezone=ZoneInfo("America/Sao_Paulo"), now_ms=NOW_MS).created_at_ms == CREATED_MS


@pytest.mark.parametrize(
    ("status", "read"),
    [("PAID", "paid"), ("pending", "expired"), ("pendente", "expired"), ("refunded", "refunded"), ("failed", "failed")],
)
def test_an_open_charge_of_the_old_system_is_none_of_ours(status: str, read: str) -> None:
    assert _sale(status=status).status == read


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payment_id": None}, "payment_id is missing"),
        ({"payment_id": "93 26"}, "payment_id is not"),
        ({"bot_id": "pao_bot"}, "bot_id is not"),
        ({"chat_id": "-100123"}, "chat_id is not"),
        ({"status": None}, "status is missing"),
        ({"status": "ok"}, "status is none of"),
        ({"amount": "R$ 49,90"}, "amount is not a number"),
        ({"amount": "1.234,56"}, "amount is not a number"),
        ({"amount": "1e400"}, "amount is not a number"),
        ({"amount": "49.905"}, "not a whole number of cents"),
        ({"amount": "0"}, "not a whole number of cents"),
        ({"amount_cents": "4990"}, "either amount_cents"),
        ({"created_at": None}, "created_at is missing"),
        ({"created_at": "ontem"}, "created_at is neither"),
        ({"created_at": "2036-01-01T00:00:00Z"}, "created_at lies in the future"),
        ({"created_at": "1999-01-01T00:00:00Z"}, "before 2010"),
        ({"paid_at": None}, "paid_at is missing"),
        ({"paid_at": "2026-09-19T09:05:00Z"}, "paid_at is before created_at"),
        ({"fbclid": "cut.off"}, "fbclid is longer"),
        ({"fbclid": "x" * 2049}, "fbclid is longer"),
        ({"utm_source": "x" * 1025}, "utm_source is longer"),
        ({"utm_source": {"a": 1}}, "utm_source is neither text"),
        ({"funnel": "a", "slug": "b"}, "slug is given twice"),
        ({"purchase_sent": "maybe"}, "purchase_sent is neither"),
        ({"slug": "a b"}, "slug is not"),
    ],
)
def test_what_is_not_right_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        _sale(**changes)


def test_an_fbclid_keeps_its_case_and_length() -> None:
    fbclid = "IwAR0_aB-" + "xY" * 1000
    assert _sale(fbclid=fbclid).fbclid == fbclid


def _words(line: Line) -> str | None:
    return None if line.error is None else str(line.error)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_csv_file_gives_its_lines_by_number(separator: str) -> None:
    text = ["\ufeffPayment_ID,amount\r\n", "1,2\r\n", "\r\n", '2,"a\r\n', 'b"\r\n', "3\r\n", "4,5"]
    lines = list(csv_lines(line.replace(",", separator) for line in text))
    assert [(line.number, line.record, _words(line)) for line in lines] == [
        (2, {"payment_id": "1", "amount": "2"}, None),
        (4, {"payment_id": "2", "amount": "a\r\nb"}, None),
        (6, None, "1 values for 2 columns"),
        (7, {"payment_id": "4", "amount": "5"}, None),
    ]


@pytest.mark.parametrize("header", ["", "id,amount", "payment_id,a,a"])
def test_a_csv_file_without_a_usable_header_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput, match="the first line"):
        list(csv_lines([header]))


def test_a_csv_line_that_is_no_csv_does_not_hide_the_next() -> None:
    lines = list(csv_lines(["payment_id,amount\n", '1,"2"x\n', "3,4\n"]))
    assert [line.error is None for line in lines] == [False, True]


def test_a_jsonl_file_gives_its_lines_by_number() -> None:
    text = ['\ufeff{"payment_id": 1, "amount": 49.90}\n', "\n", "[]\n", "{\n", "x" * 70_000 + "\n", "9" * 5000]
    lines = list(jsonl_lines(text))
    assert [(line.number, _words(line)) for line in lines] == [
        (1, None),
        (3, "not a JSON object"),
        (4, "not readable as JSON"),
        (5, "longer than 65536 characters"),
        (6, "not readable as JSON"),
    ]
    assert str((lines[0].record or {})["amount"]) == "49.90"


def test_a_file_of_too_many_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "LINES_MAX", 2)
    with pytest.raises(InvalidInput, match="split it"):
        list(jsonl_lines(["{}", "{}", "{}"]))
