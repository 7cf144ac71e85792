"""OpenPix / Woovi.

Charges: https://developers.openpix.com.br/docs/charge/how-to-create-charge-using-api. The ``correlationID`` is ours (the payment
id) and is the idempotency key. Notices: https://developers.openpix.com.br/docs/webhook. The signature that proves a notice to be
for this account is ``X-OpenPix-Signature``, HMAC-SHA1 of the raw body in base64, with the secret of the webhook; the RSA
signature is the same for every customer and proves only who sent it.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.provider import CallbackRequest, Charge, ChargeRequest, Notice, NoticeKind, PixProvider, ProviderContext

BASE_URL = "https://api.openpix.com.br"
SIGNATURE_HEADER = "x-openpix-signature"
CONNECT_TIMEOUT_SECONDS = 3.05
READ_TIMEOUT_SECONDS = 10
COMMENT_MAX_LENGTH = 140

_HTTP_SERVER_ERROR = 500
_HTTP_CLIENT_ERROR = 400
_HTTP_NOT_FOUND = 404
_HTTP_RETRYABLE = (408, 425, 429)
_KINDS = {
    "OPENPIX:CHARGE_COMPLETED": NoticeKind.PAID,
    "OPENPIX:CHARGE_COMPLETED_NOT_SAME_CUSTOMER_PAYER": NoticeKind.PAID,
    # A paid charge gives this one too when the account subscribes to both.
    "OPENPIX:TRANSACTION_RECEIVED": NoticeKind.PAID,
    "OPENPIX:CHARGE_EXPIRED": NoticeKind.EXPIRED,
    "OPENPIX:TRANSACTION_REFUND_RECEIVED": NoticeKind.REFUNDED,
}
_KINDS_BY_STATUS = {"COMPLETED": NoticeKind.PAID, "EXPIRED": NoticeKind.EXPIRED}


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``app_id`` and ``webhook_secret``."""
    return OpenPix(context, requests.Session())


class OpenPix:
    """One OpenPix account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials and a session that keeps connections."""
        self._credentials = context.credentials
        self._base_url = (context.base_url or BASE_URL).rstrip("/")
        self._now_ms = context.now_ms
        self._session = session

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
        charge = _object(answer, "charge")
        try:
            expires_at_ms = _epoch_ms(charge.get("expiresDate"))
            return Charge(
                charge_id=str(charge["identifier"]),
                brcode=str(charge["brCode"]),
                expires_at_ms=expires_at_ms or self._now_ms() + request.expires_in_seconds * 1000,
            )
        except KeyError as exc:
            raise ProviderUnavailable(f"the charge came without {exc}") from exc

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the HMAC of the raw body in constant time; without a secret nothing is authentic."""
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("openpix webhook_secret is not set")
        expected = base64.b64encode(hmac.digest(secret.encode(), request.body, "sha1"))
        given = request.headers.get(SIGNATURE_HEADER, "").strip().encode()
        if not hmac.compare_digest(expected, given):
            raise NotAuthentic("X-OpenPix-Signature does not match the body")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return the one thing that a callback says; test pings and loose PIX without a charge are ignored."""
        try:
            document = json.loads(request.body or b"{}")
        except ValueError as exc:
            raise InvalidInput("the notice is not JSON") from exc
        if not isinstance(document, dict):
            raise InvalidInput("the notice is not a JSON object")
        kind = _KINDS.get(str(document.get("event", "")).upper(), NoticeKind.IGNORED)
        charge, pix = document.get("charge"), document.get("pix")
        if kind is NoticeKind.IGNORED or not isinstance(charge, dict):
            return [Notice(kind=NoticeKind.IGNORED)]
        return [_notice(kind, charge, pix if isinstance(pix, dict) else {})]

    def query(self, payment_id: PaymentId) -> Notice | None:
        """Ask for the charge by its ``correlationID``."""
        answer = self._call("GET", f"/api/v1/charge/{quote(payment_id, safe='')}", None)
        if answer is None:
            return None
        charge = _object(answer, "charge")
        kind = _KINDS_BY_STATUS.get(str(charge.get("status", "")).upper())
        return None if kind is None else _notice(kind, charge, {})

    def refund(self, payment_id: PaymentId, amount_cents: int) -> None:
        """Give money back; one refund a payment and amount, by its own ``correlationID``."""
        self._call(
            "POST",
            f"/api/v1/charge/{quote(payment_id, safe='')}/refund",
            {"correlationID": f"{payment_id}-refund-{amount_cents}", "value": amount_cents},
        )

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of an answer, or ``None`` for a 404 to a question."""
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                json=body,
                headers={"Authorization": self._credentials.get("app_id", "")},
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
            )
        except requests.RequestException as exc:
            raise ProviderUnavailable(f"openpix gave no answer: {type(exc).__name__}") from exc
        status = response.status_code
        if status >= _HTTP_SERVER_ERROR or status in _HTTP_RETRYABLE:
            raise ProviderUnavailable(f"openpix answered {status}")
        if status == _HTTP_NOT_FOUND and method == "GET":
            return None
        if status >= _HTTP_CLIENT_ERROR:
            raise ProviderError(f"openpix refused the call with {status}")
        try:
            return response.json()
        except ValueError as exc:
            raise ProviderUnavailable("openpix answered with something that is not JSON") from exc


def _notice(kind: NoticeKind, charge: Mapping[str, Any], pix: Mapping[str, Any]) -> Notice:
    payer = pix.get("payer") or charge.get("payer")
    name = payer.get("name") if isinstance(payer, dict) else None
    correlation_id, charge_id = charge.get("correlationID"), charge.get("identifier") or charge.get("transactionID")
    # Old samples carry pix.value 1 beside charge.value 1000: the charge's is what was paid; a refund's is on the pix.
    amount = pix.get("value") if kind is NoticeKind.REFUNDED else charge.get("value")
    return Notice(
        kind=kind,
        payment_id=PaymentId(correlation_id) if isinstance(correlation_id, str) and correlation_id else None,
        charge_id=charge_id if isinstance(charge_id, str) else None,
        amount_cents=amount if isinstance(amount, int) and not isinstance(amount, bool) else None,
        occurred_at_ms=_epoch_ms(charge.get("paidAt") or pix.get("time")),
        end_to_end_id=pix.get("endToEndId") if isinstance(pix.get("endToEndId"), str) else None,
        payer_name=name if isinstance(name, str) else None,
        partial=pix.get("partial") is True,
    )


def _object(answer: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, dict):
        raise ProviderUnavailable(f"openpix answered without {name}")
    return value


def _epoch_ms(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() * 1000)
