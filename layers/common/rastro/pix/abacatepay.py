"""AbacatePay, by its API v2 ("checkout transparente").

Charges: https://docs.abacatepay.com/pages/transparents/create. ``externalId`` is ours (the payment id) and is the idempotency
key; it stands in ``metadata`` too, which the provider gives back with a charge. Notices: …/pages/webhooks/security. The secret of
the webhook comes with each (``?webhookSecret=``, newer ones in ``X-Webhook-Secret`` too); ``X-Webhook-Signature`` is made with a
key that is published and the same for everybody: it shows that the body is unharmed and proves nobody. Since neither ties the
body to its sender, every notice is confirmed by asking.

Not seen against the live service: which of ``data.transparent`` and ``data.pixQrCode`` comes, that the ``char_…`` of a notice is
known to ``check``, that ``get`` gives ``metadata`` back, what a repeated ``externalId`` is answered. The provider tells of no
expiry, and gives back whole payments only.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

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
from rastro.pix.values import cents, epoch_ms, json_object, object_of, text

BASE_URL = "https://api.abacatepay.com"
SECRET_PARAMETER = "webhookSecret"  # noqa: S105 - a name
SECRET_HEADER = "x-webhook-secret"  # noqa: S105 - a name
SIGNATURE_HEADER = "x-webhook-signature"
PUBLIC_KEY = (
    "t9dXRhHHo3yDEj5pVDYz0frf7q6bMKyMRmxxCPIPp3RCplBfXRxqlC6ZpiWmOqj4L63qEaeUOtrCI8P0VMUgo6iIga2ri9ogaHFs0WIIywSMg0q7RmBfybe1"
    "E5XJcfC4IW3alNqym0tXoAKkzvfEjZxV6bE0oG2zJrNNYmUCKZyV0KZ3JS8Votf9EAWWYdiDkMkpbMdPggfh1EqHlVkMiTady6jOR3hyzGEHrIz2Ret0xHKM"
    "biqkr9HS1JhNHDX9"
)
"""The published key of the signature, the same for every seller."""
DESCRIPTION_MAX_LENGTH = 500
WEBHOOK_NAME = "Rastro"
WEBHOOK_EVENTS = ("transparent.completed", "transparent.refunded", "transparent.disputed", "transparent.lost")

_REFERENCE = "payment_id"
"""Under what name the payment id stands in ``metadata``."""
_KINDS = {
    "transparent.completed": NoticeKind.PAID,
    "billing.paid": NoticeKind.PAID,  # of webhooks that were registered with the API v1
    "transparent.refunded": NoticeKind.REFUNDED,
    "transparent.disputed": NoticeKind.DISPUTED,
    "transparent.lost": NoticeKind.DISPUTED,
}
_KINDS_BY_STATUS: Mapping[str, tuple[NoticeKind, ...]] = {
    "PAID": (NoticeKind.PAID,),
    "REFUNDED": (NoticeKind.PAID, NoticeKind.REFUNDED),
    "UNDER_DISPUTE": (NoticeKind.PAID, NoticeKind.DISPUTED),
    "EXPIRED": (NoticeKind.EXPIRED,),
    "CANCELLED": (NoticeKind.EXPIRED,),
}
"""What a status says; of any other (PENDING, FAILED, and REDEEMED and APPROVED, which nothing explains) nothing is to be told."""

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="api_key",
            label="Chave de API",
            help="Painel da AbacatePay > Integração > Chaves de API; com permissão para checkout transparente e webhooks.",
        ),
        CredentialField(
            name="webhook_secret",
            label="Secret do webhook",
            help="Uma senha só deste webhook, de 32 caracteres ou mais; em branco, criamos uma.",
            generated=True,
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Entre em https://app.abacatepay.com/webhooks e clique em «Criar» (versão v2).",
        "Em «URL», cole só isto, sem ?webhookSecret= (a AbacatePay acrescenta o secret sozinha): {callback_url}",
        "Em «Secret», cole o mesmo secret informado aqui.",
        "Marque os eventos transparent.completed, transparent.refunded, transparent.disputed e transparent.lost e salve.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``api_key`` and ``webhook_secret``."""
    return AbacatePay(context, requests.Session())


