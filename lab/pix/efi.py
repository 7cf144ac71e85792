"""Efí (Gerencianet): OAuth, ``/v2/cob``, ``/v2/pix``, ``/v2/webhook`` and its notices (https://dev.efipay.com.br/docs/api-pix).

Here over plain HTTP: the real one asks every caller for its client certificate. The real one also calls a webhook while it is
registered, refuses one that does not answer 2xx, and takes https only; here nobody is called, and http on this machine will do.
A key without a registered webhook is taken to have the address that the product registers.
An expired charge stays ATIVA and sends nothing; a dispute sends nothing either.
The wording of OAuth errors is from memory, all other errors are of the documentation.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from lab.pix.book import PAYER_CPF, Charge, Refund, iso
from lab.pix.dialect import Outgoing, Refused, Retries, Speaker, Surroundings, account_of, is_positive_integer, json_bytes
from lab.state import Account, JsonObject
from lab.wire import Answer, Call

PROVIDER = "efi"
TOKEN_SECONDS = 3600
MESSAGE_MAX_LENGTH = 140
SCOPES = "cob.read cob.write pix.read pix.write webhook.read webhook.write"

_UNAUTHORISED = 401
_SERVER_ERROR = 500
_TXID = re.compile(r"[a-zA-Z0-9]{26,35}")
_REFUND_ID = re.compile(r"[a-zA-Z0-9]{1,35}")
_AMOUNT = re.compile(r"[0-9]{1,10}\.[0-9]{2}")
_LOCAL = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]+)?/")
_WIRE_STATUS = {"pending": "ATIVA", "expired": "ATIVA", "paid": "CONCLUIDA", "refunded": "CONCLUIDA"}
_HEADERS = {"Content-Type": "application/json;charset=utf-8", "User-Agent": "API Pix Efi (homologacao)"}
# Minutes before each further try: ten of them, the last after five weeks.
_RETRY_MINUTES = (5, 10, 20, 40, 80, 160, 320, 640, 1280, 52560)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Webhook:
    """What a Pix key has registered."""

    url: str
    created_at_ms: int


class Efi:
    """The provider's side of every account."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Take the charges and the way out of the notices."""
        self._state = surroundings.state
        self._book = surroundings.book
        self._notifier = surroundings.notifier
        self._now_ms = surroundings.now_ms
        self._new_id = surroundings.new_id
        self._tokens: dict[str, tuple[str, int]] = {}
        self._webhooks: dict[str, _Webhook] = {}

    def answer(self, call: Call) -> Answer:
        """Give a token; create or show a charge, a PIX, a return or a webhook of the token's account."""
        if call.path == "oauth/token":
            return self._grant(call)
        account = self._account(call)
        status, body = self._routed(call, account)
        return Answer(status=status, body=body)

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""
        if status == _UNAUTHORISED:
            return {"error": "invalid_token", "error_description": message}
        return {"nome": "erro_aplicacao" if status >= _SERVER_ERROR else "valor_invalido", "mensagem": message}

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notice of a PIX that arrived."""
        return [self._notice(charge, "pix", self.pix(charge, notice=True))]

    def expired(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return nothing: a charge's end is not told."""
        return []

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:
        """Return the notice of a PIX of which something was given back."""
        told = self.pix(charge)
        told["devolucoes"] = [_told_return(refund, "DEVOLVIDO")]
        return [self._notice(charge, "devolucao", told)]

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:  # noqa: ARG002 - the port's signature
        """Return nothing: no notice of a dispute is documented."""
        return []

    def cob(self, charge: Charge) -> JsonObject:
        """Return a charge as the provider writes it."""
        location = f"qrcodespix.rastro.invalid/v2/{charge.charge_id}"
        document: JsonObject = {
            "calendario": {"criacao": iso(charge.created_at_ms), "expiracao": charge.expires_in_seconds},
            "txid": charge.payment_id,
            "revisao": 0,
            "loc": {"id": 789, "location": location, "tipoCob": "cob"},
            "location": location,
            "status": _WIRE_STATUS[charge.status],
            "valor": {"original": _reais(charge.amount_cents)},
            "chave": charge.account.credentials["pix_key"],
            "solicitacaoPagador": charge.comment,
            "pixCopiaECola": charge.brcode,
        }
        if charge.paid_at_ms is not None:
            document["pix"] = [self.pix(charge)]
        return document

    def pix(self, charge: Charge, *, notice: bool = False) -> JsonObject:
        """Return the PIX that paid a charge; only a notice of its arrival names the payer."""
        document: JsonObject = {
            "endToEndId": charge.end_to_end_id,
            "txid": charge.payment_id,
            "chave": charge.account.credentials["pix_key"],
            "valor": _reais(charge.paid_amount_cents or 0),
            "horario": iso(charge.paid_at_ms or 0),
            "infoPagador": "obrigado pelo curso",
        }
        if notice:
            document["gnExtras"] = {"pagador": {"nome": charge.payer_name, "cpf": PAYER_CPF, "codigoBanco": "23114447"}}
        if charge.refunds:
            document["devolucoes"] = [_told_return(refund, "DEVOLVIDO") for refund in charge.refunds.values()]
        return document

    def _routed(self, call: Call, account: Account) -> tuple[int, JsonObject]:
        match (call.method, *(unquote(part) for part in call.path.split("/"))):
            case ("PUT", "v2", "cob", txid):
                done = 201, self._create(call, account, txid)
            case ("GET", "v2", "cob", txid):
                done = 200, self.cob(self._charge(account, txid))
            case ("GET", "v2", "pix", end_to_end_id):
                done = 200, self.pix(self._paid_charge(account, end_to_end_id))
            case ("PUT", "v2", "pix", end_to_end_id, "devolucao", refund_id):
                done = 201, self._refund(call, self._paid_charge(account, end_to_end_id), refund_id)
            case ("GET", "v2", "pix", end_to_end_id, "devolucao", refund_id):
                done = 200, self._return(self._paid_charge(account, end_to_end_id), refund_id)
            case ("PUT", "v2", "webhook", key):
                done = 201, self._register(call, _own_key(account, key))
            case ("GET", "v2", "webhook", key):
                done = 200, self._webhook(_own_key(account, key))
            case _:
                raise _refused("recurso_nao_encontrado", "Recurso não encontrado", 404)
        return done

    def _grant(self, call: Call) -> Answer:
        account = self._application(call.headers.get("authorization", ""))
        if call.method != "POST" or account is None:
            raise Refused({"error": "invalid_client", "error_description": "Invalid or inactive credentials"}, _UNAUTHORISED)
        if call.fields.get("grant_type") != "client_credentials":
            raise Refused({"error": "unsupported_grant_type", "error_description": "grant_type must be client_credentials"})
        token = self._new_id()
        self._tokens[token] = (account.credentials["client_id"], self._now_ms() + TOKEN_SECONDS * 1000)
        body: JsonObject = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPES}
        return Answer(status=200, body=body)

    def _application(self, authorization: str) -> Account | None:
        scheme, _, encoded = authorization.partition(" ")
        if scheme != "Basic":
            return None
        try:
            client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        account = account_of(self._state, PROVIDER, "client_id", client_id)
        return account if account and account.credentials["client_secret"] == client_secret else None

    def _account(self, call: Call) -> Account:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        client_id, valid_until_ms = self._tokens.get(token, ("", 0))
        account = account_of(self._state, PROVIDER, "client_id", client_id)
        if scheme != "Bearer" or account is None or self._now_ms() >= valid_until_ms:
            raise Refused("The access token is invalid or has expired", _UNAUTHORISED)
        return account

    def _charge(self, account: Account, txid: str) -> Charge:
        charge = self._book.find(txid, account)
        if charge is None:
            raise _refused("cobranca_nao_encontrada", "Nenhuma cobrança encontrada para o txid informado")
        return charge

    def _paid_charge(self, account: Account, end_to_end_id: str) -> Charge:
        charge = self._book.by_end_to_end_id(end_to_end_id, account)
        if charge is None:
            raise _refused("pix_nao_encontrado", "Nenhum pix encontrado para o identificador informado")
        return charge

    def _create(self, call: Call, account: Account, txid: str) -> JsonObject:
        if call.unreadable:
            raise _refused("json_invalido", call.unreadable)
        if not _TXID.fullmatch(txid):
            raise _refused("valor_invalido", "Campo txid deve respeitar o padrão ^[a-zA-Z0-9]{26,35}$")
        lifetime = _object(call.fields, "calendario").get("expiracao")
        if not is_positive_integer(lifetime):
            raise _refused("valor_invalido", "Campo calendario.expiracao deve ser maior que zero")
        amount_cents = _cents(_object(call.fields, "valor").get("original"), "valor.original")
        if call.fields.get("chave") != account.credentials["pix_key"]:
            raise _refused("chave_invalida", "A chave informada não faz referência à conta Efí autenticada")
        message = call.fields.get("solicitacaoPagador", "")
        if not isinstance(message, str) or len(message) > MESSAGE_MAX_LENGTH:
            raise _refused("valor_invalido", f"Campo solicitacaoPagador deve ter no máximo {MESSAGE_MAX_LENGTH} caracteres")
        if self._book.find(txid, account) is not None:
            raise _refused("txid_duplicado", "Campo txid informado já foi utilizado em outra cobrança", 409)
        charge = self._book.create(
            account,
            payment_id=txid,
            charge_id=txid,
            amount_cents=amount_cents,
            comment=message,
            expires_in_seconds=lifetime,
        )
        return self.cob(charge)

    def _refund(self, call: Call, charge: Charge, refund_id: str) -> JsonObject:
        if not _REFUND_ID.fullmatch(refund_id):
            raise _refused("valor_invalido", "Campo id deve respeitar o padrão ^[a-zA-Z0-9]{1,35}$")
        if refund_id in charge.refunds:
            raise _refused("devolucao_id_duplicado", "O id informado já foi utilizado em outra devolução", 409)
        amount_cents = _cents(call.fields.get("valor"), "valor")
        if charge.refunded_cents + amount_cents > (charge.paid_amount_cents or 0):
            raise _refused("valor_invalido", "O valor da devolução é maior que o valor disponível")
        refund = self._book.refund(charge, refund_id=refund_id, amount_cents=amount_cents)
        for outgoing in self.refunded(charge, refund):
            self._notifier.start(charge, outgoing)
        return _told_return(refund, "EM_PROCESSAMENTO")

    def _return(self, charge: Charge, refund_id: str) -> JsonObject:
        refund = charge.refunds.get(refund_id)
        if refund is None:
            raise _refused("devolucao_nao_encontrada", "Nenhuma devolução encontrada para o identificador informado")
        return _told_return(refund, "DEVOLVIDO")

    def _register(self, call: Call, key: str) -> JsonObject:
        url = call.fields.get("webhookUrl")
        if not isinstance(url, str) or not url:
            raise _refused("valor_invalido", "URL inválida")
        if not url.startswith("https://") and not _LOCAL.match(url):
            raise _refused("valor_invalido", "A URL do webhook deve usar o protocolo HTTPS")
        if call.headers.get("x-skip-mtls-checking") != "true":
            # Nothing behind the lab asks for Efí's certificate.
            raise _refused("webhook_invalido", "A autenticação de TLS mútuo não está configurada na URL informada")
        self._webhooks[key] = _Webhook(url=url, created_at_ms=self._now_ms())
        return self._webhook(key)

    def _webhook(self, key: str) -> JsonObject:
        webhook = self._webhooks.get(key)
        if webhook is None:
            raise _refused("webhook_nao_encontrado", "Nenhum webhook encontrado para a chave informada")
        return {"webhookUrl": webhook.url, "chave": key, "criacao": iso(webhook.created_at_ms)}

    def _notice(self, charge: Charge, event: str, pix: JsonObject) -> Outgoing:
        """Address a notice as Efí does: ``/pix`` goes to the end of what is registered, be that its path or its query."""
        credentials = charge.account.credentials
        webhook = self._webhooks.get(credentials["pix_key"])
        if webhook is not None:
            charge.callback_url, _, query = webhook.url.partition("?")
        else:
            query = f"hmac={quote(credentials['webhook_secret'], safe='')}&ignorar="
        body = json_bytes({"pix": [pix]})
        if query:
            return Outgoing(event=event, body=body, headers=_HEADERS, query=f"{query}/pix")
        return Outgoing(event=event, body=body, headers=_HEADERS, path_suffix="/pix")


