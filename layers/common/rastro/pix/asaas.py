"""Asaas.

Charges: https://docs.asaas.com/docs/cobrancas-por-pix. Notices: https://docs.asaas.com/docs/receba-eventos-do-asaas-no-seu-endpoint-de-webhook.
The header ``asaas-access-token`` of a notice is the same for all of them and proves nothing of its body, so each is only a cause
to ask: ``GET /v3/payments/{id}``, whose ``externalReference`` is our payment id.

There is no idempotency key: a charge is looked for by its ``externalReference`` before it is made, so that a retry finds the one
that is there; two calls at the very same moment can still make two, and a notice of either finds the payment. A charge
is good for months, so its expiry is our own. A charge below R$ 5,00 is refused.

Not verified against the live API: that the list by ``externalReference`` shows a charge at once, the fields of
``GET /v3/pix/transactions/{id}``, the update of a webhook by ``PUT``, how a MED dispute of a PIX shows, and where the panel shows
the ``cus_…`` of a customer.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from rastro.errors import NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.http import JsonApi
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
from rastro.pix.values import BRASILIA, cents_of_reais, epoch_ms, json_object, object_of, reais, text

BASE_URL = "https://api.asaas.com"
TOKEN_HEADER = "asaas-access-token"  # noqa: S105 - the name of a header
USER_AGENT = "Rastro"
"""Accounts opened since June 2024 are refused without one (https://docs.asaas.com/docs/autenticação-1)."""
DESCRIPTION_MAX_LENGTH = 500
WEBHOOK_NAME = "Rastro"

_EVENTS = {
    "PAYMENT_RECEIVED": NoticeKind.PAID,
    "PAYMENT_CONFIRMED": NoticeKind.PAID,
    "PAYMENT_OVERDUE": NoticeKind.EXPIRED,
    "PAYMENT_DELETED": NoticeKind.EXPIRED,
    "PAYMENT_REFUNDED": NoticeKind.REFUNDED,
    "PAYMENT_PARTIALLY_REFUNDED": NoticeKind.REFUNDED,
    "PAYMENT_CHARGEBACK_REQUESTED": NoticeKind.DISPUTED,
    "PAYMENT_CHARGEBACK_DISPUTE": NoticeKind.DISPUTED,
    "PAYMENT_AWAITING_CHARGEBACK_REVERSAL": NoticeKind.DISPUTED,
}
"""The events that we subscribe to; every other is ignored."""
_DISPUTED = frozenset({"CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"})
# RECEIVED_IN_CASH is not among them: somebody pressed a button in the panel, no PIX came.
_PAID = frozenset({"RECEIVED", "CONFIRMED", "REFUND_REQUESTED", "REFUND_IN_PROGRESS", "REFUNDED"}) | _DISPUTED
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="api_key",
            label="Chave de API",
            help=(
                "No site do Asaas (não no aplicativo), com um usuário administrador: menu do usuário > Integrações > "
                "Chaves de API. Começa com $aact_ e aparece uma única vez."
            ),
        ),
        CredentialField(
            name="customer_id",
            label="ID do cliente das cobranças (cus_…)",
            secret=False,
            help=(
                "O Asaas só cria cobranças para um cliente cadastrado. Cadastre um único cliente com os seus próprios nome e "
                "CPF ou CNPJ e com as notificações desligadas; todas as cobranças do bot ficam nele. Pela API: "
                "POST /v3/customers com name, cpfCnpj e notificationDisabled: true; o ID vem na resposta."
            ),
        ),
        CredentialField(
            name="webhook_token",
            label="Token de autenticação do webhook",
            generated=True,
            help="De 32 a 255 caracteres, sem espaços nem sequências; deixe vazio para que um seja criado e cadastrado.",
        ),
        CredentialField(
            name="webhook_email",
            label="E-mail para avisos do webhook",
            secret=False,
            required=False,
            help="O Asaas escreve para ele quando a fila de avisos é interrompida.",
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Entre em https://www.asaas.com e abra o menu do usuário > Integrações > Webhooks > Criar Webhook.",
        "Em URL, informe {callback_url}; na versão da API, escolha v3.",
        "Em Token de autenticação, informe o mesmo token que foi dado ao Rastro.",
        "Deixe o webhook ativo, a fila de sincronização ativada e o tipo de envio em Sequencial.",
        f"Em Cobranças, marque os eventos {', '.join(_EVENTS)} e salve.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``api_key``, ``customer_id`` and ``webhook_token``."""
    return Asaas(context, requests.Session())


class Asaas:
    """One Asaas account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        base_url = (context.api_url or BASE_URL).removesuffix("/v3")
        self._api = JsonApi(session, provider="asaas", base_url=base_url)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge with the payment id as ``externalReference``, or take the one that is there, and fetch its code."""
        charge = self._listed(request.payment_id) or self._created(request)
        charge_id = _id(charge.get("id"))
        if charge_id is None:
            raise ProviderUnavailable("asaas answered without a charge")
        code = _object(self._call("GET", f"{_path(charge_id)}/pixQrCode"))
        brcode = code.get("payload")
        if not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("asaas answered without a code")
        expires_at_ms = self._now_ms() + request.expires_in_seconds * 1000
        # An account without a PIX key of its own gets codes that end with the day.
        ends_at_ms = epoch_ms(code.get("expirationDate"))
        return Charge(charge_id=charge_id, brcode=brcode, expires_at_ms=min(expires_at_ms, ends_at_ms or expires_at_ms))

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the token of the header in constant time; without a token of ours nothing is authentic."""
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(self._webhook_token().encode(), given.encode()):
            raise NotAuthentic("asaas-access-token is not the webhook's")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what a callback claims, unproven; a loose PIX has a charge of its own, without ``externalReference``."""
        document = json_object(request.body)
        kind = _EVENTS.get(str(document.get("event", "")).upper())
        payment = object_of(document, "payment")
        charge_id, payment_id = _id(payment.get("id")), text(payment.get("externalReference"))
        is_loose = payment_id is None and "externalReference" in payment
        if kind is None or charge_id is None or is_loose:
            return [Notice(kind=NoticeKind.IGNORED)]
        return [
            Notice(
                kind=kind,
                payment_id=PaymentId(payment_id) if payment_id else None,
                charge_id=charge_id,
                amount_cents=cents_of_reais(payment.get("value")),
                proven=False,
            )
        ]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the charge by its id, else by our own; what it says of a payment counts only if it names that payment."""
        found = self._found(charge)
        return [] if found is None else self._told(found)

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give money back, once for each ``refund_id``.

        There is no idempotency key: the id stands in the refund's description, and a refund that has it is not made again.
        """
        found = self._found(charge)
        if found is None:
            raise ProviderError("asaas knows no such charge")
        made = [refund for refund in _refunds(found) if refund.get("status") != "CANCELLED"]
        if any(refund_id in str(refund.get("description")) for refund in made):
            return
        body = {"value": float(reais(amount_cents)), "description": f"Reembolso {refund_id}"}
        self._call("POST", f"{_path(str(found['id']))}/refund", body)

    def check(self) -> None:
        """Ask for the customer that charges are made for; raises ``ProviderError`` where key or customer are not good."""
        customer_id = self._credentials.get("customer_id", "")
        if not customer_id:
            raise ProviderError("asaas customer_id is not set")
        customer = self._call("GET", f"/v3/customers/{quote(customer_id, safe='')}")
        if customer is None:
            raise ProviderError("asaas knows no customer with this customer_id")
        if _object(customer).get("deleted") is True:
            raise ProviderError("the asaas customer of customer_id was removed")

    def register_callback(self, url: str) -> bool:
        """Create the webhook of this URL or bring it up to date, which also restarts a queue that Asaas interrupted.

        https://docs.asaas.com/docs/create-new-webhook-via-api.
        """
        webhook: dict[str, object] = {
            "name": WEBHOOK_NAME,
            "url": url,
            "enabled": True,
            "interrupted": False,
            "apiVersion": 3,
            "authToken": self._webhook_token(),
            "sendType": "SEQUENTIALLY",
            "events": list(_EVENTS),
        }
        if email := self._credentials.get("webhook_email"):
            webhook["email"] = email
        known = next((entry for entry in self._list("/v3/webhooks", {"limit": "100"}) if entry.get("url") == url), None)
        known_id = _id(known.get("id")) if known else None
        if known_id is None:
            self._call("POST", "/v3/webhooks", webhook)
        else:
            self._call("PUT", f"/v3/webhooks/{known_id}", webhook)
        return True

    def _created(self, request: ChargeRequest) -> Mapping[str, Any]:
        # Due on the day on which our own expiry falls: a charge of the last minutes before midnight is not overdue before.
        expires_at_seconds = self._now_ms() / 1000 + request.expires_in_seconds
        body = {
            "customer": self._credentials.get("customer_id", ""),
            "billingType": "PIX",
            "value": float(reais(request.amount_cents)),  # a JSON number; two decimals come out of a float as they went in
            "dueDate": f"{datetime.fromtimestamp(expires_at_seconds, BRASILIA):%Y-%m-%d}",
            "description": request.description[:DESCRIPTION_MAX_LENGTH],
            "externalReference": request.payment_id,
        }
        return _object(self._call("POST", "/v3/payments", body))

    def _found(self, charge: ChargeReference) -> Mapping[str, Any] | None:
        """Return the charge of a reference, ``None`` where there is none or it is not of the payment that the reference names."""
        charge_id = _id(charge.charge_id)
        found = None if charge_id is None else self._call("GET", _path(charge_id))
        if found is None:
            return self._listed(charge.payment_id) if charge.payment_id else None
        document = _object(found)
        if document.get("id") != charge_id:
            raise ProviderUnavailable("asaas answered without the charge")
        reference = text(document.get("externalReference"))
        return document if reference is not None and charge.payment_id in (None, reference) else None

    def _listed(self, payment_id: PaymentId) -> Mapping[str, Any] | None:
        """Return the charge with our reference, one that was paid before one that waits; one that was deleted is none."""
        charges = [
            entry
            for entry in self._list("/v3/payments", {"externalReference": payment_id, "limit": "100"})
            if entry.get("externalReference") == payment_id and entry.get("deleted") is not True
        ]
        return min(charges, key=lambda entry: _status(entry) not in _PAID, default=None)

    def _list(self, path: str, query: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        entries = _object(self._call("GET", path, query=query)).get("data")
        if not isinstance(entries, list):
            raise ProviderUnavailable("asaas answered without a list")
        return [entry for entry in entries if isinstance(entry, Mapping)]

    def _told(self, charge: Mapping[str, Any]) -> Sequence[Notice]:
        payment_id, charge_id, status = PaymentId(str(charge["externalReference"])), text(charge.get("id")), _status(charge)
        if status not in _PAID:
            is_over = status == "OVERDUE" or charge.get("deleted") is True
            return [Notice(kind=NoticeKind.EXPIRED, payment_id=payment_id, charge_id=charge_id)] if is_over else []
        pix = self._pix(charge)
        paid = Notice(
            kind=NoticeKind.PAID,
            payment_id=payment_id,
            charge_id=charge_id,
            amount_cents=cents_of_reais(charge.get("value")),
            # The charge itself has days only.
            occurred_at_ms=epoch_ms(pix.get("effectiveDate") or pix.get("dateCreated")),
            end_to_end_id=text(pix.get("endToEndIdentifier")),
            payer_name=text(object_of(pix, "externalAccount").get("name")),
        )
        told = [paid]
        given_back = _given_back_cents(charge, paid.amount_cents)
        if given_back:
            partial = given_back < (paid.amount_cents or 0)
            told.append(
                Notice(
                    kind=NoticeKind.REFUNDED,
                    payment_id=payment_id,
                    charge_id=charge_id,
                    amount_cents=given_back,
                    partial=partial,
                )
            )
        if status in _DISPUTED:
            told.append(Notice(kind=NoticeKind.DISPUTED, payment_id=payment_id, charge_id=charge_id))
        return told

    def _pix(self, charge: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the PIX that paid a charge, for payer, time and end-to-end id; the payment counts without them too."""
        transaction_id = _id(charge.get("pixTransaction"))
        if transaction_id is None:
            return {}
        try:
            return _object(self._call("GET", f"/v3/pix/transactions/{transaction_id}"))
        except ProviderError:
            return {}

    def _webhook_token(self) -> str:
        token = self._credentials.get("webhook_token", "")
        if not token:
            raise SecretMissing("asaas webhook_token is not set")
        return token

    def _call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, query: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        headers = {"access_token": self._credentials.get("api_key", ""), "User-Agent": USER_AGENT}
        return self._api.call(method, path, body, headers=headers, query=query)


def _id(value: object) -> str | None:
    """Return an id that can stand in a path."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _path(charge_id: str) -> str:
    return f"/v3/payments/{quote(charge_id, safe='')}"


def _object(answer: object) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _status(entry: Mapping[str, Any]) -> str:
    return str(entry.get("status", ""))


def _refunds(charge: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    refunds = charge.get("refunds")
    return [entry for entry in refunds if isinstance(entry, Mapping)] if isinstance(refunds, list) else []


def _given_back_cents(charge: Mapping[str, Any], paid_cents: int | None) -> int | None:
    """Return what was given back so far: refunds have no id of their own to tell them apart (…/docs/refunds)."""
    if _status(charge) == "REFUNDED":
        return paid_cents
    return sum(cents_of_reais(refund.get("value")) or 0 for refund in _refunds(charge) if _status(refund) == "DONE")
