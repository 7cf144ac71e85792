"""OpenPix / Woovi: ``/api/v1/charge`` (https://developers.openpix.com.br/api) and its notices (…/docs/webhook).

Any status below 400 will do for a notice; else 8 tries, 10 * 2^n seconds apart.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import unquote

from lab.pix.book import PAYER_CPF, Charge, Refund, iso
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, is_positive_integer, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "openpix"
SIGNATURE_HEADER = "X-OpenPix-Signature"
COMMENT_MAX_LENGTH = 140
DEFAULT_EXPIRES_IN_SECONDS = 86_400
CHARGE_PATH = "api/v1/charge"
WEBHOOK_PATH = "api/v1/webhook"

_REFUSED = 400
_WIRE_STATUS = {"pending": "ACTIVE", "paid": "COMPLETED", "expired": "EXPIRED", "refunded": "COMPLETED"}
_ACCOUNT = {"clientId": "ZOJ64B9B-ZM1W-89MI-4UCI-OP2LVIU6NY75"}
_COMPANY = {"id": "624f46f9e93f9f521c8308d7", "name": "Loja de Teste", "taxID": "44720743000101"}


def sign(body: bytes, secret: str) -> str:
    """Return the value of ``X-OpenPix-Signature``: HMAC-SHA1 of the raw body, base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha1")).decode()


