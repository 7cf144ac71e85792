"""What the records say at the end: Graph's own list of what it accepted against the ledger and the payments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rastro.meta.event import purchase_id
from rastro.model import LedgerRow, LedgerStatus, Payment, PurchaseState
from tests.campaign.mortal import CrashPoint

INVALID_EVERY = 100
_SPOILT_FIELDS = ("value", "currency", "contents")


def spoilt(payload: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return an event as Graph refuses it, and every other in its request: without value, currency or an item's id."""
    custom = dict(payload["custom_data"])
    match _SPOILT_FIELDS[number // INVALID_EVERY % len(_SPOILT_FIELDS)]:
        case "contents":
            custom["contents"] = [{"quantity": 1}]
        case name:
            del custom[name]
    return {**payload, "custom_data": custom}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The figures of a campaign."""

    purchases: int
    valid: int
    sent: int
    """Events in all requests, each sending counted."""
    accepted: int
    """Purchases that Graph accepted, each counted once."""
    doubled_recorded: int
    """Accepted more than once, and their ledger row tells of the doubt."""
    doubled_unrecorded: int
    doubtful: int
    """Ledger rows that tell of a doubt, whether or not Graph had the first sending."""
    rejected: int
    rejected_though_valid: int
    lost: int
    """Valid and not accepted."""
    ledger_untrue: int
    """Rows that say other than Graph does."""
    payments_untrue: int
    """Payments that say other than their row does, or that wait for the reconciler still."""
    requests: int
    requests_by_fault: Mapping[str, int]
    killed: Mapping[CrashPoint, int]
    resumed: int
    duplicates: int
    dead_letters: int
    left_over: int
    outcomes: Mapping[str, int]
    simulated_minutes: float
    seconds: float

    def problems(self) -> list[str]:
        """Name everything that must not be."""
        must_be_none = {
            "lost": self.lost,
            "rejected though valid": self.rejected_though_valid,
            "doubled without a word in the ledger": self.doubled_unrecorded,
            "ledger rows that are not true": self.ledger_untrue,
            "payments that are not true": self.payments_untrue,
            "dead letters": self.dead_letters,
            "messages left over": self.left_over,
        }
        found = [f"{name}: {number}" for name, number in must_be_none.items() if number]
        if self.rejected != self.purchases - self.valid:
            found.append(f"rejected: {self.rejected} of {self.purchases - self.valid} invalid events")
        found += [f"no sender died here: {point}" for point in CrashPoint if not self.killed.get(point)]
        return found

    def figures(self) -> dict[str, float]:
        """Return the figures as they are written down."""
        return {
            "purchases": self.purchases,
            "valid": self.valid,
            "sent": self.sent,
            "accepted": self.accepted,
            "doubled_recorded": self.doubled_recorded,
            "doubled_unrecorded": self.doubled_unrecorded,
            "doubtful": self.doubtful,
            "rejected": self.rejected,
            "rejected_though_valid": self.rejected_though_valid,
            "lost": self.lost,
            "senders_killed": sum(self.killed.values()),
            "resumed": self.resumed,
            "requests": self.requests,
            "simulated_minutes": round(self.simulated_minutes, 1),
            "seconds": round(self.seconds, 1),
        }


def find(
    *,
    rows: Sequence[LedgerRow],
    payments: Sequence[Payment],
    accepted: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
    killed: Counter[CrashPoint],
    outcomes: Counter[str],
    resumed: int,
    left_over: int,
    dead_letters: int,
    duplicates: int,
    simulated_minutes: float,
    seconds: float,
) -> Findings:
    """Compare what Graph has with what the records say."""
    invalid = {purchase_id(payment.payment_id) for payment in payments if int(payment.payment_id) % INVALID_EVERY == 0}
    times = Counter(entry["event"]["event_id"] for entry in accepted)
    by_id = {row.event.event_id: row for row in rows}
    doubled = {event_id for event_id, count in times.items() if count > 1}
    recorded = {event_id for event_id in doubled if by_id[event_id].doubtful_sends > 0}
    rejected = {event_id for event_id, row in by_id.items() if row.status is LedgerStatus.REJECTED}
    says_accepted = {event_id for event_id, row in by_id.items() if row.status is LedgerStatus.ACCEPTED}
    return Findings(
        purchases=len(payments),
        valid=len(payments) - len(invalid),
        sent=sum(request["events"] for request in requests),
        accepted=len(times),
        doubled_recorded=len(recorded),
        doubled_unrecorded=len(doubled - recorded),
        doubtful=sum(row.doubtful_sends > 0 for row in rows),
        rejected=len(rejected),
        rejected_though_valid=len(rejected - invalid),
        lost=len(set(by_id) - invalid - set(times)),
        ledger_untrue=len(says_accepted ^ set(times)) + len(rejected ^ invalid),
        payments_untrue=sum(not _is_true(payment, by_id) for payment in payments),
        requests=len(requests),
        requests_by_fault=Counter(request.get("fault", "none") for request in requests),
        killed=killed,
        resumed=resumed,
        duplicates=duplicates,
        dead_letters=dead_letters,
        left_over=left_over,
        outcomes=outcomes,
        simulated_minutes=simulated_minutes,
        seconds=seconds,
    )


def _is_true(payment: Payment, rows: Mapping[str, LedgerRow]) -> bool:
    said = {LedgerStatus.ACCEPTED: PurchaseState.ACCEPTED, LedgerStatus.REJECTED: PurchaseState.REJECTED}
    row = rows[purchase_id(payment.payment_id)]
    return payment.due_at_ms is None and payment.purchase_state is said.get(row.status)
