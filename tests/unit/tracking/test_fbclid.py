"""Meta's identifiers are kept byte for byte, and never invented; Meta's own Parameter Builder is the oracle."""

import pytest
from capi_param_builder import ParamBuilder
from hypothesis import given
from hypothesis import strategies as st

from rastro.model import DAY_MS
from rastro.tracking.fbclid import fbc_for, new_fbp, parse_fbc, usable_fbclid, valid_fbp
from rastro.tracking.passage import Passage
from rastro.tracking.visitor import COOKIE_MAX_AGE_SECONDS, FBC_COOKIE, FBP_COOKIE, VISITOR_COOKIE, Cookie
from tests.fakes.world import World

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


APPENDICES = ["", ".AQICAQMC", ".AQIAAQMC", ".Ag"]


def _oracle(fbclid: str | None, cookies: dict[str, str] | None = None, referer: str | None = None) -> ParamBuilder:
    """Return Meta's builder after a request of ours; it is told the domain, which it does not find out by itself."""
    builder = ParamBuilder(["example.com"])
    builder.process_request("go.example.com", {} if fbclid is None else {"fbclid": [fbclid]}, cookies or {}, referer)
    return builder


def _segments(value: str | None) -> list[str] | None:
    """Return an identifier without the appendix, in which the builder says which version of it wrote the value."""
    return None if value is None else value.split(".")[:4]


@given(fbclids)
def test_meta_writes_the_fbc_of_a_first_visit_with_the_same_segments(fbclid: str) -> None:
    theirs, ours = _segments(_oracle(fbclid).get_fbc()), _segments(fbc_for(fbclid, None, NOW))
    assert theirs is not None
    assert ours is not None
    assert [theirs[0], theirs[1], theirs[3]] == [ours[0], ours[1], ours[3]] == ["fb", "1", fbclid]
    assert len(theirs[2]) == len(ours[2])  # both in ms


@given(fbclids, fbclids, st.booleans(), st.sampled_from(APPENDICES))
def test_meta_keeps_and_replaces_an_fbc_when_we_do(before: str, now: str, absent: bool, appendix: str) -> None:  # noqa: FBT001 - drawn
    cookie = f"fb.1.{NOW - DAY_MS}.{before}{appendix}"
    for fbclid in (None if absent else now, before):
        theirs, ours = _oracle(fbclid, {FBC_COOKIE: cookie}).get_fbc(), fbc_for(fbclid, cookie, NOW)
        assert ours is not None
        assert theirs is not None
        assert ours.split(".")[3] == theirs.split(".")[3]
        assert (ours == cookie) == (_segments(theirs) == _segments(cookie))


@given(st.text("abcAB01._- ", max_size=30))
def test_what_meta_would_not_keep_is_not_kept_here(cookie: str) -> None:
    if _oracle(None, {FBC_COOKIE: cookie}).get_fbc() is None:
        assert fbc_for(None, cookie, NOW) is None


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("appendix", APPENDICES)
def test_an_identifier_of_another_writer_stays_as_it_stands(index: int, appendix: str) -> None:
    fbc, fbp = f"fb.{index}.{NOW}.IwAR{appendix}", f"fb.{index}.{NOW}.1234567890{appendix}"
    builder = _oracle("IwAR", {FBC_COOKIE: fbc, FBP_COOKIE: fbp})
    assert _segments(builder.get_fbc()) == _segments(fbc_for("IwAR", fbc, NOW + DAY_MS)) == _segments(fbc)
    assert _segments(builder.get_fbp()) == _segments(valid_fbp(fbp)) == _segments(fbp)


def test_metas_fbp_is_one_of_ours_and_ours_one_of_metas() -> None:
    theirs = _oracle(None).get_fbp()
    assert theirs is not None
    assert valid_fbp(theirs) == theirs
    ours = new_fbp(2**31 - 1, NOW)
    assert _segments(_oracle(None, {FBP_COOKIE: ours}).get_fbp()) == ours.split(".")


def test_the_cookies_are_those_that_meta_would_set() -> None:
    theirs = {one.name: one for one in _oracle("IwAR").get_cookies_to_set() or ()}
    ours = {cookie.name for cookie in _pass("fbclid=IwAR").cookies if cookie.name != VISITOR_COOKIE}
    assert ours == set(theirs)
    assert {one.max_age for one in theirs.values()} == {COOKIE_MAX_AGE_SECONDS}


@pytest.mark.parametrize(
    ("query", "referer"),
    [
        ("fbclid=IwAR-url", "https://go.example.com/presell?fbclid=IwAR-page"),
        ("utm_source=facebook", "https://go.example.com/presell?x=1&fbclid=IwAR-page#top"),
        ("", "https://go.example.com/presell"),
    ],
)
def test_the_fbclid_is_the_urls_else_that_of_the_page_before(query: str, referer: str) -> None:
    passage = _pass(query, referer)
    assert passage.click
    theirs = _oracle(query.removeprefix("fbclid=") if query.startswith("fbclid") else None, None, referer).get_fbc()
    assert passage.click.fbclid == (None if theirs is None else theirs.split(".")[3])


def test_a_page_before_that_has_no_proper_address_stops_nobody() -> None:
    passage = _pass("", "https://[broken?fbclid=IwAR")  # Meta's builder fails here, and the request with it
    assert passage.click
    assert passage.click.fbclid == "IwAR"


def test_what_meta_gets_wrong_is_not_copied() -> None:
    builder = ParamBuilder()
    builder.process_request("loja.com.br", {"fbclid": ["IwAR"]}, {})
    assert {one.domain for one in builder.get_cookies_to_set() or ()} == {"com.br"}  # which no browser takes
    assert "domain" not in Cookie(FBC_COOKIE, "fb.1.1.x").header().lower()
    assert _segments(_oracle("").get_fbc()) is not None  # an fbc without an fbclid
    assert fbc_for(usable_fbclid(""), None, NOW) is None


def _pass(query: str, referer: str = "") -> Passage:
    return World().visit(query, headers={"referer": referer} if referer else {})
