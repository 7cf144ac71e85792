"""Meta's identifiers are kept byte for byte, and never invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.model import DAY_MS
from rastro.tracking.fbclid import fbc_for, new_fbp, parse_fbc, usable_fbclid, valid_fbp

NOW = 1_790_000_000_000
fbclids = st.text("ABCDEFabcdef0123456789_-", min_size=1, max_size=300)


@given(fbclids)
def test_an_fbc_keeps_its_fbclid_and_the_time_of_first_sight(fbclid: str) -> None:
    fbc = fbc_for(fbclid, None, NOW)
    parsed = parse_fbc(fbc)
    assert parsed is not None
    assert (parsed.fbclid, parsed.created_at_ms, parsed.value) == (fbclid, NOW, fbc)


@given(fbclids)
def test_the_click_time_stays_while_the_fbclid_stays(fbclid: str) -> None:
    cookie = fbc_for(fbclid, None, NOW - DAY_MS)
    assert fbc_for(fbclid, cookie, NOW) == cookie
    assert fbc_for(None, cookie, NOW) == cookie


def test_another_fbclid_replaces_the_cookie_even_if_only_its_case_differs() -> None:
    cookie = fbc_for("IwAR-abc", None, NOW - DAY_MS)
    assert fbc_for("IwAR-ABC", cookie, NOW) == f"fb.1.{NOW}.IwAR-ABC"


def test_a_cookie_with_an_appendix_is_kept_as_it_is() -> None:
    cookie = f"fb.1.{NOW}.IwAR.AQICAQMC"
    assert fbc_for("IwAR", cookie, NOW + 5) == cookie


def test_without_fbclid_and_cookie_there_is_no_fbc() -> None:
    assert fbc_for(None, None, NOW) is None
    assert fbc_for(None, "", NOW) is None


def test_a_cookie_of_over_90_days_counts_as_none() -> None:
    cookie = fbc_for("IwAR", None, NOW - 90 * DAY_MS)
    assert fbc_for(None, cookie, NOW) is None


@pytest.mark.parametrize("value", ["fb.1.1.abc", "fb.1.1790000000000.", "xx.1.1790000000000.abc", "fb.1.1790000000000.a b", "x"])
def test_a_broken_fbc_is_none(value: str) -> None:
    assert parse_fbc(value) is None


@pytest.mark.parametrize("value", ["", "a.b", "a b", "x" * 2049, None])
def test_an_unusable_fbclid_is_dropped_whole(value: str | None) -> None:
    assert usable_fbclid(value) is None


def test_the_longest_fbclid_is_kept() -> None:
    assert usable_fbclid("x" * 2048) == "x" * 2048


@given(st.integers(0, 2**31 - 1))
def test_a_new_fbp_is_a_valid_one(number: int) -> None:
    fbp = new_fbp(number, NOW)
    assert valid_fbp(fbp) == fbp


@pytest.mark.parametrize(
    "value", ["", "fb.1.1790000000000", "fb.1.1790000000000.abc", "fb.1.17.5", "fb.1.1790000000000.5;x", None]
)
def test_a_broken_fbp_is_none(value: str | None) -> None:
    assert valid_fbp(value) is None
