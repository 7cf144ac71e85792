"""``rastro events``: what became of events on their way to Meta."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rastro.model import LedgerRow, LedgerStatus, Payment, PaymentId, PixelId, PurchaseState
from rastro.sales.repair import sales_since
from rastro_cli.dead_letters import described
from rastro_cli.documents import Document, at, payment_summary
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json
from rastro_cli.repairing import since_ms
from rastro_cli.stories import code_of, days, row_document, story
from rastro_cli.texts import Texts

app = typer.Typer(help="Say what became of events on their way to Meta.", no_args_is_help=True)

PARKED_SHOWN = 500
"""How many parked events of a pixel are listed: an outage parks every page view."""
DEAD_LETTERS_SHOWN = 10
_FAILED = (LedgerStatus.PARKED, LedgerStatus.REJECTED, LedgerStatus.EXPIRED)
_FAILED_SALES = (PurchaseState.PARKED, PurchaseState.REJECTED, PurchaseState.EXPIRED)


@app.command(help="Tell the delivery of a payment's events: status, attempts, what Meta answered, days left.")
def payment(
    context: typer.Context,
    payment_id: Annotated[str, typer.Argument(metavar="ID", help="The payment's id.")],
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Tell the delivery of a payment."""
    session = begin(context, json=json, lang=lang, profile=profile)
    found = session.deployment.payments.get(PaymentId(payment_id))
    if found is None:
        raise CommandError(session.texts("unknown.payment", id=payment_id), Exit.NOT_FOUND)
    now_ms, language = session.deployment.now_ms(), session.texts.language
    rows = [row_document(row, now_ms, language) for row in rows_of(session, found.payment_id)]
    why = None if rows else _why_nothing(session, found)
    if session.json:
        print_json(
            session.console,
            {"payment": payment_summary(found), "purchase_state": found.purchase_state.value, "why_none": why, "events": rows},
        )
    else:
        print_stories(session, found.payment_id, rows)
        if why is not None:
            session.console.print(session.texts("event.none", why=why), markup=False)
    session.close()


