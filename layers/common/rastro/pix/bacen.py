"""The PIX API that Banco Central do Brasil specifies for every PSP, as far as the PSPs agree.

https://github.com/bacen/pix-api (openapi.yaml 2.9.0). The ``txid`` of a charge is ours, the payment id: 26 to 35 letters and
digits. It is the idempotency key as well: a PSP makes one charge of it and refuses the second, so a refusal is answered with the
charge that is there. A charge never says that it expired: that is computed from its creation and lifetime. A PIX in a notice has
no status; that it is told is what says that it arrived, and its ``devolucoes`` say what was given back.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rastro.errors import ProviderError, ProviderUnavailable
from rastro.model import PaymentId
from rastro.pix.bearer import BearerToken, Grant
from rastro.pix.http import CallRefused, JsonApi
from rastro.pix.provider import CallbackRequest, Charge, ChargeReference, ChargeRequest, Notice, NoticeKind
from rastro.pix.values import cents_of_reais, epoch_ms, json_object, object_of, reais, text

MESSAGE_MAX_LENGTH = 140
"""Of ``solicitacaoPagador``, what the payer reads in the bank's app."""

_TXID = re.compile(r"[a-zA-Z0-9]{26,35}")
_OUR_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_REFUND_ID = re.compile(r"[a-zA-Z0-9]{1,35}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_UNAUTHORISED = 401
_PAID = "CONCLUIDA"
_OPEN = "ATIVA"
_WITHDRAWN = frozenset({"REMOVIDA_PELO_USUARIO_RECEBEDOR", "REMOVIDA_PELO_PSP"})
_GIVEN_BACK = "DEVOLVIDO"
_NOT_GIVEN_BACK = "NAO_REALIZADO"
# The payer's bank asked for it (Mecanismo Especial de Devolução).
_DISPUTES = frozenset({"MED_OPERACIONAL", "MED_FRAUDE", "MED_PIX_AUTOMATICO"})


class BacenPix(ABC):
    """One account at a PSP; a provider's module adds what the standard leaves open."""

    def __init__(self, api: JsonApi, *, provider: str, pix_key: str, now_ms: Callable[[], int]) -> None:
        """Take the API, whose base is what stands before ``/cob``, the provider's name for messages, the key, and the clock."""
        self._api = api
        self._provider = provider
        self._pix_key = pix_key
        self._now_ms = now_ms
        self._token = BearerToken(self.fetch_token, now_ms)

    @abstractmethod
    def fetch_token(self) -> Grant:
        """Exchange the credentials for a token."""

    @abstractmethod
    def authenticate(self, request: CallbackRequest) -> None:
        """Raise ``NotAuthentic`` for a callback that is not the PSP's."""

    def is_absent(self, refused: CallRefused) -> bool:  # noqa: ARG002 - a PSP's module looks at it
        """Say whether a refusal means that there is no such thing; the standard answers 404, which never comes here."""
        return False

    def payer_name(self, pix: Mapping[str, Any]) -> str | None:
        """Return the payer's name; ``infoPagador`` is a message that the payer typed, and no name."""
        return text(object_of(pix, "pagador").get("nome"))

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge under the payment id as ``txid``, or return the one that the PSP refuses to make twice."""
        txid = request.payment_id
        if not _TXID.fullmatch(txid):
            raise ProviderError(f"{self._provider} needs a payment id of 26 to 35 letters and digits")
        order = {
            "calendario": {"expiracao": request.expires_in_seconds},
            "valor": {"original": _amount(request.amount_cents)},
            "chave": self._pix_key,
            "solicitacaoPagador": request.description[:MESSAGE_MAX_LENGTH],
        }
        try:
            cob = self.call("PUT", f"/cob/{txid}", order)
        except CallRefused:
            cob = self.find(f"/cob/{txid}")
            if cob is None:
                raise
        brcode = cob.get("pixCopiaECola") if isinstance(cob, Mapping) else None
        if not isinstance(brcode, str) or not brcode:
            raise ProviderUnavailable(f"{self._provider} answered without a charge")
        return Charge(
            charge_id=text(cob.get("txid")) or txid,
            brcode=brcode,
            expires_at_ms=_expires_at_ms(cob) or self._now_ms() + request.expires_in_seconds * 1000,
        )

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what a callback says of every PIX in it; a loose PIX, and an empty callback as PSPs try one, are ignored."""
        document = json_object(request.body)
        notices: list[Notice] = []
        for pix in _objects(document.get("pix")):
            txid = text(pix.get("txid"))
            if txid is not None and _TXID.fullmatch(txid):
                notices += self._told_of(pix, txid, _payment_id(txid))
        return notices or [Notice(kind=NoticeKind.IGNORED)]

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask for the charge by its ``txid``."""
        txid = next((name for name in (charge.payment_id, charge.charge_id) if name and _TXID.fullmatch(name)), None)
        cob = self.find(f"/cob/{txid}") if txid else None
        if txid is None or cob is None:
            return []
        status = cob.get("status")
        if not isinstance(status, str):
            raise ProviderUnavailable(f"{self._provider} answered without a charge")
        payment_id = charge.payment_id or _payment_id(txid)
        received = _objects(cob.get("pix"))
        if status == _PAID:
            # A charge is paid once; without its PIX it is paid all the same.
            return list(self._told_of(received[0] if received else {}, txid, payment_id))
        expires_at_ms = _expires_at_ms(cob)
        over = status == _OPEN and expires_at_ms is not None and self._now_ms() >= expires_at_ms and not received
        if over or status in _WITHDRAWN:
            return [Notice(kind=NoticeKind.EXPIRED, payment_id=payment_id, charge_id=txid, occurred_at_ms=expires_at_ms)]
        return []

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give a payment back under an id of ours; the one that the PSP refuses to give twice has been given.

        An id of other characters than letters and digits, or of more than 35, goes as its digest.
        """
        end_to_end_id = charge.end_to_end_id or self._end_to_end_id(charge)
        if end_to_end_id is None or not end_to_end_id.isalnum():
            raise ProviderError(f"{self._provider} gives back what was paid, and no PIX is known of this charge")
        path = f"/pix/{end_to_end_id}/devolucao/{_return_id(refund_id)}"
        try:
            given = self.call("PUT", path, {"valor": _amount(amount_cents)})
        except CallRefused:
            given = self.find(path)
            if given is None:
                raise
        if isinstance(given, Mapping) and given.get("status") == _NOT_GIVEN_BACK:
            raise ProviderError(f"{self._provider} did not give the payment back")

    def find(self, path: str) -> Mapping[str, Any] | None:
        """Return what is there, ``None`` for nothing; raises ``ProviderUnavailable`` for an answer that is no object."""
        try:
            answer = self.call("GET", path)
        except CallRefused as exc:
            if self.is_absent(exc):
                return None
            raise
        if answer is not None and not isinstance(answer, Mapping):
            raise ProviderUnavailable(f"{self._provider} answered with something else than asked for")
        return answer

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Call the API with the account's token; a 401 renews it, once."""
        try:
            return self._authorised(method, path, body, headers)
        except CallRefused as exc:
            if exc.status != _UNAUTHORISED:
                raise
        self._token.forget()
        return self._authorised(method, path, body, headers)

    def _authorised(self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str] | None) -> Any:  # noqa: ANN401 - JSON
        return self._api.call(method, path, body, headers={"Authorization": f"Bearer {self._token.value()}", **(headers or {})})

    def _end_to_end_id(self, charge: ChargeReference) -> str | None:
        return next((notice.end_to_end_id for notice in self.query(charge) if notice.end_to_end_id), None)

    def _told_of(self, pix: Mapping[str, Any], txid: str, payment_id: PaymentId) -> Iterator[Notice]:
        """Yield what a PIX that arrived says: that the charge is paid, then who asked it back and what was given back."""
        paid = Notice(
            kind=NoticeKind.PAID,
            payment_id=payment_id,
            charge_id=txid,
            amount_cents=cents_of_reais(pix.get("valor")),
            occurred_at_ms=epoch_ms(pix.get("horario")),
            end_to_end_id=text(pix.get("endToEndId")),
            payer_name=self.payer_name(pix),
        )
        yield paid
        for back in _objects(pix.get("devolucoes")):
            yield from _given_back(back, paid)


