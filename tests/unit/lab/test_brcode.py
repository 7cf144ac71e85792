import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.brcode import crc16, dynamic_code

CODES = Path(__file__).parents[2] / "data" / "brcode"
VALID = [entry["code"] for entry in json.loads((CODES / "valid_codes.json").read_text(encoding="utf-8"))]


def fields_of(code: str) -> dict[str, str]:
    fields, position = {}, 0
    while position < len(code):
        length = int(code[position + 2 : position + 4])
        fields[code[position : position + 2]] = code[position + 4 : position + 4 + length]
        position += 4 + length
    return fields


def test_crc_gives_the_check_value_of_its_standard() -> None:
    assert crc16("123456789") == "29B1"


@pytest.mark.parametrize("code", VALID)
def test_crc_agrees_with_real_codes(code: str) -> None:
    assert crc16(code[:-4]) == code[-4:]


@given(amount_cents=st.integers(min_value=1, max_value=10**9))
def test_a_code_carries_its_amount_and_a_right_check_value(amount_cents: int) -> None:
    code = dynamic_code(amount_cents=amount_cents, location="pix.rastro.invalid/qr/v2/" + "a" * 32, txid="f" * 32)
    fields = fields_of(code)
    assert fields["63"] == crc16(code[:-4])
    assert int(fields["54"].replace(".", "")) == amount_cents
    assert fields_of(fields["26"]) == {"00": "br.gov.bcb.pix", "25": "pix.rastro.invalid/qr/v2/" + "a" * 32}
    assert fields_of(fields["62"]) == {"05": "f" * 25}
    assert len(code) <= 256, "a copy button of Telegram holds 256 characters"


def test_a_field_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="field 25 has 100 characters"):
        dynamic_code(amount_cents=1, location="a" * 100, txid="1")
