"""What the ledger says of one event, as a document and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rastro.explanation import Language
from rastro.meta.bookkeeping import REPEAT_HORIZON_MS
from rastro.meta.meanings import Fate, fate_of, meaning_of_error, meaning_of_fate
from rastro.model import DAY_MS, LedgerRow, SendAttempt
from rastro_cli.documents import Document, at
from rastro_cli.texts import Texts

WAITING = frozenset({Fate.QUEUED, Fate.RETRIED, Fate.DOUBTFUL, Fate.LAPSED, Fate.PARKED, Fate.NO_TOKEN})
"""What may be queued again."""
_OPEN = WAITING | {Fate.HELD, Fate.SENDING}
_LAST_ANSWER_COUNTS = frozenset({Fate.PARKED, Fate.REJECTED})
"""Where the remedy is that of Meta's code."""
_TIMES = ("event_time", "first_sent_at", "accepted_at", "parked_at", "claimed_until", "requeued_at")
META_TAKES_MS = 7 * DAY_MS


def row_document(row: LedgerRow, now_ms: int, language: Language) -> dict[str, Any]:
    """Return what is known of an event, without its payload: that has the person's data."""
    event, fate = row.event, fate_of(row, now_ms)
    meaning = meaning_of_fate(fate, language)
    error = error_document(row.error_code, row.error_subcode, language)
    refused_after_ms = event.event_time_s * 1000 + META_TAKES_MS
    resent_until_ms = None if row.first_sent_at_ms is None else row.first_sent_at_ms + REPEAT_HORIZON_MS
    return {
        "pixel_id": event.pixel_id,
        "event_name": event.event_name.value,
        "event_id": event.event_id,
        "payment_id": event.payment_id,
        "status": row.status.value,
        "fate": fate.value,
        "meaning": meaning.text,
        "remedy": error["remedy"] if error is not None and fate in _LAST_ANSWER_COUNTS else meaning.remedy,
        "attempts": row.attempts,
        "history": [attempt_document(attempt, language) for attempt in row.history],
        "error": error,
        "fbtrace_id": row.fbtrace_id,
        "event_time": at(event.event_time_s * 1000),
        "first_sent_at": _moment(row.first_sent_at_ms),
        "accepted_at": _moment(row.accepted_at_ms),
        "parked_at": _moment(row.parked_at_ms),
        "claimed_until": _moment(row.claimed_until_ms) if fate is Fate.SENDING else None,
        "requeued_at": _moment(row.requeued_at_ms),
        "doubtful_sends": row.doubtful_sends,
        "sent_again_until": _moment(resent_until_ms) if row.doubtful_sends else None,
        "refused_after": at(refused_after_ms),
        "days_left": round(max(refused_after_ms - now_ms, 0) / DAY_MS, 1) if fate in _OPEN else None,
        "test_event_code": event.test_event_code,
    }


def attempt_document(attempt: SendAttempt, language: Language) -> Document:
    """Return what came of one attempt."""
    return {
        "at": at(attempt.at_ms),
        "status": attempt.status.value,
        "doubtful": attempt.doubtful,
        "error": error_document(attempt.error_code, attempt.error_subcode, language),
        "fbtrace_id": attempt.fbtrace_id,
    }


def error_document(code: int | None, subcode: int | None, language: Language) -> Document | None:
    """Return a refusal of Meta with its meaning."""
    if code is None:
        return None
    meaning = meaning_of_error(code, subcode, language)
    return {"code": code, "subcode": subcode, "meaning": meaning.text, "remedy": meaning.remedy}


def story(row: Mapping[str, Any], texts: Texts) -> Iterator[str]:
    """Yield what is known of an event, line by line, the first its heading."""
    yield texts("event", name=row["event_name"], id=row["event_id"], pixel=row["pixel_id"], status=row["status"])
    yield row["meaning"]
    if row["error"] is not None:
        yield texts("event.error", code=code_of(row["error"]), meaning=row["error"]["meaning"])
    yield texts("event.remedy", remedy=row["remedy"])
    trace = [] if row["fbtrace_id"] is None else [f"fbtrace_id {row['fbtrace_id']}"]
    yield " · ".join([texts("event.attempts", count=row["attempts"]), *trace])
    for number, attempt in enumerate(row["history"], 1 + row["attempts"] - len(row["history"])):
        yield _attempt_line(number, attempt, texts)
    yield " · ".join(f"{texts(f'event.at.{name}')} {row[name]}" for name in _TIMES if row[name] is not None)
    if row["sent_again_until"] is not None:
        yield texts("event.doubtful", count=row["doubtful_sends"], until=row["sent_again_until"])
    if row["days_left"] is not None:
        yield texts(
            "event.days_left" if row["days_left"] else "event.too_late",
            days=days(row["days_left"], texts.language),
            until=row["refused_after"],
        )
    if row["test_event_code"]:
        yield texts("event.test", code=row["test_event_code"])


def _attempt_line(number: int, attempt: Mapping[str, Any], texts: Texts) -> str:
    error = attempt["error"]
    answer = [] if error is None else [f"{code_of(error)} {error['meaning']}"]
    doubt = [texts("event.attempt.doubtful")] if attempt["doubtful"] else []
    return " · ".join([texts("event.attempt", number=number, at=attempt["at"], status=attempt["status"]), *answer, *doubt])


def days(count: float, language: Language) -> str:
    """Return a number of days as its language writes it."""
    return f"{count:.1f}".replace(".", "," if language is Language.PT else ".")


def code_of(error: Mapping[str, Any]) -> str:
    """Return a code with its subcode, as Meta's pages name them."""
    return str(error["code"]) if error["subcode"] is None else f"{error['code']}/{error['subcode']}"


def _moment(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else at(moment_ms)
