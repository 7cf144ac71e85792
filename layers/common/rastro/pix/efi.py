"""Efí (Gerencianet): the standard of BACEN (``rastro.pix.bacen``) with a token, a certificate and a way to webhooks of its own.

https://dev.efipay.com.br/docs/api-pix. Every call shows the client certificate of the account. A host that cannot ask Efí for
its certificate, as API Gateway, registers its webhook with ``x-skip-mtls-checking`` and an address of the form
``https://host/path?hmac=SECRET&ignorar=``: Efí appends ``/pix`` to whatever is registered and calls from 34.193.116.226. That
secret is the same in every call, and no MAC of the body, so a notice is only a reason to ask for the charge.

A Pix key has one webhook, whichever application it belongs to: bots that sell by the same key share it, and its secret.

Not tried against the live API: that the query of a paid charge names the payer (the documentation shows it in notices only; a
name is read where it stands), that returns of a MED carry the standard's ``natureza``, and the codes of OAuth errors.
"""

from __future__ import annotations

import hmac
import ipaddress
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote

import requests

from rastro.errors import NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.pix.bacen import BacenPix
from rastro.pix.bearer import Grant
from rastro.pix.http import CallRefused, JsonApi
from rastro.pix.mtls import session_with_certificate
from rastro.pix.onboarding import API_URL_FIELD, CredentialField, Onboarding
from rastro.pix.provider import CallbackRequest, Notice, PixProvider, ProviderContext
from rastro.pix.values import object_of, text

BASE_URL = "https://pix.api.efipay.com.br"
SOURCE_IPS = "34.193.116.226"
"""Where Efí calls from, by its documentation; ``source_ips`` of the credentials stands in its place when Efí moves."""
TOKEN_SECONDS = 3600

_API = "/v2"
_SUFFIX = "/pix"
_QUERY_MAX_FIELDS = 20
_ABSENT = frozenset({"cobranca_nao_encontrada", "pix_nao_encontrado", "devolucao_nao_encontrada", "webhook_nao_encontrado"})

ONBOARDING = Onboarding(
    fields=(
        CredentialField(
            name="client_id",
            label="Client_Id",
            help="Conta Efí > API > Aplicações > sua aplicação > Produção (chave Client_Id).",
        ),
        CredentialField(
            name="client_secret",
            label="Client_Secret",
            help="Fica ao lado do Client_Id, na mesma aplicação.",
        ),
        CredentialField(
            name="certificate_pem",
            label="Certificado (.pem com a chave)",
            required=False,
            multiline=True,
            help=(
                "Conta Efí > API > Meus Certificados > Produção > Novo Certificado. O download é um .p12 e só acontece uma vez; "
                'converta com: openssl pkcs12 -in certificado.p12 -out certificado.pem -nodes -clcerts -password pass:"" . '
                "É obrigatório fora do laboratório local. Com ele as credenciais podem passar de 4 KB: na AWS o parâmetro "
                "precisa ser do nível avançado (Advanced ou Intelligent-Tiering, até 8 KB), que é cobrado."
            ),
        ),
        CredentialField(
            name="pix_key",
            label="Chave Pix que recebe",
            secret=False,
            help=(
                "Uma chave desta mesma conta Efí. Cada chave tem um só webhook: bots que vendem pela mesma chave usam as mesmas "
                "credenciais."
            ),
        ),
        CredentialField(
            name="webhook_secret",
            label="Segredo do webhook (hmac)",
            generated=True,
            help="Vai no endereço que a Efí chama. Deixe vazio para criar um.",
        ),
        CredentialField(
            name="source_ips",
            label="IPs da Efí",
            secret=False,
            required=False,
            help=f"Vazio é {SOURCE_IPS}, o que a Efí documenta. Vários se separam por vírgula.",
        ),
        API_URL_FIELD,
    ),
    panel_steps=(
        "Na conta Efí, abra API > Aplicações e crie (ou edite) a aplicação com a API Pix habilitada em Produção.",
        "Marque os escopos cob.write, cob.read, pix.write, pix.read, webhook.write e webhook.read.",
        "Em API > Meus Certificados, crie o certificado de Produção, guarde o .p12 e converta para .pem.",
        (
            "A Efí não tem tela para o webhook Pix: ele é registrado pela API. Se o registro automático falhar, faça "
            "PUT /v2/webhook/SUA_CHAVE com o cabeçalho x-skip-mtls-checking: true e o endereço "
            "{callback_url}?hmac=SEU_SEGREDO&ignorar= (SEU_SEGREDO é o segredo do webhook guardado aqui)."
        ),
    ),
)


def open_provider(context: ProviderContext) -> PixProvider:
    """Open an account with its credentials (``ONBOARDING``).

    Raises ``SecretMissing`` without a readable certificate; only an API without TLS, the laboratory, takes none.
    """
    pem = context.credentials.get("certificate_pem", "").strip()
    if pem:
        return Efi(context, session_with_certificate(pem))
    if not (context.api_url or BASE_URL).startswith("http://"):
        raise SecretMissing("efi certificate_pem is not set")
    return Efi(context, requests.Session())


