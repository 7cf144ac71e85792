"""PagBank: ``/orders`` and ``/charges`` (https://developer.pagbank.com.br/reference/objeto-order) and its notices (…/webhooks).

A notice is the order as a query shows it; it comes when an order is made and when the status of its charge changes, not when its
time is over or a part is given back. How it tries again is not known: any 2xx will do here, else it tries three times more. The
notices are signed as in production; those of the real sandbox are not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn

from lab.pix.book import Charge, Refund
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, is_positive_integer, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "pagbank"
SIGNATURE_HEADER = "x-authenticity-token"
AMOUNT_MIN_CENTS = 100
DEFAULT_LIFETIME_SECONDS = 86_400

_BRASILIA = timezone(timedelta(hours=-3))
_OK, _CREATED, _UNAUTHORIZED, _NOT_FOUND, _NOT_ALLOWED = 200, 201, 401, 404, 405
_ERRORS = {_UNAUTHORIZED: "invalid_authorization_header", _NOT_FOUND: "resource_not_found"}
_MASKED_CPF = "***846660**"
_TAX_ID = re.compile(r"[0-9]{11}|[0-9A-Z]{12}[0-9]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)")
_URL = re.compile(r"https?://[^\s]+")
_ABSENT, _WRONG = "40001", "40002"
_DESCRIPTIONS = {_ABSENT: "required_parameter", _WRONG: "invalid_parameter"}


def sign(body: bytes, token: str) -> str:
    """Return the value of ``x-authenticity-token``: SHA-256 of token, hyphen and raw body, hexadecimal."""
    return hashlib.sha256(token.encode() + b"-" + body).hexdigest()


class PagBank:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges, the way out of the notices, the clock and the ids."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._now_ms = surroundings.now_ms
        self._new_id = surroundings.new_id
        self._lab_url = surroundings.lab_url
        self._ordered: dict[str, Mapping[str, Any]] = {}
        self._by_key: dict[tuple[Account, str, str], Answer] = {}

    def answer(self, call: Call) -> Answer:
        """Make or show an order, or give its payment back, for the account of the token."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        account = account_of(self._state, PROVIDER, "token", token) if scheme == "Bearer" else None
        if account is None:
            raise Refused("Invalid credential. Review AUTHORIZATION header", _UNAUTHORIZED)
        kind, _, rest = call.path.partition("/")
        name, _, action = rest.partition("/")
        if (kind, name, call.method) == ("orders", "", "POST"):
            return self._once(call, account, self._create)
        if (kind, action, call.method) == ("orders", "", "GET"):
            return Answer(status=_OK, body=self.wire(self._ordered_as(name, account)))
        if (kind, action, call.method) == ("charges", "cancel", "POST"):
            return self._once(call, account, lambda call, account: self._cancel(call, self._charged_as(name, account)))
        raise Refused("Method not allowed", _NOT_ALLOWED)

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        return {"error_messages": [{"error": _ERRORS.get(status, "internal_error"), "description": message}]}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of an order that was just paid."""
        return [self._notice(charge, "PAID")]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return nothing: no notice of it is known."""
        return []

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return the notice of a payment given back whole; a part changes no status."""
        return [self._notice(charge, "CANCELED")] if charge.status == "refunded" else []

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return nothing: what a notice of it looks like is not known."""
        return []

    def wire(self, charge: Charge) -> JsonObject:
        """Return an order as the provider writes it; its charge is there when money came."""
        ordered = self._ordered.get(charge.charge_id, {})
        code_id = f"QRCO_{_sibling(charge)}"
        document: JsonObject = {
            "id": charge.charge_id,
            "reference_id": charge.payment_id,
            "created_at": _date(charge.created_at_ms),
            "customer": ordered.get("customer", {}),
            "items": ordered.get("items", []),
            "qr_codes": [
                {
                    "id": code_id,
                    "expiration_date": _date(charge.expires_at_ms // 1000 * 1000),
                    "amount": {"value": charge.amount_cents},
                    "text": charge.brcode,
                    "arrangements": ["PIX"],
                    "links": [
                        self._link("QRCODE.PNG", f"qrcode/{code_id}/png", "image/png"),
                        self._link("QRCODE.BASE64", f"qrcode/{code_id}/base64", "text/plain"),
                    ],
                }
            ],
            "notification_urls": [charge.callback_url] if charge.callback_url else [],
            "links": [
                self._link("SELF", f"orders/{charge.charge_id}"),
                self._link("PAY", f"orders/{charge.charge_id}/pay", method="POST"),
            ],
        }
        if charge.paid_at_ms is not None:
            document["charges"] = [self._charge(charge, charge.paid_at_ms)]
        return document

    def _charge(self, charge: Charge, paid_at_ms: int) -> JsonObject:
        value, charge_id = charge.paid_amount_cents, f"CHAR_{_sibling(charge)}"
        return {
            "id": charge_id,
            "reference_id": charge.payment_id,
            "status": "CANCELED" if charge.status == "refunded" else "PAID",
            "created_at": _date(paid_at_ms),
            "paid_at": _date(paid_at_ms),
            "amount": {
                "value": value,
                "currency": "BRL",
                "summary": {"total": value, "paid": value, "refunded": charge.refunded_cents, "incremented": 0},
            },
            "payment_response": {"code": "20000", "message": "SUCESSO"},
            "payment_method": {
                "type": "PIX",
                "pix": {
                    "notification_id": f"NTF_{_sibling(charge)}",
                    "end_to_end_id": charge.end_to_end_id,
                    "holder": {"name": charge.payer_name, "tax_id": _MASKED_CPF},
                },
            },
            "links": [
                self._link("SELF", f"charges/{charge_id}"),
                self._link("CHARGE.CANCEL", f"charges/{charge_id}/cancel", method="POST"),
            ],
            "metadata": {"ps_order_id": charge.charge_id},
        }

    def _link(self, name: str, path: str, media: str = "application/json", *, method: str = "GET") -> JsonObject:
        return {"rel": name, "href": f"{self._lab_url()}/{PROVIDER}/{path}", "media": media, "type": method}

    def _once(self, call: Call, account: Account, work: Callable[[Call, Account], Answer]) -> Answer:
        """Give the same answer to the same idempotency key, whatever came with it; without a key each call counts."""
        key = call.headers.get("x-idempotency-key", "")
        known = self._by_key.get((account, call.path, key))
        if known is not None:
            return known
        answer = work(call, account)
        if key:
            self._by_key[account, call.path, key] = answer
        return answer

    def _create(self, call: Call, account: Account) -> Answer:
        if call.unreadable:
            raise Refused(call.unreadable)
        charge = self._book.create(
            account,
            charge_id=f"ORDE_{_uuid(self._new_id())}",
            once=False,
            **_order(call.fields, self._now_ms()),
        )
        self._ordered[charge.charge_id] = call.fields
        self._notifier.start(charge, self._notice(charge, "CREATED"))
        return Answer(status=_CREATED, body=self.wire(charge))

    def _cancel(self, call: Call, charge: Charge) -> Answer:
        open_cents = (charge.paid_amount_cents or 0) - charge.refunded_cents
        amount = call.fields.get("amount", {"value": open_cents})
        value = amount.get("value") if isinstance(amount, dict) else None
        if charge.status != "paid" or not is_positive_integer(value) or value > open_cents:
            _wrong("amount.value")
        refund = self._book.refund(charge, refund_id=self._new_id(), amount_cents=value)
        for outgoing in self.refunded(charge, refund):
            self._notifier.start(charge, outgoing)
        return Answer(status=_CREATED, body=self._charge(charge, charge.paid_at_ms or 0))

    def _ordered_as(self, name: str, account: Account) -> Charge:
        charge = self._book.find(name, account) if name.startswith("ORDE_") else None
        if charge is None:
            raise Refused("Order not found", _NOT_FOUND)
        return charge

    def _charged_as(self, name: str, account: Account) -> Charge:
        for charge in self._book.all():
            if charge.account == account and charge.paid_at_ms is not None and name == f"CHAR_{_sibling(charge)}":
                return charge
        raise Refused("Transaction is not found", _NOT_FOUND)

    def _notice(self, charge: Charge, event: str) -> Outgoing:
        body = json_bytes(self.wire(charge))
        headers = {SIGNATURE_HEADER: sign(body, charge.account.credentials["token"]), "x-product-origin": "ORDER"}
        return Outgoing(event=event, body=body, headers=headers)


def _order(fields: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    """Return what an order is made with; raise ``Refused`` for what the provider demands and does not get."""
    reference = fields.get("reference_id", "")
    if not _is_text(reference, 0, 64):
        _wrong("reference_id")
    _check_customer(fields.get("customer"))
    items, codes = fields.get("items"), fields.get("qr_codes")
    if not isinstance(items, list) or not items or not all(_is_item(item) for item in items):
        _wrong("items")
    if not isinstance(codes, list) or len(codes) != 1 or not isinstance(codes[0], dict):
        _wrong("qr_codes")
    amount = codes[0].get("amount")
    value = amount.get("value") if isinstance(amount, dict) else None
    if not is_positive_integer(value) or value < AMOUNT_MIN_CENTS:
        _wrong("qr_codes[0].amount.value")
    urls = fields.get("notification_urls", [])
    if not isinstance(urls, list) or not all(isinstance(url, str) and _URL.fullmatch(url) for url in urls):
        _wrong("notification_urls")
    return {
        "payment_id": reference,
        "amount_cents": value,
        "comment": items[0]["name"],
        "expires_in_seconds": _lifetime_seconds(codes[0].get("expiration_date"), now_ms),
        "callback_url": urls[0] if urls else None,
    }


def _check_customer(customer: object) -> None:
    if not isinstance(customer, dict):
        _wrong("customer", _ABSENT)
    for name in ("name", "email", "tax_id"):
        if not customer.get(name):
            _wrong(f"customer.{name}", _ABSENT)
    if not _is_text(customer["name"], 1, 120):
        _wrong("customer.name")
    if not _is_text(customer["email"], 10, 255) or not _EMAIL.fullmatch(customer["email"]):
        _wrong("customer.email")
    if not isinstance(customer["tax_id"], str) or not _TAX_ID.fullmatch(customer["tax_id"]):
        _wrong("customer.tax_id")


def _is_item(item: object) -> bool:
    return (
        isinstance(item, dict)
        and _is_text(item.get("name"), 1, 200)
        and is_positive_integer(item.get("quantity"))
        and is_positive_integer(item.get("unit_amount"))
    )


def _is_text(value: object, shortest: int, longest: int) -> bool:
    return isinstance(value, str) and shortest <= len(value) <= longest


def _lifetime_seconds(value: object, now_ms: int) -> int:
    if value is None:
        return DEFAULT_LIFETIME_SECONDS
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        _wrong("qr_codes[0].expiration_date")
    try:
        lifetime_ms = datetime.fromisoformat(value).timestamp() * 1000 - now_ms
    except ValueError:
        _wrong("qr_codes[0].expiration_date")
    if lifetime_ms <= 0:
        _wrong("qr_codes[0].expiration_date")
    return int(lifetime_ms // 1000)


def _wrong(parameter: str, code: str = _WRONG) -> NoReturn:
    raise Refused({"error_messages": [{"code": code, "description": _DESCRIPTIONS[code], "parameter_name": parameter}]})


def _uuid(digits: str) -> str:
    """Return 32 hexadecimal digits in the form of the provider's ids."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])).upper()


def _sibling(charge: Charge) -> str:
    """Return the id that an order's code and its charge share: another than the order's."""
    return _uuid(charge.charge_id.removeprefix("ORDE_").replace("-", "")[::-1])


def _date(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, _BRASILIA).isoformat(timespec="milliseconds")


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("token", "customer_name", "customer_email", "customer_tax_id"),
    retries=Retries(waits_seconds=(60.0, 300.0, 900.0)),
    speak=PagBank,
    seal=lambda account, body: {SIGNATURE_HEADER: sign(body, account.credentials["token"])},
)
