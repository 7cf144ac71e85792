"""The charges of the PIX provider, and how they look in its answers and notices.

Shapes as in https://developers.openpix.com.br/docs/charge and .../docs/webhook/examples.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lab.brcode import dynamic_code
from lab.state import Account, JsonObject

DEFAULT_EXPIRES_IN_SECONDS = 86_400
LOCATION = "pix.rastro.invalid/qr/v2"
PAYER_NAME = "CLIENTE DE TESTE"
PAYER_CPF = "67784666004"  # of the provider's documentation

Status = Literal["pending", "paid", "expired", "refunded"]
_WIRE_STATUS = {"pending": "ACTIVE", "paid": "COMPLETED", "expired": "EXPIRED", "refunded": "COMPLETED"}


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
    status: Status = "pending"
    updated_at_ms: int = 0
    paid_at_ms: int | None = None
    paid_amount_cents: int | None = None
    payer_name: str = PAYER_NAME
    end_to_end_id: str | None = None
    refunds: dict[str, JsonObject] = field(default_factory=dict)

    @property
    def expires_at_ms(self) -> int:
        """Return when it can no longer be paid."""
        return self.created_at_ms + self.expires_in_seconds * 1000

    @property
    def refunded_cents(self) -> int:
        """Return how much was given back."""
        return sum(int(refund["value"]) for refund in self.refunds.values())

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "charge_id": self.charge_id,
            "payment_id": self.payment_id,
            "amount_cents": self.amount_cents,
            "status": self.status,
            "brcode": self.brcode,
            "provider": "openpix",
            "bot_id": self.account.bot_id,
            "paid_amount_cents": self.paid_amount_cents,
            "refunded_cents": self.refunded_cents,
            "created_at_ms": self.created_at_ms,
            "expires_at_ms": self.expires_at_ms,
        }

    def wire(self, lab_url: str) -> JsonObject:
        """Return the charge as the provider writes it."""
        value = self.amount_cents if self.paid_amount_cents is None else self.paid_amount_cents
        document: JsonObject = {
            "customer": None,
            "value": value,
            "comment": self.comment,
            "identifier": self.charge_id,
            "correlationID": self.payment_id,
            "paymentLinkID": self.charge_id[:32],
            "transactionID": self.charge_id,
            "status": _WIRE_STATUS[self.status],
            "giftbackAppliedValue": 0,
            "discount": 0,
            "valueWithDiscount": value,
            "expiresDate": iso(self.expires_at_ms),
            "type": "DYNAMIC",
            "createdAt": iso(self.created_at_ms),
            "additionalInfo": [],
            "updatedAt": iso(self.updated_at_ms or self.created_at_ms),
            "expiresIn": self.expires_in_seconds,
            "pixKey": "d65032a3-0c0c-4a6f-9b7e-2f5f3f0a5d11",
            "brCode": self.brcode,
            "paymentLinkUrl": f"{lab_url}/openpix/pay/{self.charge_id}",
            "qrCodeImage": f"{lab_url}/openpix/charge/brcode/image/{self.charge_id}.png",
            "globalID": base64.b64encode(f"Charge:{self.charge_id[:24]}".encode()).decode(),
        }
        if self.paid_at_ms is not None:
            document |= {"paidAt": iso(self.paid_at_ms), "payer": self.payer()}
        return document

    def payer(self) -> JsonObject:
        """Return who paid."""
        return {
            "name": self.payer_name,
            "taxID": {"taxID": PAYER_CPF, "type": "BR:CPF"},
            "correlationID": f"payer-{self.charge_id[:8]}",
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
        """Return a charge by its id or by its correlationID, of one account where that is given."""
        for charge in self._charges.values():
            if name in {charge.charge_id, charge.payment_id} and account in {None, charge.account}:
                return charge
        return None

    def create(self, account: Account, *, payment_id: str, amount_cents: int, comment: str, expires_in_seconds: int) -> Charge:
        """Create a charge with its BR code; the same correlationID gives the charge that is there."""
        known = self.find(payment_id, account)
        if known is not None:
            return known
        charge_id = self._new_id()
        charge = Charge(
            account=account,
            charge_id=charge_id,
            payment_id=payment_id,
            amount_cents=amount_cents,
            comment=comment,
            expires_in_seconds=expires_in_seconds,
            created_at_ms=self._now_ms(),
            brcode=dynamic_code(amount_cents=amount_cents, location=f"{LOCATION}/{charge_id}", txid=charge_id),
        )
        self._charges[charge_id] = charge
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

    def due(self) -> list[Charge]:
        """Return the charges whose time is over and that say so nowhere yet."""
        return [
            charge for charge in self._charges.values() if charge.status == "pending" and self._now_ms() >= charge.expires_at_ms
        ]

    def refund(self, charge: Charge, *, correlation_id: str, amount_cents: int) -> JsonObject:
        """Give money back, once for each correlationID; a charge given back whole is refunded."""
        known = charge.refunds.get(correlation_id)
        if known is not None:
            return known
        refund: JsonObject = {
            "status": "IN_PROCESSING",
            "value": amount_cents,
            "correlationID": correlation_id,
            "refundId": self._new_id(),
            "endToEndId": self.end_to_end_id("D"),
            "time": iso(self._now_ms()),
        }
        charge.refunds[correlation_id] = refund
        charge.updated_at_ms = self._now_ms()
        if charge.refunded_cents >= (charge.paid_amount_cents or 0):
            charge.status = "refunded"
        return refund

    def end_to_end_id(self, kind: str) -> str:
        """Return an id of a PIX (``E``) or of a return (``D``): 32 characters with bank and minute."""
        minute = datetime.fromtimestamp(self._now_ms() / 1000, UTC).strftime("%Y%m%d%H%M")
        return f"{kind}23114447{minute}{self._new_id()[:11]}"


def iso(epoch_ms: int) -> str:
    """Return a time as the provider writes it."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"
