"""The charges of every PIX provider, whatever dialect they are spoken of in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lab.brcode import dynamic_code
from lab.state import Account, JsonObject

LOCATION = "pix.rastro.invalid/qr/v2"
PAYER_NAME = "CLIENTE DE TESTE"
PAYER_CPF = "67784666004"  # of a provider's documentation

Status = Literal["pending", "paid", "expired", "refunded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back, in cents; ``refund_id`` is the name that the caller gave it, or one of the lab's."""

    refund_id: str
    number: str
    amount_cents: int
    end_to_end_id: str
    at_ms: int
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Charge:
    """One charge; amounts in cents, times in epoch ms."""

    account: Account = field(repr=False)
    charge_id: str
    payment_id: str
    amount_cents: int
    comment: str
    expires_in_seconds: int
    created_at_ms: int
    brcode: str
    callback_url: str | None = None
    """Where its notices go, for providers that take it with each charge; else the bot's own callback address."""
    status: Status = "pending"
    updated_at_ms: int = 0
    paid_at_ms: int | None = None
    paid_amount_cents: int | None = None
    payer_name: str = PAYER_NAME
    end_to_end_id: str | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputed: bool = False

    @property
    def expires_at_ms(self) -> int:
        """Return when it can no longer be paid."""
        return self.created_at_ms + self.expires_in_seconds * 1000

    @property
    def refunded_cents(self) -> int:
        """Return how much was given back."""
        return sum(refund.amount_cents for refund in self.refunds.values())

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "charge_id": self.charge_id,
            "payment_id": self.payment_id,
            "amount_cents": self.amount_cents,
            "status": self.status,
            "brcode": self.brcode,
            "provider": self.account.provider,
            "bot_id": self.account.bot_id,
            "paid_amount_cents": self.paid_amount_cents,
            "refunded_cents": self.refunded_cents,
            "created_at_ms": self.created_at_ms,
            "expires_at_ms": self.expires_at_ms,
        }


class ChargeBook:
    """Every charge, by the provider's id and by ours."""

    def __init__(self, *, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        """Take the clock and a source of unique hexadecimal ids, 32 digits."""
        self._now_ms = now_ms
        self._new_id = new_id
        self._charges: dict[str, Charge] = {}

    def reset(self) -> None:
        """Forget every charge."""
        self._charges.clear()

    def all(self) -> list[Charge]:
        """Return the charges, oldest first."""
        return list(self._charges.values())

    def find(self, name: str, account: Account | None = None) -> Charge | None:
        """Return a charge by its own id or by ours, of one account where that is given."""
        for charge in self._charges.values():
            if name in {charge.charge_id, charge.payment_id} and account in {None, charge.account}:
                return charge
        return None

    def by_end_to_end_id(self, end_to_end_id: str, account: Account) -> Charge | None:
        """Return the charge that was paid by a PIX."""
        return next((charge for charge in self._of(account) if charge.end_to_end_id == end_to_end_id), None)

    def create(
        self,
        account: Account,
        *,
        payment_id: str,
        amount_cents: int,
        comment: str,
        expires_in_seconds: int,
        charge_id: str | None = None,
        callback_url: str | None = None,
        once: bool = True,
    ) -> Charge:
        """Create a charge with its BR code; the same payment id gives the charge that is there.

        ``charge_id`` is the id in the provider's own form, where it is not 32 hexadecimal digits. ``once=False`` makes another
        charge all the same, for providers that know no idempotency.
        """
        known = self.find(payment_id, account) if once and payment_id else None
        if known is not None:
            return known
        number = charge_id or self._new_id()
        txid = "".join(filter(str.isalnum, number))  # a code's txid has no other characters
        charge = Charge(
            account=account,
            charge_id=number,
            payment_id=payment_id,
            amount_cents=amount_cents,
            comment=comment,
            expires_in_seconds=expires_in_seconds,
            created_at_ms=self._now_ms(),
            brcode=dynamic_code(amount_cents=amount_cents, location=f"{LOCATION}/{number}", txid=txid),
            callback_url=callback_url,
        )
        self._charges[number] = charge
        return charge

    def pay(self, charge: Charge, *, amount_cents: int | None, payer_name: str | None) -> None:
        """Mark a charge paid, also one that has expired: money that arrived is there. Paying again changes nothing."""
        if charge.status in {"paid", "refunded"}:
            return
        charge.status = "paid"
        charge.paid_at_ms = charge.updated_at_ms = self._now_ms()
        charge.paid_amount_cents = charge.amount_cents if amount_cents is None else amount_cents
        charge.payer_name = payer_name or charge.payer_name
        charge.end_to_end_id = self.end_to_end_id("E")

    def expire(self, charge: Charge) -> None:
        """Mark a charge expired if nobody has paid it."""
        if charge.status == "pending":
            charge.status = "expired"
            charge.updated_at_ms = self._now_ms()

    def dispute(self, charge: Charge) -> None:
        """Mark a paid charge as one that the payer's bank asks back (MED)."""
        charge.disputed = True
        charge.updated_at_ms = self._now_ms()

    def due(self) -> list[Charge]:
        """Return the charges whose time is over and that say so nowhere yet."""
        return [
            charge for charge in self._charges.values() if charge.status == "pending" and self._now_ms() >= charge.expires_at_ms
        ]

    def refund(self, charge: Charge, *, refund_id: str, amount_cents: int, reason: str = "") -> Refund:
        """Give money back, once for each ``refund_id``; a charge given back whole is refunded."""
        known = charge.refunds.get(refund_id)
        if known is not None:
            return known
        refund = Refund(
            refund_id=refund_id,
            number=self._new_id(),
            amount_cents=amount_cents,
            end_to_end_id=self.end_to_end_id("D"),
            at_ms=self._now_ms(),
            reason=reason,
        )
        charge.refunds[refund_id] = refund
        charge.updated_at_ms = self._now_ms()
        if charge.refunded_cents >= (charge.paid_amount_cents or 0):
            charge.status = "refunded"
        return refund

    def end_to_end_id(self, kind: str) -> str:
        """Return an id of a PIX (``E``) or of a return (``D``): 32 characters with bank and minute."""
        minute = datetime.fromtimestamp(self._now_ms() / 1000, UTC).strftime("%Y%m%d%H%M")
        return f"{kind}23114447{minute}{self._new_id()[:11]}"

    def _of(self, account: Account) -> list[Charge]:
        return [charge for charge in self._charges.values() if charge.account == account]


def iso(epoch_ms: int) -> str:
    """Return a time in ISO 8601, UTC, with milliseconds."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"
