"""Meta's own SDK, run beside ours: what both make of drawn values, and each difference is its answer to the value put right.

``test_user_data`` holds the recorded answers of the same SDK, with the differences by case; here they are checked to be what the
SDK says today, and what they show by example is shown for whole families of values. Nothing leaves this machine.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData as SdkUserData
from hypothesis import given, settings
from hypothesis import strategies as st

from rastro.meta.user_data import CLEAR_KEYS, HASHED_KEYS, user_data
from tests.unit.meta.test_user_data import CASES, NOW_MS, SDK_NAMES

SDK_ARGUMENTS = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country_code",
    "db": "date_of_birth",
    "ge": "gender",
}
"""Where the SDK's names are not Meta's own."""
FROM_A_REQUEST = {"fbc_fbclid_with_percent", "ctx_fbclid_new", "ctx_new_fbclid_replaces_cookie", "ctx_explicit_fbc_wins"}
"""Recorded cases in which the SDK makes fbc and fbp of a request."""
# No deadline on what asks the SDK: it reads the world's countries from files when it is asked for the first one.

ANSWERED = [case for case in CASES if case["name"] not in FROM_A_REQUEST and case["lenient"] is not None]


def of_the_sdk(key: str, value: object) -> Any:
    """Return what the SDK sends of one field, ``None`` for nothing; it raises where it would lose the event."""
    argument = {"m": Gender.MALE, "f": Gender.FEMALE}[str(value).strip().lower()] if key == "ge" else value
    plural = key == "external_id" and isinstance(value, list)
    made = SdkUserData(**{"external_ids" if plural else SDK_ARGUMENTS.get(key, key): argument}).normalize()
    sent = made.get(key)
    return None if sent in ("", [None], [""]) else sent


def of_ours(key: str, value: object) -> Any:
    return user_data({key: value}, now_ms=NOW_MS).values.get(key)


def sha(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


@pytest.mark.parametrize("case", ANSWERED, ids=[case["name"] for case in ANSWERED])
def test_the_recorded_answers_are_what_the_sdk_says_today(case: Mapping[str, Any]) -> None:
    said = {}
    for name, value in case["input"].items():
        if name not in SDK_NAMES:
            continue
        try:
            said[SDK_NAMES[name]] = of_the_sdk(SDK_NAMES[name], value)
        except (TypeError, ValueError):
            continue  # "lenient" leaves out what it raises on

    recorded = case["lenient"]["user_data"]
    assert {key: _sorted(value) for key, value in said.items() if value} == {
        key: _sorted(value) for key, value in recorded.items()
    }


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


# --- where both say the same

_SPACES = st.text(" \t\n\xa0", max_size=3)
_LETTERS = "abcdefghijklmnopqrstuvwxyzáàâãéêíóôõúüç"
_WORD = st.text(_LETTERS, min_size=1, max_size=12).map(lambda word: unicodedata.normalize("NFC", word))
_PLAIN_WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
_AREA, _NUMBER = st.integers(11, 99), st.integers(20_000_000, 999_999_999)
_STATES = ("ac", "al", "am", "ba", "ce", "df", "es", "go", "ma", "mg", "ms", "mt", "pa", "pr", "rj", "rs", "sc", "se", "sp", "to")


def _cased(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return the values as people type them: in any case, spaces around."""
    case = st.sampled_from([str.lower, str.upper, str.title])
    return st.builds(lambda before, value, change, after: before + change(value) + after, _SPACES, values, case, _SPACES)


_ALIKE: Mapping[str, st.SearchStrategy[Any]] = {
    "em": _cased(st.builds(lambda name, host, top: f"{name}@{host}.{top}", _LABEL, _LABEL, _LABEL)),
    "ph": st.builds(
        lambda form, area, number: form.format(area=area, head=str(number)[:-4], tail=str(number)[-4:]),
        st.sampled_from(
            ["+55 {area} {head}-{tail}", "55{area}{head}{tail}", "+55 ({area}) {head}-{tail}", "0055{area}{head}{tail}"]
        ),
        _AREA,
        _NUMBER,
    ),
    "fn": _cased(_WORD),
    "ln": _cased(_WORD),
    "ct": _cased(_PLAIN_WORD),
    "st": _cased(st.sampled_from(_STATES)),
    "zp": _cased(st.integers(1_000_000, 99_999_999).map("{:08}".format)),
    "country": _cased(st.sampled_from(["br", "pt", "us", "ao", "mz", "jp"])),
    "db": st.dates(date(1900, 1, 1), date(2020, 1, 1)).map(lambda day: day.strftime("%Y%m%d")),
    "ge": _cased(st.sampled_from(["m", "f"])),
    "client_ip_address": st.integers(1, 2**24 - 1).map(lambda low: f"177.{low >> 16}.{low >> 8 & 255}.{low & 255}"),
    "client_user_agent": st.text("abcXYZ019 ();/.,", min_size=1).filter(str.strip),
    "fbc": st.text("abcXYZ019_-", min_size=1, max_size=300).map(lambda fbclid: f"fb.1.{NOW_MS - 5}.{fbclid}"),
    "fbp": st.integers(0, 2**31 - 1).map(lambda number: f"fb.1.{NOW_MS - 5}.{number}"),
}


