"""What a refusal of the Graph API and a row of the ledger mean, and what to do, in Portuguese and English.

Codes: https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/marketing-api/error-reference. What Meta does not document is not guessed at here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from rastro.explanation import Explanation, Language
from rastro.meta.bookkeeping import EVENT_MAX_AGE_MS
from rastro.model import LedgerRow, LedgerStatus


class Fate(StrEnum):
    """How an event stands at a pixel: its row's status, told apart where the status alone does not say enough."""

    HELD = "held"
    QUEUED = "queued"
    RETRIED = "retried"
    DOUBTFUL = "doubtful"
    """Waits to be sent again, and Meta may have it already."""
    SENDING = "sending"
    LAPSED = "lapsed"
    """A sender took it and never came back."""
    PARKED = "parked"
    NO_TOKEN = "no_token"  # noqa: S105 - a fate, not a password
    REJECTED = "rejected"
    EXPIRED = "expired"
    GIVEN_UP = "given_up"
    """Young enough for Meta, but a further sending might have been counted twice."""
    ACCEPTED = "accepted"
    ACCEPTED_AGAIN = "accepted_again"
    """Accepted after a sending whose outcome nobody knows."""


def _is_given_up(row: LedgerRow, _now_ms: int) -> bool:
    return row.doubtful_sends > 0 and row.updated_at_ms - row.event.event_time_s * 1000 <= EVENT_MAX_AGE_MS


_FINER: Sequence[tuple[LedgerStatus, Callable[[LedgerRow, int], bool], Fate]] = (
    (LedgerStatus.QUEUED, lambda row, _: row.doubtful_sends > 0, Fate.DOUBTFUL),
    (LedgerStatus.QUEUED, lambda row, _: row.attempts > 0, Fate.RETRIED),
    (LedgerStatus.SENDING, lambda row, now_ms: (row.claimed_until_ms or 0) < now_ms, Fate.LAPSED),
    (LedgerStatus.PARKED, lambda row, _: row.error_code is None, Fate.NO_TOKEN),
    (LedgerStatus.EXPIRED, _is_given_up, Fate.GIVEN_UP),
    (LedgerStatus.ACCEPTED, lambda row, _: row.doubtful_sends > 0, Fate.ACCEPTED_AGAIN),
)
"""Where a status alone does not say enough; the first that applies."""


def fate_of(row: LedgerRow, now_ms: int) -> Fate:
    """Return how a row's event stands."""
    for status, applies, fate in _FINER:
        if row.status is status and applies(row, now_ms):
            return fate
    return Fate(row.status.value)


def meaning_of_fate(fate: Fate, language: Language) -> Explanation:
    """Return what a fate means."""
    return _in(language, _FATES[fate])


def meaning_of_error(code: int, subcode: int | None, language: Language) -> Explanation:
    """Return what a code of Meta means, told more closely by its subcode where that is known."""
    by_subcode = _SUBCODES.get((code, subcode)) if subcode is not None else None
    return _in(language, by_subcode or _CODES.get(code) or _family(code))


_Pair = tuple[Explanation, Explanation]
"""In Portuguese, in English."""


def _in(language: Language, pair: _Pair) -> Explanation:
    return pair[0] if language is Language.PT else pair[1]


def _family(code: int) -> _Pair:
    """Return the meaning of a code of one of Meta's ranges, else that it is not known."""
    if code in range(80_000, 80_015):
        return _BUSINESS_THROTTLED
    if code in range(200, 300):
        return _PERMISSION
    return _UNDOCUMENTED


_WAIT = (
    "Nada: é reenviado sozinho, no ritmo que a Meta pede.",
    "Nothing: it is sent again by itself, at the pace that Meta asks for.",
)
_RENEW = (
    (
        "Gere um token novo no Gerenciador de Eventos (Configurações → API de Conversões), grave-o no segredo "
        "pixels/PIXEL_ID/token, confira com `rastro pixel check` e rode `rastro pixel resume`."
    ),
    (
        "Generate a new token in the Events Manager (Settings → Conversions API), store it in the secret "
        "pixels/PIXEL_ID/token, verify it with `rastro pixel check` and run `rastro pixel resume`."
    ),
)
_GRANT = (
    (
        "No Gerenciador de Negócios dê ao usuário do sistema do token acesso total a este pixel, confira com "
        "`rastro pixel check` e rode `rastro pixel resume`."
    ),
    (
        "In the Business Manager give the token's system user full access to this pixel, verify it with `rastro pixel check` and "
        "run `rastro pixel resume`."
    ),
)
_KEEP = (
    (
        "Este evento não pode ser corrigido: a mesma cópia seria recusada de novo. Se há mais de um assim, é um defeito: abra um "
        "chamado com o código e o fbtrace_id."
    ),
    (
        "This event cannot be mended: the same copy would be refused again. Where there is more than one, it is a defect: "
        "report it with the code and the fbtrace_id."
    ),
)


def _pair(portuguese: str, english: str, remedy: tuple[str, str]) -> _Pair:
    return Explanation(portuguese, remedy[0]), Explanation(english, remedy[1])


