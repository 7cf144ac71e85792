"""The register: what the lab's counterparts have seen so far, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.server import Lab

ROWS_MAX = 50


def render(lab: Lab) -> str:
    """Return the page, in Portuguese: events accepted, calls of the bots, charges and faults, newest first."""
    faults = ", ".join(f"{service}: {fault['mode']}" for service, fault in lab.board.show().items() if fault and fault["active"])
    events = _table(
        ("recebido", "pixel", "evento", "event_id", "origem", "valor"),
        (
            (
                _time(entry["received_at_ms"]),
                entry["pixel_id"],
                entry["event"]["event_name"],
                entry["event"].get("event_id", "-"),
                entry["event"]["action_source"],
                _value(entry["event"].get("custom_data", {})),
            )
            for entry in _newest(lab.graph.events)
        ),
    )
    charges = _table(
        ("criada", "pagamento", "valor", "situação", "copia e cola"),
        (
            (_time(charge.created_at_ms), charge.payment_id, _reais(charge.amount_cents), _STATUS[charge.status], charge.brcode)
            for charge in _newest(lab.charges.all())
        ),
    )
    calls = _table(
        ("quando", "bot", "método", "chat", "texto", "resposta"),
        (
            (
                _time(call["at_ms"]),
                call["bot_id"] or "?",
                call["method"],
                call["params"].get("chat_id", "-"),
                str(call["params"].get("text") or call["params"].get("caption") or "-")[:200],
                call["status"] or "sem resposta",
            )
            for call in _newest(lab.telegram.calls)
        ),
    )
    return (
        '<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"><title>Rastro: registro do laboratório</title>'
        '<link rel="icon" href="/site/mark.svg" type="image/svg+xml"><link rel="stylesheet" href="/site/register.css">'
        '<script type="module" src="/site/register.js"></script></head><body><main>'
        "<h1>Registro do laboratório</h1><p>Tudo o que a Meta, o Telegram e os provedores de PIX de mentira viram nesta máquina. "
        '<a href="/">Voltar ao laboratório</a></p>'
        f"<p>Falhas ligadas: {escape(faults) or 'nenhuma'}.</p>"
        f"<h2>Eventos que a Meta aceitou ({len(lab.graph.events)})</h2>{events}"
        f"<h2>Cobranças PIX ({len(lab.charges.all())})</h2>{charges}"
        f"<h2>Chamadas dos bots ao Telegram ({len(lab.telegram.calls)})</h2>{calls}"
        "</main></body></html>"
    )


_STATUS: Mapping[str, str] = {"pending": "aguardando", "paid": "paga", "expired": "expirada", "refunded": "devolvida"}


def _newest(entries: Sequence[Any]) -> Iterable[Any]:
    return list(reversed(entries[-ROWS_MAX:]))


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    listed = list(rows)
    if not listed:
        return "<p>Nada ainda.</p>"
    cells: Callable[[Sequence[object]], str] = lambda row: "".join(f"<td>{escape(str(cell))}</td>" for cell in row)  # noqa: E731
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "".join(f"<tr>{cells(row)}</tr>" for row in listed)
    return f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _time(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms / 1000, UTC).astimezone():%H:%M:%S}"


def _reais(cents: int) -> str:
    return f"R$ {cents // 100},{cents % 100:02d}"


def _value(custom_data: Mapping[str, Any]) -> str:
    value = custom_data.get("value")
    return "-" if value is None else f"{value} {custom_data.get('currency', '')}"
