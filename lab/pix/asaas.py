"""Asaas: ``/v3/payments`` (https://docs.asaas.com/reference) and its notices (https://docs.asaas.com/docs/sobre-os-webhooks).

Amounts are in reais, times are Brasília's and name no zone. Only a 200 will do for a notice; else 15 tries over some 13 hours,
after which Asaas stops the queue (https://docs.asaas.com/docs/penalização-de-filas; here only this notice is given up).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from lab.pix.asaas_webhooks import Webhooks, page
from lab.pix.book import PAYER_CPF, Charge, Refund
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "asaas"
TOKEN_HEADER = "asaas-access-token"  # noqa: S105 - the name of a header
DESCRIPTION_MAX_LENGTH = 500
AMOUNT_MIN_CENTS = 500

_OK, _UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
_BRASILIA = timezone(timedelta(hours=-3))
_DAY_SECONDS = 86_400
_WIRE_STATUS = {"pending": "PENDING", "paid": "RECEIVED", "expired": "OVERDUE", "refunded": "REFUNDED"}
_CODES = {_UNAUTHORISED: "invalid_access_token", _FORBIDDEN: "forbidden", _NOT_FOUND: "not_found"}
_WAITS_SECONDS = (30.0, 60.0, 210.0, 300.0, 900.0, 1500.0, *[3600.0] * 5, *[7200.0] * 2, 10_800.0)


class Asaas:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges and the way out of the notices."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._now_ms = surroundings.now_ms
        self._new_id = surroundings.new_id
        self._lab_url = surroundings.lab_url
        self._webhooks = Webhooks(surroundings.new_id)
        self._deleted: set[str] = set()

    def answer(self, call: Call) -> Answer:
        """Do what a request of the key's account asks for; there is no ``Authorization`` here, and a name is demanded."""
        account = account_of(self._state, PROVIDER, "api_key", call.headers.get("access_token", ""))
        if account is None:
            raise Refused("A chave de API fornecida é inválida", _UNAUTHORISED)
        if not call.headers.get("user-agent"):
            raise Refused("O header User-Agent é obrigatório", _FORBIDDEN)
        if call.method == "GET" and (call.fields or call.unreadable):
            raise Refused("Chamadas de método GET precisam ter um body vazio", _FORBIDDEN)
        if call.unreadable:
            raise Refused(call.unreadable)
        return Answer(status=200, body=self._routed(call, account))

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        return {"errors": [{"code": _CODES.get(status, "invalid_action"), "description": message}]}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a paid charge: a PIX is received at once, without ``PAYMENT_CONFIRMED``."""
        return [self._notice("PAYMENT_RECEIVED", charge)]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a charge whose due day is over."""
        return [self._notice("PAYMENT_OVERDUE", charge)]

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:  # noqa: ARG002 - the charge lists them all
        """Return the notice of money given back."""
        whole = charge.status == "refunded"
        return [self._notice("PAYMENT_REFUNDED" if whole else "PAYMENT_PARTIALLY_REFUNDED", charge)]

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a payment that is asked back."""
        return [self._notice("PAYMENT_CHARGEBACK_REQUESTED", charge)]

    def wire(self, charge: Charge) -> JsonObject:
        """Return a charge as the provider writes it."""
        deleted = charge.charge_id in self._deleted
        created, paid = _day(charge.created_at_ms), None if charge.paid_at_ms is None else _day(charge.paid_at_ms)
        value = _reais(charge.amount_cents if charge.paid_amount_cents is None else charge.paid_amount_cents)
        due = _day(charge.expires_at_ms - 1)
        status = "PENDING" if deleted else _WIRE_STATUS[charge.status]
        if charge.disputed and status == "RECEIVED":
            status = "CHARGEBACK_REQUESTED"
        return {
            "object": "payment",
            "id": charge.charge_id,
            "dateCreated": created,
            "customer": charge.account.credentials["customer_id"],
            "checkoutSession": None,
            "paymentLink": None,
            "value": value,
            "netValue": value,
            "originalValue": None if charge.paid_amount_cents in {None, charge.amount_cents} else _reais(charge.amount_cents),
            "interestValue": None,
            "description": charge.comment or None,
            "billingType": "PIX",
            "confirmedDate": paid,
            "pixTransaction": _transaction_id(charge),
            "pixQrCodeId": f"RASTROLAB{charge.charge_id[4:].upper()}ASA",
            "status": status,
            "dueDate": due,
            "originalDueDate": due,
            "paymentDate": paid,
            "clientPaymentDate": paid,
            "installmentNumber": None,
            "invoiceUrl": f"{self._lab_url()}/asaas/i/{charge.charge_id[4:]}",
            "invoiceNumber": f"{int(charge.charge_id[4:12], 16):010d}",
            "externalReference": charge.payment_id or None,
            "deleted": deleted,
            "anticipated": False,
            "anticipable": False,
            "creditDate": paid,
            "estimatedCreditDate": paid,
            "transactionReceiptUrl": None if paid is None else f"{self._lab_url()}/asaas/comprovantes/{charge.charge_id[4:]}",
            "nossoNumero": None,
            "bankSlipUrl": None,
            "lastInvoiceViewedDate": None,
            "lastBankSlipViewedDate": None,
            "discount": {"value": 0, "limitDate": None, "dueDateLimitDays": 0, "type": "FIXED"},
            "interest": {"value": 0, "type": "PERCENTAGE"},
            "fine": {"value": 0, "type": "FIXED"},
            "postalService": False,
            "custody": None,
            "escrow": None,
            "refunds": [_refund(refund) for refund in charge.refunds.values()] or None,
        }

    def _notice(self, event: str, charge: Charge) -> Outgoing:
        document: JsonObject = {
            "id": f"evt_{self._new_id()}&{int(self._new_id()[:7], 16)}",
            "event": event,
            "dateCreated": _moment(self._now_ms()),
            "payment": self.wire(charge),
        }
        token = self._webhooks.token_of(charge.account) or charge.account.credentials["webhook_token"]
        return Outgoing(event=event, body=json_bytes(document), headers={TOKEN_HEADER: token})

    def _routed(self, call: Call, account: Account) -> JsonObject:
        match (call.method, *call.path.split("/")):
            case ("POST", "v3", "payments"):
                done = self._create(call, account)
            case ("GET", "v3", "payments"):
                done = self._list(call, account)
            case ("GET", "v3", "payments", charge_id):
                done = self.wire(self._charge(account, charge_id))
            case ("GET", "v3", "payments", charge_id, "pixQrCode"):
                done = self._code(self._charge(account, charge_id))
            case ("DELETE", "v3", "payments", charge_id):
                done = self._delete(self._charge(account, charge_id))
            case ("POST", "v3", "payments", charge_id, "refund"):
                done = self._give_back(call, self._charge(account, charge_id))
            case ("GET", "v3", "pix", "transactions", transaction_id):
                done = self._transaction(account, transaction_id)
            case ("GET", "v3", "customers", customer_id) if customer_id == account.credentials["customer_id"]:
                done = {"object": "customer", "id": customer_id, "name": "Loja", "cpfCnpj": PAYER_CPF, "deleted": False}
            case (_, "v3", "webhooks", *names):
                done = self._webhooks.answer(call, account, "/".join(names))
            case _:
                raise Refused("Não encontrado", _NOT_FOUND)
        return done

    def _charge(self, account: Account, charge_id: str) -> Charge:
        for charge in self._of(account):
            if charge.charge_id == charge_id:
                return charge
        raise Refused("Cobrança não encontrada", _NOT_FOUND)

    def _code(self, charge: Charge) -> JsonObject:
        ends_at = _local(charge.expires_at_ms - 1) + timedelta(days=365)
        return {"encodedImage": "", "payload": charge.brcode, "expirationDate": f"{ends_at:%Y-%m-%d} 23:59:59"}

    def _list(self, call: Call, account: Account) -> JsonObject:
        reference = call.query.get("externalReference")
        found = [charge for charge in self._of(account) if reference in {None, charge.payment_id}]
        shown = [self.wire(charge) for charge in found if charge.charge_id not in self._deleted]
        return page(call, shown)

    def _create(self, call: Call, account: Account) -> JsonObject:
        fields = call.fields
        if fields.get("customer") != account.credentials["customer_id"]:
            raise Refused("Customer inválido ou não informado.")
        if fields.get("billingType") != "PIX":
            raise Refused("O campo billingType deve ser informado.")
        amount_cents, due = _cents(fields.get("value")), _date(fields.get("dueDate"))
        reference, description = fields.get("externalReference"), fields.get("description")
        if amount_cents is None:
            raise Refused("O campo value é inválido.")
        if amount_cents < AMOUNT_MIN_CENTS:
            asked = f"{amount_cents / 100:.2f}".replace(".", ",")
            raise Refused(f"O valor da cobrança (R$ {asked}) menos o valor do desconto (R$ 0,00) não pode ser menor que R$ 5,00.")
        if due is None:
            raise Refused("O campo dueDate deve ser informado.")
        if due < _local(self._now_ms()).date():
            raise Refused("Não é permitido data de vencimento inferior a hoje.")
        if description is not None and (not isinstance(description, str) or len(description) > DESCRIPTION_MAX_LENGTH):
            raise Refused(f"A descrição deve ter no máximo {DESCRIPTION_MAX_LENGTH} caracteres.")
        if reference is not None and not isinstance(reference, str):
            raise Refused("O campo externalReference é inválido.")
        ends_at_seconds = datetime(due.year, due.month, due.day, tzinfo=_BRASILIA).timestamp() + _DAY_SECONDS
        charge = self._book.create(
            account,
            payment_id=reference or "",
            amount_cents=amount_cents,
            comment=description or "",
            expires_in_seconds=int(ends_at_seconds - self._now_ms() / 1000),
            charge_id=f"pay_{self._new_id()[-16:]}",
            once=False,
        )
        return self.wire(charge)

    def _delete(self, charge: Charge) -> JsonObject:
        if charge.status in {"paid", "refunded"}:
            raise Refused("Não é possível remover uma cobrança recebida.")
        self._book.expire(charge)
        self._deleted.add(charge.charge_id)
        self._notifier.start(charge, self._notice("PAYMENT_DELETED", charge))
        return {"deleted": True, "id": charge.charge_id}

    def _give_back(self, call: Call, charge: Charge) -> JsonObject:
        left = (charge.paid_amount_cents or 0) - charge.refunded_cents
        amount_cents = _cents(call.fields["value"]) if "value" in call.fields else left
        if charge.status != "paid":
            raise Refused("Somente é possível estornar cobranças recebidas ou confirmadas.")
        if amount_cents is None or amount_cents > left:
            raise Refused("O valor do estorno não pode ultrapassar o valor da cobrança.")
        reason = str(call.fields.get("description") or "")
        refund = self._book.refund(charge, refund_id=self._new_id(), amount_cents=amount_cents, reason=reason)
        for outgoing in self.refunded(charge, refund):
            self._notifier.start(charge, outgoing)
        return self.wire(charge)

    def _transaction(self, account: Account, transaction_id: str) -> JsonObject:
        for charge in self._of(account):
            if charge.paid_at_ms is not None and transaction_id == _transaction_id(charge):
                return {
                    "id": transaction_id,
                    "endToEndIdentifier": charge.end_to_end_id,
                    "value": _reais(charge.paid_amount_cents or 0),
                    "refundedValue": _reais(charge.refunded_cents),
                    "dateCreated": _moment(charge.paid_at_ms),
                    "effectiveDate": _moment(charge.paid_at_ms),
                    "scheduledDate": None,
                    "status": "DONE",
                    "type": "CREDIT",
                    "originType": "DYNAMIC_QRCODE",
                    "payment": charge.charge_id,
                    "externalAccount": {"name": charge.payer_name, "cpfCnpj": PAYER_CPF, "ispb": 23_114_447},
                }
        raise Refused("Transação não encontrada", _NOT_FOUND)

    def _of(self, account: Account) -> list[Charge]:
        """Return the charges of an account, which several bots may share."""
        key = account.credentials["api_key"]
        return [
            charge
            for charge in self._book.all()
            if charge.account.provider == PROVIDER and charge.account.credentials["api_key"] == key
        ]


def _refund(refund: Refund) -> JsonObject:
    return {
        "dateCreated": _moment(refund.at_ms),
        "status": "DONE",
        "value": _reais(refund.amount_cents),
        "description": refund.reason or None,
        "transactionReceiptUrl": None,
    }


def _transaction_id(charge: Charge) -> str | None:
    """Return the id of the PIX that paid a charge, a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, charge.end_to_end_id)) if charge.end_to_end_id else None


def _cents(value: object) -> int | None:
    """Return a JSON number of reais in cents; a text is none, and neither is a fraction of a cent."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    amount = Decimal(str(value)) * 100
    return int(amount) if amount > 0 and amount == amount.to_integral_value() else None


def _reais(amount_cents: int) -> int | float:
    """Return an amount as the provider writes it: ``50``, ``49.9``."""
    return amount_cents / 100 if amount_cents % 100 else amount_cents // 100


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _local(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, _BRASILIA)


def _day(epoch_ms: int) -> str:
    return f"{_local(epoch_ms):%Y-%m-%d}"


def _moment(epoch_ms: int) -> str:
    return f"{_local(epoch_ms):%Y-%m-%d %H:%M:%S}"


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("api_key", "customer_id", "webhook_token"),
    retries=Retries(waits_seconds=_WAITS_SECONDS, accepts=lambda status: status == _OK),
    speak=Asaas,
)