_BUSINESS_THROTTLED = _pair(
    "A Meta limitou as chamadas desta conta de negócios: passaram da cota.",
    "Meta limits the calls of this business account: they went over its quota.",
    _WAIT,
)
_PERMISSION = _pair(
    "O token não tem permissão para enviar eventos a este pixel.",
    "The token has no permission to send events to this pixel.",
    _GRANT,
)
_THROTTLED = _pair(
    "A Meta limitou as chamadas: foram muitas em pouco tempo.",
    "Meta limits the calls: there were too many in a short time.",
    _WAIT,
)
_TOKEN = _pair(
    "O token do pixel não vale mais: foi revogado, venceu ou está incompleto.",
    "The pixel's token is no longer valid: it was revoked, ran out or is incomplete.",
    _RENEW,
)
_UNDOCUMENTED = _pair(
    "A Meta recusou o evento com um código que ela não documenta.",
    "Meta refused the event with a code that it does not document.",
    _KEEP,
)

_CODES: Mapping[int, _Pair] = {
    1: _pair("A Meta teve um erro desconhecido.", "Meta had an unknown error.", _WAIT),
    2: _pair("O serviço da Meta está fora do ar no momento.", "Meta's service is down at the moment.", _WAIT),
    3: _pair(
        "O app do token não tem acesso a esta função da API.", "The token's app has no access to this part of the API.", _GRANT
    ),
    4: _pair("O app do token fez chamadas demais.", "The token's app made too many calls.", _WAIT),
    10: _PERMISSION,
    17: _pair("O usuário do token fez chamadas demais.", "The token's user made too many calls.", _WAIT),
    32: _THROTTLED,
    100: _pair(
        "A Meta recusou um campo do evento: falta ou tem um valor que ela não aceita.",
        "Meta refused a field of the event: it is missing or has a value that Meta does not take.",
        _KEEP,
    ),
    102: _TOKEN,
    104: _pair(
        "A chamada chegou sem token, ou o app exige a prova do segredo (appsecret_proof).",
        "The call came without a token, or the app demands the proof of its secret (appsecret_proof).",
        _RENEW,
    ),
    190: _TOKEN,
    294: _PERMISSION,
    341: _THROTTLED,
    368: _pair(
        "A Meta bloqueou a conta por um tempo, por causa das suas políticas.",
        "Meta blocked the account for a time because of its policies.",
        (
            "Veja os avisos em Qualidade da Conta, no Gerenciador de Negócios; os eventos continuam sendo tentados devagar.",
            "See the notices in Account Quality, in the Business Manager; the events go on being tried slowly.",
        ),
    ),
    613: _THROTTLED,
    803: _pair(
        "A Meta não conhece nenhum objeto com o id deste pixel.",
        "Meta knows no object with this pixel's id.",
        (
            "Confira o id do pixel na configuração do funil. O que já foi recusado não é reenviado.",
            "Check the pixel's id in the funnel's configuration. What was refused already is not sent again.",
        ),
    ),
}

_SUBCODES: Mapping[tuple[int, int | None], _Pair] = {
    (100, 33): _pair(
        "O pixel não existe, ou o token não tem acesso a ele.",
        "The pixel does not exist, or the token has no access to it.",
        (
            (
                "Confira o id do pixel na configuração do funil e o acesso do token a ele no Gerenciador de Negócios, depois "
                "`rastro pixel check` e `rastro pixel resume`."
            ),
            (
                "Check the pixel's id in the funnel's configuration and the token's access to it in the Business Manager, then "
                "`rastro pixel check` and `rastro pixel resume`."
            ),
        ),
    ),
    (100, 2_804_003): _pair(
        "O evento tem mais de 7 dias, e a Meta não o aceita mais.",
        "The event is older than 7 days, and Meta no longer takes it.",
        _KEEP,
    ),
    (100, 2_804_004): _pair("A hora do evento está no futuro.", "The event's time lies in the future.", _KEEP),
    (100, 2_804_008): _pair("Um produto do evento está sem id.", "A product of the event has no id.", _KEEP),
    (100, 2_804_009): _pair("O Purchase está sem valor.", "The Purchase has no value.", _KEEP),
    (100, 2_804_010): _pair("O Purchase está sem moeda.", "The Purchase has no currency.", _KEEP),
    (100, 2_804_023): _pair("O evento tem valor, mas não tem moeda.", "The event has a value and no currency.", _KEEP),
    (100, 2_804_043): _pair("Os dados do app no evento são inválidos.", "The event's app data are invalid.", _KEEP),
    (100, 2_804_050): _pair(
        "O evento não traz dados da pessoa, ou são vagos demais para a Meta achar alguém.",
        "The event has no data of the person, or they are too broad for Meta to find anybody.",
        _KEEP,
    ),
    (100, 2_804_063): _pair("Falta o canal de mensagens no evento.", "The event lacks its messaging channel.", _KEEP),
    (100, 2_804_066): _pair(
        "Este nome de evento não vale para o canal de mensagens.",
        "This event name is not allowed for the messaging channel.",
        _KEEP,
    ),
    (190, 458): _pair("O app foi removido pela pessoa do token.", "The token's person removed the app.", _RENEW),
    (190, 459): _pair(
        "A conta da pessoa do token está retida pela Meta.", "Meta holds the account of the token's person.", _RENEW
    ),
    (190, 460): _pair("A pessoa do token mudou a senha.", "The token's person changed their password.", _RENEW),
    (190, 463): _pair("O token venceu.", "The token ran out.", _RENEW),
    (190, 464): _pair(
        "A conta da pessoa do token não está confirmada.", "The account of the token's person is unconfirmed.", _RENEW
    ),
    (190, 467): _pair("O token foi revogado.", "The token was revoked.", _RENEW),
    (190, 492): _pair(
        "A pessoa do token não tem mais papel na página ou no negócio.",
        "The token's person no longer has a role in the page or business.",
        _RENEW,
    ),
}

