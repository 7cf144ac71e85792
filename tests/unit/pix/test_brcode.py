"""Real codes are read and built again; what a bank would refuse is neither."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput
from rastro.pix.brcode import (
    AMOUNT_MAX_CENTS,
    CODE_MAX_LENGTH,
    PayloadLocation,
    PixKey,
    build,
    crc,
    parse,
    qr_png,
)

CODES = Path(__file__).parents[2] / "data" / "brcode"
VALID = [entry["code"] for entry in json.loads((CODES / "valid_codes.json").read_text(encoding="utf-8"))]
INVALID = [entry["code"] for entry in json.loads((CODES / "invalid_codes.json").read_text(encoding="utf-8"))]
KEY = "123e4567-e12b-12d1-a456-426655440000"
LOCATION = "pix.example.com/qr/v2/93598be0-1bd0-4997-8318-81776a1d8a99"

targets = st.builds(PixKey, key=st.from_regex(r"\A[!-~]{1,77}\Z"), remark=st.text(max_size=90)) | st.builds(
    PayloadLocation, address=st.from_regex(r"\A[a-z0-9.]{1,30}/[A-Za-z0-9/_-]{1,46}\Z")
)
names = st.text(max_size=40).map(lambda text: "Loja " + text)


def nested(value: str) -> dict[str, str]:
    """Return the fields inside a field, by a reader of the test's own."""
    fields, position = {}, 0
    while position < len(value):
        length = int(value[position + 2 : position + 4])
        fields[value[position : position + 2]] = value[position + 4 : position + 4 + length]
        position += 4 + length
    return fields


def test_the_check_value_is_the_one_of_its_standard() -> None:
    assert crc("123456789") == "29B1"


@pytest.mark.parametrize("code", VALID)
def test_a_real_code_is_read(code: str) -> None:
    fields = parse(code)
    assert (fields["00"], fields["58"], fields["63"]) == ("01", "BR", code[-4:])


