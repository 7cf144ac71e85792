"""What became of a play: the counterparts' own books against the records, and both against the same journey without trouble."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

from rastro.meta.event import purchase_id
from rastro.model import Attribution, LedgerStatus, Payment, PaymentStatus, PurchaseState, TrackingToken
from rastro.tracking import token as start_token
from rastro.tracking.signing import SigningKeys
from tests.chaos.crashes.counterparts import BankCharge
from tests.chaos.crashes.fate import Trouble
from tests.chaos.crashes.journeys import Journey, handed_over
from tests.chaos.crashes.reality import Reality

_OF_ONE_CLICK = frozenset(("tracking_token", "clicked_at_ms", "pageview_event_id", "fbc", "fbp"))
"""What is another click's once a person reloads a redirect that died: here it only counts whether it is there."""

_TOLD = "telegram.send_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a play came to."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    told_again: int = 0
    """Goods handed over again: their run died after telling and before it could note that it had."""
    doubtful: int = 0
    """Purchases that Graph has twice, and whose ledger row says so."""
    spare_charges: int = 0
    """Charges that nobody was shown."""
    events_again: int = 0
    """Funnel events that Graph was sent again under the same id."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that must not be."""
        return (*self.lost, *self.doubled)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What the same journey comes to without trouble."""

    events: Counter[tuple[str, str]]
    """Distinct events by pixel and name."""
    attributions: tuple[Attribution, ...]
    payments: int

    @classmethod
    def of(cls, at: Reality) -> Undisturbed:
        """Read it off an undisturbed play."""
        payments = at.records.payments.payments.values()
        return cls(
            Counter((pixel, name) for pixel, name, _ in set(_accepted(at))),
            tuple(payment.attribution for payment in payments),
            len(payments),
        )


def judge(journey: Journey, at: Reality, undisturbed: Undisturbed) -> Outcome:
    """Say what became of a play."""
    lost = [*_sales_lost(journey, at), *_clicks_lost(at), *_links_lost(at, undisturbed), *_events_lost(at, undisturbed)]
    if at.restless:
        lost.append("something was left to do for ever")
    sent = Counter(_accepted(at))
    handed = handed_over(at)
    again = max(len(handed) - 1, 0)
    excused = _died_between_telling_and_noting(at)
    doubled = [*_sales_doubled(at, undisturbed), *_purchases_doubled(at, sent)]
    if again and (not excused or len(set(handed)) > 1):
        doubled.append(f"goods handed over {len(handed)} times")
    purchases_again = sum(times - 1 for (_, name, _), times in sent.items() if name == "Purchase")
    return Outcome(
        lost=tuple(lost),
        doubled=tuple(doubled),
        told_again=again,
        doubtful=purchases_again,
        spare_charges=len(at.bank.charges) - len({charge.payment_id for charge in at.bank.charges}),
        events_again=sum(times - 1 for times in sent.values()) - purchases_again,
    )


def _accepted(at: Reality) -> list[tuple[str, str, str]]:
    return [(str(pixel), str(event["event_name"]), str(event["event_id"])) for pixel, event in at.meta.accepted]


def _paid(at: Reality) -> list[BankCharge]:
    return [charge for charge in at.bank.charges if charge.paid_at_ms is not None]


def _sales_lost(journey: Journey, at: Reality) -> list[str]:
    """Hold what the bank was paid against the payments, the goods handed over and what Graph took."""
    found: list[str] = []
    if not _paid(at):
        found.append("the buyer never came to pay")
    for charge in _paid(at):
        payment = at.records.payments.payments.get(charge.payment_id)
        status = PaymentStatus.REFUNDED if charge.refunded else PaymentStatus.PAID
        if payment is None or payment.status is not status:
            found.append(f"the bank says {status}, the payment {payment and payment.status}")
            continue
        if payment.purchase_state is not PurchaseState.NONE or not charge.refunded:
            found += _purchase_lost(at, payment)
        if journey.told and not handed_over(at):
            found.append("the goods were never handed over")
    found += [f"an update of {chat} is still waiting" for chat, queue in at._updates.items() if queue]
    if len(at.sqs.queue) or at.sqs.queue.dead_letters:
        found.append("messages are left over")
    found += [f"redirect answered {answer.status}" for answer in at.answers if answer.status not in (200, 302)]
    return found


def _purchase_lost(at: Reality, payment: Payment) -> list[str]:
    found = [f"purchase_state is {payment.purchase_state}"] if payment.purchase_state is not PurchaseState.ACCEPTED else []
    accepted = set(_accepted(at))
    for pixel in at.records.funnels.funnels[payment.slug].pixels:
        name = (str(pixel.pixel_id), "Purchase", purchase_id(payment.payment_id))
        row = at.records.ledger.rows.get("#".join(name))
        if name not in accepted:
            found.append(f"pixel {pixel.pixel_id} has no Purchase")
        if row is None or row.status is not LedgerStatus.ACCEPTED:
            found.append(f"the ledger says {row and row.status}")
    return found


def _clicks_lost(at: Reality) -> list[str]:
    """Whoever was sent on with a token has a click in a store, or one that its token and its campaign's names tell of."""
    keys = SigningKeys(b"k" * 32)
    found = []
    for value in at.tokens:
        token = TrackingToken(value)
        known = token in at.records.clicks.clicks or token in at.records.cache.clicks
        parsed = start_token.parse(keys, value)
        if not known and (parsed is None or parsed.campaign_ref not in at.records.funnels.campaigns):
            found.append("a click is in no store, and its campaign is not known")
    return found


