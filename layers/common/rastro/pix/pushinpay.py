"""PushinPay.

Charges: https://app.theneo.io/pushinpay/pix/pix/criar-pix. A charge takes no reference of ours, so the payment id rides in the
query of its ``webhook_url``, with a MAC made of the account's token: nobody else can put a payment id there. The header
``x-pushinpay-token`` of a notice is the same for all of them and proves nothing of its body, so each is only a cause to ask:
``GET /api/transactions/{id}``. That answer shows the ``webhook_url`` which we gave this very charge, and it is the payment named
there that counts, whatever the notice came with.

There is no idempotency key and no look-up by our id, so **a retry of ``create_charge`` makes a second charge**. The buyer sees
the last one; should the first be paid all the same, its notice finds the payment by the payment id in its URL.

Not verified against the live API: that ``GET /api/transactions/{id}`` shows ``webhook_url`` (integrators say so; without it the
authentic payment id of the notice is taken), its ``paid_at``, the statuses ``expired`` and ``refunded``, the refund (no amount is
known: whole only), the retries of a notice, and when a code stops being payable (an integrator says after 15 minutes; our own
expiry holds). Integrators also report that a notice is given up after 2 seconds without an answer, and that a transaction may be
asked for once a minute.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import requests

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
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
from rastro.pix.values import cents, epoch_ms, json_object, text

BASE_URL = "https://api.pushinpay.com.br"
TOKEN_HEADER = "x-pushinpay-token"  # noqa: S105 - the name of a header
FORM = "application/x-www-form-urlencoded"
FORM_MAX_FIELDS = 100

_KINDS = {
    "paid": NoticeKind.PAID,
    "canceled": NoticeKind.EXPIRED,
    "expired": NoticeKind.EXPIRED,
    "refunded": NoticeKind.REFUNDED,
}
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_MAC_PURPOSE = b"rastro pushinpay payment_id "
_MAC_LENGTH = 32

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="token",
            label="Token da API",
            help="Em https://app.pushinpay.com.br, no menu de configurações, nos tokens de acesso à API.",
        ),
        CredentialField(
            name="webhook_token",
            label="Token do webhook (x-pushinpay-token)",
            help=(
                "Uma senha longa e só sua (um gerador de senhas serve). Guarde-a: o mesmo texto vai no painel da PushinPay, "
                "que o envia em cada aviso."
            ),
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Entre em https://app.pushinpay.com.br e abra Configurações > Webhooks.",
        "Em Token (x-pushinpay-token), informe o mesmo token do webhook que foi dado ao Rastro e salve.",
        "O endereço dos avisos vai junto de cada cobrança; se o painel pedir um, informe {callback_url}.",
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with the credentials ``token`` and ``webhook_token``."""
    return PushinPay(context, requests.Session())