class OpenPix:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges and the way out of the notices."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._lab_url = surroundings.lab_url
        self._new_id = surroundings.new_id
        self._webhooks: dict[str, tuple[Account, JsonObject]] = {}

    def answer(self, call: Call) -> Answer:
        """Create, show, delete or refund a charge of the AppID's account."""
        # The AppID stands alone; with Bearer before it, it is another text and no AppID.
        account = account_of(self._state, PROVIDER, "app_id", call.headers.get("authorization", ""))
        if account is None:
            raise Refused("appID inválido", 401)
        return Answer(status=200, body=self._routed(call, account))

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        return {"error": "appID inválido" if status == 401 else message}  # noqa: PLR2004 - unauthorised

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a paid charge."""
        document = self.wire(charge)
        paid_at = iso(charge.paid_at_ms or 0)
        pix: JsonObject = {
            "customer": None,
            "payer": _payer(charge),
            "charge": document,
            "value": charge.paid_amount_cents,
            "time": paid_at,
            "endToEndId": charge.end_to_end_id,
            "transactionID": charge.charge_id,
            "infoPagador": "",
            "type": "PAYMENT",
            "createdAt": paid_at,
        }
        event = "OPENPIX:CHARGE_COMPLETED"
        return [_signed(charge, {"event": event, "charge": document, "pix": pix, "company": _COMPANY, "account": _ACCOUNT})]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a charge that nobody paid in time."""
        return [_signed(charge, {"event": "OPENPIX:CHARGE_EXPIRED", "charge": self.wire(charge), "company": _COMPANY})]

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:
        """Return the notice of money given back; its charge still says COMPLETED."""
        document = self.wire(charge)
        pix: JsonObject = {
            "customer": None,
            "charge": document,
            "value": refund.amount_cents,
            "time": iso(refund.at_ms),
            "endToEndId": refund.end_to_end_id,
            "createdAt": iso(refund.at_ms),
            "partial": refund.amount_cents < (charge.paid_amount_cents or 0),
        }
        notice: JsonObject = {
            "event": "OPENPIX:TRANSACTION_REFUND_RECEIVED",
            "charge": document,
            "pixQrCode": None,
            "pix": pix,
            "company": _COMPANY,
            "account": _ACCOUNT,
            "refunds": [],
        }
        return [_signed(charge, notice)]

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a dispute (MED)."""
        notice: JsonObject = {
            "event": "OPENPIX:DISPUTE_CREATED",
            "charge": self.wire(charge),
            "dispute": {"endToEndId": charge.end_to_end_id, "value": charge.paid_amount_cents, "status": "IN_REVIEW"},
            "company": _COMPANY,
        }
        return [_signed(charge, notice)]

    def wire(self, charge: Charge) -> JsonObject:
        """Return a charge as the provider writes it."""
        value = charge.amount_cents if charge.paid_amount_cents is None else charge.paid_amount_cents
        document: JsonObject = {
            "customer": None,
            "value": value,
            "comment": charge.comment,
            "identifier": charge.charge_id,
            "correlationID": charge.payment_id,
            "paymentLinkID": charge.charge_id[:32],
            "transactionID": charge.charge_id,
            "status": _WIRE_STATUS[charge.status],
            "giftbackAppliedValue": 0,
            "discount": 0,
            "valueWithDiscount": value,
            "expiresDate": iso(charge.expires_at_ms),
            "type": "DYNAMIC",
            "createdAt": iso(charge.created_at_ms),
            "additionalInfo": [],
            "updatedAt": iso(charge.updated_at_ms or charge.created_at_ms),
            "expiresIn": charge.expires_in_seconds,
            "pixKey": "d65032a3-0c0c-4a6f-9b7e-2f5f3f0a5d11",
            "brCode": charge.brcode,
            "paymentLinkUrl": f"{self._lab_url()}/openpix/pay/{charge.charge_id}",
            "qrCodeImage": f"{self._lab_url()}/openpix/charge/brcode/image/{charge.charge_id}.png",
            "globalID": base64.b64encode(f"Charge:{charge.charge_id[:24]}".encode()).decode(),
        }
        if charge.paid_at_ms is not None:
            document |= {"paidAt": iso(charge.paid_at_ms), "payer": _payer(charge)}
        return document

    def _routed(self, call: Call, account: Account) -> JsonObject:
        if call.path == CHARGE_PATH and call.method == "POST":
            return self._create(call, account)
        if call.path == WEBHOOK_PATH or call.path.startswith(f"{WEBHOOK_PATH}/"):
            return self._webhook(call, account)
        name, _, rest = call.path.removeprefix(f"{CHARGE_PATH}/").partition("/")
        if not call.path.startswith(f"{CHARGE_PATH}/"):
            raise Refused("Not Found", 404)
        charge = self._book.find(unquote(name), account)
        if charge is None:
            raise Refused("Cobrança não encontrada", 404)
        if (call.method, rest) == ("GET", ""):
            return {"charge": self.wire(charge)}
        if (call.method, rest) == ("DELETE", ""):
            return self._delete(charge)
        if (call.method, rest) == ("POST", "refund"):
            return self._refund(call, charge)
        raise Refused("Method Not Allowed", 405)

    def _webhook(self, call: Call, account: Account) -> JsonObject:
        """List, create or delete the webhooks of an account; notices go to its bot's callback address whatever they say."""
        own = {hook_id: hook for hook_id, (owner, hook) in self._webhooks.items() if owner == account}
        if call.method == "GET" and call.path == WEBHOOK_PATH:
            wanted = call.query.get("url")
            return {"webhooks": [hook for hook in own.values() if wanted in {None, hook["url"]}]}
        if call.method == "POST" and call.path == WEBHOOK_PATH:
            given = call.fields.get("webhook")
            if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in ("name", "event", "url")):
                raise Refused("O webhook precisa de name, event e url")
            hook_id = base64.b64encode(f"Webhook:{self._new_id()[:24]}".encode()).decode()
            hook = {"id": hook_id, "isActive": True, "authorization": "", **given}
            self._webhooks[hook_id] = (account, hook)
            return {"webhook": hook}
        hook_id = unquote(call.path.removeprefix(f"{WEBHOOK_PATH}/"))
        if call.method != "DELETE" or hook_id not in own:
            raise Refused("Webhook não encontrado", 404)
        del self._webhooks[hook_id]
        return {"status": "OK"}

    def _create(self, call: Call, account: Account) -> JsonObject:
        if call.unreadable:
            raise Refused(call.unreadable)
        correlation_id, value = call.fields.get("correlationID"), call.fields.get("value")
        comment = call.fields.get("comment", "")
        expires_in = call.fields.get("expiresIn", DEFAULT_EXPIRES_IN_SECONDS)
        if not isinstance(correlation_id, str) or not correlation_id.strip():
            raise Refused("O correlationID é obrigatório")
        if not is_positive_integer(value):
            raise Refused("O valor deve ser um inteiro de centavos maior que zero")
        if not isinstance(comment, str) or len(comment) > COMMENT_MAX_LENGTH:
            raise Refused(f"O comentário deve ter no máximo {COMMENT_MAX_LENGTH} caracteres")
        if not is_positive_integer(expires_in):
            raise Refused("expiresIn deve ser um inteiro de segundos maior que zero")
        charge = self._book.create(
            account, payment_id=correlation_id, amount_cents=value, comment=comment, expires_in_seconds=expires_in
        )
        return {"charge": self.wire(charge), "correlationID": charge.payment_id, "brCode": charge.brcode}

    def _delete(self, charge: Charge) -> JsonObject:
        if charge.status in {"paid", "refunded"}:
            raise Refused("Cobrança já paga")
        self._book.expire(charge)
        return {"status": "OK", "id": charge.payment_id}

    def _refund(self, call: Call, charge: Charge) -> JsonObject:
        correlation_id = call.fields.get("correlationID")
        value = call.fields.get("value", charge.paid_amount_cents)
        if not isinstance(correlation_id, str) or not correlation_id:
            raise Refused("O correlationID é obrigatório")
        if correlation_id not in charge.refunds:
            if charge.status != "paid":
                raise Refused("Cobrança não paga")
            if not is_positive_integer(value) or charge.refunded_cents + value > (charge.paid_amount_cents or 0):
                raise Refused("Valor de reembolso inválido")
            refund = self._book.refund(charge, refund_id=correlation_id, amount_cents=value)
            for outgoing in self.refunded(charge, refund):
                self._notifier.start(charge, outgoing)
        refund = charge.refunds[correlation_id]
        return {
            "refund": {
                "status": "IN_PROCESSING",
                "value": refund.amount_cents,
                "correlationID": refund.refund_id,
                "refundId": refund.number,
                "endToEndId": refund.end_to_end_id,
                "time": iso(refund.at_ms),
            }
        }


def _signed(charge: Charge, notice: JsonObject) -> Outgoing:
    body = json_bytes(notice)
    signature = sign(body, charge.account.credentials["webhook_secret"])
    return Outgoing(event=str(notice["event"]), body=body, headers={SIGNATURE_HEADER: signature})


def _payer(charge: Charge) -> JsonObject:
    return {
        "name": charge.payer_name,
        "taxID": {"taxID": PAYER_CPF, "type": "BR:CPF"},
        "correlationID": f"payer-{charge.charge_id[:8]}",
    }


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("app_id", "webhook_secret"),
    retries=Retries(waits_seconds=[10.0 * 2**failures for failures in range(7)], accepts=lambda status: status < _REFUSED),
    speak=OpenPix,
    seal=lambda account, body: {SIGNATURE_HEADER: sign(body, account.credentials["webhook_secret"])},
)
