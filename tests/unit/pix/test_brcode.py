"""Every published BR code that is right passes, every wrong one is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput
from rastro.pix.brcode import crc, parse, qr_png

DATA = Path(__file__).parents[2] / "data" / "brcode"
VALID = [entry["code"] for entry in json.loads((DATA / "valid_codes.json").read_text())]
INVALID = [entry["code"] for entry in json.loads((DATA / "invalid_codes.json").read_text())]


def test_the_check_value_is_crc_16_ccitt_false() -> None:
    assert crc("123456789") == "29B1"


@pytest.mark.parametrize("code", VALID)
def test_a_published_code_is_parsed(code: str) -> None:
    fields = parse(code)
    assert fields["00"] == "01"
    assert fields["58"] == "BR"


@pytest.mark.parametrize("code", INVALID)
def test_a_broken_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        parse(code)


@given(st.sampled_from(VALID), st.integers(0, 400), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_changed_character_is_noticed(code: str, place: int, character: str) -> None:
    place %= len(code) - 4
    changed = code[:place] + character + code[place + 1 :]
    if changed != code:
        with pytest.raises(InvalidInput):
            parse(changed)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_the_picture_is_a_png() -> None:
    assert qr_png(VALID[0]).startswith(b"\x89PNG\r\n")