@pytest.mark.parametrize("key", _ALIKE)
@settings(deadline=None)
@given(data=st.data())
def test_what_is_given_as_meta_wants_it_is_sent_as_the_sdk_sends_it(key: str, data: st.DataObject) -> None:
    value = data.draw(_ALIKE[key])
    assert of_ours(key, value) == of_the_sdk(key, value)
    assert of_ours(key, value)


@pytest.mark.parametrize("key", [key for key in HASHED_KEYS if key != "ge"])
@given(seed=st.binary(max_size=4))
def test_what_is_hashed_already_is_left_as_it_is(key: str, seed: bytes) -> None:
    digest = hashlib.sha256(seed).hexdigest()
    assert of_ours(key, digest) == of_the_sdk(key, digest) == [digest]


# --- where we differ on purpose


@dataclass(frozen=True)
class Difference:
    """A family of values to which the SDK says other than we do, and our answer in terms of the SDK's."""

    name: str
    reason: str
    key: str
    given: st.SearchStrategy[Any]
    right: Callable[[Any], Any]
    """The value put right: the SDK's answer to that is ours to the value as it came. ``None``: the field is dropped."""


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


_STATE_NAMES = {"São Paulo": "sp", "Minas Gerais": "mg", "Ceará": "ce", "Rio Grande do Norte": "rn", "PARANÁ": "pr"}
DIFFERENCES = (
    Difference(
        "phone_without_country_code",
        "Meta wants the country code always, and a PIX is paid from Brazil; also where the area code is 55",
        "ph",
        st.builds(lambda area, number: f"({area}) {number}", _AREA, _NUMBER),
        lambda phone: f"+55{phone}",
    ),
    Difference(
        "phone_with_a_trunk_zero",
        "the 0 before an area code is dialled inside Brazil only",
        "ph",
        st.builds(lambda area, number: f"0{area} {number}", _AREA, _NUMBER),
        lambda phone: f"+55{phone[1:]}",
    ),
    Difference(
        "phone_with_dots",
        "the SDK loses the event for a full stop between digits",
        "ph",
        st.builds(lambda area, number: f"+55.{area}.{number}", _AREA, _NUMBER),
        lambda phone: phone.replace(".", " "),
    ),
    Difference(
        "phone_without_area_code",
        "it is nobody's number",
        "ph",
        st.integers(20_000_000, 999_999_999).map(str),
        lambda _: None,
    ),
    Difference(
        "email_with_a_space_in_it",
        "no address has one; the hash would match nobody",
        "em",
        st.builds(lambda first, second: f"{first} {second}@example.com", _LABEL, _LABEL),
        lambda _: None,
    ),
    Difference(
        "email_with_unseen_characters",
        "a zero-width space or a byte-order mark around it is no part of it",
        "em",
        st.builds(lambda name, char: f"{char}{name}@example.com{char}", _LABEL, st.sampled_from("\u200b\ufeff\u2060")),
        lambda email: email[1:-1],
    ),
    Difference(
        "name_decomposed",
        "a decomposed accent has another hash: NFC first",
        "fn",
        st.sampled_from("áâãéêíóôõúç").flatmap(lambda char: _WORD.map(lambda word: unicodedata.normalize("NFD", word + char))),
        lambda name: unicodedata.normalize("NFC", name),
    ),
    Difference(
        "name_with_punctuation_or_spaces",
        "Meta wants no punctuation, and its own builder takes spaces out too",
        "ln",
        st.builds(lambda first, mark, second: f"{first}{mark}{second}", _WORD, st.sampled_from(" '-."), _WORD),
        lambda name: "".join(char for char in name if char.isalpha()),
    ),
    Difference(
        "name_that_looks_like_md5",
        "Meta takes SHA-256 only: 32 digits are not a hash, and the letters are what is left of a name",
        "fn",
        st.binary(min_size=16, max_size=16).map(bytes.hex).filter(lambda digest: any(char.isalpha() for char in digest)),
        lambda name: "".join(char for char in name if char.isalpha()),
    ),
    Difference(
        "city_with_accents",
        "Meta recommends a-z, and people write their city with and without accents",
        "ct",
        st.builds(lambda word, accented: word + accented, _WORD, st.sampled_from(["ã", " São", "-Guaçu"])),
        lambda city: "".join(char for char in _without_accents(city) if char.isalpha()),
    ),
    Difference(
        "state_by_its_name",
        "Meta wants two letters: the UF",
        "st",
        st.sampled_from(sorted(_STATE_NAMES)),
        lambda name: _STATE_NAMES[name],
    ),
    Difference(
        "postal_code_with_a_dash",
        "a CEP has eight digits; Meta cuts those of the US only, the SDK cuts all at the dash",
        "zp",
        st.integers(1_000_000, 99_999_999).map(lambda number: f"{number:08}"[:5] + "-" + f"{number:08}"[5:]),
        lambda code: code.replace("-", ""),
    ),
    Difference(
        "country_by_its_name",
        "the SDK loses the event for it",
        "country",
        st.sampled_from(["Brasil", "BRAZIL"]),
        lambda _: "br",
    ),
    Difference(
        "birth_date_as_brazilians_write_it",
        "Meta wants YYYYMMDD",
        "db",
        st.dates(date(1900, 1, 1), date(2020, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
        lambda written: "".join(reversed(written.split("/"))),
    ),
    Difference(
        "external_id_in_clear",
        "the SDK sends ids in clear",
        "external_id",
        st.integers(1, 10**12).map(str),
        sha,
    ),
    Difference(
        "external_id_that_is_a_cpf",
        "a CPF never leaves, not even hashed: all of them can be tried",
        "external_id",
        st.integers(0, 10**11 - 1).map(
            lambda n: "{}.{}.{}-{}".format(*(f"{n:011}"[a:b] for a, b in ((0, 3), (3, 6), (6, 9), (9, 11))))
        ),
        lambda _: None,
    ),
    Difference(
        "address_of_a_network_behind",
        "Meta wants the visitor's address; a private one is nobody's",
        "client_ip_address",
        st.integers(0, 2**16 - 1).map(lambda low: f"10.0.{low >> 8}.{low & 255}"),
        lambda _: None,
    ),
    Difference(
        "fbc_of_no_click",
        "its envelope is broken: Events Manager would flag it",
        "fbc",
        st.sampled_from(["fb.1.1.mine", "IwAR_AbC-1", "fb.1.1790000000.IwAR"]),
        lambda _: None,
    ),
    Difference(
        "fbc_older_than_the_cookie",
        "Events Manager flags an fbc of more than 90 days as expired",
        "fbc",
        st.integers(91, 400).map(lambda days: f"fb.1.{NOW_MS - days * 86_400_000}.IwAR"),
        lambda _: None,
    ),
)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=[difference.name for difference in DIFFERENCES])
@settings(deadline=None)
@given(data=st.data())
def test_a_deliberate_difference_is_the_sdks_answer_to_the_value_put_right(difference: Difference, data: st.DataObject) -> None:
    value = data.draw(difference.given)
    right = difference.right(value)
    ours = of_ours(difference.key, value)
    assert ours == (None if right is None else of_the_sdk(difference.key, right))
    try:
        assert ours != of_the_sdk(difference.key, value)
    except (TypeError, ValueError):
        return  # the SDK raises, and the event is lost


@pytest.mark.parametrize("key", [*HASHED_KEYS, *CLEAR_KEYS])
@given(value=st.text(max_size=40))
def test_where_the_sdk_may_lose_the_event_ours_goes_on_without_the_field(key: str, value: str) -> None:
    made = user_data({key: value, "fbp": f"fb.1.{NOW_MS}.1"} if key != "fbp" else {key: value}, now_ms=NOW_MS)
    assert key == "fbp" or made.values["fbp"] == f"fb.1.{NOW_MS}.1"
    assert key in made.values or made.dropped == (key,) or value == ""
