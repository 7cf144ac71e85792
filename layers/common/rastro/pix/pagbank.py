"""PagBank (PagSeguro), by its API of orders.

Charges: https://developer.pagbank.com.br/docs/criar-pedido-pedido-com-qr-code. A charge of ours is an order with one QR code; the
payment id is its ``reference_id`` and, as ``x-idempotency-key`` (…/docs/chaves-publicas-e-de-idempotencia), what makes it once.
Notices: …/reference/webhooks; one is the order itself, and its ``charges`` say what became of it (…/reference/objeto-charge).
``x-authenticity-token`` is SHA-256 of ``{token}-{raw body}`` in hex with the account's API token
(…/reference/confirmar-autenticidade-da-notificacao), so that a notice proves itself. A bare hash can be carried on by whoever has
seen one, but only with bytes after the body that no JSON has.

**The sandbox sends no ``x-authenticity-token``** (…/discuss/6ae8be455616f03f539beebd). Such a notice is refused like any other
without proof; the sale is found by asking, when the buyer says “Já paguei” and by the reconciler.

Every order needs a customer with name, e-mail and CPF or CNPJ (…/reference/objeto-order). The bot asks nobody for them: they are
the shop's own. An account without an active PIX key gets codes that no bank takes
(https://github.com/pagseguro/pagseguro-modulo-prestashop/issues/187); they are refused here.

Not verified against the live API: that the account's own e-mail and CPF or CNPJ are taken as the customer's; that the same key
with another body (a later expiry) gives the first order, and what a 409 means; that a charge given back whole is CANCELED with
``summary.refunded``, whether a refund is told of, and for how long it can be asked for (integrators were refused with 40007 and,
shortly after a payment, 40008); how a dispute shows (an integrator tells of notices about ``CBKS_…``, which are ignored here);
the shortest expiry; that an order which is not there is a 404; the retries of a notice; whether orders are ever signed with
``x-payload-signature`` alone, as recurring payments are. No page knows a look-up of orders by ``reference_id``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from rastro.errors import NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.http import CallRefused, JsonApi
from rastro.pix.onboarding import API_URL_FIELD, CredentialField, Onboarding
from rastro.pix.provider import (
    CallbackRequest,
    Charge,
    ChargeReference,
    ChargeRequest,
    Notice,
    NoticeKind,
    PixProvider,
    ProviderContext,
)
from rastro.pix.values import BRASILIA, cents, epoch_ms, json_object, object_of, text

BASE_URL = "https://api.pagseguro.com"
SIGNATURE_HEADER = "x-authenticity-token"
ITEM_NAME_MAX_LENGTH = 100
"""The order's page says 200."""

