"""OpenPix / Woovi.

Charges: https://developers.openpix.com.br/docs/charge/how-to-create-charge-using-api. The ``correlationID`` is ours (the payment
id) and is the idempotency key. Notices: https://developers.openpix.com.br/docs/webhook. Two things prove a notice to be for this
account: ``X-OpenPix-Signature``, HMAC-SHA1 of the raw body in base64 with the key that the panel shows of a webhook; or OpenPix's
own RSA signature together with the ``Authorization`` that we gave the webhook when we registered it. The RSA signature alone is
the same for every customer and proves only who sent it. ``webhook_secret`` is either: the panel's key, or the ``Authorization``.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
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
from rastro.pix.rsa import is_signed
from rastro.pix.values import cents, epoch_ms, json_object, object_of, text

BASE_URL = "https://api.openpix.com.br"
SIGNATURE_HEADER = "x-openpix-signature"
SENDER_SIGNATURE_HEADER = "x-webhook-signature"
SENDER_MODULUS = int(
    "bff8db48923cdebefa83f88dcc32fddb2d70eda6fc418d8e01b11ad275c6b7aed03031c45862fc529ddee36a054ba5cb4c88ec503bc89e50228b4961e9b0c023"
    "3bfcd958c29baa81bc30da62feeddfa7acf3d2670708e4aa62c3d4506d7d6ee5bc6e2b39659d8866004e6d64a94ef2747278fa1ca04003cd89967fa51b04b533",
    16,
)
"""OpenPix's public key, https://api.openpix.com.br/api/v1/webhook/public-keys."""
EVENTS = (
    "OPENPIX:CHARGE_COMPLETED",
    "OPENPIX:CHARGE_COMPLETED_NOT_SAME_CUSTOMER_PAYER",
    "OPENPIX:CHARGE_EXPIRED",
    "OPENPIX:TRANSACTION_REFUND_RECEIVED",
    "OPENPIX:DISPUTE_CREATED",
)
"""What is registered for: a webhook of theirs is for one event."""
COMMENT_MAX_LENGTH = 140