class PushinPay:
    """One PushinPay account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials and a session that keeps connections."""
        self._credentials = context.credentials
        self._now_ms = context.now_ms
        base_url = (context.api_url or BASE_URL).removesuffix("/api")
        self._api = JsonApi(session, provider="pushinpay", base_url=base_url)

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge; each call makes another one, all of them for the payment named in their ``webhook_url``."""
        body: dict[str, object] = {"value": request.amount_cents}
        if request.callback_url:
            query = urlencode({"payment_id": request.payment_id, "mac": self._mac(request.payment_id)})
            body["webhook_url"] = f"{request.callback_url}?{query}"
        answer = _object(self._call("POST", "/api/pix/cashIn", body))
        charge_id, brcode = _id(answer.get("id")), answer.get("qr_code")
        if charge_id is None or not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable("pushinpay answered without a charge")
        return Charge(charge_id=charge_id, brcode=brcode, expires_at_ms=self._now_ms() + request.expires_in_seconds * 1000)

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the token of the header in constant time; without a token of ours nothing is authentic."""
        token = self._credentials.get("webhook_token", "")
        if not token:
            raise SecretMissing("pushinpay webhook_token is not set")
        if not hmac.compare_digest(token.encode(), request.headers.get(TOKEN_HEADER, "").encode()):
            raise NotAuthentic("x-pushinpay-token is not the account's")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what a callback claims, in JSON or as a form, unproven; only the payment id of its URL is authentic."""
        fields = _fields(request)
        kind, charge_id = _KINDS.get(_status(fields)), _id(fields.get("id"))
        if kind is None or charge_id is None:
            return [Notice(kind=NoticeKind.IGNORED)]
        return [
            Notice(
                kind=kind,
                payment_id=self._authentic_payment_id(request.raw_query),
                charge_id=charge_id,
                amount_cents=cents(fields.get("value")),
                end_to_end_id=text(fields.get("end_to_end_id")),
                payer_name=text(fields.get("payer_name")),
                proven=False,
            )
        ]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the charge by its id; nothing without one.

        A charge whose own ``webhook_url`` names no payment of this account is told of by its charge id alone: only a payment on
        record with it can be meant. (So it is after the account got a new token, whose MACs are others.)
        """
        found = self._transaction(charge)
        kind = _KINDS.get(_status(found))
        if kind is None:
            return []
        if kind is NoticeKind.EXPIRED:
            return [self._notice(kind, found, charge)]
        paid = self._notice(NoticeKind.PAID, found, charge)
        return [paid, self._notice(kind, found, charge)] if kind is NoticeKind.REFUNDED else [paid]

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:  # noqa: ARG002 - there is but one
        """Give the whole payment back, once: a charge that is refunded is not refunded again; there are no partial refunds."""
        found = self._transaction(charge)
        if not found:
            raise ProviderError("pushinpay knows no such charge")
        if _status(found) == "refunded":
            return
        if cents(found.get("value")) != amount_cents:
            raise ProviderError("pushinpay gives back whole payments only")
        self._call("POST", f"{_path(str(charge.charge_id))}/refund")

    def check(self) -> None:
        """Ask for a charge that nobody has: a good token is told that there is none, any other is refused."""
        self._call("GET", _path(_NOBODY))

    def register_callback(self, url: str) -> bool:  # noqa: ARG002 - the port's signature
        """Return that the panel has to be visited: the URL goes with each charge, but the token is set there alone."""
        return False

    def _transaction(self, charge: ChargeReference) -> Mapping[str, Any]:
        """Return what the provider knows of a charge, nothing where it knows none."""
        charge_id = _id(charge.charge_id)
        answer = None if charge_id is None else self._call("GET", _path(charge_id))
        if answer is None:
            return {}
        found = _object(answer)
        if _id(found.get("id")) != charge_id:
            raise ProviderUnavailable("pushinpay answered without the charge")
        return found

    def _notice(self, kind: NoticeKind, found: Mapping[str, Any], charge: ChargeReference) -> Notice:
        is_paid = kind is NoticeKind.PAID
        return Notice(
            kind=kind,
            payment_id=self._payment_id_of(found, charge),
            charge_id=_id(found.get("id")),
            amount_cents=None if kind is NoticeKind.EXPIRED else cents(found.get("value")),
            occurred_at_ms=epoch_ms(found.get("paid_at")) if is_paid else None,
            end_to_end_id=text(found.get("end_to_end_id")) if is_paid else None,
            payer_name=text(found.get("payer_name")) if is_paid else None,
        )

    def _payment_id_of(self, found: Mapping[str, Any], charge: ChargeReference) -> PaymentId | None:
        """Return the payment that a charge was made for: the one in its own ``webhook_url``, never another."""
        webhook_url = found.get("webhook_url")
        if not isinstance(webhook_url, str) or not webhook_url:
            return charge.payment_id
        try:
            return self._authentic_payment_id(urlsplit(webhook_url).query)
        except ValueError:
            return None

    def _authentic_payment_id(self, raw_query: str) -> PaymentId | None:
        """Return the payment id of a query that we made."""
        try:
            query = parse_qs(raw_query, max_num_fields=FORM_MAX_FIELDS)
        except ValueError:
            return None
        payment_ids, macs = query.get("payment_id", []), query.get("mac", [])
        if len(payment_ids) != 1 or len(macs) != 1:
            return None
        is_ours = hmac.compare_digest(self._mac(payment_ids[0]).encode(), macs[0].encode())
        return PaymentId(payment_ids[0]) if is_ours else None

    def _mac(self, payment_id: str) -> str:
        token = self._credentials.get("token", "")
        if not token:
            raise SecretMissing("pushinpay token is not set")
        return hmac.digest(token.encode(), _MAC_PURPOSE + payment_id.encode(), "sha256").hex()[:_MAC_LENGTH]

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        # Without Accept a refusal is a redirect to a page.
        headers = {"Authorization": f"Bearer {self._credentials.get('token', '')}", "Accept": "application/json"}
        return self._api.call(method, path, body, headers=headers)


def _fields(request: CallbackRequest) -> Mapping[str, Any]:
    """Return a notice's fields; raises ``InvalidInput`` for a body that is neither JSON nor a form.

    Integrators saw both, so the body itself decides where the content type says the one and the body is the other.
    """
    body = request.body.strip()
    is_form = request.headers.get("content-type", "").lower().startswith(FORM) or b"=" in body
    if not body or body.startswith((b"{", b"[")) or not is_form:
        return json_object(body)
    try:
        return dict(parse_qsl(body.decode(), strict_parsing=True, max_num_fields=FORM_MAX_FIELDS))
    except ValueError as exc:
        raise InvalidInput("the notice is not a form") from exc


def _id(value: object) -> str | None:
    """Return a charge id in lower case: the provider writes the same id in either."""
    return value.lower() if isinstance(value, str) and _ID.fullmatch(value) else None


def _object(answer: object) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _status(fields: Mapping[str, Any]) -> str:
    return str(fields.get("status", "")).lower()


def _path(charge_id: str) -> str:
    return f"/api/transactions/{quote(charge_id, safe='')}"
