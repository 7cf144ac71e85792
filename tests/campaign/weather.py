"""What goes wrong at Graph, by the minute of the campaign; senders die, and events are invalid, all along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One kind of trouble, from one minute to another."""

    name: str
    from_minute: float
    to_minute: float
    fault: Mapping[str, object]
    """As the lab's control interface takes it."""


SPELLS = (
    Spell(name="http_500", from_minute=2, to_minute=5, fault={"mode": "http_500", "share": 0.5}),
    Spell(name="html_502", from_minute=5, to_minute=7, fault={"mode": "html_502", "share": 0.5}),
    Spell(
        name="accepted, then timed out",
        from_minute=7,
        to_minute=10,
        fault={"mode": "accept_then_timeout", "share": 0.2, "delay_ms": 3_000},
    ),
    Spell(name="throttled (80004, HTTP 400)", from_minute=10, to_minute=12, fault={"mode": "throttle", "delay_ms": 60_000}),
    Spell(name="connections reset", from_minute=12, to_minute=13, fault={"mode": "reset", "share": 0.3}),
    Spell(name="timed out", from_minute=16, to_minute=18, fault={"mode": "timeout", "share": 0.1, "delay_ms": 3_000}),
    Spell(name="answers that drip", from_minute=25.5, to_minute=26, fault={"mode": "slow", "share": 0.2, "delay_ms": 3_000}),
    Spell(name="http_500", from_minute=26, to_minute=28, fault={"mode": "http_500", "share": 0.3}),
)
TOKEN_DEAD_FROM_MINUTE, TOKEN_DEAD_TO_MINUTE = 14, 24
"""Ten minutes in which the token of the first pixel is refused (190); a minute later an operator resumes the pixel."""
RESUMED_AT_MINUTE = TOKEN_DEAD_TO_MINUTE + 1
SALES_END_MINUTE = 30


def spell_at(minute: float) -> Spell | None:
    """Return the trouble of a moment."""
    return next((spell for spell in SPELLS if spell.from_minute <= minute < spell.to_minute), None)
