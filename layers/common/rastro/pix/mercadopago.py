"""Mercado Pago, by its Payments API.

Charges: https://www.mercadopago.com.br/developers/pt/reference/payments/_payments/post. The payment id is both
``external_reference`` and ``X-Idempotency-Key``. Notices: …/docs/your-integrations/notifications/webhooks; one carries nothing
but the number of a payment, so that every notice is confirmed by asking for it. Its signature covers that number,
``x-request-id`` and a time, and is checked as the provider's own SDK does (sdk-python 3.6.0, ``webhook/validator.py``).

Not seen against the live service: where an approved PIX has its end-to-end id, what the same idempotency key with another body is
answered, that a notice to a charge's own ``notification_url`` is signed with the secret of the panel, and ``GET /users/me``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote

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

BASE_URL = "https://api.mercadopago.com"
SIGNATURE_HEADER = "x-signature"
REQUEST_ID_HEADER = "x-request-id"
ONLY_WEBHOOKS = "source_news=webhooks"
"""In the query of a ``notification_url``: without it the older, unsigned IPN is sent beside each webhook."""

REPLAY_WINDOW_MS = 5 * 24 * 60 * 60_000
"""How old the time in a signature may be.

A notice that was not taken comes again: every 15 minutes by the SDK, up to 4 days after the first by the documentation
(devsite-docs, ``notification-response``). Nothing says whether a further try is signed anew, and a shorter window would then lose
every one of them. It may be this long since a notice that is played again only has us ask the provider, and changes nothing that
is settled.
"""
CLOCK_SKEW_MS = 10 * 60_000
"""How far ahead of our clock that time may be."""
SHORTEST_EXPIRY_SECONDS = 31 * 60
"""The provider takes 30 minutes to 30 days (devsite-docs 2062), by its own clock and after the way there: a minute on top."""

_MILLISECONDS_FROM = 10**12
"""The time in a signature is in seconds or in milliseconds; from here on it is the latter."""
_TIME = re.compile(r"[0-9]{1,15}")
_END_TO_END_ID = re.compile(r"(?:PIX)?(E[0-9]{20}[A-Za-z0-9]{11})")

_KINDS_BY_STATUS: Mapping[str, tuple[NoticeKind, ...]] = {
    "approved": (NoticeKind.PAID,),
    "refunded": (NoticeKind.PAID, NoticeKind.REFUNDED),
    "in_mediation": (NoticeKind.PAID, NoticeKind.DISPUTED),
    "charged_back": (NoticeKind.PAID, NoticeKind.DISPUTED),
    # A payment that nobody made in time is cancelled, with status_detail "expired".
    "cancelled": (NoticeKind.EXPIRED,),
    "expired": (NoticeKind.EXPIRED,),
}
"""What a status says; of any other (pending, in_process, authorized, rejected) nothing is to be told yet."""

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="access_token",
            label="Access Token de produção",
            help="Suas integrações > sua aplicação > Credenciais de produção; começa com APP_USR-.",
        ),
        CredentialField(
            name="webhook_secret",
            label="Assinatura secreta do webhook",
            help="Suas integrações > sua aplicação > Webhooks; aparece depois de salvar a configuração de produção.",
        ),
        CredentialField(
            name="payer_email",
            label="E-mail de contato da loja",
            secret=False,
            help="O Mercado Pago exige um e-mail em cada cobrança; como o bot não pede o do comprador, vai o da loja.",
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Entre em https://www.mercadopago.com.br/developers/panel/app e abra (ou crie) a sua aplicação.",
        "Em Webhooks > Configurar notificações, escolha a aba «Modo de produção».",
        "Em «URL para teste/produção», cole: {callback_url}",
        "Marque o evento «Pagamentos» e clique em «Salvar configuração».",
        "Copie a «Assinatura secreta» que aparece e informe-a aqui: sem ela nenhum aviso é aceito.",
        "No app do Mercado Pago, confira se a conta tem uma chave Pix cadastrada: sem ela a cobrança é recusada.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``access_token``, ``webhook_secret`` and ``payer_email``."""
    return MercadoPago(context, requests.Session())


