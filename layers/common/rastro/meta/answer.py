"""What an answer of the Graph API means for the events that were sent.

Decided by ``error.code`` and ``error.error_subcode``, never by the HTTP status alone (throttling comes as a 400) and never by a
text, which is in the language of the token's owner. https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION_WARNING_HEADER = "x-ad-api-version-warning"
_BUSINESS_USAGE_HEADER = "x-business-use-case-usage"
_USAGE_HEADERS = ("x-app-usage", "x-ad-account-usage", _BUSINESS_USAGE_HEADER)
_USAGE_SHARES = ("call_count", "total_cputime", "total_time", "acc_id_util_pct")
USAGE_LIMIT_PERCENT = 95
"""From here on a pixel pauses, before Meta refuses its calls at 100."""

THROTTLED_SECONDS = 300
"""The wait after a throttled call that names none; Meta counts in windows of minutes up to an hour."""
BLOCKED_SECONDS = 1_800
_LONGEST_WAIT_SECONDS = 6 * 3_600

_UNKNOWN = frozenset({1, 2})
_THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
_BLOCKED_BY_POLICY = 368
_INVALID_PARAMETER = 100
_OBJECT_MISSING_SUBCODE = 33
_UNKNOWN_OBJECT = 803
_NO_ACCESS = frozenset({3, 10, 102, 104, 190, 294, *range(200, 300)})
_RETRYABLE_STATUS = frozenset({408, 425, 429})
_TOO_LARGE_STATUS = 413


class TransportFailure(StrEnum):
    """Why there is no answer."""

    NOT_SENT = "not_sent"
    """No connection: the events did not leave."""
    NO_ANSWER = "no_answer"
    """Cut off or timed out after the events left: Meta may have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphAnswer:
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Action(StrEnum):
    """What to do with the events that were sent together."""

    ACCEPT = "accept"
    RETRY = "retry"
    RETRY_SLOWLY = "retry_slowly"
    PARK = "park"
    """The pixel is at fault, not the events: they wait until an operator has mended it."""
    REJECT = "reject"
    SPLIT = "split"
    """One of several is at fault: send the halves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means."""

    action: Action
    doubtful: bool = False
    """Whether Meta may have taken the events although the answer does not say so."""
    wait_seconds: int = 0
    """How long to leave the pixel alone: asked for by Meta, or wise since its limit is near."""
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None


def judge(outcome: GraphAnswer | TransportFailure, sent: int) -> Verdict:
    """Return what the outcome of sending ``sent`` events in one request means for them."""
    if isinstance(outcome, TransportFailure):
        return Verdict(action=Action.RETRY, doubtful=outcome is TransportFailure.NO_ANSWER)
    document = _document(outcome.body)
    error = document.get("error")
    if isinstance(error, dict):
        return _judge_error(outcome, error, sent)
    if 200 <= outcome.status < 300 and _number(document.get("events_received")) == sent:  # noqa: PLR2004 - HTTP's own ranges
        return Verdict(action=Action.ACCEPT, wait_seconds=_pause(outcome.headers), fbtrace_id=_text(document.get("fbtrace_id")))
    if outcome.status == _TOO_LARGE_STATUS and sent > 1:
        return Verdict(action=Action.SPLIT)
    # Not Graph's own words: a proxy's page, nothing at all, or a count that does not add up. Whether the events arrived is
    # anybody's guess unless the status says that they were not looked at.
    return Verdict(action=Action.RETRY, doubtful=not 400 <= outcome.status < 500)  # noqa: PLR2004


def _judge_error(answer: GraphAnswer, error: Mapping[str, Any], sent: int) -> Verdict:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    wait_seconds = 0
    if code in _THROTTLED:
        action, wait_seconds = Action.RETRY_SLOWLY, _asked_seconds(answer.headers) or THROTTLED_SECONDS
    elif code == _BLOCKED_BY_POLICY:
        action, wait_seconds = Action.RETRY_SLOWLY, BLOCKED_SECONDS
    elif error.get("is_transient") is True or code in _UNKNOWN or code is None or answer.status in _RETRYABLE_STATUS:
        action = Action.RETRY
    elif code in _NO_ACCESS or (code == _INVALID_PARAMETER and subcode == _OBJECT_MISSING_SUBCODE):
        action = Action.PARK
    elif answer.status >= 500 and code != _INVALID_PARAMETER:  # noqa: PLR2004
        action = Action.RETRY
    else:
        action = Action.REJECT if sent == 1 or code == _UNKNOWN_OBJECT else Action.SPLIT
    trace = _text(error.get("fbtrace_id"))
    return Verdict(action=action, wait_seconds=wait_seconds, code=code, subcode=subcode, fbtrace_id=trace)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _pause(headers: Mapping[str, str]) -> int:
    """Return how long a pixel that is near a limit should rest, 0 when it is not."""
    if not any(share >= USAGE_LIMIT_PERCENT for usage in _usages(headers) for share in _shares(usage)):
        return 0
    return _asked_seconds(headers) or THROTTLED_SECONDS


def _asked_seconds(headers: Mapping[str, str]) -> int:
    """Return the longest ``estimated_time_to_regain_access`` (minutes) in seconds, 0 when none is named."""
    asked = [_finite(usage.get("estimated_time_to_regain_access")) for usage in _usages(headers)]
    return min(math.ceil(max(asked, default=0.0) * 60), _LONGEST_WAIT_SECONDS)


def _usages(headers: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return what the usage headers say: plain objects, or lists of them by business id."""
    found: list[Mapping[str, Any]] = []
    for name in _USAGE_HEADERS:
        document = _document(headers.get(name, "").encode())
        entries = [entry for listed in document.values() if isinstance(listed, list) for entry in listed]
        found += [entry for entry in [document, *entries] if isinstance(entry, dict)]
    return found


def _shares(usage: Mapping[str, Any]) -> list[float]:
    return [_finite(usage.get(name)) for name in _USAGE_SHARES]


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0.0
    return float(min(value, _LONGEST_WAIT_SECONDS))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
