"""What the operator reads when an alarm rings: a sentence each in Portuguese, and where the runbook goes on."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rastro.model import RungAlarm

RUNBOOK = "docs/operations.md"
SHOWN_AT_MOST = 10
"""How many alarms one message spells out; a message of Telegram holds 4,096 characters."""
_NAME_MAX_LENGTH = 120


class Severity(StrEnum):
    """Whether an alarm is worth a night's sleep."""

    WAKES = "wakes"
    """Sales, clicks or deliveries are being lost now, or will be before the morning."""
    MORNING = "morning"
    """Everything waits safely for some hours at least."""


@dataclass(frozen=True, slots=True)
class AlarmText:
    """What is said of one alarm."""

    severity: Severity
    title: str
    sentence: str


_W, _M = Severity.WAKES, Severity.MORNING
TEXTS: Mapping[str, AlarmText] = {
    "HttpApiErrorsAlarm": AlarmText(
        _W, "A API responde com erros", "Visitantes, o Telegram ou o provedor PIX estão vendo erros."
    ),
    "ThrottlesAlarm": AlarmText(
        _W, "Falta capacidade no Lambda", "A AWS está recusando execuções: cliques ou pagamentos esperam."
    ),
    "SigningKeysAlarm": AlarmText(
        _W, "Cliques sem rastro", "As chaves de assinatura não podem ser lidas: os visitantes passam, mas sem rastro."
    ),
    "RedirectFailedOpenAlarm": AlarmText(
        _W, "Erro inesperado no redirecionamento", "Os visitantes passam, mas sem rastro. O log tem a causa."
    ),
    "ClickLostAlarm": AlarmText(_W, "Cliques perdidos", "Nem a tabela nem a fila aceitaram alguns cliques."),
    "ClickNotRecordedAlarm": AlarmText(_M, "Cliques indo pela fila", "A tabela de cliques recusa gravações; a fila os restaura."),
    "CacheFailedAlarm": AlarmText(_M, "O cache não responde", "Tudo continua pelo DynamoDB, só que mais devagar."),
    "TelegramRefusedAlarm": AlarmText(
        _W, "Mensagens do Telegram recusadas", "Um bot pode estar mudo: o segredo do webhook não confere."
    ),
    "BotBannedAlarm": AlarmText(_W, "Bot banido", "O Telegram recusa o token de um bot. Adicione outro bot ao funil."),
    "ChargeFailedAlarm": AlarmText(
        _W, "Cobranças falhando", "O provedor PIX não está gerando cobranças: ninguém consegue pagar."
    ),
    "PaymentWebhookErrorsAlarm": AlarmText(_W, "Avisos de pagamento com erro", "O provedor repete os avisos só por algum tempo."),
    "PaymentNoticeAlarm": AlarmText(_W, "Aviso de pagamento não gravado", "O provedor repete o aviso só por algum tempo."),
    "NoticesRefusedAlarm": AlarmText(
        _W, "Avisos de pagamento recusados", "Muitos avisos sem prova válida: o segredo do provedor pode ter mudado."
    ),
    "NoticeNotConfirmedAlarm": AlarmText(
        _M, "Aviso sem confirmação", "O provedor não confirma um aviso; ele será consultado de novo."
    ),
    "ProviderUnavailableAlarm": AlarmText(_M, "Provedor PIX sem resposta", "Cobranças em aberto não podem ser consultadas."),
    "UnknownChargeAlarm": AlarmText(_M, "Pagamento desconhecido", "O provedor avisou de um pagamento que o Rastro não cobrou."),
    "AmountDiffersAlarm": AlarmText(_M, "Valor diferente", "Alguém pagou um valor diferente do cobrado."),
    "PaidAfterErasureAlarm": AlarmText(
        _M, "Pagamento de quem pediu exclusão", "Alguém cujos dados foram apagados pagou; não há a quem entregar."
    ),
    "DisputeAlarm": AlarmText(_M, "Contestação (MED)", "O banco de um comprador pede o dinheiro de volta. Responda no provedor."),
    "DeliveryFailedAlarm": AlarmText(_W, "Entrega falhando", "Um comprador pagou e não recebeu o acesso."),
    "CoverageAlarm": AlarmText(
        _M, "Cobertura abaixo do objetivo", "Muitas vendas pagas estão sem um clique certo. Confira os links dos anúncios."
    ),
    "PurchaseWaitingAlarm": AlarmText(_M, "Purchases esperando", "Uma venda espera há mais de uma hora para chegar à Meta."),
    "PurchaseExpiringAlarm": AlarmText(_M, "Purchase perto do prazo", "Uma venda espera há cinco dias; a Meta aceita até sete."),
    "PurchaseExpiredAlarm": AlarmText(_M, "Purchase perdido", "Uma venda passou do prazo da Meta e não foi enviada."),
    "PixelParkedAlarm": AlarmText(_M, "Pixel parado", "A Meta recusa um pixel. Os eventos esperam; confira o token."),
    "EventRejectedAlarm": AlarmText(_M, "Evento rejeitado", "A Meta recusou um evento de vez; o código está no registro."),
    "EventExpiredAlarm": AlarmText(_M, "Evento vencido", "Um evento esperou mais de sete dias e não foi enviado."),
    "CapiQueueAgeAlarm": AlarmText(_M, "Fila da Meta parada", "Um evento espera há uma hora na fila."),
    "CapiDeadLetterAlarm": AlarmText(_M, "Eventos na fila de mortos", "Eventos foram abandonados; podem ser reenviados."),
    "OutboxIteratorAgeAlarm": AlarmText(_M, "Outbox atrasado", "Os registros demoram a virar eventos."),
    "OutboxFailureAlarm": AlarmText(_M, "Outbox desistiu de registros", "Você tem 18 horas para reler o que ficou para trás."),
    "RollupIteratorAgeAlarm": AlarmText(_M, "Relatórios atrasados", "As contagens por hora estão uma hora atrasadas."),
    "ReconcilerFailureAlarm": AlarmText(_M, "Reconciliador com erro", "Execuções falharam; a fila de falhas tem os erros."),
    "ReconcilerSilenceAlarm": AlarmText(_W, "Reconciliador parado", "Há uma hora nada é reparado, liberado ou reenviado."),
    "CertificateExpiryAlarm": AlarmText(_M, "Certificado vencendo", "O certificado do domínio não foi renovado."),
}
"""By the alarm's logical id in the template."""

