"""Values as providers write them, read without trust: each reader returns ``None`` for what is not what it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from rastro.errors import InvalidInput

BRASILIA = timezone(timedelta(hours=-3))
"""Brazil's time since 2019, for times that a provider writes without a zone."""
AMOUNT_MAX_CENTS = 10**12
TEXT_MAX_LENGTH = 256

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""JSON can hold one alone; no encoding takes it, and no real text has it."""
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_MAX_EXPONENT = 15


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return a body's JSON object with its numbers exact (a fraction is a ``Decimal``), ``{}`` for an empty body.

    Raises ``InvalidInput`` for anything else.
    """
    if not body.strip():
        return {}
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise InvalidInput("the notice is not JSON") from exc
    if not isinstance(document, dict):
        raise InvalidInput("the notice is not a JSON object")
    return document


def object_of(document: object, name: str) -> Mapping[str, Any]:
    """Return an object inside an object, empty where there is none."""
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    """Return a short text, or a whole number as one (ids come as either)."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or _HALF_CHARACTER.search(value):
        return None
    return value if 0 < len(value) <= TEXT_MAX_LENGTH else None


def cents(value: object) -> int | None:
    """Return an amount that is written in cents, as a number or as digits."""
    return _whole_cents(_decimal(value))


def cents_of_reais(value: object) -> int | None:
    """Return an amount that is written in reais, as a number or as text; a fraction of a cent is no amount."""
    amount = _decimal(value)
    return None if amount is None else _whole_cents(amount * 100)


def reais(amount_cents: int) -> Decimal:
    """Return an amount in reais, exact."""
    return Decimal(amount_cents) / 100


def epoch_ms(value: object, zone: timezone = BRASILIA) -> int | None:
    """Return a time in ISO 8601; ``zone`` is that of a time that names none."""
    if not isinstance(value, str) or len(value) > TEXT_MAX_LENGTH:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (OverflowError, ValueError):
        return None


def _decimal(value: object) -> Decimal | None:
    """Return a number that is short enough to calculate with: ``1e999999`` is a whole number too."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    number = Decimal(value)
    return number if number.is_finite() and number.adjusted() <= _MAX_EXPONENT else None


def _whole_cents(amount: Decimal | None) -> int | None:
    if amount is None or amount != amount.to_integral_value():
        return None
    return int(amount) if 0 < amount <= AMOUNT_MAX_CENTS else None
