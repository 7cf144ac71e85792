"""Mercado Pago: ``/v1/payments`` (https://www.mercadopago.com.br/developers/pt/reference) and its webhooks.

A notice has to be answered with 200 or 201; else it comes again 5 min, 45 min, 6 h, 2 d and 4 d after the first try
(mercadopago/devsite-docs, ``notification-response``). It names a payment and says nothing of it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from lab.pix.book import PAYER_CPF, Charge, Refund
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "mercadopago"
SIGNATURE_HEADER = "x-signature"
REQUEST_ID_HEADER = "x-request-id"
PAYMENTS_PATH = "v1/payments"
DEFAULT_EXPIRY = timedelta(hours=24)
SHORTEST_EXPIRY = timedelta(minutes=30)
LONGEST_EXPIRY = timedelta(days=30)

_BRASILIA = timezone(timedelta(hours=-3))
_OK, _CREATED, _BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND, _CONFLICT = 200, 201, 400, 401, 404, 409
_ERRORS = {_BAD_REQUEST: "bad_request", _UNAUTHORIZED: "unauthorized", _NOT_FOUND: "not_found", _CONFLICT: "conflict"}
_STATUS = {
    "pending": ("pending", "pending_waiting_transfer"),
    "paid": ("approved", "accredited"),
    "expired": ("cancelled", "expired"),
    "refunded": ("refunded", "refunded"),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://[^\s]+")
_SELLER_ID = 987654321
_APPLICATION_ID = 1234567890


def sign(*, secret: str, data_id: str, request_id: str, ts: str) -> str:
    """Return the value of ``x-signature`` over the manifest of number, request id and time."""
    manifest = f"id:{data_id};request-id:{request_id};ts:{ts};"
    return f"ts={ts},v1={hmac.new(secret.encode(), manifest.encode(), 'sha256').hexdigest()}"


class MercadoPago:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges, the way out of the notices, the clock and the ids."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._now_ms = surroundings.now_ms
        self._new_id = surroundings.new_id
        self._lab_url = surroundings.lab_url
        self._by_key: dict[tuple[Account, str], tuple[Mapping[str, Any], str]] = {}

    def answer(self, call: Call) -> Answer:
        """Create, show, search or refund payments of the access token's account."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        account = account_of(self._state, PROVIDER, "access_token", token) if scheme == "Bearer" else None
        if account is None:
            raise Refused("invalid access token", _UNAUTHORIZED)
        if (call.method, call.path) == ("GET", "users/me"):
            return Answer(status=_OK, body={"id": _SELLER_ID, "nickname": "LOJADETESTE", "site_id": "MLB", "country_id": "BR"})
        if (call.method, call.path) == ("POST", PAYMENTS_PATH):
            return self._create(call, account)
        if (call.method, call.path) == ("GET", f"{PAYMENTS_PATH}/search"):
            return Answer(status=_OK, body=self._search(call, account))
        return self._about_one(call, account)

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        return {"message": message, "error": _ERRORS.get(status, "internal_error"), "status": status, "cause": []}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a payment that changed: it says no more than its number."""
        return [self._notice(charge, "payment.updated")]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a payment that the provider cancelled since nobody made it in time."""
        return [self._notice(charge, "payment.updated")]

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return the notice of a payment of which something was given back."""
        return [self._notice(charge, "payment.updated")]

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a payment that is in mediation."""
        return [self._notice(charge, "payment.updated")]

    def wire(self, charge: Charge) -> JsonObject:
        """Return a payment as the provider writes it."""
        status, detail = _STATUS[charge.status]
        if charge.disputed:
            status, detail = ("charged_back", "settled") if charge.status == "refunded" else ("in_mediation", "pending")
        elif charge.status == "paid" and charge.refunds:
            detail = "partially_refunded"
        paid = charge.paid_at_ms is not None
        code: JsonObject = {
            "qr_code": charge.brcode,
            "qr_code_base64": "iVBORw0KGgo=",
            "ticket_url": f"{self._lab_url()}/mercadopago/payments/{charge.charge_id}/ticket",
        }
        if paid:
            code["bank_info"] = {"payer": {"long_name": charge.payer_name}, "collector": {"long_name": "LOJA DE TESTE"}}
        return {
            "id": int(charge.charge_id),
            "date_created": _date(charge.created_at_ms),
            "date_approved": _date(charge.paid_at_ms) if charge.paid_at_ms is not None else None,
            "date_last_updated": _date(charge.updated_at_ms or charge.created_at_ms),
            "date_of_expiration": _date(charge.expires_at_ms),
            "operation_type": "regular_payment",
            "payment_method_id": "pix",
            "payment_type_id": "bank_transfer",
            "status": status,
            "status_detail": detail,
            "currency_id": "BRL",
            "description": charge.comment,
            "live_mode": True,
            "collector_id": _SELLER_ID,
            "external_reference": charge.payment_id,
            "notification_url": charge.callback_url,
            "transaction_amount": _reais(charge.amount_cents),
            "transaction_amount_refunded": _reais(charge.refunded_cents),
            "transaction_details": {
                "total_paid_amount": _reais(
                    charge.amount_cents if charge.paid_amount_cents is None else charge.paid_amount_cents
                ),
                "overpaid_amount": 0,
                "bank_transfer_id": None,
                "transaction_id": charge.end_to_end_id,
            },
            "point_of_interaction": {"type": "PIX", "transaction_data": code},
            "payer": {
                "email": charge.account.credentials["payer_email"],
                "identification": {"type": "CPF", "number": PAYER_CPF} if paid else {"type": None, "number": None},
            },
            "refunds": [_refund(charge, refund) for refund in charge.refunds.values()],
        }

    def _create(self, call: Call, account: Account) -> Answer:
        key = call.headers.get("x-idempotency-key", "")
        if not key:
            raise Refused("Header X-Idempotency-Key can't be null")
        order = _order(call, self._now_ms())
        fields, charge_id = self._by_key.get((account, key), ({}, ""))
        known = self._book.find(charge_id, account) if charge_id else None
        if known is not None:
            if fields != call.fields:
                raise Refused("The X-Idempotency-Key was used with another body", _CONFLICT)
            return Answer(status=_CREATED, body=self.wire(known))
        charge = self._book.create(account, charge_id=str(10**11 + int(self._new_id(), 16) % (9 * 10**11)), **order)
        self._by_key[account, key] = (dict(call.fields), charge.charge_id)
        self._notifier.start(charge, self._notice(charge, "payment.created"))
        return Answer(status=_CREATED, body=self.wire(charge))

    def _search(self, call: Call, account: Account) -> JsonObject:
        reference = call.query.get("external_reference", "")
        charge = self._book.find(reference, account) if reference else None
        results = [] if charge is None or charge.payment_id != reference else [self.wire(charge)]
        return {"paging": {"total": len(results), "limit": 30, "offset": 0}, "results": results}

    def _about_one(self, call: Call, account: Account) -> Answer:
        number, _, rest = call.path.removeprefix(f"{PAYMENTS_PATH}/").partition("/")
        charge = self._book.find(number, account) if number.isdecimal() else None
        if not call.path.startswith(f"{PAYMENTS_PATH}/") or charge is None:
            raise Refused("Payment not found", _NOT_FOUND)
        if (call.method, rest) == ("GET", ""):
            return Answer(status=_OK, body=self.wire(charge))
        if (call.method, rest) == ("POST", "refunds"):
            return Answer(status=_CREATED, body=self._give_back(call, charge))
        raise Refused("Method not allowed", 405)

    def _give_back(self, call: Call, charge: Charge) -> JsonObject:
        key = call.headers.get("x-idempotency-key", "")
        if not key:
            raise Refused("Header X-Idempotency-Key can't be null")
        if key not in charge.refunds:
            open_cents = (charge.paid_amount_cents or 0) - charge.refunded_cents
            amount_cents = _cents(call.fields["amount"]) if "amount" in call.fields else open_cents
            if charge.status != "paid" or charge.disputed:
                raise Refused("Refund not allowed for this payment status")
            if amount_cents is None or amount_cents > open_cents:
                raise Refused("The amount of the refund is not valid")
            refund = self._book.refund(charge, refund_id=key, amount_cents=amount_cents)
            for outgoing in self.refunded(charge, refund):
                self._notifier.start(charge, outgoing)
        return _refund(charge, charge.refunds[key])

    def _notice(self, charge: Charge, action: str) -> Outgoing:
        request_id = self._new_id()
        signature = sign(
            secret=charge.account.credentials["webhook_secret"],
            data_id=charge.charge_id,
            request_id=request_id,
            ts=str(self._now_ms() // 1000),
        )
        notice: JsonObject = {
            "id": int(self._new_id(), 16) % 10**12,
            "live_mode": True,
            "type": "payment",
            "date_created": _date(self._now_ms()),
            "application_id": _APPLICATION_ID,
            "user_id": _SELLER_ID,
            "version": 1,
            "api_version": "v1",
            "action": action,
            "data": {"id": charge.charge_id},
        }
        return Outgoing(
            event=action,
            body=json_bytes(notice),
            headers={SIGNATURE_HEADER: signature, REQUEST_ID_HEADER: request_id},
            query=f"data.id={charge.charge_id}&type=payment",
        )


def _order(call: Call, now_ms: int) -> dict[str, Any]:
    """Return what a payment is created with; raise ``Refused`` for what the provider demands and does not get."""
    if call.unreadable:
        raise Refused(call.unreadable)
    fields = call.fields
    amount_cents = _cents(fields.get("transaction_amount"))
    payer = fields.get("payer")
    email = payer.get("email") if isinstance(payer, dict) else None
    reference, callback_url = fields.get("external_reference", ""), fields.get("notification_url")
    if amount_cents is None:
        raise Refused("transaction_amount must be a positive number with at most two decimals")
    if fields.get("payment_method_id") != "pix":
        raise Refused("payment_method_id attribute can't be null")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        raise Refused("payer.email must be a valid email")
    if not isinstance(reference, str):
        raise Refused("external_reference must be a text")
    if callback_url is not None and (not isinstance(callback_url, str) or not _URL.fullmatch(callback_url)):
        raise Refused("notification_url attribute must be url valid")
    return {
        "payment_id": reference,
        "amount_cents": amount_cents,
        "comment": str(fields.get("description", "")),
        "expires_in_seconds": _lifetime_seconds(fields.get("date_of_expiration"), now_ms),
        "callback_url": callback_url,
    }


def _lifetime_seconds(value: object, now_ms: int) -> int:
    if value is None:
        return int(DEFAULT_EXPIRY.total_seconds())
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Refused("date_of_expiration must have the format yyyy-MM-dd'T'HH:mm:ss.SSSZ")
    try:
        lifetime = timedelta(milliseconds=datetime.fromisoformat(value).timestamp() * 1000 - now_ms)
    except ValueError:
        raise Refused("date_of_expiration is no date") from None
    if not SHORTEST_EXPIRY <= lifetime <= LONGEST_EXPIRY:
        raise Refused("date_of_expiration must be between 30 minutes and 30 days from now")
    return int(lifetime.total_seconds())


def _cents(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    cents = Decimal(str(value)) * 100
    return int(cents) if cents > 0 and cents == cents.to_integral_value() else None


def _reais(cents: int) -> float | int:
    return cents // 100 if cents % 100 == 0 else cents / 100


def _date(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, _BRASILIA).isoformat(timespec="milliseconds")


def _refund(charge: Charge, refund: Refund) -> JsonObject:
    return {
        "id": int(refund.number, 16) % 10**12,
        "payment_id": int(charge.charge_id),
        "amount": _reais(refund.amount_cents),
        "source": {"id": str(_SELLER_ID), "name": "Loja de Teste", "type": "collector"},
        "date_created": _date(refund.at_ms),
        "status": "approved",
        "unique_sequence_number": None,
    }


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("access_token", "webhook_secret", "payer_email"),
    retries=Retries(
        waits_seconds=[5 * 60, 40 * 60, 5 * 3600 + 15 * 60, 42 * 3600, 48 * 3600],
        accepts=lambda status: status in {_OK, _CREATED},
    ),
    speak=MercadoPago,
)
