"""Every case that Meta's own SDK answers, with our answer: the same, or deliberately another one."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.meta.user_data import CLEAR_KEYS, FBC_MAX_AGE_MS, HASHED_KEYS, hashed_name, user_data

NOW_MS = 1_790_000_000_000
CASES = [json.loads(line) for line in Path("tests/data/meta/user_data_cases.jsonl").read_text(encoding="utf-8").splitlines()]
FULL_WIDTH = "".join(chr(ord(digit) + 0xFEE0) for digit in "5511987654321")
SDK_NAMES = {
    "email": "em",
    "phone": "ph",
    "first_name": "fn",
    "last_name": "ln",
    "city": "ct",
    "state": "st",
    "zip": "zp",
    "country": "country",
    "date_of_birth": "db",
    "gender": "ge",
    "external_id": "external_id",
    "fbc": "fbc",
    "fbp": "fbp",
    "client_ip_address": "client_ip_address",
    "client_user_agent": "client_user_agent",
}


def sha(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


# What we answer where the SDK answers something else, and why. A value of None: the field is dropped.
DIFFERENCES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "email_inner_space": ("no address has a space in it; the hash would match nobody", {"em": None}),
    "email_nbsp_zwsp": ("a zero-width space is trimmed like any other", {"em": [sha("joao@example.com")]}),
    "phone_br_no_cc_10_landline": ("Meta wants the country code always", {"ph": [sha("551134567890")]}),
    "phone_br_8digits": ("without an area code it is nobody's number", {"ph": None}),
    "phone_int_type": ("a number is as good as its digits", {"ph": [sha("5511987654321")]}),
    "name_dot_abbrev": ("Meta wants no punctuation", {"fn": [sha("j")], "ln": [sha("jr")]}),
    "name_looks_md5": ("Meta takes SHA-256 only: 32 digits are not a hash", {"fn": [sha("ddcdfbeecfe")]}),
    "zip_dot_dash": ("a CEP has eight digits; Meta cuts those of the US only", {"zp": [sha("01310100")]}),
    "state_name_accent": ("Meta wants two letters: the UF", {"st": [sha("sp")]}),
    "city_accent": ("Meta recommends a-z, and people write their city with and without accents", {"ct": [sha("saopaulo")]}),
    "city_hyphen": ("as above, without punctuation", {"ct": [sha("embuguacu")]}),
    "dob_br": ("Meta wants YYYYMMDD", {"db": [sha("19900215")]}),
    "extid_cpf_formatted": ("a CPF never leaves", {"external_id": None}),
    "extid_telegram_id": ("the SDK sends it in clear", {"external_id": [sha("7012345678")]}),
    "extid_list": ("the SDK sends them in clear", {"external_id": [sha("7012345678"), sha("12345678909")]}),
    "ip_private": ("Meta wants the visitor's address, not that of a network behind it", {"client_ip_address": None}),
    "ctx_explicit_fbc_wins": ("its envelope is not valid: no 13 digits of time", {"fbc": None}),
    "time_str": ("the SDK refuses the event for its time", {"em": [sha("a@x.com")]}),
    # How an fbc or fbp comes to be is the redirect's business; this room takes them as they are.
    "fbc_fbclid_with_percent": ("made of an fbclid by the SDK", {"fbc": None}),
    "ctx_fbclid_new": ("made of a request by the SDK", {"fbc": None, "fbp": None}),
    "ctx_new_fbclid_replaces_cookie": ("made of a request by the SDK", {"fbc": None, "fbp": None}),
}


def _given(case: Mapping[str, Any]) -> dict[str, Any]:
    return {SDK_NAMES[name]: value for name, value in case["input"].items() if name in SDK_NAMES}


def _of_the_sdk(case: Mapping[str, Any]) -> dict[str, Any]:
    return dict((case["lenient"] or {}).get("user_data", {}))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_user_data_is_the_sdks_but_for_named_differences(case: Mapping[str, Any]) -> None:
    expected = _of_the_sdk(case)
    if case["name"] == "time_str":
        expected = {name: _given(case)[name] for name in ("client_ip_address", "client_user_agent")}
    if case["name"] == "ctx_explicit_fbc_wins":
        expected.pop("fbp")
    expected |= DIFFERENCES.get(case["name"], ("", {}))[1]

    made = user_data(_given(case), now_ms=NOW_MS)

    assert made.values == {name: value for name, value in expected.items() if value is not None}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_named_difference_is_one(name: str) -> None:
    case = next(case for case in CASES if case["name"] == name)
    assert user_data(_given(case), now_ms=NOW_MS).values != _of_the_sdk(case)


@pytest.mark.parametrize(
    ("key", "value", "normalised"),
    [
        ("em", "  JOAO@Example.COM ", "joao@example.com"),
        ("em", "joao@example", None),
        ("em", "a@b@example.com", None),
        ("ph", "(55) 99999-8888", "5555999998888"),
        ("ph", "011 98765-4321", "5511987654321"),
        ("ph", "+5511987654321", "5511987654321"),
        ("ph", FULL_WIDTH, "5511987654321"),
        ("ph", "+1 650 555 1212", "16505551212"),
        ("ph", "+55 11", None),
        ("ph", "11.98765.4321", "5511987654321"),
        ("ph", "12345678901234", None),
        ("ph", "11 98765-4321 ramal 3", None),
        ("fn", unicodedata.normalize("NFD", "José"), "josé"),
        ("fn", "Maria Aparecida", "mariaaparecida"),
        ("ln", "D'Ávila-Souza", "dávilasouza"),
        ("ln", "...", None),
        ("ct", "São José dos Campos", "saojosedoscampos"),
        ("ct", "123", None),
        ("st", "SP", "sp"),
        ("st", "Rio Grande do Sul", "rs"),
        ("st", "XX", None),
        ("zp", "01310-100", "01310100"),
        ("zp", "94035-1234", "94035"),
        ("zp", "?", None),
        ("country", "Brasil", "br"),
        ("country", "xx", None),
        ("db", "1990-02-15", "19900215"),
        ("db", "2/16/1997", "19970216"),
        ("db", "15/02/1890", None),
        ("db", "ontem", None),
        ("ge", "Feminino", "f"),
        ("ge", "?", None),
        ("external_id", 7012345678, "7012345678"),
        ("external_id", "\ud800", None),
        ("external_id", True, None),
        ("external_id", b"x", None),
        ("external_id", 10**4000, None),
    ],
)
def test_field_is_normalised_and_hashed_or_dropped_by_name(key: str, value: object, normalised: str | None) -> None:
    made = user_data({key: value}, now_ms=NOW_MS)

    assert made.values == ({key: [sha(normalised)]} if normalised is not None else {})
    assert made.dropped == (() if normalised is not None else (key,))


@pytest.mark.parametrize("value", [None, "", [], [None, ""]])
@pytest.mark.parametrize("key", HASHED_KEYS)
def test_nothing_given_is_nothing_dropped(key: str, value: object) -> None:
    made = user_data({key: value}, now_ms=NOW_MS)

    assert (made.values, made.dropped) == ({}, ())


def test_a_bad_value_of_a_list_leaves_the_good_ones() -> None:
    made = user_data({"em": ["a@x.com", "nenhum"]}, now_ms=NOW_MS)

    assert (made.values, made.dropped) == ({"em": [sha("a@x.com")]}, ("em",))


@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_a_sha256_is_taken_for_hashed_already(written: Any) -> None:
    made = user_data({"fn": written(sha("maria"))}, now_ms=NOW_MS)

    assert made.values == {"fn": [sha("maria")]}


@pytest.mark.parametrize(
    ("address", "is_sent"),
    [
        ("177.10.20.30", True),
        ("2804:14d:5c5a:8000::1", True),
        ("::ffff:177.10.20.30", True),
        ("::ffff:10.0.0.7", False),
        ("127.0.0.1", False),
        ("100.64.1.1", False),
        ("192.0.2.7", False),
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("2001:db8::1", False),
        ("177.10.20.30, 10.0.0.1", False),
        ("unknown", False),
    ],
)
def test_only_public_addresses_are_sent(address: str, is_sent: bool) -> None:  # noqa: FBT001 - a column of the table
    made = user_data({"client_ip_address": address}, now_ms=NOW_MS)

    assert ("client_ip_address" in made.values) is is_sent
    assert made.dropped == (() if is_sent else ("client_ip_address",))


@pytest.mark.parametrize(
    ("fbc", "is_sent"),
    [
        (f"fb.1.{NOW_MS}.IwAR_AbC-1", True),
        (f"fb.2.{NOW_MS}.IwAR_AbC-1.Ag", True),
        (f"fb.1.{NOW_MS}.IwAR_AbC-1.AQICAQMC", True),
        (f"fb.1.{NOW_MS - FBC_MAX_AGE_MS}.IwAR", True),
        (f"fb.1.{NOW_MS - FBC_MAX_AGE_MS - 1}.IwAR", False),
        (f"fb.1.{NOW_MS}.", False),
        (f"fb.1.{NOW_MS}.IwAR.toolong99", False),
        ("fb.1.1790000000.IwAR", False),
        (f"1.{NOW_MS}.IwAR", False),
        (f"fb.1.{NOW_MS}.Iw AR", False),
    ],
)
def test_fbc_goes_byte_for_byte_or_not_at_all(fbc: str, is_sent: bool) -> None:  # noqa: FBT001 - a column of the table
    made = user_data({"fbc": fbc}, now_ms=NOW_MS)

    assert made.values == ({"fbc": fbc} if is_sent else {})


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("MARIA APARECIDA DA SILVA", "maria", "silva"),
        ("José", "josé", None),
        (unicodedata.normalize("NFD", "José Gonçalves"), "josé", "gonçalves"),
        ("PADARIA DO ZÉ LTDA", None, None),
        ("Loja Exemplo S/A", None, None),
        ("   ", None, None),
        ("123 456", None, None),
        (None, None, None),
    ],
)
def test_full_name_gives_the_hashes_of_its_first_and_last_word(name: str | None, first: str | None, last: str | None) -> None:
    hashes = {"fn": first, "ln": last}
    assert hashed_name(name) == {key: sha(word) for key, word in hashes.items() if word}


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*HASHED_KEYS, *CLEAR_KEYS, "unknown"]), _ANYTHING))
def test_user_data_never_raises_and_sends_nothing_in_clear_that_is_to_be_hashed(fields: dict[str, object]) -> None:
    made = user_data(fields, now_ms=NOW_MS)

    assert set(made.values) <= {*HASHED_KEYS, *CLEAR_KEYS}
    for key in set(made.values) & set(HASHED_KEYS):
        assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in made.values[key])
    json.dumps(made.values)


@given(st.text())
def test_hashed_name_never_raises(name: str) -> None:
    assert set(hashed_name(name)) <= {"fn", "ln"}