_KINDS = {
    "OPENPIX:CHARGE_COMPLETED": NoticeKind.PAID,
    "OPENPIX:CHARGE_COMPLETED_NOT_SAME_CUSTOMER_PAYER": NoticeKind.PAID,
    # A paid charge gives this one too when the account subscribes to both.
    "OPENPIX:TRANSACTION_RECEIVED": NoticeKind.PAID,
    "OPENPIX:CHARGE_EXPIRED": NoticeKind.EXPIRED,
    "OPENPIX:TRANSACTION_REFUND_RECEIVED": NoticeKind.REFUNDED,
    "OPENPIX:DISPUTE_CREATED": NoticeKind.DISPUTED,
}
_KINDS_BY_STATUS = {"COMPLETED": NoticeKind.PAID, "EXPIRED": NoticeKind.EXPIRED}

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="app_id",
            label="AppID",
            help="Painel da Woovi/OpenPix > API/Plugins > Nova API/Plugin (tipo API); o AppID aparece uma única vez.",
        ),
        CredentialField(
            name="webhook_secret",
            label="Segredo do webhook",
            generated=True,
            help=(
                "Deixe vazio: criamos um e cadastramos os webhooks pela API. "
                "Se já tem um webhook no painel, informe a chave HMAC (Secret Key) dele."
            ),
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "No painel da Woovi/OpenPix, abra API/Plugins > Novo Webhook.",
        "Ação: chamar uma API. URL: {callback_url}",
        "Em Authorization, cole o segredo do webhook que foi gravado aqui.",
        f"Repita para cada evento: {', '.join(EVENTS)}",
        "Salve cada um: a OpenPix faz uma chamada de teste, que tem de responder 200.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``app_id`` and ``webhook_secret``."""
    return OpenPix(context, requests.Session())


class OpenPix:
    """One OpenPix account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        self._api = JsonApi(session, provider="openpix", base_url=context.api_url or BASE_URL)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge under the payment id as ``correlationID``."""
        answer = self._call(
            "POST",
            "/api/v1/charge",
            {
                "correlationID": request.payment_id,
                "value": request.amount_cents,
                "comment": request.description[:COMMENT_MAX_LENGTH],
                "expiresIn": request.expires_in_seconds,
            },
        )
        charge = object_of(answer, "charge")
        charge_id, brcode = text(charge.get("identifier")), charge.get("brCode")
        if charge_id is None or not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("openpix answered without a charge")
        expires_at_ms = epoch_ms(charge.get("expiresDate"))
        return Charge(
            charge_id=charge_id,
            brcode=brcode,
            expires_at_ms=expires_at_ms or self._now_ms() + request.expires_in_seconds * 1000,
        )

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the HMAC of the raw body, else the sender's signature and our ``Authorization``, in constant time.

        Without a secret nothing is authentic.
        """
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("openpix webhook_secret is not set")
        expected = base64.b64encode(hmac.digest(secret.encode(), request.body, "sha1"))
        given = request.headers.get(SIGNATURE_HEADER, "").strip().encode()
        if hmac.compare_digest(expected, given):
            return
        ours = hmac.compare_digest(secret.encode(), request.headers.get("authorization", "").strip().encode())
        if not ours or not is_signed(request.body, request.headers.get(SENDER_SIGNATURE_HEADER, ""), modulus=SENDER_MODULUS):
            raise NotAuthentic("neither X-OpenPix-Signature nor x-webhook-signature with our Authorization proves the body")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return the one thing that a callback says; test pings and loose PIX without a charge are ignored."""
        document = json_object(request.body)
        kind = _KINDS.get(str(document.get("event", "")).upper(), NoticeKind.IGNORED)
        charge, pix = object_of(document, "charge"), object_of(document, "pix")
        if kind is NoticeKind.IGNORED or not charge:
            return [Notice(kind=NoticeKind.IGNORED)]
        return [_notice(kind, charge, pix)]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the charge by its ``correlationID``."""
        if charge.payment_id is None:
            return []
        answer = self._call("GET", f"/api/v1/charge/{quote(charge.payment_id, safe='')}")
        if answer is None:
            return []
        found = object_of(answer, "charge")
        if not found:
            raise ProviderUnavailable("openpix answered without a charge")
        kind = _KINDS_BY_STATUS.get(str(found.get("status", "")).upper())
        return [] if kind is None else [_notice(kind, found, {})]

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give money back, once for each ``refund_id``: the refund's own ``correlationID``."""
        if charge.payment_id is None:
            raise ProviderError("openpix refunds by the payment id")
        path = f"/api/v1/charge/{quote(charge.payment_id, safe='')}/refund"
        self._call("POST", path, {"correlationID": refund_id, "value": amount_cents})

    def check(self) -> None:
        """List the webhooks, which needs a valid AppID."""
        self._webhooks("")

    def register_callback(self, url: str) -> bool:
        """Create a webhook an event with our secret as its ``Authorization``; one that has another is replaced."""
        secret = self._credentials.get("webhook_secret", "")
        known = self._webhooks(url)
        for event in EVENTS:
            same_event = [hook for hook in known if hook.get("event") == event and hook.get("url") == url]
            right = [hook for hook in same_event if hook.get("authorization") == secret and hook.get("isActive") is not False]
            if right:
                continue
            webhook = {"name": f"Rastro {event}", "event": event, "url": url, "authorization": secret, "isActive": True}
            self._call("POST", "/api/v1/webhook", {"webhook": webhook})
            for hook_id in filter(None, (text(hook.get("id")) for hook in same_event)):
                self._call("DELETE", f"/api/v1/webhook/{quote(hook_id, safe='')}")
        return True

    def _webhooks(self, url: str) -> Sequence[Mapping[str, Any]]:
        query = f"?url={quote(url, safe='')}&limit=100" if url else ""
        answer = self._call("GET", f"/api/v1/webhook{query}")
        listed = answer.get("webhooks") if isinstance(answer, Mapping) else None
        if not isinstance(listed, list):
            raise ProviderUnavailable("openpix answered without its webhooks")
        return [hook for hook in listed if isinstance(hook, Mapping)]

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._api.call(method, path, body, headers={"Authorization": self._credentials.get("app_id", "")})


def _notice(kind: NoticeKind, charge: Mapping[str, Any], pix: Mapping[str, Any]) -> Notice:
    payer = object_of(pix, "payer") or object_of(charge, "payer")
    payment_id, end_to_end_id = text(charge.get("correlationID")), text(pix.get("endToEndId"))
    # Old samples carry pix.value 1 beside charge.value 1000: the charge's is what was paid; a refund's is on the pix.
    amount = pix.get("value") if kind is NoticeKind.REFUNDED else charge.get("value")
    return Notice(
        kind=kind,
        payment_id=PaymentId(payment_id) if payment_id else None,
        charge_id=text(charge.get("identifier")) or text(charge.get("transactionID")),
        amount_cents=cents(amount),
        occurred_at_ms=epoch_ms(charge.get("paidAt") or pix.get("time")),
        end_to_end_id=end_to_end_id,
        payer_name=text(payer.get("name")),
        refund_id=end_to_end_id if kind is NoticeKind.REFUNDED else None,
        partial=pix.get("partial") is True,
    )
