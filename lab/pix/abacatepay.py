"""AbacatePay: ``/v2/transparents`` (https://docs.abacatepay.com/pages/transparents) and its webhooks (…/pages/webhooks).

Any 2xx within 30 s will do for a notice; after a 5xx, a 408, a 429 or none it comes again 5 s, 5 min, 30 min, 2 h, 5 h and 10 h
later, after any other answer never. Nothing is told of a charge whose time is over.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from lab.pix.book import Charge, Refund, iso
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, is_positive_integer, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "abacatepay"
SIGNATURE_HEADER = "X-Webhook-Signature"
SECRET_HEADER = "X-Webhook-Secret"  # noqa: S105 - a name
# Published in the provider's documentation, the same for every seller.
PUBLIC_KEY = (
    "t9dXRhHHo3yDEj5pVDYz0frf7q6bMKyMRmxxCPIPp3RCplBfXRxqlC6ZpiWmOqj4L63qEaeUOtrCI8P0VMUgo6iIga2ri9ogaHFs0WIIywSMg0q7RmBfybe1"
    "E5XJcfC4IW3alNqym0tXoAKkzvfEjZxV6bE0oG2zJrNNYmUCKZyV0KZ3JS8Votf9EAWWYdiDkMkpbMdPggfh1EqHlVkMiTady6jOR3hyzGEHrIz2Ret0xHKM"
    "biqkr9HS1JhNHDX9"
)
DEFAULT_EXPIRES_IN_SECONDS = 86_400
DESCRIPTION_MAX_LENGTH = 500
PLATFORM_FEE_CENTS = 80

_WIRE_STATUS = {"pending": "PENDING", "paid": "PAID", "expired": "EXPIRED", "refunded": "REFUNDED"}
_ORDER_FIELDS = {"amount", "expiresIn", "description", "customer", "ensureSameTaxId", "externalId", "metadata", "utm"}
_CUSTOMER_FIELDS = ("name", "email", "taxId", "cellphone")
_WEBHOOK_FIELDS = ("name", "endpoint", "secret", "events")
_MASKED_CPF = "677.***.***-**"
_NOT_FOUND = 404
_SERVER_ERROR = 500
_TRIED_AGAIN = (408, 429)


def sign(body: bytes) -> str:
    """Return the value of ``X-Webhook-Signature``: HMAC-SHA256 of the raw body with the published key, base64."""
    return base64.b64encode(hmac.digest(PUBLIC_KEY.encode(), body, "sha256")).decode()


class AbacatePay:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges, the way out of the notices and the ids."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._now_ms = surroundings.now_ms
        self._new_id = surroundings.new_id
        self._metadata: dict[str, JsonObject] = {}
        self._webhooks: dict[str, tuple[Account, JsonObject]] = {}
        self._routes: Mapping[tuple[str, str], Callable[[Call, Account], object]] = {
            ("POST", "v2/transparents/create"): self._create,
            ("GET", "v2/transparents/check"): self._check,
            ("GET", "v2/transparents/get"): self._get,
            ("GET", "v2/transparents/list"): self._list,
            ("POST", "v2/transparents/refund"): self._refund,
            ("POST", "v2/webhooks/create"): self._create_webhook,
            ("GET", "v2/webhooks/list"): self._list_webhooks,
            ("POST", "v2/webhooks/delete"): self._delete_webhook,
        }

    def answer(self, call: Call) -> Answer:
        """Do what a request asks for, for the account of its key."""
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        account = account_of(self._state, PROVIDER, "api_key", key) if scheme == "Bearer" else None
        if account is None:
            raise Refused("Token de autenticação inválido ou ausente.", 401)
        route = self._routes.get((call.method, call.path))
        if route is None:
            raise Refused("Rota não encontrada", _NOT_FOUND)
        if call.unreadable:
            raise Refused(call.unreadable)
        return Answer(status=200, body={"data": route(call, account), "success": True, "error": None})

    def refusal(self, message: str, status: int) -> JsonObject:  # noqa: ARG002 - the port's signature
        """Word an error as the provider does."""
        return {"data": None, "success": False, "error": message}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a paid charge."""
        return [self._notice(charge, "transparent.completed")]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return nothing: no such event is known."""
        return []

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:
        """Return the notice of a charge given back; a part of one cannot be."""
        if charge.status != "refunded":
            return []
        return [self._notice(charge, "transparent.refunded", reason=refund.reason or "requested_by_customer")]

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a dispute."""
        return [self._notice(charge, "transparent.disputed", reason="requested_by_customer")]

    def wire(self, charge: Charge) -> JsonObject:
        """Return a charge as the provider writes it."""
        document: JsonObject = {
            "id": charge.charge_id,
            "amount": charge.amount_cents,
            "status": _status(charge),
            "devMode": False,
            "brCode": charge.brcode,
            "brCodeBase64": "data:image/png;base64,iVBORw0KGgo=",
            "platformFee": PLATFORM_FEE_CENTS,
            "receiptUrl": None if charge.paid_at_ms is None else f"https://app.abacatepay.com/receipt/{charge.charge_id}",
            "createdAt": iso(charge.created_at_ms),
            "updatedAt": iso(charge.updated_at_ms or charge.created_at_ms),
            "expiresAt": iso(charge.expires_at_ms),
            "metadata": self._metadata.get(charge.charge_id, {}),
        }
        if charge.paid_amount_cents not in {None, charge.amount_cents}:
            # Not in the documentation, which knows no code that is paid with another amount; here so that it can be played.
            document["paidAmount"] = charge.paid_amount_cents
        return document

    def _create(self, call: Call, account: Account) -> JsonObject:
        order = call.fields.get("data")
        if call.fields.keys() - {"method", "data"} or call.fields.get("method") != "PIX" or not isinstance(order, dict):
            raise Refused("Envie method PIX e data")
        amount, expires_in = order.get("amount"), order.get("expiresIn", DEFAULT_EXPIRES_IN_SECONDS)
        description, reference = order.get("description", ""), order.get("externalId", "")
        metadata, customer = order.get("metadata", {}), order.get("customer")
        if order.keys() - _ORDER_FIELDS:
            raise Refused(f"Campos desconhecidos: {', '.join(sorted(order.keys() - _ORDER_FIELDS))}")
        if not is_positive_integer(amount):
            raise Refused("amount deve ser um inteiro de centavos maior que zero")
        if not is_positive_integer(expires_in):
            raise Refused("expiresIn deve ser um inteiro de segundos maior que zero")
        if not isinstance(description, str) or len(description) > DESCRIPTION_MAX_LENGTH:
            raise Refused(f"description deve ter no máximo {DESCRIPTION_MAX_LENGTH} caracteres")
        if not isinstance(reference, str) or not isinstance(metadata, dict):
            raise Refused("externalId deve ser um texto e metadata um objeto")
        if customer is not None and not (isinstance(customer, dict) and all(customer.get(name) for name in _CUSTOMER_FIELDS)):
            raise Refused("customer deve vir completo ou não vir")
        charge = self._book.create(
            account,
            payment_id=reference,
            amount_cents=amount,
            comment=description,
            expires_in_seconds=expires_in,
            charge_id=f"pix_char_{self._new_id()[-24:]}",
        )
        self._metadata.setdefault(charge.charge_id, metadata)
        return self.wire(charge)

    def _check(self, call: Call, account: Account) -> JsonObject:
        charge = self._one(call.query.get("id"), account)
        return {"id": charge.charge_id, "status": _status(charge), "expiresAt": iso(charge.expires_at_ms)}

    def _get(self, call: Call, account: Account) -> JsonObject:
        return self.wire(self._one(call.query.get("id"), account))

    def _list(self, call: Call, account: Account) -> list[JsonObject]:
        reference, limit = call.query.get("externalId"), call.query.get("limit", "100")
        if not limit.isdecimal():
            raise Refused("limit deve ser um número")
        found = [charge for charge in reversed(self._book.all()) if charge.account == account]
        return [self.wire(charge) for charge in found if reference in {None, charge.payment_id}][: int(limit)]

    def _refund(self, call: Call, account: Account) -> JsonObject:
        charge = self._one(call.fields.get("id"), account)
        if call.fields.keys() - {"id", "reason"}:
            raise Refused("Reembolsos parciais não são suportados")
        if charge.status == "refunded":
            raise Refused("Esta cobrança já foi reembolsada.")
        if charge.disputed:
            raise Refused("TRANSACTION_UNDER_DISPUTE")
        if charge.status != "paid":
            raise Refused("TRANSACTION_NOT_REFUNDABLE")
        reason = call.fields.get("reason")
        amount_cents = charge.paid_amount_cents or charge.amount_cents
        refund = self._book.refund(charge, refund_id=self._new_id(), amount_cents=amount_cents, reason=str(reason or ""))
        for outgoing in self.refunded(charge, refund):
            self._notifier.start(charge, outgoing)
        return {
            "id": f"tran_{refund.number[-24:]}",
            "status": "COMPLETE",
            "amount": refund.amount_cents,
            "reason": reason,
            "originalId": charge.charge_id,
            "createdAt": iso(refund.at_ms),
        }

    def _create_webhook(self, call: Call, account: Account) -> JsonObject:
        if any(not call.fields.get(name) for name in _WEBHOOK_FIELDS) or call.fields.keys() - set(_WEBHOOK_FIELDS):
            raise Refused("name, endpoint, secret e events são obrigatórios")
        now = iso(self._now_ms())
        webhook: JsonObject = {
            "id": f"webh_{self._new_id()[-24:]}",
            **{name: call.fields[name] for name in _WEBHOOK_FIELDS if name != "secret"},
            "devMode": False,
            "v2": True,
            "createdAt": now,
            "updatedAt": now,
        }
        self._webhooks[webhook["id"]] = (account, webhook)
        return webhook

    def _list_webhooks(self, call: Call, account: Account) -> list[JsonObject]:  # noqa: ARG002 - as every route
        return [webhook for owner, webhook in self._webhooks.values() if owner == account]

    def _delete_webhook(self, call: Call, account: Account) -> JsonObject:
        owner, webhook = self._webhooks.get(str(call.fields.get("id")), (None, {}))
        if owner != account:
            raise Refused("Webhook não encontrado", _NOT_FOUND)
        del self._webhooks[webhook["id"]]
        return webhook

    def _one(self, name: object, account: Account) -> Charge:
        charge = self._book.find(name, account) if isinstance(name, str) and name.startswith("pix_char_") else None
        if charge is None:
            raise Refused("Cobrança não encontrada", _NOT_FOUND)
        return charge

    def _notice(self, charge: Charge, event: str, *, reason: str | None = None) -> Outgoing:
        """Return a notice; what was given back or is in dispute is still called PAID in it, as in the documentation."""
        content: JsonObject = {
            "transparent": {
                "id": charge.charge_id.removeprefix("pix_"),
                "externalId": charge.payment_id,
                "amount": charge.amount_cents,
                "paidAmount": charge.paid_amount_cents,
                "platformFee": PLATFORM_FEE_CENTS,
                "status": "PAID",
                "frequency": "ONE_TIME",
                "devMode": False,
                "customerId": None,
                "methods": ["PIX"],
                "receiptUrl": f"https://app.abacatepay.com/receipt/{charge.charge_id}",
                "createdAt": iso(charge.created_at_ms),
                "updatedAt": iso(charge.updated_at_ms),
            },
            "customer": {"id": "", "name": None, "email": None, "taxId": None},
            "payerInformation": {
                "method": "PIX",
                "PIX": {"name": charge.payer_name, "taxId": _MASKED_CPF, "isSameAsCustomer": False},
            },
        }
        if reason is not None:
            content["reason"] = reason
        notice = {"id": f"log_{self._new_id()[-24:]}", "event": event, "apiVersion": 2, "devMode": False, "data": content}
        body, secret = json_bytes(notice), charge.account.credentials["webhook_secret"]
        return Outgoing(
            event=event,
            body=body,
            headers={SIGNATURE_HEADER: sign(body), SECRET_HEADER: secret},
            query=urlencode({"webhookSecret": secret}),
        )


def _status(charge: Charge) -> str:
    return "UNDER_DISPUTE" if charge.disputed and charge.status == "paid" else _WIRE_STATUS[charge.status]


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("api_key", "webhook_secret"),
    retries=Retries(
        waits_seconds=[5, 300, 1800, 7200, 18_000, 36_000],
        gives_up_on=lambda status: status < _SERVER_ERROR and status not in _TRIED_AGAIN,
    ),
    speak=AbacatePay,
    seal=lambda _account, body: {SIGNATURE_HEADER: sign(body)},
)
