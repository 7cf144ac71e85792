"""The BR Code: PIX's copy-and-paste text, an EMV merchant-presented QR.

Fields are ``id`` (2 digits), ``length`` (2 digits), value; the last, 63, is the CRC-16/CCITT-FALSE of everything before its value
(Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix").
"""

from __future__ import annotations

import binascii
import io
from collections.abc import Mapping

from rastro.errors import InvalidInput

PIX_DOMAIN = "br.gov.bcb.pix"
QR_SCALE = 8

_CRC_FIELD = "6304"
_CRC_LENGTH = 4
_HEADER_LENGTH = 4
_MERCHANT_ACCOUNTS = [f"{number:02d}" for number in range(26, 52)]


def crc(text: str) -> str:
    """Return the check value of a text that ends in ``6304``, four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def parse(code: str) -> Mapping[str, str]:
    """Return the outer fields of a BR code by their ids.

    Raises ``InvalidInput`` for a wrong check value, a broken field, or a code that is not PIX.
    """
    body, check = code[:-_CRC_LENGTH], code[-_CRC_LENGTH:]
    if not body.endswith(_CRC_FIELD):
        raise InvalidInput("the BR code does not end in its check field")
    if crc(body) != check.upper():
        raise InvalidInput("the check value of the BR code is wrong")
    fields = _fields(code)
    accounts = [_fields(fields[name]) for name in _MERCHANT_ACCOUNTS if name in fields]
    if not any(account.get("00", "").lower() == PIX_DOMAIN for account in accounts):
        raise InvalidInput("the code is not one of PIX")
    return fields


def qr_png(code: str) -> bytes:
    """Return the QR picture of a BR code as PNG."""
    import segno  # noqa: PLC0415 - 35 ms of import that only a charge needs

    picture = io.BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="png", scale=QR_SCALE, border=4)
    return picture.getvalue()


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    position = 0
    while position < len(text):
        name, length = text[position : position + 2], text[position + 2 : position + _HEADER_LENGTH]
        start = position + _HEADER_LENGTH
        if not (name.isdecimal() and length.isdecimal() and len(length) == 2) or start + int(length) > len(text):  # noqa: PLR2004 - two digits
            raise InvalidInput(f"the field at {position} of the BR code is broken")
        fields[name] = text[start : start + int(length)]
        position = start + int(length)
    return fields