_BY_ANCHOR: Mapping[str, AlarmText] = {name.lower(): text for name, text in TEXTS.items()}
_NAMES: Mapping[str, str] = {name.lower(): name for name in TEXTS}
_SIGNS: Mapping[Severity, str] = {Severity.WAKES: "🔴", Severity.MORNING: "🟡"}


def severity_of(alarm: RungAlarm) -> Severity:
    """Return how urgent an alarm is; one that is none of ours waits for the morning."""
    known = _BY_ANCHOR.get(alarm.anchor)
    return known.severity if known else Severity.MORNING


def bulletin(alarms: Sequence[RungAlarm]) -> str:
    """Return the message about alarms, in Telegram's HTML: no name, number or amount of any person or sale is in it."""
    blocks = [_block(alarm) for alarm in alarms[:SHOWN_AT_MOST]]
    if len(alarms) > SHOWN_AT_MOST:
        blocks.append(f"… e mais {len(alarms) - SHOWN_AT_MOST}.")
    return "\n\n".join(blocks)


def _block(alarm: RungAlarm) -> str:
    sign = _SIGNS[severity_of(alarm)]
    known = _BY_ANCHOR.get(alarm.anchor)
    if known is None:
        return f"{sign} <b>Alarme</b>: {html.escape(alarm.name[:_NAME_MAX_LENGTH])}"
    stack, _, _ = alarm.name.partition(f"-{_NAMES[alarm.anchor]}")
    where = html.escape(stack[:_NAME_MAX_LENGTH])
    return f"{sign} <b>{known.title}</b> ({where})\n{known.sentence}\nO que fazer: {RUNBOOK}#{alarm.anchor}"