def _links_lost(at: Reality, undisturbed: Undisturbed) -> list[str]:
    """A sale has the link that it has when nothing fails, to a click that the buyer's own browser made."""
    found = []
    for payment, wanted in zip(at.records.payments.payments.values(), undisturbed.attributions, strict=False):
        link = payment.attribution
        for field in fields(Attribution):
            ours, theirs = getattr(link, field.name), getattr(wanted, field.name)
            if field.name in _OF_ONE_CLICK:
                ours, theirs = ours is None, theirs is None
            if ours != theirs:
                found.append(f"{field.name} is {ours}, undisturbed {theirs}")
        if link.tracking_token is not None and link.tracking_token not in {*at.tokens, *at.records.clicks.clicks}:
            found.append("the link is to a click that nobody made")
    return found


def _events_lost(at: Reality, undisturbed: Undisturbed) -> list[str]:
    """Of each kind of event each pixel has as many as when nothing fails, or more where a person had to try again."""
    names = Counter((pixel, name) for pixel, name, _ in set(_accepted(at)))
    return [
        f"pixel {pixel} has {names[pixel, name]} of {wanted} {name}"
        for (pixel, name), wanted in undisturbed.events.items()
        if names[pixel, name] < wanted
    ]


def _sales_doubled(at: Reality, undisturbed: Undisturbed) -> list[str]:
    found = []
    payments = len(at.records.payments.payments)
    if payments > undisturbed.payments:
        found.append(f"{payments} payments for one purchase")
    if len(_paid(at)) > 1:
        found.append("the buyer paid twice")
    return found


def _purchases_doubled(at: Reality, sent: Counter[tuple[str, str, str]]) -> list[str]:
    """A Purchase that Graph has twice is doubled unless its row says that it may."""
    rows = at.records.ledger.rows
    return [
        f"Graph has {times} of a Purchase, and its row does not tell"
        for (pixel, name, event_id), times in sent.items()
        if name == "Purchase" and times > 1 and rows[f"{pixel}#{name}#{event_id}"].doubtful_sends == 0
    ]


def _died_between_telling_and_noting(at: Reality) -> bool:
    """Say whether a run died right after it had told somebody something: nobody can know then, so it is told again.

    What a person themself asked for is answered again as long as the update is not known to be answered.
    """
    return any(
        trouble is Trouble.DIES and (run.last_effect == _TOLD or (run.function == "telegram_webhook" and _TOLD in run.effects))
        for run, trouble in at.fate.dealt
    )
