"""The BR Code: PIX's copy-and-paste text, an EMV merchant-presented QR.

Fields are ``id`` (2 digits), ``length`` (2 digits), value; the last, 63, is the CRC-16/CCITT-FALSE of everything before its value
(Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix"; EMVCo, "QR Code Specification for Payment Systems, Merchant-
Presented Mode"). Providers give us their codes; ``build`` is for those of the BACEN standard that give only the location.
"""

from __future__ import annotations

import binascii
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rastro.errors import InvalidInput

PIX_DOMAIN = "br.gov.bcb.pix"
CODE_MAX_LENGTH = 512
MERCHANT_NAME_MAX_LENGTH = 25
MERCHANT_CITY_MAX_LENGTH = 15
KEY_MAX_LENGTH = 77
LOCATION_MAX_LENGTH = 77
REMARK_MAX_LENGTH = 72
AMOUNT_MAX_CENTS = 999_999_999_999
NO_TXID = "***"
QR_SCALE = 8

_CRC_FIELD = "6304"
_CRC_LENGTH = 4
_HEADER_LENGTH = 4
_FIELD_MAX_LENGTH = 99
_MERCHANT_ACCOUNTS = [f"{number:02d}" for number in range(26, 52)]
_HEADER = re.compile(r"([0-9]{2})([0-9]{2})")
_TXID = re.compile(r"[A-Za-z0-9]{1,25}")
_KEY = re.compile(rf"[!-~]{{1,{KEY_MAX_LENGTH}}}")
_LOCATION = re.compile(rf"[!-~]{{1,{LOCATION_MAX_LENGTH}}}")
_NOT_PRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixKey:
    """What a static code pays to: the receiver's key, with a remark that the payer reads."""

    key: str
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadLocation:
    """What a dynamic code pays to: a charge at the receiver's provider, by its address (the scheme is left out of the code)."""

    address: str


def build(
    target: PixKey | PayloadLocation,
    *,
    merchant_name: str,
    merchant_city: str,
    amount_cents: int | None = None,
    txid: str | None = None,
) -> str:
    """Return the code of a key (static) or of a charge (dynamic, for one payment).

    Texts for people lose their accents and are cut to what their field holds; what identifies the money is never changed:
    raises ``InvalidInput`` for a key, address, txid or amount that does not fit. Without an amount the payer chooses it (static)
    or the charge has it (dynamic).
    """
    dynamic = isinstance(target, PayloadLocation)
    fields = {"00": "01"} | ({"01": "12"} if dynamic else {})
    fields |= {"26": _account(target), "52": "0000", "53": "986"}
    if amount_cents is not None:
        fields["54"] = _amount(amount_cents)
    fields |= {
        "58": "BR",
        "59": _label(merchant_name, MERCHANT_NAME_MAX_LENGTH, "merchant's name"),
        "60": _label(merchant_city, MERCHANT_CITY_MAX_LENGTH, "merchant's city"),
        "62": _joined({"05": _reference(txid)}),
    }
    code = _joined(fields) + _CRC_FIELD
    return code + crc(code)


def crc(text: str) -> str:
    """Return the check value of a text that ends in ``6304``, four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def parse(code: str) -> Mapping[str, str]:
    """Return the outer fields of a BR code by their ids.

    Raises ``InvalidInput`` for a wrong check value, a broken or repeated field, or a code that is not PIX.
    """
    body, check = code[:-_CRC_LENGTH], code[-_CRC_LENGTH:]
    if len(code) > CODE_MAX_LENGTH or not body.endswith(_CRC_FIELD):
        raise InvalidInput("the BR code does not end in its check field")
    if not _is_unicode(code) or crc(body) != check.upper():
        raise InvalidInput("the check value of the BR code is wrong")
    fields = _fields(code)
    accounts = [_fields(fields[name]) for name in _MERCHANT_ACCOUNTS if name in fields]
    if not any(account.get("00", "").lower() == PIX_DOMAIN for account in accounts):
        raise InvalidInput("the code is not one of PIX")
    return fields


def qr_png(code: str) -> bytes:
    """Return the QR picture of a BR code as PNG; raises ``InvalidInput`` for a text that no QR code holds."""
    import segno  # noqa: PLC0415 - 35 ms of import that only a charge needs

    if not code or len(code) > CODE_MAX_LENGTH or not _is_unicode(code):
        raise InvalidInput("there is no QR code of this text")
    picture = io.BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="png", scale=QR_SCALE, border=4)
    return picture.getvalue()


def _account(target: PixKey | PayloadLocation) -> str:
    fields = {"00": PIX_DOMAIN}
    if isinstance(target, PayloadLocation):
        address = target.address.removeprefix("https://")
        if not _LOCATION.fullmatch(address):
            raise InvalidInput("the location of the charge does not fit into a BR code")
        return _joined(fields | {"25": address})
    if not _KEY.fullmatch(target.key):
        raise InvalidInput("the PIX key does not fit into a BR code")
    fields["01"] = target.key
    room = min(REMARK_MAX_LENGTH, _FIELD_MAX_LENGTH - len(_joined(fields)) - _HEADER_LENGTH)
    remark = _plain(target.remark)[: max(room, 0)].strip()
    return _joined(fields | ({"02": remark} if remark else {}))


def _amount(amount_cents: int) -> str:
    if not 0 < amount_cents <= AMOUNT_MAX_CENTS:
        raise InvalidInput("the amount does not fit into a BR code")
    return f"{amount_cents // 100}.{amount_cents % 100:02d}"


def _reference(txid: str | None) -> str:
    if txid is None:
        return NO_TXID
    if not _TXID.fullmatch(txid):
        raise InvalidInput("a BR code takes a txid of 1 to 25 letters and digits")
    return txid


def _label(text: str, max_length: int, name: str) -> str:
    label = _plain(text)[:max_length].strip()
    if not label:
        raise InvalidInput(f"nothing of the {name} can be written into a BR code")
    return label


def _plain(text: str) -> str:
    """Return a text in printable ASCII, the characters that every bank's reader takes: letters without their accents."""
    without_accents = _NOT_PRINTABLE.sub("", unicodedata.normalize("NFKD", " ".join(text.split())))
    return " ".join(without_accents.split())


def _joined(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}{len(value):02d}{value}" for name, value in fields.items())


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for position, name, value in _read(text):
        if name in fields:
            raise InvalidInput(f"the field at {position} of the BR code is there twice")
        fields[name] = value
    return fields


def _read(text: str) -> Iterable[tuple[int, str, str]]:
    position = 0
    while position < len(text):
        header = _HEADER.match(text, position)
        start = position + _HEADER_LENGTH
        end = start + int(header[2]) if header else 0
        if header is None or end > len(text):
            raise InvalidInput(f"the field at {position} of the BR code is broken")
        yield position, header[1], text[start:end]
        position = end


def _is_unicode(text: str) -> bool:
    """Say whether a text has bytes at all: half a surrogate pair, which JSON can carry, has none."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