def _refused(name: str, message: str, status: int = 400) -> Refused:
    return Refused({"nome": name, "mensagem": message}, status)


def _own_key(account: Account, key: str) -> str:
    if key != account.credentials["pix_key"]:
        raise _refused("chave_invalida", "A chave informada não faz referência à conta Efí autenticada")
    return key


def _told_return(refund: Refund, status: str) -> JsonObject:
    times = {"solicitacao": iso(refund.at_ms)}
    if status == "DEVOLVIDO":
        times["liquidacao"] = iso(refund.at_ms)
    return {
        "id": refund.refund_id,
        "rtrId": refund.end_to_end_id,
        "valor": _reais(refund.amount_cents),
        "horario": times,
        "status": status,
    }


def _object(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _cents(value: object, name: str) -> int:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise _refused("valor_invalido", f"Campo {name} deve respeitar o padrão ^[0-9]{{1,10}}\\.[0-9]{{2}}$")
    amount_cents = int(value.replace(".", ""))
    if amount_cents == 0:
        raise _refused("valor_invalido", f"Campo {name} deve ser maior que zero")
    return amount_cents


def _reais(amount_cents: int) -> str:
    return f"{amount_cents // 100}.{amount_cents % 100:02d}"


SPEAKER = Speaker(
    provider=PROVIDER,
    credentials=("client_id", "client_secret", "pix_key", "webhook_secret"),
    retries=Retries(waits_seconds=[60.0 * minutes for minutes in _RETRY_MINUTES]),
    speak=Efi,
)