# Of the other statuses (AUTHORIZED, IN_ANALYSIS, WAITING) there is nothing to tell. A PIX gets its charge when it is paid.
_PAID, _CANCELED, _DECLINED = "PAID", "CANCELED", "DECLINED"
_CUSTOMER = ("name", "email", "tax_id")
_ORDER_ID = re.compile(r"ORDE_[A-Za-z0-9-]{1,64}", re.IGNORECASE)
_NO_ORDER = "ORDE_00000000-0000-0000-0000-000000000000"
_PIX = "br.gov.bcb.pix"
_FORBIDDEN, _CONFLICT = 403, 409

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="token",
            label="Token da API",
            help=(
                "Na conta PagBank, pelo computador: Venda online > Integrações > Gerar Token; ele chega por e-mail. "
                "O mesmo token assina os avisos."
            ),
        ),
        CredentialField(
            name="customer_name",
            label="Nome que vai nos pedidos",
            secret=False,
            help="O PagBank exige um cliente em cada pedido; como o bot não pede os dados do comprador, vão os da loja.",
        ),
        CredentialField(
            name="customer_email",
            label="E-mail que vai nos pedidos",
            secret=False,
            help="O PagBank pode escrever para ele a cada venda: use um endereço da loja.",
        ),
        CredentialField(
            name="customer_tax_id",
            label="CPF ou CNPJ que vai nos pedidos",
            secret=False,
            help="De quem responde pela loja; só números e, nos CNPJ novos, letras. Pontuação é ignorada.",
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Na conta PagBank, cadastre e ative uma chave Pix: sem ela os códigos não são aceitos por banco nenhum.",
        "Em Venda online > Integrações, clique em Gerar Token e informe-o ao Rastro. Se um dia gerar outro, informe-o de novo.",
        "Peça ao PagBank a liberação da API de Pedidos para a conta: sem ela as chamadas são recusadas (403).",
        "Não há endereço a cadastrar no painel: {callback_url} vai junto de cada cobrança.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``token``, ``customer_name``, ``customer_email`` and ``customer_tax_id``."""
    return PagBank(context, requests.Session())


class PagBank:
    """One PagBank account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials, the clock and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        self._api = JsonApi(session, provider="pagbank", base_url=context.api_url or BASE_URL)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create an order under the payment id.

        Raises ``SecretMissing`` where the customer of the orders is not set.
        """
        expires_at_ms = self._now_ms() + request.expires_in_seconds * 1000
        order = self._created(self._wanted(request, expires_at_ms), request.payment_id, expires_at_ms)
        code = next(iter(_objects(order, "qr_codes")), {})
        charge_id, brcode = _order_id(order.get("id")), code.get("text")
        if charge_id is None or not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("pagbank answered without a code")
        if _PIX not in brcode.lower():
            raise ProviderError("pagbank made a code that is not of PIX: the account has no active PIX key")
        # An order that an earlier try made ends when that one said.
        theirs_ms = epoch_ms(code.get("expiration_date")) or expires_at_ms
        return Charge(charge_id=charge_id, brcode=brcode, expires_at_ms=min(expires_at_ms, theirs_ms))

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the hash of token and raw body in constant time; without a token of ours nothing is authentic."""
        token = self._credentials.get("token", "")
        if not token:
            raise SecretMissing("pagbank token is not set")
        given = request.headers.get(SIGNATURE_HEADER, "").strip().lower()
        if not given:
            raise NotAuthentic("there is no x-authenticity-token; the sandbox sends none")
        expected = hashlib.sha256(f"{token}-".encode() + request.body).hexdigest()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise NotAuthentic("x-authenticity-token is not the body's")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what a callback says of its order; one without a charge (it was just made) or of another kind is ignored.

        What was given back comes first: money that came and went before we heard of it is no sale to deliver.
        """
        told = _told(json_object(request.body))
        return told[::-1] or [Notice(kind=NoticeKind.IGNORED)]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the order by its id, nothing without one: an order whose id never reached us was shown to nobody.

        An order never says that it expired: that is reckoned from its code.
        """
        order = self._order(charge)
        if order is None:
            return []
        return _told(order) or self._expired(order)

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give money back, once for each ``refund_id``: the idempotency key."""
        order = self._order(charge)
        paid = None if order is None else _settled(order)
        charge_id = None if paid is None else text(paid.get("id"))
        if paid is None or charge_id is None:
            raise ProviderError("pagbank knows no payment to give back")
        if _status(paid) == _CANCELED and cents(object_of(paid, "amount").get("value")) == amount_cents:
            return
        path = f"/charges/{quote(charge_id, safe='')}/cancel"
        self._call("POST", path, {"amount": {"value": amount_cents}}, key=refund_id)

    def check(self) -> None:
        """Ask for an order that nobody has: a good token is told that there is none, any other is refused."""
        self._customer()
        try:
            self._call("GET", f"/orders/{_NO_ORDER}")
        except CallRefused as exc:
            if exc.status == _FORBIDDEN:
                raise ProviderError("pagbank has not opened the API of orders to this account (403)") from None
            raise

    def register_callback(self, url: str) -> bool:  # noqa: ARG002 - the port's signature
        """Return that it is done: each order carries its own address."""
        return True

    def _wanted(self, request: ChargeRequest, expires_at_ms: int) -> Mapping[str, object]:
        order: dict[str, object] = {
            "reference_id": request.payment_id,
            "customer": self._customer(),
            "items": [
                {"name": request.description[:ITEM_NAME_MAX_LENGTH], "quantity": 1, "unit_amount": request.amount_cents},
            ],
            "qr_codes": [{"amount": {"value": request.amount_cents}, "expiration_date": _written(expires_at_ms)}],
        }
        if request.callback_url:
            order["notification_urls"] = [request.callback_url]
        return order

    def _created(self, wanted: Mapping[str, object], payment_id: PaymentId, expires_at_ms: int) -> Mapping[str, Any]:
        try:
            answer = self._call("POST", "/orders", wanted, key=payment_id)
        except CallRefused as exc:
            if exc.status != _CONFLICT:
                raise
            # The key may be refused with another body, and a later try has another expiry. The order that is there cannot be
            # looked up; its code reached nobody, so that a second one is no second charge.
            answer = self._call("POST", "/orders", wanted, key=f"{payment_id}-{expires_at_ms}")
        return answer if isinstance(answer, Mapping) else {}

    def _customer(self) -> Mapping[str, str]:
        customer = {field: self._credentials.get(f"customer_{field}", "").strip() for field in _CUSTOMER}
        customer["tax_id"] = "".join(filter(str.isalnum, customer["tax_id"]))
        for field, value in customer.items():
            if not value:
                raise SecretMissing(f"pagbank customer_{field} is not set")
        return customer

    def _order(self, charge: ChargeReference) -> Mapping[str, Any] | None:
        """Return the order of a reference, ``None`` where there is none or it is not of the payment that the reference names."""
        order_id = _order_id(charge.charge_id)
        answer = None if order_id is None else self._call("GET", f"/orders/{order_id}")
        if order_id is None or answer is None:
            return None
        order = answer if isinstance(answer, Mapping) else {}
        if (_order_id(order.get("id")) or "").upper() != order_id.upper():
            raise ProviderUnavailable("pagbank answered without the order")
        reference = text(order.get("reference_id"))
        return order if reference is not None and charge.payment_id in (None, reference) else None

    def _expired(self, order: Mapping[str, Any]) -> Sequence[Notice]:
        code = next(iter(_objects(order, "qr_codes")), {})
        over_at_ms = epoch_ms(code.get("expiration_date"))
        is_under_way = any(_status(charge) not in {_DECLINED, _CANCELED} for charge in _objects(order, "charges"))
        if is_under_way or over_at_ms is None or self._now_ms() < over_at_ms:
            return []
        payment_id = PaymentId(str(order["reference_id"]))
        return [
            Notice(
                kind=NoticeKind.EXPIRED,
                payment_id=payment_id,
                charge_id=_order_id(order.get("id")),
                occurred_at_ms=over_at_ms,
            )
        ]

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Any:  # noqa: ANN401 - JSON
        headers = {"Authorization": f"Bearer {self._credentials.get('token', '')}"}
        if key:
            headers["x-idempotency-key"] = key
        return self._api.call(method, path, body, headers=headers)


def _told(order: Mapping[str, Any]) -> list[Notice]:
    """Return what an order says of its payment: paid, then what was given back; a charge that took no money says nothing."""
    charge_id, reference = _order_id(order.get("id")), text(order.get("reference_id"))
    charge = _settled(order)
    if charge is None or charge_id is None or reference is None:
        return []
    amount, pix = object_of(charge, "amount"), object_of(object_of(charge, "payment_method"), "pix")
    summary = object_of(amount, "summary")
    paid_cents = cents(summary.get("paid")) or cents(amount.get("value"))
    paid = Notice(
        kind=NoticeKind.PAID,
        payment_id=PaymentId(reference),
        charge_id=charge_id,
        amount_cents=paid_cents,
        occurred_at_ms=epoch_ms(charge.get("paid_at")),
        end_to_end_id=text(pix.get("end_to_end_id")),
        payer_name=text(object_of(pix, "holder").get("name")),
    )
    given_back_cents = cents(summary.get("refunded"))
    if given_back_cents is None and _status(charge) != _CANCELED:
        return [paid]
    # Refunds have no ids of their own: the sum is all that was given back so far.
    refunded = Notice(
        kind=NoticeKind.REFUNDED,
        payment_id=paid.payment_id,
        charge_id=charge_id,
        amount_cents=given_back_cents or paid_cents,
        partial=given_back_cents is not None and given_back_cents < (paid_cents or 0),
    )
    return [paid, refunded]


def _settled(order: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the charge of an order that took money, one that kept it before one that gave it back."""
    charges = [charge for charge in _objects(order, "charges") if _took_money(charge)]
    return min(charges, key=lambda charge: _status(charge) != _PAID, default=None)


def _took_money(charge: Mapping[str, Any]) -> bool:
    """Say whether a charge was ever paid: one that is cancelled may have been, and then has the time of it or gave money back."""
    if _status(charge) == _CANCELED:
        refunded_cents = cents(object_of(object_of(charge, "amount"), "summary").get("refunded"))
        return refunded_cents is not None or epoch_ms(charge.get("paid_at")) is not None
    return _status(charge) == _PAID


def _objects(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    entries = document.get(name)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _status(charge: Mapping[str, Any]) -> str:
    return str(charge.get("status", ""))


def _order_id(value: object) -> str | None:
    """Return the id of an order, which can stand in a path; a checkout's, a charge's or a dispute's is none."""
    return value if isinstance(value, str) and _ORDER_ID.fullmatch(value) else None


def _written(moment_ms: int) -> str:
    """Return a time as the provider reads it: ``2021-08-29T20:15:59-03:00``."""
    return datetime.fromtimestamp(moment_ms / 1000, BRASILIA).isoformat(timespec="seconds")