class Efi(BacenPix):
    """One Efí account."""

    def __init__(self, context: ProviderContext, session: requests.Session) -> None:
        """Take the credentials and a session that keeps connections and shows the certificate."""
        self._credentials = context.credentials
        base_url = context.api_url or BASE_URL
        self._oauth = JsonApi(session, provider="efi", base_url=base_url)
        super().__init__(
            JsonApi(session, provider="efi", base_url=base_url + _API),
            provider="efi",
            pix_key=context.credentials.get("pix_key", ""),
            now_ms=context.now_ms,
        )

    def fetch_token(self) -> Grant:
        """Exchange client id and secret for a token."""
        pair = f"{self._credentials.get('client_id', '')}:{self._credentials.get('client_secret', '')}"
        basic = b64encode(pair.encode()).decode()
        body = {"grant_type": "client_credentials"}
        answer = self._oauth.call("POST", "/oauth/token", body, headers={"Authorization": f"Basic {basic}"})
        token = answer.get("access_token") if isinstance(answer, Mapping) else None
        if not isinstance(token, str) or not token:
            raise ProviderUnavailable("efi answered without a token")
        lifetime = answer.get("expires_in")
        return Grant(token=token, lifetime_seconds=lifetime if isinstance(lifetime, int) and lifetime > 0 else TOKEN_SECONDS)

    def authenticate(self, request: CallbackRequest) -> None:
        """Compare the secret of the address in constant time, and the address of the caller; both have to be right."""
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("efi webhook_secret is not set")
        known = hmac.compare_digest(secret.encode(), _given_secret(request.raw_query).encode())
        if not known or not self._is_efi(request.source_ip):
            raise NotAuthentic("the secret or the caller's address is not Efí's")

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return one reason to ask for each charge that a callback names; a PIX that we sent names none."""
        told = {notice.charge_id: notice for notice in super().parse_notices(request)}
        return [replace(notice, proven=False) for notice in told.values()]

    def check(self) -> None:
        """Ask which webhook the Pix key has: that takes the certificate, the application, its scopes and the key."""
        try:
            self.find(self._webhook_path)
        except CallRefused as exc:
            raise ProviderError(_reason(exc)) from exc

    def register_callback(self, url: str) -> bool:
        """Register the webhook of the Pix key, in the place of an earlier one.

        Efí calls it at once and refuses one that does not answer 2xx: the credentials have to be stored before.
        """
        secret = self._credentials.get("webhook_secret", "")
        if not secret:
            raise SecretMissing("efi webhook_secret is not set")
        address = f"{url}?hmac={quote(secret, safe='')}&ignorar="
        try:
            self.call("PUT", self._webhook_path, {"webhookUrl": address}, {"x-skip-mtls-checking": "true"})
        except CallRefused as exc:
            raise ProviderError(_reason(exc)) from exc
        return True

    def is_absent(self, refused: CallRefused) -> bool:
        """Say whether a refusal means that there is no such thing: Efí answers 400 for it, and names it."""
        return text(refused.answer.get("nome")) in _ABSENT

    def payer_name(self, pix: Mapping[str, Any]) -> str | None:
        """Return the payer's name from Efí's own part of a PIX, else from where the standard has it."""
        return text(object_of(object_of(pix, "gnExtras"), "pagador").get("nome")) or super().payer_name(pix)

    @property
    def _webhook_path(self) -> str:
        return f"/webhook/{quote(self._pix_key, safe='')}"

    def _is_efi(self, source_ip: str | None) -> bool:
        listed = (self._credentials.get("source_ips", "").strip() or SOURCE_IPS).replace(",", " ").split()
        try:
            networks = [ipaddress.ip_network(entry) for entry in listed]
        except ValueError as exc:
            raise SecretMissing("efi source_ips holds something that is no address") from exc
        try:
            address = ipaddress.ip_address(source_ip or "")
        except ValueError:
            return False
        return any(address in network for network in networks)


def _given_secret(raw_query: str) -> str:
    """Return the secret of an address, also of one that was registered without ``&ignorar=``: ``/pix`` is at its end then."""
    try:
        given = parse_qs(raw_query, max_num_fields=_QUERY_MAX_FIELDS).get("hmac", [])
    except ValueError:
        return ""
    return given[0].removesuffix(_SUFFIX) if len(given) == 1 else ""


_REASONS = {
    "invalid_client": "efi does not know this client_id and client_secret",
    "chave_invalida": "the pix_key is not one of this Efí account",
    "webhook_invalido": "efi called the webhook and did not get the answer 200",
}
_REASONS_BY_STATUS = {
    401: "efi does not take these credentials",
    403: "the application lacks a scope: cob, pix and webhook, each to read and to write",
}


def _reason(refused: CallRefused) -> str:
    """Return why Efí refuses a set-up, in words of ours: its own may repeat what was sent."""
    for field in ("nome", "error"):
        reason = _REASONS.get(str(refused.answer.get(field)))
        if reason:
            return reason
    return _REASONS_BY_STATUS.get(refused.status, str(refused))