def _given_back(back: Mapping[str, Any], paid: Notice) -> Iterator[Notice]:
    amount_cents, times = cents_of_reais(back.get("valor")), object_of(back, "horario")
    asked_at_ms = epoch_ms(times.get("solicitacao"))
    told = replace(paid, amount_cents=amount_cents, occurred_at_ms=asked_at_ms, payer_name=None)
    if text(back.get("natureza")) in _DISPUTES:
        yield replace(told, kind=NoticeKind.DISPUTED)
    if back.get("status") == _GIVEN_BACK:
        yield replace(
            told,
            kind=NoticeKind.REFUNDED,
            occurred_at_ms=epoch_ms(times.get("liquidacao")) or asked_at_ms,
            refund_id=text(back.get("id")) or text(back.get("rtrId")),
            partial=amount_cents is not None and paid.amount_cents is not None and amount_cents < paid.amount_cents,
        )


def _objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list; an object alone is a list of one (the standard's example of ``devolucoes`` is one)."""
    entries = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _payment_id(txid: str) -> PaymentId:
    """Return the payment id that a ``txid`` is, also when the PSP wrote it in other case."""
    upper = txid.upper()
    return PaymentId(upper if _OUR_ID.fullmatch(upper) else txid)


def _amount(amount_cents: int) -> str:
    return f"{reais(amount_cents):.2f}"


def _expires_at_ms(cob: Mapping[str, Any]) -> int | None:
    calendar = object_of(cob, "calendario")
    created_at_ms, lifetime = epoch_ms(calendar.get("criacao")), text(calendar.get("expiracao"))
    if created_at_ms is None or lifetime is None or not _SECONDS.fullmatch(lifetime):
        return None
    return created_at_ms + int(lifetime) * 1000


def _return_id(refund_id: str) -> str:
    return refund_id if _REFUND_ID.fullmatch(refund_id) else hashlib.sha256(refund_id.encode()).hexdigest()[:32]