class MercadoPago:
    """One Mercado Pago account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials, the clock and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        self._api = JsonApi(session, provider="mercadopago", base_url=context.api_url or BASE_URL)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a payment under our id; the payer's address is the seller's own, since the buyer's is not known.

        Raises ``SecretMissing`` where that address is not set.
        """
        payer_email = self._credentials.get("payer_email", "")
        if not payer_email:
            raise SecretMissing("mercadopago payer_email is not set")
        expires_at_ms = self._now_ms() + request.expires_in_seconds * 1000
        lifetime_seconds = max(request.expires_in_seconds, SHORTEST_EXPIRY_SECONDS)
        body: dict[str, object] = {
            # Money with two decimals is exact in the shortest form of a double, which is what JSON gets.
            "transaction_amount": float(reais(request.amount_cents)),
            "description": request.description,
            "payment_method_id": "pix",
            "external_reference": request.payment_id,
            "date_of_expiration": _written(self._now_ms() + lifetime_seconds * 1000),
            "payer": {"email": payer_email},
        }
        if request.callback_url:
            body["notification_url"] = _with_query(request.callback_url, ONLY_WEBHOOKS)
        payment = self._created(body, request.payment_id)
        charge_id = text(payment.get("id"))
        brcode = object_of(object_of(payment, "point_of_interaction"), "transaction_data").get("qr_code")
        if charge_id is None or not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("mercadopago answered without a PIX code")
        # Where the provider's shortest expiry is longer than ours, or the payment was made by an earlier try: whichever is first.
        theirs_ms = epoch_ms(payment.get("date_of_expiration")) or expires_at_ms
        return Charge(charge_id=charge_id, brcode=brcode, expires_at_ms=min(expires_at_ms, theirs_ms))

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the signature in constant time, over the number of the query as sent or in lower case (older SDKs lowered it).

        Raises ``NotAuthentic`` also for a time outside ``REPLAY_WINDOW_MS``.
        """
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("mercadopago webhook_secret is not set")
        parts = _signature_parts(request.headers.get(SIGNATURE_HEADER, ""))
        sent_at, given = parts.get("ts", ""), parts.get("v1", "")
        if not _TIME.fullmatch(sent_at) or not given:
            raise NotAuthentic("x-signature has no time or no hash")
        charge_id = _query(request).get("data.id", "").strip()
        request_id = request.headers.get(REQUEST_ID_HEADER, "").strip()
        matches = [
            hmac.compare_digest(_signature(secret, _manifest(each, request_id, sent_at)), given.encode())
            for each in (charge_id, charge_id.lower())
        ]
        if not any(matches):
            raise NotAuthentic("x-signature does not match the notice")
        sent_at_ms = int(sent_at) if int(sent_at) >= _MILLISECONDS_FROM else int(sent_at) * 1000
        if not -CLOCK_SKEW_MS <= self._now_ms() - sent_at_ms <= REPLAY_WINDOW_MS:
            raise NotAuthentic("x-signature is of another time")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return the one payment that a callback names; what became of it is the provider's to say."""
        document, query = json_object(request.body), _query(request)
        subject = query.get("type") or text(document.get("type"))
        charge_id = text(query.get("data.id")) or text(object_of(document, "data").get("id"))
        if subject != "payment" or charge_id is None:
            return [Notice(kind=NoticeKind.IGNORED)]
        return [Notice(kind=NoticeKind.CHANGED, charge_id=charge_id, proven=False)]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the payment by its number, else by ``external_reference``; one that names another payment of ours is none."""
        payment = self._payment(charge)
        payment_id = text(payment.get("external_reference")) if payment else None
        if payment is None or payment_id is None or charge.payment_id not in (None, payment_id):
            return []
        return _notices(payment, PaymentId(payment_id))

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give money back, once for each ``refund_id``: the idempotency key."""
        charge_id = charge.charge_id
        if charge_id is None:
            payment = self._payment(charge)
            charge_id = text(payment.get("id")) if payment else None
        if charge_id is None:
            raise ProviderError("mercadopago knows no payment to give back")
        self._call(
            "POST",
            f"/v1/payments/{quote(charge_id, safe='')}/refunds",
            {"amount": float(reais(amount_cents))},
            # Without the second header a refund that is still under way is answered as an error.
            headers={"X-Idempotency-Key": refund_id, "X-Render-In-Process-Refunds": "true"},
        )

    def check(self) -> None:
        """Ask whose account it is."""
        if not isinstance(self._call("GET", "/users/me"), Mapping):
            raise ProviderError("mercadopago does not say whose account it is")

    def register_callback(self, url: str) -> bool:  # noqa: ARG002 - the port's signature
        """Say that the panel has to do it: each charge names its own address, but only the panel gives the secret."""
        return False

    def _created(self, body: Mapping[str, object], payment_id: PaymentId) -> Mapping[str, Any]:
        try:
            answer = self._call("POST", "/v1/payments", body, headers={"X-Idempotency-Key": payment_id})
        except ProviderUnavailable:
            raise
        except ProviderError:
            # The key may be refused with another body, and a later try has another expiry: the payment is there then.
            answer = self._searched(payment_id)
            if answer is None:
                raise
        if not isinstance(answer, Mapping):
            raise ProviderUnavailable("mercadopago answered without a payment")
        return answer

    def _payment(self, charge: ChargeReference) -> Mapping[str, Any] | None:
        if charge.charge_id is None:
            return None if charge.payment_id is None else self._searched(charge.payment_id)
        answer = self._call("GET", f"/v1/payments/{quote(charge.charge_id, safe='')}")
        if answer is None:
            return None
        if not isinstance(answer, Mapping) or text(answer.get("status")) is None:
            raise ProviderUnavailable("mercadopago answered without a payment")
        return answer

    def _searched(self, payment_id: PaymentId) -> Mapping[str, Any] | None:
        """Return the payment under our id; of several the one that was paid."""
        answer = self._call("GET", "/v1/payments/search", query={"external_reference": payment_id})
        results = answer.get("results") if isinstance(answer, Mapping) else None
        found = [
            each
            for each in (results if isinstance(results, list) else [])
            if isinstance(each, Mapping) and each.get("external_reference") == payment_id
        ]
        paid = [each for each in found if NoticeKind.PAID in _kinds(each)]
        return next(iter(paid or found), None)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        authorization = {"Authorization": f"Bearer {self._credentials.get('access_token', '')}"}
        return self._api.call(method, path, body, headers=authorization | dict(headers or {}), query=query)