_NOTHING = ("Nada.", "Nothing.")
_FATES: Mapping[Fate, _Pair] = {
    Fate.HELD: _pair(
        "Retido: a venda ainda não tem ligação certa, e uma cópia enviada agora não poderia ser corrigida depois.",
        "Held: the sale has no certain link yet, and a copy sent now could not be corrected later.",
        (
            "Nada: o reconciler o envia quando a janela de reparo acabar. `rastro doctor payment` diz o que falta.",
            "Nothing: the reconciler sends it when the repair window is over. `rastro doctor payment` says what is missing.",
        ),
    ),
    Fate.QUEUED: _pair("Na fila: ainda não foi enviado.", "Queued: it was not sent yet.", _NOTHING),
    Fate.RETRIED: _pair(
        "Na fila para ser reenviado: o último envio não chegou à Meta ou ela pediu para esperar.",
        "Queued to be sent again: the last sending did not reach Meta, or Meta asked to wait.",
        _WAIT,
    ),
    Fate.DOUBTFUL: _pair(
        "Na fila para ser reenviado: um envio ficou sem resposta certa, e a Meta pode já ter o evento.",
        "Queued to be sent again: a sending had no certain answer, and Meta may have the event already.",
        (
            "Nada: vai de novo com o mesmo event_id, dentro das 48 h em que a Meta descarta a cópia.",
            "Nothing: it goes again under the same event_id, inside the 48 h in which Meta discards the copy.",
        ),
    ),
    Fate.SENDING: _pair(
        "Sendo enviado agora, por um sender que o reservou.", "Being sent now, by a sender that claimed it.", _NOTHING
    ),
    Fate.LAPSED: _pair(
        "Um sender o reservou e não voltou: ninguém sabe se a Meta o recebeu.",
        "A sender claimed it and did not come back: nobody knows whether Meta received it.",
        (
            "Nada: é reenviado com o mesmo event_id quando a mensagem voltar. `rastro replay payment` não espera por ela.",
            "Nothing: it is sent again under the same event_id when its message comes back. `rastro replay payment` goes ahead.",
        ),
    ),
    Fate.PARKED: _pair(
        "Estacionado: a Meta recusa tudo deste pixel, e o evento espera sem gastar tentativas.",
        "Parked: Meta refuses everything of this pixel, and the event waits without using up tries.",
        (
            "Corrija o pixel e rode `rastro pixel resume`.",
            "Mend the pixel and run `rastro pixel resume`.",
        ),
    ),
    Fate.NO_TOKEN: _pair(
        "Estacionado: o pixel não tem token no cofre de segredos, e nada pôde ser enviado.",
        "Parked: the pixel has no token among the secrets, and nothing could be sent.",
        _RENEW,
    ),
    Fate.REJECTED: _pair(
        "Recusado: a Meta não aceita este evento e não é reenviado.",
        "Rejected: Meta does not take this event, and it is not sent again.",
        _KEEP,
    ),
    Fate.EXPIRED: _pair(
        "Vencido: passou dos 7 dias que a Meta aceita antes de ser aceito.",
        "Expired: it passed the 7 days that Meta accepts before it was accepted.",
        (
            "Não há o que reenviar. Veja há quanto tempo o pixel está parado: `rastro events failed`.",
            "There is nothing to send again. See for how long the pixel has been at rest: `rastro events failed`.",
        ),
    ),
    Fate.GIVEN_UP: _pair(
        "Encerrado sem certeza: a Meta pode ter o evento, e passadas 48 h uma nova cópia poderia contar a venda duas vezes.",
        "Ended in doubt: Meta may have the event, and after 48 h a further copy might count the sale twice.",
        (
            "Procure o event_id no Gerenciador de Eventos; não é reenviado.",
            "Look for the event_id in the Events Manager; it is not sent again.",
        ),
    ),
    Fate.ACCEPTED: _pair("Aceito pela Meta.", "Accepted by Meta.", _NOTHING),
    Fate.ACCEPTED_AGAIN: _pair(
        "Aceito pela Meta depois de um envio sem resposta certa: foi enviado de novo com o mesmo event_id dentro de 48 h, e a "
        "Meta guarda uma só cópia.",
        "Accepted by Meta after a sending without a certain answer: it was sent again under the same event_id within 48 h, and "
        "Meta keeps one copy.",
        _NOTHING,
    ),
}
