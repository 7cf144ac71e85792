"""The sales of an earlier system, one line each: read, checked, and refused with a clear word where a line is not right.

The format is described in docs/reference/legacy-import.md. What an old system writes for "nothing" (an empty field, ``NONE``,
``null``) is absence; everything else is kept as it stands.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from rastro.model import BotId, Campaign, ChatId, PaymentId, PaymentStatus, Slug, TrackingToken
from rastro.sales.legacy_flaws import BadLine, Flaw
from rastro.tracking.fbclid import usable_fbclid

LINE_MAX_LENGTH = 65_536
LINES_MAX = 1_000_000
VALUE_MAX_LENGTH = 1_024
AMOUNT_MAX_CENTS = 100_000_000_00
EARLIEST_MS = 1_262_304_000_000
"""2010-01-01: an earlier time is a mistake of units."""
_MILLISECONDS_FROM = 10_000_000_000
"""An epoch number from here on is in milliseconds: in seconds it would lie beyond the year 2286."""

_NOTHING = frozenset({"", "none", "null", "nil", "nan", "undefined"})
_ALIASES = {
    "amount": "amount",
    "value": "amount",
    "funnel": "slug",
    "customer_user_id": "chat_id",
    "telegram_user_id": "chat_id",
    "product_sku": "sku",
    "bot_user_fbclid": "fbclid",
    "bot_user.fbclid": "fbclid",
    "bot_user_tracking_session_id": "tracking_session_id",
    "bot_user.tracking_session_id": "tracking_session_id",
    "gateway": "provider",
    "meta_purchase_sent": "purchase_sent",
}
_STATUSES = {
    "paid": PaymentStatus.PAID,
    "approved": PaymentStatus.PAID,
    "pago": PaymentStatus.PAID,
    "refunded": PaymentStatus.REFUNDED,
    "estornado": PaymentStatus.REFUNDED,
    # An open charge of the earlier system is none of ours: as ``pending`` it would be reported to Meta as a new one.
    "pending": PaymentStatus.EXPIRED,
    "pendente": PaymentStatus.EXPIRED,
    "created": PaymentStatus.EXPIRED,
    "expired": PaymentStatus.EXPIRED,
    "cancelled": PaymentStatus.EXPIRED,
    "canceled": PaymentStatus.EXPIRED,
    "failed": PaymentStatus.FAILED,
}
_WAS_PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDED)
_YES_NO = {"true": True, "1": True, "yes": True, "sim": True, "false": False, "0": False, "no": False, "não": False, "nao": False}
_CAMPAIGN_FIELDS = tuple(field.name for field in fields(Campaign))
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_EPOCH = re.compile(r"[0-9]{9,13}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,6})?")
"""49.90, and 49,90 as a Brazilian system writes it; a thousands separator is left to the seller to take out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySale:
    """One line: a payment of the earlier system with what it knew of the person."""

    payment_id: PaymentId
    bot_id: BotId
    chat_id: ChatId
    status: PaymentStatus
    amount_cents: int
    created_at_ms: int
    paid_at_ms: int | None
    slug: Slug | None
    """``None`` leaves it to the one funnel of the bot."""
    sku: str | None
    product_name: str | None
    provider: str | None
    campaign: Campaign
    fbclid: str | None
    tracking_session_id: TrackingToken | None
    tracking_token: TrackingToken | None
    pageview_event_id: str | None
    purchase_sent: bool | None
    """Whether the earlier system reported the Purchase; ``None`` where it does not say."""
    first_name: str | None
    username: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the file by its number, as it was read: a record, or what is wrong with it."""

    number: int
    record: Mapping[str, Any] | None = None
    error: BadLine | None = None


def csv_lines(text: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a CSV file with a header; separated by comma or semicolon, whichever the header has more of.

    Raises ``BadLine`` for a file without a usable header or with too many lines.
    """
    lines = iter(text)
    header = next(lines, "").lstrip("\ufeff")
    separator = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=separator), [])]
    if "payment_id" not in names:
        raise BadLine(Flaw.NO_HEADER)
    if len(set(names)) != len(names):
        raise BadLine(Flaw.COLUMN_TWICE)
    reader = csv.reader(_limited(lines), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 2
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Line(number=number, error=BadLine(Flaw.NO_CSV))
            continue
        if len(values) == len(names):
            yield Line(number=number, record=dict(zip(names, values, strict=True)))
        elif values:
            yield Line(number=number, error=BadLine(Flaw.COLUMNS_DIFFER, values=len(values), columns=len(names)))


def jsonl_lines(text: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a file with a JSON object in each; raises ``BadLine`` for too many lines."""
    for number, raw in enumerate(_limited(text), start=1):
        line = raw.strip().lstrip("\ufeff")
        if not line:
            continue
        if len(line) > LINE_MAX_LENGTH:
            yield Line(number=number, error=BadLine(Flaw.LINE_TOO_LONG, limit=LINE_MAX_LENGTH))
            continue
        try:
            record = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError):
            yield Line(number=number, error=BadLine(Flaw.NO_JSON))
            continue
        if isinstance(record, dict):
            yield Line(number=number, record={str(name).strip().lower(): value for name, value in record.items()})
        else:
            yield Line(number=number, error=BadLine(Flaw.NO_OBJECT))


def sale_of(record: Mapping[str, Any], *, timezone: tzinfo = UTC, now_ms: int) -> LegacySale:
    """Return the sale of a record; a time without a zone is of ``timezone``.

    Raises ``BadLine`` naming the field that is not right.
    """
    values = _Values(record, timezone, now_ms)
    status = values.status()
    created_at_ms, paid_at_ms = values.time_ms("created_at"), values.time_ms("paid_at")
    if created_at_ms is None:
        raise BadLine(Flaw.MISSING, field="created_at")
    if status in _WAS_PAID and paid_at_ms is None:
        raise BadLine(Flaw.PAID_AT_MISSING, status=status)
    if paid_at_ms is not None and paid_at_ms < created_at_ms:
        raise BadLine(Flaw.PAID_BEFORE_CREATED)
    fbclid = values.text("fbclid", max_length=None)
    if fbclid is not None and usable_fbclid(fbclid) is None:
        raise BadLine(Flaw.BAD_FBCLID)
    token, session_id = values.text("tracking_token"), values.text("tracking_session_id")
    return LegacySale(
        payment_id=PaymentId(values.matching("payment_id", _ID, Flaw.NO_ID)),
        bot_id=BotId(values.matching("bot_id", _NUMBER, Flaw.NO_NUMERIC_ID)),
        chat_id=ChatId(values.matching("chat_id", _NUMBER, Flaw.NO_NUMERIC_ID)),
        status=status,
        amount_cents=values.amount_cents(),
        created_at_ms=created_at_ms,
        paid_at_ms=paid_at_ms if status in _WAS_PAID else None,
        slug=values.slug(),
        sku=values.text("sku"),
        product_name=values.text("product_name"),
        provider=values.text("provider"),
        campaign=Campaign(**{name: values.text(name) for name in _CAMPAIGN_FIELDS}),
        fbclid=fbclid,
        tracking_session_id=None if session_id is None else TrackingToken(session_id),
        tracking_token=None if token is None else TrackingToken(token),
        pageview_event_id=values.text("pageview_event_id"),
        purchase_sent=values.yes_no("purchase_sent"),
        first_name=values.text("first_name"),
        username=values.text("username"),
    )


def _limited(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number >= LINES_MAX:
            raise BadLine(Flaw.TOO_MANY_LINES, limit=LINES_MAX)
        yield line


class _Values:
    """The values of one record, each checked as it is asked for."""

    def __init__(self, record: Mapping[str, Any], timezone: tzinfo, now_ms: int) -> None:
        self._values: dict[str, str] = {}
        for name, value in record.items():
            own = _ALIASES.get(name, name)
            if own in self._values:
                raise BadLine(Flaw.TWICE, field=own, alias=name)
            if isinstance(value, dict | list):
                raise BadLine(Flaw.NO_VALUE, field=name)
            text = str(value).strip()
            if value is not None and text.lower() not in _NOTHING:
                self._values[own] = text
        self._timezone = timezone
        self._now_ms = now_ms

    def text(self, name: str, *, max_length: int | None = VALUE_MAX_LENGTH) -> str | None:
        value = self._values.get(name)
        if value is not None and max_length is not None and len(value) > max_length:
            raise BadLine(Flaw.TOO_LONG, field=name, limit=max_length)
        return value

    def matching(self, name: str, pattern: re.Pattern[str], otherwise: Flaw) -> str:
        value = self._values.get(name)
        if value is None:
            raise BadLine(Flaw.MISSING, field=name)
        if not pattern.fullmatch(value):
            raise BadLine(otherwise, field=name)
        return value

    def slug(self) -> Slug | None:
        return Slug(self.matching("slug", _ID, Flaw.NO_ID)) if "slug" in self._values else None

    def status(self) -> PaymentStatus:
        value = self._values.get("status")
        if value is None:
            raise BadLine(Flaw.MISSING, field="status")
        status = _STATUSES.get(value.lower())
        if status is None:
            raise BadLine(Flaw.UNKNOWN_STATUS, known=", ".join(sorted(_STATUSES)))
        return status

    def yes_no(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is None:
            return None
        answer = _YES_NO.get(value.lower())
        if answer is None:
            raise BadLine(Flaw.NO_YES_NO, field=name)
        return answer

    def amount_cents(self) -> int:
        if ("amount_cents" in self._values) == ("amount" in self._values):
            raise BadLine(Flaw.AMOUNT_TWICE_OR_MISSING)
        cents = self._decimal("amount_cents") if "amount_cents" in self._values else self._decimal("amount").scaleb(2)
        if cents != cents.to_integral_value() or not 0 < cents <= AMOUNT_MAX_CENTS:
            raise BadLine(Flaw.NO_WHOLE_CENTS)
        return int(cents)

    def _decimal(self, name: str) -> Decimal:
        text = self._values[name]
        if not _AMOUNT.fullmatch(text):
            raise BadLine(Flaw.NO_NUMBER, field=name)
        return Decimal(text.replace(",", "."))

    def time_ms(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        at_ms = self._epoch_ms(value) if _EPOCH.fullmatch(value) else self._iso_ms(name, value)
        if not EARLIEST_MS <= at_ms <= self._now_ms:
            raise BadLine(Flaw.TIME_OUT_OF_RANGE, field=name)
        return at_ms

    @staticmethod
    def _epoch_ms(value: str) -> int:
        number = int(value)
        return number if number >= _MILLISECONDS_FROM else number * 1000

    def _iso_ms(self, name: str, value: str) -> int:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as exc:
            raise BadLine(Flaw.NO_TIME, field=name) from exc
        whole = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._timezone)
        return round(whole.timestamp() * 1000)