@app.command(help="List what is parked, rejected or expired, and what lies in the dead letter queue.")
def failed(
    context: typer.Context,
    *,
    pixel: Annotated[str | None, typer.Option("--pixel", metavar="ID", help="Only this pixel.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="7d", help="Look at paid sales created since then: 7d, 12h or 2026-09-01.")
    ] = "7d",
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """List what did not reach Meta."""
    texts = Texts(lang or context.obj.language)
    session = begin(context, json=json, lang=lang, profile=profile)
    begin_ms = since_ms(since, session.deployment.now_ms(), texts)
    failures = _failures(session, begin_ms, PixelId(pixel) if pixel else None)
    letters = _dead_letters(session)
    counts = {status.value: sum(row["status"] == status for row in failures.rows) for status in _FAILED}
    if session.json:
        document = {
            "since": at(begin_ms),
            "counts": counts,
            "more_parked_at": failures.more_at,
            "events": failures.rows,
            "dead_letters": letters,
        }
        print_json(session.console, document)
    else:
        _print_failures(session, begin_ms, failures, counts)
        _print_dead_letters(session, letters)
    session.close()


def rows_of(session: Session, payment_id: PaymentId) -> Sequence[LedgerRow]:
    """Return the ledger rows of a payment, by pixel."""
    return sorted(session.deployment.ledger.by_payment(payment_id), key=lambda row: (row.event.pixel_id, row.event.event_name))


def print_stories(session: Session, payment_id: PaymentId, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what is known of each event of a payment."""
    session.console.print(Text(session.texts("heading.events", id=payment_id), style="bold"))
    for row in rows:
        heading, *lines = story(row, session.texts)
        session.console.print()
        session.console.print(Text(heading, style="bold"))
        for line in lines:
            session.console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def _why_nothing(session: Session, payment: Payment) -> str:
    """Return why a payment has no event in the ledger."""
    obstacle = session.deployment.repairer.plan(payment).purchase.obstacle
    if obstacle is not None:
        return session.texts(f"obstacle.{obstacle}")
    return session.texts("event.none.repairable", id=payment.payment_id, profile=session.deployment.name)


@dataclass(slots=True)
class _Failures:
    rows: list[dict[str, Any]] = field(default_factory=list)
    more_at: list[PixelId] = field(default_factory=list)
    """The pixels of which not every parked event is here."""


def _failures(session: Session, begin_ms: int, pixel_id: PixelId | None) -> _Failures:
    """Return the failed Purchases of the sales since then, and everything parked at their pixels."""
    deployment, found = session.deployment, _Failures()
    now_ms, language = deployment.now_ms(), session.texts.language
    pixels = {pixel_id} if pixel_id else set()
    rows: dict[str, LedgerRow] = {}
    slugs = set()
    for _, sale in sales_since(deployment.payments, begin_ms, now_ms):
        slugs.add(sale.slug)
        if sale.purchase_state in _FAILED_SALES:
            rows |= {row.event.key: row for row in deployment.ledger.by_payment(sale.payment_id) if row.status in _FAILED}
    if pixel_id is None:
        funnels = [deployment.funnels.get(slug) for slug in sorted(slugs)]
        pixels = {pixel.pixel_id for funnel in funnels if funnel is not None for pixel in funnel.pixels}
        pixels |= {row.event.pixel_id for row in rows.values()}
    for each in sorted(pixels):
        parked = list(deployment.ledger.parked(each, PARKED_SHOWN + 1))
        if len(parked) > PARKED_SHOWN:
            found.more_at.append(each)
        rows |= {row.event.key: row for row in parked[:PARKED_SHOWN]}
    wanted = [row for row in rows.values() if pixel_id in (None, row.event.pixel_id)]
    wanted.sort(key=lambda row: (row.event.event_time_s, row.event.key))
    found.rows = [row_document(row, now_ms, language) for row in wanted]
    return found


def _dead_letters(session: Session) -> Document:
    """Return how many dead letters there are and what the first are about; they stay where they are."""
    queue = session.deployment.dead_letters()
    count = queue.count()
    letters = list(queue.read(DEAD_LETTERS_SHOWN)) if count else []
    queue.give_back(letters)
    return {"count": count, "sample": [described(letter) for letter in letters]}


def _print_failures(session: Session, begin_ms: int, failures: _Failures, counts: Mapping[str, int]) -> None:
    texts, console = session.texts, session.console
    console.print(Text(texts("heading.failed", since=at(begin_ms)), style="bold"))
    for status, count in counts.items():
        console.print(f"{count:>6}  {texts(f'count.failed_{status}')}", markup=False)
    console.print()
    table = Table.grid(padding=(0, 2))
    for row in failures.rows:
        table.add_row(*(Text(cell) for cell in _cells(row, texts)))
    if table.row_count:
        console.print(table)
    else:
        console.print(texts("failed.none"), markup=False)
    for pixel_id in failures.more_at:
        console.print(texts("failed.more", pixel=pixel_id, limit=PARKED_SHOWN), markup=False)


def _cells(row: Mapping[str, Any], texts: Texts) -> Iterator[str]:
    yield row["pixel_id"]
    yield row["event_id"]
    yield row["status"]
    yield "-" if row["error"] is None else code_of(row["error"])
    yield "-" if row["days_left"] is None else f"{days(row['days_left'], texts.language)} d"
    yield row["meaning"] if row["error"] is None else row["error"]["meaning"]


def _print_dead_letters(session: Session, letters: Document) -> None:
    texts, console = session.texts, session.console
    console.print()
    console.print(Text(texts("heading.dead_letters"), style="bold"))
    console.print(Text("  " + texts("dead.count", count=letters["count"])))
    for letter in letters["sample"]:
        console.print(Text("  • " + texts(f"dead.{letter['kind']}", **letter)))
    if letters["count"]:
        console.print(Text("  " + texts("dead.next", profile=session.deployment.name)))
