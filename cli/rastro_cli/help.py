"""The texts of ``--help``: written in English beside each command, and here in Portuguese, the command's own language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rastro.explanation import Language
from rastro_cli.privacy_texts import PRIVACY_PORTUGUESE
from rastro_cli.reporting_texts import REPORT_PORTUGUESE
from rastro_cli.setup_help import SETUP_PORTUGUESE

PORTUGUESE: Mapping[str, str] = {
    **SETUP_PORTUGUESE,
    **REPORT_PORTUGUESE,
    **PRIVACY_PORTUGUESE,
    "Rastro's operator command: set a deployment up, diagnose, repair and import sales, and follow them to Meta.": (
        "Comando do operador do Rastro: configurar a implantação, diagnosticar, reparar e importar vendas, segui-las à Meta."
    ),
    "Say what became of events on their way to Meta.": "Diz o que foi feito dos eventos no caminho até a Meta.",
    "Tell the delivery of a payment's events: status, attempts, what Meta answered, days left.": (
        "Conta a entrega dos eventos de um pagamento: estado, tentativas, o que a Meta respondeu, dias que restam."
    ),
    "List what is parked, rejected or expired, and what lies in the dead letter queue.": (
        "Lista o que está estacionado, foi recusado ou venceu, e o que há na fila de mensagens mortas."
    ),
    "Give a pixel its token, test it, and resume it.": "Dá a um pixel o seu token, testa-o e retoma o envio.",
    "Send a test event, and name what is wrong with token, permission or pixel id.": (
        "Envia um evento de teste e diz o que há de errado com o token, a permissão ou o id do pixel."
    ),
    "Queue the events that are parked at a pixel again, once it is mended.": (
        "Devolve à fila os eventos estacionados em um pixel, depois de corrigido."
    ),
    "Queue events again: those of a payment, or the dead letter queue.": (
        "Devolve eventos à fila: os de um pagamento, ou os da fila de mensagens mortas."
    ),
    "Queue the events of a payment again that were not accepted yet.": (
        "Devolve à fila os eventos de um pagamento que ainda não foram aceitos."
    ),
    "Move the messages of the dead letter queue back to the sender's queue.": (
        "Move as mensagens da fila de mensagens mortas de volta à fila do sender."
    ),
    "The pixel's id.": "O id do pixel.",
    "Only this pixel.": "Só este pixel.",
    "Look at paid sales created since then: 7d, 12h or 2026-09-01.": (
        "Olha as vendas pagas criadas desde então: 7d, 12h ou 2026-09-01."
    ),
    "The code that the Events Manager shows under Test events.": (
        "O código que o Gerenciador de Eventos mostra em Eventos de teste."
    ),
    "The most messages to move in this run.": "O máximo de mensagens a mover nesta execução.",
    "Explain why a payment, a person or a click has its link or has none.": (
        "Explica por que um pagamento, uma pessoa ou um clique tem ligação ou não tem."
    ),
    "Explain a payment: the six fields, the time line, the root cause, what a repair would change.": (
        "Explica um pagamento: os seis campos, a linha do tempo, a causa raiz, o que um reparo mudaria."
    ),
    "Explain a person in a bot.": "Explica uma pessoa em um bot.",
    "Explain a click by its tracking_token.": "Explica um clique pelo tracking_token.",
    "Read a start token: is it ours, by which key, of which click, funnel and campaign.": (
        "Lê um token de start: é nosso, com que chave, de que clique, funil e campanha."
    ),
    "Repair the link of sales, and send the Purchases that can still be sent.": (
        "Repara a ligação de vendas e envia os Purchases que ainda podem ser enviados."
    ),
    "Repair one payment and its bot_user.": "Repara um pagamento e o seu bot_user.",
    "Bring in the sales of an earlier system.": "Traz as vendas de um sistema anterior.",
    "Import payments and bot_users from a .csv or .jsonl file; sends nothing to Meta.": (
        "Importa pagamentos e bot_users de um arquivo .csv ou .jsonl; nada é enviado à Meta."
    ),
    "The payment's id.": "O id do pagamento.",
    "The bot's numeric id.": "O id numérico do bot.",
    "The person's numeric id.": "O id numérico da pessoa.",
    "The click's tracking_token.": "O tracking_token do clique.",
    "The text that came with /start.": "O texto que veio com o /start.",
    "The funnel that the token is thought to be of.": "O funil de que se supõe que o token seja.",
    "The file, .csv or .jsonl.": "O arquivo, .csv ou .jsonl.",
    "Print JSON.": "Imprime JSON.",
    "pt or en; by default RASTRO_LANG, else pt.": "pt ou en; por padrão RASTRO_LANG, senão pt.",
    "The deployment: local, or a profile of profiles.toml; by default RASTRO_PROFILE.": (
        "A implantação: local, ou um perfil de profiles.toml; por padrão RASTRO_PROFILE."
    ),
    "Show what would be done, and write nothing.": "Mostra o que seria feito, sem gravar nada.",
    "Repair paid sales created since then: 7d, 12h or 2026-09-01.": (
        "Repara as vendas pagas criadas desde então: 7d, 12h ou 2026-09-01."
    ),
    "Only the sales of this funnel.": "Só as vendas deste funil.",
    "Go on from this day (UTC) of an earlier run.": "Continua a partir deste dia (UTC) de uma execução anterior.",
    "The most sales to repair in this run.": "O máximo de vendas a reparar nesta execução.",
    "The zone of times that name none, such as America/Sao_Paulo.": (
        "O fuso das horas que não dizem o seu, como America/Sao_Paulo."
    ),
}


def localise(command: Any, language: Language) -> Any:  # noqa: ANN401 - a command tree of the library
    """Return a command tree with its help in a language."""
    if language is Language.PT:
        for part in parts(command):
            part.help = PORTUGUESE.get(part.help or "", part.help)
    return command


def parts(command: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the commands and parameters of a tree."""
    yield command
    yield from command.params
    for child in getattr(command, "commands", {}).values():
        yield from parts(child)


def language_of(arguments: Sequence[str], given: str | None) -> Language:
    """Return the language that a command line or else the environment asks for, before either is checked."""
    asked = given
    for number, argument in enumerate(arguments):
        if argument == "--lang" and number + 1 < len(arguments):
            asked = arguments[number + 1]
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    return Language.EN if asked == Language.EN else Language.PT
