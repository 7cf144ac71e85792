"""BR codes as a PIX provider issues them: EMV fields and a CRC-16/CCITT-FALSE.

Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix": id (2 digits), length (2 digits), value.
"""

from __future__ import annotations

MERCHANT_NAME = "RASTRO LAB"
MERCHANT_CITY = "SAO PAULO"

_POLYNOMIAL = 0x1021
_INITIAL = 0xFFFF
_TOP_BIT = 0x8000
_WORD = 0xFFFF
_FIELD_MAX_LENGTH = 99
_TXID_MAX_LENGTH = 25


def crc16(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE of a text as four upper-case hexadecimal digits; ``123456789`` gives ``29B1``."""
    value = _INITIAL
    for byte in text.encode():
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ _POLYNOMIAL if value & _TOP_BIT else value << 1) & _WORD
    return f"{value:04X}"


def dynamic_code(*, amount_cents: int, location: str, txid: str) -> str:
    """Return a single-use code that charges an amount; ``location`` is the payload's address without its scheme."""
    account = _field("00", "br.gov.bcb.pix") + _field("25", location)
    code = (
        _field("00", "01")
        + _field("01", "12")
        + _field("26", account)
        + _field("52", "0000")
        + _field("53", "986")
        + _field("54", f"{amount_cents // 100}.{amount_cents % 100:02d}")
        + _field("58", "BR")
        + _field("59", MERCHANT_NAME)
        + _field("60", MERCHANT_CITY)
        + _field("62", _field("05", txid[:_TXID_MAX_LENGTH]))
        + "6304"
    )
    return code + crc16(code)


def _field(name: str, value: str) -> str:
    if len(value) > _FIELD_MAX_LENGTH:
        raise ValueError(f"field {name} has {len(value)} characters, more than {_FIELD_MAX_LENGTH}")
    return f"{name}{len(value):02d}{value}"