@pytest.mark.parametrize(
    "code", [*INVALID, "", "6304", "0002016304", "000201" + "6304", "0" * 600 + "6304" + crc("0" * 600 + "6304")]
)
def test_a_broken_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        parse(code)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("000201" + "5802BR", "not one of PIX"),
        ("000201" + "26180014br.gov.bcb.pax" + "5802BR", "not one of PIX"),
        ("000201" + "26180014br.gov.bcb.pix" + "54041.00" + "54049.00", "twice"),
        ("000201" + "26180014br.gov.bcb.pix" + "5402", "broken"),
        ("000201" + "26180099br.gov.bcb.pix" + "5802BR", "broken"),
        ("\u0660\u06600201" + "26180014br.gov.bcb.pix", "broken"),
    ],
)
def test_a_code_with_a_right_check_value_still_has_to_be_one_of_pix(body: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse(body + "6304" + crc(body + "6304"))


@given(st.sampled_from(VALID), st.integers(0, 400), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_changed_character_is_noticed(code: str, place: int, character: str) -> None:
    place %= len(code) - 4
    changed = code[:place] + character + code[place + 1 :]
    if changed != code:
        with pytest.raises(InvalidInput):
            parse(changed)


@given(st.text(st.characters(), max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    for code in (text, text + "6304"):
        with pytest.raises(InvalidInput):
            parse(code)


def test_half_a_surrogate_pair_is_refused_not_an_error() -> None:
    for text in ("\ud800", "\udfff6304ABCD"):
        with pytest.raises(InvalidInput):
            parse(text)
        with pytest.raises(InvalidInput):
            qr_png(text)


def test_the_central_banks_own_sample_is_built_to_the_letter() -> None:
    assert build(PixKey(key=KEY), merchant_name="Fulano de Tal", merchant_city="BRASILIA") == VALID[0]


@pytest.mark.parametrize(
    "code",
    [
        code
        for code in VALID
        # A template for subscriptions, a post code, the domain in capitals, a cash-out provider (26-03), no target, or a scheme
        # in it: built by others only.
        if "80" not in parse(code)
        and "61" not in parse(code)
        and "br.gov.bcb.pix" in code
        and "https://" not in code
        and "03" not in nested(parse(code)["26"])
        and nested(parse(code)["62"])["05"].replace("***", "x").isalnum()
    ],
)
def test_a_real_code_is_built_again_from_its_fields(code: str) -> None:
    fields = parse(code)
    account = nested(fields["26"])
    whole, _, fraction = fields.get("54", "").partition(".")
    txid = nested(fields["62"])["05"]
    target = (
        PayloadLocation(address=account["25"]) if "25" in account else PixKey(key=account["01"], remark=account.get("02", ""))
    )
    built = build(
        target,
        merchant_name=fields["59"],
        merchant_city=fields["60"],
        amount_cents=int(whole + fraction) if whole else None,
        txid=None if txid == "***" else txid,
    )
    assert built == code


@given(
    target=targets,
    name=names,
    city=names,
    amount_cents=st.none() | st.integers(1, AMOUNT_MAX_CENTS),
    txid=st.none() | st.from_regex(r"\A[A-Za-z0-9]{1,25}\Z"),
)
def test_what_is_built_is_read_back(
    target: PixKey | PayloadLocation, name: str, city: str, amount_cents: int | None, txid: str | None
) -> None:
    code = build(target, merchant_name=name, merchant_city=city, amount_cents=amount_cents, txid=txid)
    fields = parse(code)
    account = nested(fields["26"])
    if isinstance(target, PayloadLocation):
        assert (fields["01"], account) == ("12", {"00": "br.gov.bcb.pix", "25": target.address})
    else:
        assert "01" not in fields
        assert (account["01"], len(fields["26"]) <= 99) == (target.key, True)
    assert fields.get("54") == (None if amount_cents is None else f"{amount_cents // 100}.{amount_cents % 100:02d}")
    assert nested(fields["62"]) == {"05": txid or "***"}
    assert (0 < len(fields["59"]) <= 25, 0 < len(fields["60"]) <= 15) == (True, True)
    assert code.isascii()
    assert code.isprintable()
    assert len(code) <= CODE_MAX_LENGTH


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Padaria São João", "Padaria Sao Joao"),
        ("Açaí & Cia.", "Acai & Cia."),
        ("  duas   linhas\n", "duas linhas"),
        ("Loja 🍞 da Ana", "Loja da Ana"),
        ("Um nome que não cabe em campo nenhum", "Um nome que nao cabe em c"),
        ("\uff2c\uff2f\uff2a\uff21", "LOJA"),
    ],
)
def test_names_lose_their_accents_and_what_does_not_fit(name: str, written: str) -> None:
    assert parse(build(PixKey(key=KEY), merchant_name=name, merchant_city="São Paulo"))["59"] == written


def test_a_remark_takes_the_room_that_its_key_leaves() -> None:
    code = build(PixKey(key="k" * 60, remark="Pedido nº 12, " + "a" * 99), merchant_name="Loja", merchant_city="Recife")
    assert nested(parse(code)["26"])["02"] == "Pedido no 12,"
    code = build(PixKey(key="k" * 77, remark="x"), merchant_name="Loja", merchant_city="Recife")
    assert "02" not in nested(parse(code)["26"])


def test_the_scheme_of_a_location_is_left_out() -> None:
    code = build(PayloadLocation(address=f"https://{LOCATION}"), merchant_name="Loja", merchant_city="Recife")
    assert nested(parse(code)["26"])["25"] == LOCATION


@pytest.mark.parametrize(
    ("target", "amount_cents", "txid", "name"),
    [
        (PixKey(key=""), 1, None, "Loja"),
        (PixKey(key="k" * 78), 1, None, "Loja"),
        (PixKey(key="a b"), 1, None, "Loja"),
        (PixKey(key="joão@example.com"), 1, None, "Loja"),
        (PayloadLocation(address=""), 1, None, "Loja"),
        (PayloadLocation(address="a" * 78), 1, None, "Loja"),
        (PixKey(key=KEY), 0, None, "Loja"),
        (PixKey(key=KEY), -1, None, "Loja"),
        (PixKey(key=KEY), AMOUNT_MAX_CENTS + 1, None, "Loja"),
        (PixKey(key=KEY), 1, "", "Loja"),
        (PixKey(key=KEY), 1, "a" * 26, "Loja"),
        (PixKey(key=KEY), 1, "with-dash", "Loja"),
        (PixKey(key=KEY), 1, "***", "Loja"),
        (PixKey(key=KEY), 1, None, ""),
        (PixKey(key=KEY), 1, None, "🍞"),
    ],
)
def test_what_identifies_the_money_is_refused_when_it_does_not_fit(
    target: PixKey | PayloadLocation, amount_cents: int, txid: str | None, name: str
) -> None:
    with pytest.raises(InvalidInput):
        build(target, merchant_name=name, merchant_city="Recife", amount_cents=amount_cents, txid=txid)


def test_the_picture_is_a_png() -> None:
    assert qr_png(VALID[0]).startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize("text", ["", "0" * 513])
def test_there_is_no_picture_of_what_is_no_code(text: str) -> None:
    with pytest.raises(InvalidInput):
        qr_png(text)
