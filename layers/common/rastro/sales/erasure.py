"""What is left of a person's records once the person is taken out of them, and the receipt of it.

A sale stays, since the law has the seller keep it, but of nobody: its person, the browser's data, the payer's hashes and the way
into what was bought go. A click stays as one of its campaign. What waits to be told to Meta is no longer told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rastro.model import (
    DAY_MS,
    ERASED_CHAT,
    Click,
    DeliveryState,
    EventName,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentId,
    PurchaseState,
)

STREAM_LIFETIME_MS = DAY_MS
"""How long a stream keeps what a record was (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html)."""
DEAD_LETTER_LIFETIME_MS = 14 * DAY_MS
"""How long the longest of the queues keeps a message."""
BACKUP_LIFETIME_MS = 35 * DAY_MS
"""How far back a table can be recovered (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html)."""

WAITING = (LedgerStatus.HELD, LedgerStatus.QUEUED, LedgerStatus.PARKED, LedgerStatus.SENDING)
_UNTOLD = (PurchaseState.HELD, PurchaseState.QUEUED, PurchaseState.PARKED)
_BROWSER = ("fbclid", "fbc", "fbp", "click_ip", "click_user_agent")


class Place(StrEnum):
    """Where something is held."""

    CACHE = "cache"
    CLICK = "click"
    EVENT = "event"
    INBOX = "inbox"
    BOT_USER = "bot_user"
    PAYMENT = "payment"
    STREAMS = "streams"
    QUEUES = "queues"
    BACKUPS = "backups"


class Action(StrEnum):
    """What becomes of a record."""

    DELETED = "deleted"
    STRIPPED = "stripped"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    action: Action
    found_by: str
    fields: tuple[str, ...] = ()


RULES: Mapping[Place, _Rule] = {
    Place.CACHE: _Rule(action=Action.DELETED, found_by="tracking_token, fbclid, visitor_id"),
    Place.CLICK: _Rule(
        action=Action.STRIPPED,
        found_by="claimed_by, bridge_for, visitor_id",
        fields=("claimed_by", "bridge_for", "visitor_id", *_BROWSER),
    ),
    # A Purchase's row stays without its person; another event that waits for its pixel is deleted whole.
    Place.EVENT: _Rule(action=Action.STRIPPED, found_by="payment_id, event_id", fields=("user_data",)),
    Place.INBOX: _Rule(action=Action.DELETED, found_by="bot_id, chat_id"),
    Place.BOT_USER: _Rule(action=Action.DELETED, found_by="bot_id, chat_id"),
    Place.PAYMENT: _Rule(
        action=Action.STRIPPED,
        found_by="bot_id, chat_id",
        fields=("chat_id", "payer_hashes", "update_id", "delivery_link", *_BROWSER),
    ),
}
"""What is done at each place, to which fields, and by which key its records are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased at one place."""

    place: Place
    action: Action
    records: int
    fields: tuple[str, ...]
    found_by: str
    ids: tuple[str, ...] = ()
    """Of what stays: payments and their events, which are nobody's by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What is out of reach and ends by itself."""

    place: Place
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was found and erased, where and when; nobody stands in it."""

    at_ms: int
    erased: tuple[Erased, ...]
    remaining: tuple[Remaining, ...]
    open_sales: tuple[PaymentId, ...]
    """Sales that were not over: what is still paid for them can be delivered to nobody."""


@dataclass(slots=True)
class Tally:
    """What was erased so far."""

    counts: dict[Place, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    ids: dict[Place, list[str]] = field(default_factory=lambda: {Place.PAYMENT: [], Place.EVENT: []})
    open_sales: dict[PaymentId, None] = field(default_factory=dict)
    cache_answers: bool = True

    def add(self, place: Place, count: int = 1) -> None:
        """Count records of a place."""
        self.counts[place] += count

    def add_row(self, row: LedgerRow) -> None:
        """Count a ledger row."""
        self.add(Place.EVENT)
        if row.event.event_name is EventName.PURCHASE:
            self.ids[Place.EVENT].append(row.event.key)

    def add_payment(self, payment: Payment) -> None:
        """Count a payment."""
        self.add(Place.PAYMENT)
        self.ids[Place.PAYMENT].append(payment.payment_id)

    def leave_open(self, payments: Iterable[Payment]) -> None:
        """Note sales that were not over."""
        self.open_sales |= {payment.payment_id: None for payment in payments}

    def receipt(self, at_ms: int, *, cache_ttl_ms: int) -> Receipt:
        """Return the receipt; of what was not there nothing remains either."""
        erased = [
            Erased(
                place=place,
                action=rule.action,
                records=self.counts[place],
                fields=rule.fields,
                found_by=rule.found_by,
                ids=tuple(self.ids.get(place, ())),
            )
            for place, rule in RULES.items()
            if self.counts[place]
        ]
        return Receipt(
            at_ms=at_ms,
            erased=tuple(erased),
            remaining=tuple(self._remaining(at_ms, cache_ttl_ms)) if erased else (),
            open_sales=tuple(self.open_sales),
        )

    def _remaining(self, at_ms: int, cache_ttl_ms: int) -> Sequence[Remaining]:
        lifetimes = {
            Place.CACHE: 0 if self.cache_answers else cache_ttl_ms,
            Place.STREAMS: STREAM_LIFETIME_MS,
            Place.QUEUES: DEAD_LETTER_LIFETIME_MS,
            Place.BACKUPS: BACKUP_LIFETIME_MS,
        }
        return [Remaining(place=place, until_ms=at_ms + lifetime) for place, lifetime in lifetimes.items() if lifetime]


def without_person(click: Click) -> Click:
    """Return a click as one of its campaign; it stays claimed, so that it is nobody else's."""
    return replace(
        click,
        claimed_by=ERASED_CHAT,
        bridge_for=None,
        visitor_id=None,
        fbclid=None,
        fbc=None,
        fbp=None,
        click_ip=None,
        click_user_agent=None,
    )


def of_nobody(payment: Payment, now_ms: int) -> Payment:
    """Return a sale without its person; what was not told to Meta or delivered by now no longer will be."""
    undelivered = payment.delivery_state is DeliveryState.TO_DO
    attribution = replace(payment.attribution, fbclid=None, fbc=None, fbp=None, click_ip=None, click_user_agent=None)
    return replace(
        payment,
        chat_id=ERASED_CHAT,
        attribution=attribution,
        payer_hashes={},
        update_id=None,
        delivery_link=None,
        delivery_state=DeliveryState.UNREACHABLE if undelivered else payment.delivery_state,
        purchase_state=PurchaseState.EXPIRED if payment.purchase_state in _UNTOLD else payment.purchase_state,
        erased_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


def untold(row: LedgerRow, now_ms: int) -> LedgerRow:
    """Return a row with an event of nobody; one that waited to be sent is given up."""
    status = LedgerStatus.EXPIRED if row.status in WAITING else row.status
    event = replace(row.event, payload={**row.event.payload, "user_data": {}})
    return replace(row, event=event, status=status, parked_at_ms=None, updated_at_ms=now_ms)
