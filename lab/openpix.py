"""The OpenPix API: ``/api/v1/charge`` (https://developers.openpix.com.br/api)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard
from urllib.parse import unquote

from lab.charges import DEFAULT_EXPIRES_IN_SECONDS, Charge, ChargeBook
from lab.faults import Fault, Service
from lab.notices import Notifier, refunded
from lab.state import Account, JsonObject, State
from lab.wire import Answer, Call

COMMENT_MAX_LENGTH = 140
CHARGE_PATH = "api/v1/charge"


class _Refused(Exception):
    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class OpenPix:
    """The provider's side of every account."""

    service: Service = "pix"

    def __init__(
        self, state: State, book: ChargeBook, notifier: Notifier, *, now_ms: Callable[[], int], lab_url: Callable[[], str]
    ) -> None:
        """Take the charges and the way out of the notices."""
        self._state = state
        self._book = book
        self._notifier = notifier
        self._now_ms = now_ms
        self._lab_url = lab_url
        self.requests: list[JsonObject] = []

    def reset(self) -> None:
        """Forget every request."""
        self.requests.clear()

    def work(self, call: Call) -> Answer:
        """Create, show, delete or refund a charge of the AppID's account."""
        # The AppID stands alone; with Bearer before it, it is another text and no AppID.
        account = self._state.config.account_by_app_id(call.headers.get("authorization", ""))
        if account is None:
            return Answer(status=401, body={"error": "appID inválido"})
        try:
            return Answer(status=200, body=self._routed(call, account))
        except _Refused as exc:
            return Answer(status=exc.status, body={"error": str(exc)})

    def touches(self, mode: str, call: Call) -> bool:  # noqa: ARG002 - the port's signature
        """Every request can be hit."""
        return True

    def faulty(self, fault: Fault, call: Call) -> Answer:  # noqa: ARG002 - the port's signature
        """Word a fault as the provider does."""
        if fault.mode == "throttle":
            seconds = max(1, -(-(fault.delay_ms or 0) // 1000))
            return Answer(status=429, body={"error": "Too many requests"}, headers={"Retry-After": str(seconds)})
        if fault.mode == "token_error":
            return Answer(status=401, body={"error": "appID inválido"})
        return Answer(status=500, body={"error": "Internal Server Error"})

    def record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        """Keep a request with its answer, never with its AppID."""
        entry: JsonObject = {
            "at_ms": self._now_ms(),
            "method": call.method,
            "path": f"/{call.path}",
            "body": dict(call.fields),
            "status": answer.status if answer else None,
        }
        if fault:
            entry["fault"] = fault.mode
        self.requests.append(entry)

    def _routed(self, call: Call, account: Account) -> JsonObject:
        if call.path == CHARGE_PATH and call.method == "POST":
            return self._create(call, account)
        name, _, rest = call.path.removeprefix(f"{CHARGE_PATH}/").partition("/")
        if not call.path.startswith(f"{CHARGE_PATH}/"):
            raise _Refused("Not Found", 404)
        charge = self._book.find(unquote(name), account)
        if charge is None:
            raise _Refused("Cobrança não encontrada", 404)
        if (call.method, rest) == ("GET", ""):
            return {"charge": charge.wire(self._lab_url())}
        if (call.method, rest) == ("DELETE", ""):
            return self._delete(charge)
        if (call.method, rest) == ("POST", "refund"):
            return self._refund(call, charge)
        raise _Refused("Method Not Allowed", 405)

    def _create(self, call: Call, account: Account) -> JsonObject:
        if call.unreadable:
            raise _Refused(call.unreadable)
        correlation_id, value = call.fields.get("correlationID"), call.fields.get("value")
        comment = call.fields.get("comment", "")
        expires_in = call.fields.get("expiresIn", DEFAULT_EXPIRES_IN_SECONDS)
        if not isinstance(correlation_id, str) or not correlation_id.strip():
            raise _Refused("O correlationID é obrigatório")
        if not _is_positive_integer(value):
            raise _Refused("O valor deve ser um inteiro de centavos maior que zero")
        if not isinstance(comment, str) or len(comment) > COMMENT_MAX_LENGTH:
            raise _Refused(f"O comentário deve ter no máximo {COMMENT_MAX_LENGTH} caracteres")
        if not _is_positive_integer(expires_in):
            raise _Refused("expiresIn deve ser um inteiro de segundos maior que zero")
        charge = self._book.create(
            account, payment_id=correlation_id, amount_cents=value, comment=comment, expires_in_seconds=expires_in
        )
        return {"charge": charge.wire(self._lab_url()), "correlationID": charge.payment_id, "brCode": charge.brcode}

    def _delete(self, charge: Charge) -> JsonObject:
        if charge.status in {"paid", "refunded"}:
            raise _Refused("Cobrança já paga")
        self._book.expire(charge)
        return {"status": "OK", "id": charge.payment_id}

    def _refund(self, call: Call, charge: Charge) -> JsonObject:
        correlation_id = call.fields.get("correlationID")
        value = call.fields.get("value", charge.paid_amount_cents)
        if not isinstance(correlation_id, str) or not correlation_id:
            raise _Refused("O correlationID é obrigatório")
        if correlation_id not in charge.refunds:
            if charge.status != "paid":
                raise _Refused("Cobrança não paga")
            if not _is_positive_integer(value) or charge.refunded_cents + value > (charge.paid_amount_cents or 0):
                raise _Refused("Valor de reembolso inválido")
            refund = self._book.refund(charge, correlation_id=correlation_id, amount_cents=value)
            self._notifier.start(charge, refunded(charge, refund, self._lab_url()))
        return {"refund": charge.refunds[correlation_id]}


def _is_positive_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
