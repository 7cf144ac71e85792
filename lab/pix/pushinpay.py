"""PushinPay: ``/api/pix/cashIn`` and ``/api/transactions`` (https://app.theneo.io/pushinpay), and its notices.

A notice goes to the ``webhook_url`` of its charge, to nowhere without one. Integrators saw both content types: what was paid is
told as a form, with the id in capitals, everything else in JSON. How it tries again is not known: any 2xx will do here, else it
tries three times more. A charge knows no reference of ours and no idempotency: asked again, it is another one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from lab.pix.book import PAYER_CPF, Charge, Refund
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, is_positive_integer, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "pushinpay"
TOKEN_HEADER = "x-pushinpay-token"  # noqa: S105 - the name of a header
AMOUNT_MIN_CENTS = 50
LIFETIME_SECONDS = 1800
"""How long a code can be paid is not documented."""

_FOUND, _UNAUTHORISED, _NOT_FOUND, _UNPROCESSABLE, _THROTTLED = 302, 401, 404, 422, 429
_WIRE_STATUS = {"pending": "created", "paid": "paid", "expired": "expired", "refunded": "refunded"}
_MESSAGES = {_UNAUTHORISED: "Unauthenticated.", _THROTTLED: "Too Many Attempts."}


class PushinPay:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges and the way out of the notices."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._new_id = surroundings.new_id

    def answer(self, call: Call) -> Answer:
        """Create, show or refund a charge of the token's account."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        account = account_of(self._state, PROVIDER, "token", token) if scheme == "Bearer" else None
        if "application/json" not in call.headers.get("accept", ""):
            # Whoever does not ask for JSON is taken for a browser.
            return Answer(status=_FOUND, body={}, headers={"Location": "/login"})
        if account is None:
            raise Refused("", _UNAUTHORISED)
        if call.unreadable:
            raise Refused(call.unreadable)
        return Answer(status=200, body=self._routed(call, account))

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        return {"message": _MESSAGES.get(status, message)}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a paid charge: a form."""
        fields = {name: str(value) for name, value in self.wire(charge).items() if isinstance(value, str | int)}
        fields["id"] = fields["id"].upper()
        return self._notices(charge, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def expired(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a charge that nobody paid in time."""
        return self._notices(charge, json_bytes(self.wire(charge)), "application/json")

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:  # noqa: ARG002 - there is but one
        """Return the notice of a payment given back; a part of it is told to nobody."""
        return self._notices(charge, json_bytes(self.wire(charge)), "application/json") if charge.status == "refunded" else []

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the dialect's interface
        """Return nothing: no notice of a dispute is known."""
        return []

    def wire(self, charge: Charge) -> JsonObject:
        """Return a charge as the provider writes it; what is empty is ``{}`` at times, else null."""
        paid = charge.paid_at_ms is not None
        return {
            "id": charge.charge_id,
            "qr_code": charge.brcode,
            "status": _WIRE_STATUS[charge.status],
            "value": charge.amount_cents if charge.paid_amount_cents is None else charge.paid_amount_cents,
            "webhook_url": charge.callback_url,
            "qr_code_base64": "data:image/png;base64,",
            "webhook": {},
            "split_rules": [],
            "end_to_end_id": charge.end_to_end_id if paid else {},
            "payer_name": charge.payer_name if paid else {},
            "payer_national_registration": PAYER_CPF if paid else {},
        }

    def _notices(self, charge: Charge, body: bytes, content_type: str) -> Sequence[Outgoing]:
        if not charge.callback_url:
            return []
        headers = {"Content-Type": content_type, TOKEN_HEADER: charge.account.credentials["webhook_token"]}
        return [Outgoing(event=_WIRE_STATUS[charge.status], body=body, headers=headers)]

    def _routed(self, call: Call, account: Account) -> JsonObject:
        if (call.method, call.path) == ("POST", "api/pix/cashIn"):
            return self._create(call, account)
        charge_id, _, action = call.path.removeprefix("api/transactions/").partition("/")
        if not call.path.startswith("api/transactions/") or (call.method, action) not in {("GET", ""), ("POST", "refund")}:
            raise Refused("The route could not be found.", _NOT_FOUND)
        charge = self._find(charge_id, account)
        if charge is None:
            raise Refused({"error": "PIX não encontrado", "status": "not_found"}, _NOT_FOUND)
        return self.wire(charge) if call.method == "GET" else self._refund(charge)

    def _create(self, call: Call, account: Account) -> JsonObject:
        value, webhook_url = call.fields.get("value"), call.fields.get("webhook_url")
        if value is None:
            raise _unprocessable("value", "O campo value é obrigatório.")
        if not isinstance(value, int) or isinstance(value, bool):
            raise _unprocessable("value", "O campo value deve ser um número inteiro.")
        if not is_positive_integer(value) or value < AMOUNT_MIN_CENTS:
            raise _unprocessable("value", f"O campo value deve ser no mínimo {AMOUNT_MIN_CENTS}.")
        if webhook_url is not None and not _is_url(webhook_url):
            raise _unprocessable("webhook_url", "O campo webhook_url deve ser uma URL válida.")
        if not isinstance(call.fields.get("split_rules", []), list):
            raise _unprocessable("split_rules", "O campo split_rules deve ser uma lista.")
        charge = self._book.create(
            account,
            payment_id=_payment_id(str(webhook_url or "")),
            amount_cents=value,
            comment="",
            expires_in_seconds=LIFETIME_SECONDS,
            charge_id=str(uuid.UUID(self._new_id())),
            callback_url=webhook_url,
            once=False,
        )
        return self.wire(charge)

    def _refund(self, charge: Charge) -> JsonObject:
        if charge.status != "paid":
            raise Refused("A transação não pode ser reembolsada.")
        left = (charge.paid_amount_cents or 0) - charge.refunded_cents
        refund = self._book.refund(charge, refund_id=self._new_id(), amount_cents=left)
        for outgoing in self.refunded(charge, refund):
            self._notifier.start(charge, outgoing)
        return self.wire(charge)

    def _find(self, charge_id: str, account: Account) -> Charge | None:
        """Return a charge of the token's account, which several bots may share; an id is the same in either case."""
        token = account.credentials["token"]
        for charge in self._book.all():
            is_own = charge.account.provider == PROVIDER and charge.account.credentials["token"] == token
            if is_own and charge.charge_id.lower() == charge_id.lower():
                return charge
        return None


def _payment_id(webhook_url: str) -> str:
    """Return the payment id that Rastro puts into the query, so that the control interface can tell whose charge it is."""
    return parse_qs(urlsplit(webhook_url).query).get("payment_id", [""])[0]


def _is_url(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.netloc)


def _unprocessable(field: str, message: str) -> Refused:
    return Refused({"message": message, "errors": {field: [message]}}, _UNPROCESSABLE)


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("token", "webhook_token"),
    retries=Retries(waits_seconds=(60.0, 300.0, 900.0)),
    speak=PushinPay,
)
