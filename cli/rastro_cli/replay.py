"""``rastro replay``: what was not accepted goes to the sender again, out of the ledger or out of the dead letter queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.text import Text

from rastro.meta.meanings import fate_of, meaning_of_fate
from rastro.model import LedgerRow, PaymentId
from rastro_cli.dead_letters import DeadLetter, DeadLetters, described
from rastro_cli.events import rows_of
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import DryRunOption, JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json, progress_on
from rastro_cli.stories import WAITING

app = typer.Typer(help="Queue events again: those of a payment, or the dead letter queue.", no_args_is_help=True)

LIMIT = 10_000
SHOWN = 20
"""How many messages a run names."""


@app.command(help="Queue the events of a payment again that were not accepted yet.")
def payment(
    context: typer.Context,
    payment_id: Annotated[str, typer.Argument(metavar="ID", help="The payment's id.")],
    *,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Queue a payment's events again."""
    session = begin(context, json=json, lang=lang, profile=profile)
    if session.deployment.payments.get(PaymentId(payment_id)) is None:
        raise CommandError(session.texts("unknown.payment", id=payment_id), Exit.NOT_FOUND)
    outcomes = [_requeued(session, row, dry_run=dry_run) for row in rows_of(session, PaymentId(payment_id))]
    if session.json:
        print_json(session.console, {"payment_id": payment_id, "dry_run": dry_run, "events": outcomes})
    else:
        _print_outcomes(session, payment_id, outcomes, dry_run=dry_run)
    session.close()


@app.command(help="Move the messages of the dead letter queue back to the sender's queue.")
def dlq(
    context: typer.Context,
    *,
    dry_run: DryRunOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages to move in this run.")] = LIMIT,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Move the dead letters back."""
    session = begin(context, json=json, lang=lang, profile=profile)
    run = _Run(session.deployment.dead_letters(), dry_run=dry_run)
    with progress_on(session.notes) as show:
        try:
            run.go(limit, lambda count: show(session.texts("dead.count", count=count)))
        except BaseException:
            session.notes.print(session.texts("replay.broken_off", count=run.counts["moved"]), markup=False)
            raise
    at_limit = run.counts.total() >= limit
    _report(session, run, limit if at_limit else None)
    session.close()
    if at_limit:
        raise typer.Exit(Exit.PARTLY)


def _requeued(session: Session, row: LedgerRow, *, dry_run: bool) -> dict[str, Any]:
    """Queue an event again if it waits, and return what became of it."""
    deployment, key = session.deployment, row.event.key
    now_ms = deployment.now_ms()
    is_queued = fate_of(row, now_ms) in WAITING and (dry_run or deployment.ledger.requeue(key, now_ms=now_ms))
    # A sender may have taken it since it was read.
    seen = row if is_queued else deployment.ledger.get(key) or row
    return {
        "pixel_id": row.event.pixel_id,
        "event_name": row.event.event_name.value,
        "event_id": row.event.event_id,
        "status": row.status.value,
        "requeued": is_queued,
        "why_not": None if is_queued else meaning_of_fate(fate_of(seen, now_ms), session.texts.language).text,
    }


def _print_outcomes(session: Session, payment_id: str, outcomes: list[dict[str, Any]], *, dry_run: bool) -> None:
    texts, console = session.texts, session.console
    console.print(Text(texts("heading.events", id=payment_id), style="bold"))
    for each in outcomes:
        heading = texts("event", name=each["event_name"], id=each["event_id"], pixel=each["pixel_id"], status=each["status"])
        done = texts("replay.would" if dry_run else "replay.requeued")
        console.print(Text(f"  {heading} → {done if each['requeued'] else texts('replay.left', why=each['why_not'])}"))
    if not outcomes:
        console.print(Text("  " + texts("nothing")))
    if dry_run:
        console.print(Text(texts("dry_run"), style="yellow"))


@dataclass(slots=True)
class _Run:
    """A way through the dead letter queue; what was not moved is given back at its end, however it ends."""

    queue: DeadLetters
    dry_run: bool
    counts: Counter[str] = field(default_factory=Counter)
    named: list[dict[str, str | None]] = field(default_factory=list)
    _kept: list[DeadLetter] = field(default_factory=list)

    def go(self, limit: int, show: Callable[[int], None]) -> None:
        """Move up to ``limit`` messages; one that nobody can read stays."""
        try:
            for letter in self.queue.read(limit):
                about = described(letter)
                is_ours = about["kind"] != "unreadable"
                if is_ours and not self.dry_run:
                    self.queue.move_back(letter)
                else:
                    self._kept.append(letter)
                self.counts["moved" if is_ours else "unreadable"] += 1
                self.named.append(about)
                show(self.counts.total())
        finally:
            self.queue.give_back(self._kept)


def _report(session: Session, run: _Run, reached_limit: int | None) -> None:
    counts = {"moved": run.counts["moved"], "unreadable": run.counts["unreadable"]}
    if session.json:
        print_json(
            session.console,
            {"dry_run": run.dry_run, "counts": counts, "ended_at_limit": reached_limit is not None, "messages": run.named},
        )
        return
    texts, console = session.texts, session.console
    for about in run.named[:SHOWN]:
        console.print(Text(texts(f"dead.{about['kind']}", **about)))
    if len(run.named) > SHOWN:
        console.print("…")
    moved = "count.would_move" if run.dry_run else "count.moved"
    console.print(Text(f"{counts['moved']}  {texts(moved)}"))
    console.print(Text(f"{counts['unreadable']}  {texts('count.unreadable')}"))
    if reached_limit is not None:
        console.print(Text(texts("replay.limit", limit=reached_limit)))
    if run.dry_run:
        console.print(Text(texts("dry_run"), style="yellow"))