class AbacatePay:
    """One AbacatePay account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials, the clock and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        self._api = JsonApi(session, provider="abacatepay", base_url=context.api_url or BASE_URL)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge under our id, without anything about the buyer."""
        charge = self._created(
            {
                "method": "PIX",
                "data": {
                    "amount": request.amount_cents,
                    "expiresIn": request.expires_in_seconds,
                    "description": request.description[:DESCRIPTION_MAX_LENGTH],
                    "externalId": request.payment_id,
                    "metadata": {_REFERENCE: request.payment_id},
                },
            },
            request.payment_id,
        )
        charge_id, brcode = text(charge.get("id")), charge.get("brCode")
        if charge_id is None or not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("abacatepay answered without a charge")
        expires_at_ms = epoch_ms(charge.get("expiresAt"))
        return Charge(
            charge_id=charge_id,
            brcode=brcode,
            expires_at_ms=expires_at_ms or self._now_ms() + request.expires_in_seconds * 1000,
        )

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the secret wherever it came, in constant time, then the signature of the body where there is one."""
        secret = self._webhook_secret()
        given = parse_qs(request.raw_query, keep_blank_values=True).get(SECRET_PARAMETER, [])
        if SECRET_HEADER in request.headers:
            given = [*given, request.headers[SECRET_HEADER].strip()]
        matches = [hmac.compare_digest(each.encode(), secret.encode()) for each in given]
        if not matches or not all(matches):
            raise NotAuthentic("webhookSecret is not this account's")
        if SIGNATURE_HEADER not in request.headers:
            return
        expected = base64.b64encode(hmac.digest(PUBLIC_KEY.encode(), request.body, "sha256"))
        if not hmac.compare_digest(expected, request.headers[SIGNATURE_HEADER].strip().encode()):
            raise NotAuthentic("X-Webhook-Signature does not match the body")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return the one thing that a callback says, in any of the shapes in use."""
        document = json_object(request.body)
        kind = _KINDS.get((text(document.get("event")) or "").lower(), NoticeKind.IGNORED)
        content = object_of(document, "data")
        charge = object_of(content, "transparent") or object_of(content, "pixQrCode") or content
        payment_id, charge_id = _payment_id(charge), text(charge.get("id"))
        if kind is NoticeKind.IGNORED or (payment_id is None and charge_id is None):
            return [Notice(kind=NoticeKind.IGNORED)]
        payer = object_of(object_of(content, "payerInformation"), "PIX") or object_of(content, "customer")
        return [
            Notice(
                kind=kind,
                payment_id=payment_id,
                charge_id=charge_id,
                amount_cents=cents(charge.get("paidAmount")) or cents(charge.get("amount")),
                occurred_at_ms=epoch_ms(charge.get("updatedAt")),
                payer_name=text(payer.get("name")),
                proven=False,
            )
        ]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the status of a charge, then whose it is: one that names another payment of ours proves nothing."""
        found = self._found(charge)
        kinds = _KINDS_BY_STATUS.get(text(found.get("status")) or "", ())
        if not kinds:
            return []
        found = {**found, **self._details(found)}
        payment_id = _payment_id(found) or charge.payment_id
        if payment_id is None or charge.payment_id not in (None, payment_id):
            return []
        # The charge has one time, of its last change: that of its payment while it is paid and nothing more.
        changed_at_ms = epoch_ms(found.get("updatedAt"))
        amount_cents = cents(found.get("paidAmount")) or cents(found.get("amount"))
        return [
            Notice(
                kind=kind,
                payment_id=payment_id,
                charge_id=text(found.get("id")) or charge.charge_id,
                amount_cents=amount_cents,
                occurred_at_ms=changed_at_ms if kind is kinds[-1] else None,
            )
            for kind in kinds
        ]

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:  # noqa: ARG002 - the port's signature
        """Give a payment back, whole; since it can only be given back once, it needs no id of ours.

        Raises ``ProviderError`` for a part of it, and where the provider does not say what the whole is.
        """
        found = self._found(charge)
        charge_id = text(found.get("id"))
        if charge_id is None:
            raise ProviderError("abacatepay knows no charge to give back")
        if found.get("status") == "REFUNDED":
            return
        found = {**found, **self._details(found)}
        if amount_cents != (cents(found.get("paidAmount")) or cents(found.get("amount"))):
            raise ProviderError("abacatepay gives back whole payments only")
        self._call("POST", "/v2/transparents/refund", {"id": charge_id})

    def check(self) -> None:
        """Ask for the last charge."""
        self._call("GET", "/v2/transparents/list", query={"limit": "1"})

    def register_callback(self, url: str) -> bool:
        """Register the webhook; one with this address goes first, since its secret may be another and cannot be read."""
        secret = self._webhook_secret()
        known = self._call("GET", "/v2/webhooks/list", query={"limit": "100"})
        for each in known if isinstance(known, list) else []:
            webhook_id = text(each.get("id")) if isinstance(each, Mapping) and each.get("endpoint") == url else None
            if webhook_id is not None:
                self._call("POST", "/v2/webhooks/delete", {"id": webhook_id})
        body = {"name": WEBHOOK_NAME, "endpoint": url, "secret": secret, "events": list(WEBHOOK_EVENTS)}
        self._call("POST", "/v2/webhooks/create", body)
        return True

    def _webhook_secret(self) -> str:
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("abacatepay webhook_secret is not set")
        return secret

    def _created(self, body: Mapping[str, object], payment_id: PaymentId) -> Mapping[str, Any]:
        try:
            answer = self._call("POST", "/v2/transparents/create", body)
        except ProviderUnavailable:
            raise
        except ProviderError:
            # The same ``externalId`` a second time may be refused: the charge is there then.
            answer = self._listed(payment_id)
            if not answer:
                raise
        return answer if isinstance(answer, Mapping) else {}

    def _found(self, charge: ChargeReference) -> Mapping[str, Any]:
        """Return the charge by its id, else by ours (the id of a notice may be of another kind), empty where there is none."""
        found: Mapping[str, Any] = {}
        if charge.charge_id is not None:
            found = self._checked(charge.charge_id, final=charge.payment_id is None)
        if not found and charge.payment_id is not None:
            found = self._listed(charge.payment_id)
        return found

    def _checked(self, charge_id: str, *, final: bool) -> Mapping[str, Any]:
        try:
            answer = self._call("GET", "/v2/transparents/check", query={"id": charge_id})
        except ProviderUnavailable:
            raise
        except ProviderError:
            if final:
                raise
            return {}
        return answer if isinstance(answer, Mapping) else {}

    def _listed(self, payment_id: PaymentId) -> Mapping[str, Any]:
        """Return the charge with our id, of several the one that was paid; one that does not say it is ours is none."""
        answer = self._call("GET", "/v2/transparents/list", query={"externalId": payment_id})
        found = [
            each
            for each in (answer if isinstance(answer, list) else [])
            if isinstance(each, Mapping) and _payment_id(each) == payment_id
        ]
        paid = [each for each in found if NoticeKind.PAID in _KINDS_BY_STATUS.get(text(each.get("status")) or "", ())]
        return next(iter(paid or found), {})

    def _details(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return amount, time and payment id of a charge that ``check`` told only the status of.

        A key may have no permission for it; the pair of ids is then taken as it was asked for.
        """
        charge_id = text(found.get("id"))
        if charge_id is None or _payment_id(found) is not None:
            return {}
        try:
            answer = self._call("GET", "/v2/transparents/get", query={"id": charge_id})
        except ProviderUnavailable:
            raise
        except ProviderError:
            return {}
        # The status is the one that was checked: the notices and their order were decided by it.
        return {name: value for name, value in answer.items() if name != "status"} if isinstance(answer, Mapping) else {}

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Return the ``data`` of an answer, ``None`` for what is not there; raises ``ProviderError`` for a refusal with 200."""
        headers = {"Authorization": f"Bearer {self._credentials.get('api_key', '')}"}
        answer = self._api.call(method, path, body, headers=headers, query=query)
        if answer is None:
            return None
        if not isinstance(answer, Mapping):
            raise ProviderUnavailable("abacatepay answered with something else")
        if answer.get("data") is None and answer.get("error"):
            raise ProviderError("abacatepay refused the call")
        return answer.get("data")


def _payment_id(charge: Mapping[str, Any]) -> PaymentId | None:
    payment_id = text(charge.get("externalId")) or text(object_of(charge, "metadata").get(_REFERENCE))
    return PaymentId(payment_id) if payment_id else None
