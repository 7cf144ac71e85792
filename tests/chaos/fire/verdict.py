"""What became of every buyer: the counterparts' own books against the tables as they are, past all of the product's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from stack.seed import DEMO, PIXEL
from tests.chaos.fire.buyers import Buyer, Passage
from tests.chaos.fire.ground import Ground
from tests.chaos.fire.weather import Fault

_REDIRECTED = 302
_GATEWAY = (None, 502, 503, 504)
"""What the gateway answers for a function whose process is gone; 503 is ours too, so it excuses only where one was killed."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault as it was: from when until when, in seconds since the campaign began."""

    fault: Fault
    begin: float
    end: float
    hits: int | None = None

    def touches(self, begin: float, end: float) -> bool:
        """Say whether something took place under it."""
        return self.begin < end and begin < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything that is known in the end."""

    payments: Mapping[str, Mapping[str, Any]]
    ledger: Mapping[str, Mapping[str, Any]]
    clicks: frozenset[str]
    cached: frozenset[str]
    charges: Sequence[Mapping[str, Any]]
    purchases: Counter[str]
    """How often Graph has each Purchase."""
    messages: Mapping[int, Sequence[Mapping[str, Any]]]
    """By person, what stands in their chat."""
    recoverable: frozenset[str]
    """The tokens that the deployment's own key signed and whose campaign's names are known."""

    def row(self, payment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the ledger's row of a payment's Purchase, an empty one where there is none."""
        return self.ledger.get(f"{PIXEL.pixel_id}#Purchase#{purchase_of(payment)}", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one buyer."""

    buyer: Buyer
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    doubtful: int = 0
    told_again: int = 0
    another_way: bool = False
    """Whether the sale has its click, found in another way than without faults: what was asked first did not answer."""
    late_taps: int = 0
    """Taps that Telegram brought only after the money had come: each asks for a second purchase, which nobody paid."""
    unreachable: bool = False


@dataclass(slots=True)
class Row:
    """What the table says of a fault."""

    spell: Spell
    journeys: int = 0
    lost: int = 0
    doubled: int = 0
    redirect_errors: int = 0
    unanswered: int = 0
    """Requests to the redirect whose process was killed over them."""


@dataclass(slots=True)
class Findings:
    """What all came to."""

    verdicts: list[Verdict]
    spells: list[Spell]
    load_seconds: float
    under_load: int
    """How many buyers came in that time."""
    spare_charges: int
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw up the table."""
        self.rows = [self._row(spell) for spell in self.spells]

    @property
    def lost(self) -> int:
        """Return of how many buyers something was lost."""
        return sum(bool(verdict.lost) for verdict in self.verdicts)

    @property
    def doubled(self) -> int:
        """Return of how many buyers something came about twice."""
        return sum(bool(verdict.doubled) for verdict in self.verdicts)

    @property
    def redirect_errors(self) -> int:
        """Return how often the redirect answered with anything else than a way on."""
        return len(self.errors(excused=False))

    @property
    def unanswered(self) -> int:
        """Return how often the redirect did not answer because its process was killed."""
        return len(self.errors(excused=True))

    @property
    def without_token(self) -> int:
        """Return how often a person was sent on without a trail: no signing key could be had."""
        passages = [passage for verdict in self.verdicts for passage in verdict.buyer.passages]
        return sum(passage.status == _REDIRECTED and not passage.token for passage in passages)

    def errors(self, *, excused: bool, spell: Spell | None = None) -> list[Passage]:
        """Return the redirect's answers that led nowhere; ``excused``: those that a killed process did not give."""
        passages = [passage for verdict in self.verdicts for passage in verdict.buyer.passages]
        return [
            passage
            for passage in passages
            if passage.status != _REDIRECTED
            and (spell is None or spell.touches(passage.at, passage.at + passage.seconds))
            and self._is_killed(passage) is excused
        ]

    def _is_killed(self, passage: Passage) -> bool:
        killing = [spell for spell in self.spells if spell.fault.kills == "redirect"]
        end = passage.at + passage.seconds
        return passage.status in _GATEWAY and any(spell.touches(passage.at, end) for spell in killing)

    def _row(self, spell: Spell) -> Row:
        under = [verdict for verdict in self.verdicts if spell.touches(verdict.buyer.began_at, verdict.buyer.ended_at)]
        return Row(
            spell=spell,
            journeys=len(under),
            lost=sum(bool(verdict.lost) for verdict in under),
            doubled=sum(bool(verdict.doubled) for verdict in under),
            redirect_errors=len(self.errors(excused=False, spell=spell)),
            unanswered=len(self.errors(excused=True, spell=spell)),
        )


def unsettled(payments: Iterable[Mapping[str, Any]], charges: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name, with its states, every charge that was paid and is no sale yet with nothing left to do."""
    known = {payment["payment_id"]: payment for payment in payments}
    found = []
    for charge in charges:
        payment = known.get(charge["payment_id"], {})
        states = [str(payment.get(name)) for name in ("status", "purchase_state", "delivery_state")]
        if charge["status"] == "paid" and (states[:2] != ["paid", "accepted"] or "due_at_ms" in payment):
            found.append(f"{charge['payment_id']} {'/'.join(states)}")
    return found


def judge(buyer: Buyer, books: Books, spells: Sequence[Spell]) -> Verdict:
    """Say what became of a buyer."""
    paid = [charge for charge in books.charges if charge["status"] == "paid" and charge["charge_id"] == buyer.charge_id]
    lost = [*_journey_lost(buyer, paid), *_passages_lost(buyer, books)]
    mine = [payment for payment in books.payments.values() if payment["chat_id"] == str(buyer.chat_id)]
    late = _late_taps(buyer, mine)
    doubled = [f"{len(mine)} payments for one purchase"] if len(mine) > 1 + late else []
    told = _told(books.messages.get(buyer.chat_id, ()))
    doubtful, unreachable, another_way = 0, False, False
    for charge in paid:
        payment = books.payments.get(charge["payment_id"])
        if payment is None or payment["status"] != "paid":
            lost.append(f"paid at the bank, {payment and payment['status']} here")
            continue
        unreachable = payment["delivery_state"] == "unreachable"
        lost += [*_link_lost(buyer, payment), *_purchase_lost(payment, books)]
        another_way = payment["link_source"] != ("bridge" if buyer.trick == "payload dropped" else "start_param")
        if not told and not unreachable:
            lost.append("the goods were never handed over")
        times = books.purchases[purchase_of(payment)]
        doubtful = max(times - 1, 0)
        if doubtful and not books.row(payment).get("doubtful_sends"):
            doubled.append(f"Graph has {times} of a Purchase, and its row does not tell")
    if told > 1 and not _may_tell_again(buyer, spells):
        doubled.append(f"goods handed over {told} times")
    return Verdict(
        buyer=buyer,
        lost=tuple(lost),
        doubled=tuple(doubled),
        doubtful=doubtful,
        told_again=max(told - 1, 0),
        another_way=another_way,
        late_taps=late,
        unreachable=unreachable,
    )


def _late_taps(buyer: Buyer, payments: Sequence[Mapping[str, Any]]) -> int:
    paid_at_ms = [payment["paid_at_ms"] for payment in payments if "paid_at_ms" in payment]
    late = [payment for payment in payments if paid_at_ms and payment["created_at_ms"] > min(paid_at_ms)]
    return min(len(late), buyer.taps - 1)


def purchase_of(payment: Mapping[str, Any]) -> str:
    """Return the event id of a payment's Purchase."""
    return f"purchase_{payment['payment_id']}"


def _journey_lost(buyer: Buyer, paid: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name what kept somebody from buying."""
    found = []
    if buyer.broke is not None:
        found.append(f"the journey broke: {buyer.broke}")
    if buyer.gave_up is not None:
        found.append(f"gave up: {buyer.gave_up} never came")
    if buyer.paid and not paid:
        found.append("the bank has no paid charge")
    return found


def _purchase_lost(payment: Mapping[str, Any], books: Books) -> list[str]:
    if not books.purchases[purchase_of(payment)]:
        ledger = books.row(payment).get("status")
        return [f"Graph has no Purchase; the ledger says {ledger}, the payment {payment['purchase_state']}"]
    if payment["purchase_state"] != "accepted":
        return [f"Graph has the Purchase, the payment says {payment['purchase_state']}"]
    return []


def _may_tell_again(buyer: Buyer, spells: Sequence[Spell]) -> bool:
    end = buyer.ended_at + _AFTERMATH_SECONDS
    return any(spell.fault.tells_again and spell.touches(buyer.began_at, end) for spell in spells)


_AFTERMATH_SECONDS = 75.0
"""How long after a buyer's last act the delivery may still be under way: the reconciler takes it over after a minute."""


def _told(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return in how many messages the way to the goods stands."""
    url = DEMO.products[0].delivery_url
    keyboards = [message.get("reply_markup", {}).get("inline_keyboard", []) for message in messages]
    return sum(any(button.get("url") == url for row in keyboard for button in row) for keyboard in keyboards)


def _passages_lost(buyer: Buyer, books: Books) -> list[str]:
    """Name the clicks that are in no store and cannot be told from their token."""
    kept = books.clicks | books.cached | books.recoverable
    return ["a click is in no store and cannot be recovered" for token in buyer.tokens if token not in kept]


def _link_lost(buyer: Buyer, payment: Mapping[str, Any]) -> list[str]:
    """Hold a sale's link against what the buyer's own browser and ad were: the click of the token that they brought last."""
    if not buyer.tokens:
        return []  # no key could be had: the person was sent on without a trail
    wanted: dict[str, object] = {"tracking_token": buyer.tokens[-1], "link_confidence": "certain"}
    if buyer.trick != "payload dropped":  # who comes by the bridge has clicked no ad
        wanted |= {"utm_campaign": buyer.campaign, "fbclid": buyer.fbclid}
    return [f"{name} is {payment.get(name)}, not {value}" for name, value in wanted.items() if payment.get(name) != value]


def read_books(ground: Ground, buyers: Sequence[Buyer], recoverable: frozenset[str]) -> Books:
    """Read everything: tables by scan, the counterparts by their own lists."""
    tokens = [token for buyer in buyers for token in buyer.tokens]
    with redis.Redis.from_url(ground.stack.redis_url) as client:
        cached = frozenset(token for token in tokens if client.exists(f"tracking:{token}"))
    events = ground.lab("GET", "graph/events")
    return Books(
        payments={item["payment_id"]: item for item in ground.items("payment")},
        ledger={item["event_key"]: item for item in ground.items("event")},
        clicks=frozenset(item["tracking_token"] for item in ground.items("click")),
        cached=cached,
        charges=ground.lab("GET", "pix/charges"),
        purchases=Counter(entry["event"]["event_id"] for entry in events if entry["event"]["event_name"] == "Purchase"),
        messages={buyer.chat_id: _messages(ground, buyer) for buyer in buyers},
        recoverable=recoverable,
    )


def _messages(ground: Ground, buyer: Buyer) -> Sequence[Mapping[str, Any]]:
    answer = ground.session.get(f"{ground.stack.lab}/_/telegram/chats/{buyer.chat_id}", timeout=30)
    messages: Sequence[Mapping[str, Any]] = answer.json() if answer.ok else []
    return messages