def _notices(payment: Mapping[str, Any], payment_id: PaymentId) -> Sequence[Notice]:
    """Return what a payment's state says: paid first, then what was given back or is asked back."""
    kinds = _kinds(payment)
    details = object_of(payment, "transaction_details")
    paid_cents = cents_of_reais(details.get("total_paid_amount")) or cents_of_reais(payment.get("transaction_amount"))
    given_back_cents = cents_of_reais(payment.get("transaction_amount_refunded"))
    if given_back_cents and NoticeKind.PAID in kinds and NoticeKind.REFUNDED not in kinds:
        kinds = (NoticeKind.PAID, NoticeKind.REFUNDED, *kinds[1:])
    bank = object_of(object_of(object_of(payment, "point_of_interaction"), "transaction_data"), "bank_info")
    amounts = {NoticeKind.PAID: paid_cents, NoticeKind.REFUNDED: given_back_cents or paid_cents}
    times = {NoticeKind.PAID: epoch_ms(payment.get("date_approved"))}
    end_to_end_id = _END_TO_END_ID.fullmatch(text(details.get("transaction_id")) or "")
    return [
        Notice(
            kind=kind,
            payment_id=payment_id,
            charge_id=text(payment.get("id")),
            amount_cents=amounts.get(kind),
            occurred_at_ms=times.get(kind, epoch_ms(payment.get("date_last_updated"))),
            end_to_end_id=end_to_end_id.group(1) if end_to_end_id else None,
            payer_name=text(object_of(bank, "payer").get("long_name")),
            partial=kind is NoticeKind.REFUNDED and (given_back_cents or 0) < (paid_cents or 0) and bool(given_back_cents),
        )
        for kind in kinds
    ]


def _kinds(payment: Mapping[str, Any]) -> tuple[NoticeKind, ...]:
    return _KINDS_BY_STATUS.get(text(payment.get("status")) or "", ())


def _query(request: CallbackRequest) -> Mapping[str, str]:
    """Return the first value of each parameter: what was signed and what is asked for must be the same one."""
    return {name: values[0] for name, values in parse_qs(request.raw_query).items()}


def _signature_parts(header: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in header.split(","))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _manifest(charge_id: str, request_id: str, sent_at: str) -> str:
    """Return what is signed; a value that did not come is left out with its name."""
    named = (("id", charge_id), ("request-id", request_id), ("ts", sent_at))
    return "".join(f"{name}:{value};" for name, value in named if value)


def _signature(secret: str, manifest: str) -> bytes:
    return hmac.digest(secret.encode(), manifest.encode(), "sha256").hex().encode()


def _written(moment_ms: int) -> str:
    """Return a time as the provider reads it: ``2020-05-30T23:59:59.000-03:00``."""
    return datetime.fromtimestamp(moment_ms / 1000, BRASILIA).isoformat(timespec="milliseconds")


def _with_query(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"
