"""``rastro repair``: one sale, or all of the last days."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from rastro.errors import Conflict
from rastro.model import DAY_MS, Payment, PaymentId, Slug
from rastro.sales.repair import RepairPlan, Sending, sales_since, worth_repairing
from rastro_cli.documents import Document, at, payment_summary, plan_document
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import DryRunOption, JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json
from rastro_cli.pages import Pages
from rastro_cli.texts import Texts

app = typer.Typer(help="Repair the link of sales, and send the Purchases that can still be sent.", invoke_without_command=True)

LIMIT = 10_000
"""How many sales a run repairs unless told otherwise."""
LONGEST_DAYS = 366
_DURATION = re.compile(r"([1-9][0-9]{0,3})([dh])")
_HOUR_MS = 3_600_000
_SENT = (Sending.CREATED, Sending.RELEASED)


@app.callback()
def since(
    context: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="7d", help="Repair paid sales created since then: 7d, 12h or 2026-09-01."),
    ] = None,
    funnel: Annotated[str | None, typer.Option("--funnel", metavar="SLUG", help="Only the sales of this funnel.")] = None,
    from_day: Annotated[
        str | None,
        typer.Option("--from-day", metavar="YYYY-MM-DD", help="Go on from this day (UTC) of an earlier run."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most sales to repair in this run.")] = LIMIT,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Repair the sales of the last days, unless a subcommand names one."""
    texts = Texts(lang or context.obj.language)
    if context.invoked_subcommand is not None:
        if dry_run or since or funnel or from_day:  # ignoring --dry-run here would be a repair that nobody asked for
            raise CommandError(texts("repair.options_first"), Exit.USAGE)
        context.obj = context.obj.with_options(json=json, lang=lang, profile=profile)
        return
    if since is None:
        raise CommandError(texts("repair.since_needed"), Exit.USAGE)
    session = begin(context, json=json, lang=lang, profile=profile)
    now_ms = session.deployment.now_ms()
    scope = _Scope(
        since_ms=max(since_ms(since, now_ms, texts), _day_ms(from_day, texts) if from_day else 0),
        now_ms=now_ms,
        slug=Slug(funnel) if funnel else None,
        limit=limit,
        dry_run=dry_run,
    )
    run = _Run(session, scope)
    run.go()
    run.report()
    session.close()
    if run.counts["failed"] or run.stopped_at is not None:
        raise typer.Exit(Exit.PARTLY)


@app.command(help="Repair one payment and its bot_user.")
def payment(
    context: typer.Context,
    payment_id: Annotated[str, typer.Argument(metavar="ID", help="The payment's id.")],
    *,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Repair one payment."""
    session = begin(context, json=json, lang=lang, profile=profile)
    plan = _one(session, PaymentId(payment_id), dry_run=dry_run)
    if plan is None:
        raise CommandError(session.texts("unknown.payment", id=payment_id), Exit.NOT_FOUND)
    if session.json:
        print_json(session.console, repair_document(plan, dry_run=dry_run))
    else:
        Pages(session.console, session.texts, session.deployment.name).repaired(plan, dry_run=dry_run)
    session.close()


def since_ms(text: str, now_ms: int, texts: Texts) -> int:
    """Return the beginning that ``--since`` names; raises ``CommandError``."""
    duration = _DURATION.fullmatch(text)
    unit_ms = DAY_MS if text.endswith("d") else _HOUR_MS
    begin_ms = now_ms - int(duration[1]) * unit_ms if duration else _parsed_day_ms(text) or 0
    if not now_ms - LONGEST_DAYS * DAY_MS <= begin_ms <= now_ms:
        raise CommandError(texts("repair.since_wrong"), Exit.USAGE)
    return begin_ms


def repair_document(plan: RepairPlan, *, dry_run: bool) -> Document:
    """Return a repair as JSON."""
    return {"payment": payment_summary(plan.after), "dry_run": dry_run, "repair": plan_document(plan)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    since_ms: int
    now_ms: int
    slug: Slug | None
    limit: int
    dry_run: bool


@dataclass(slots=True)
class _Run:
    """A bulk repair under way; it can be ended at any moment and run again."""

    session: Session
    scope: _Scope
    counts: Counter[str] = field(default_factory=Counter)
    unlinked: Counter[str] = field(default_factory=Counter)
    changed: list[Document] = field(default_factory=list)
    stopped_at: date | None = None
    """The day at which the limit ended the run."""

    def go(self) -> None:
        """Repair the sales, oldest first; where it is ended, say how to go on."""
        scope, session = self.scope, self.session
        day = datetime.fromtimestamp(scope.since_ms / 1000, UTC).date()
        columns: tuple[Any, ...] = (SpinnerColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=session.notes, transient=True, disable=not session.notes.is_terminal) as progress:
            task = progress.add_task("")
            try:
                for day, sale in sales_since(session.deployment.payments, scope.since_ms, scope.now_ms, scope.slug):
                    self.counts["looked_at"] += 1
                    progress.update(task, description=session.texts("bulk.day", day=day, looked_at=self.counts["looked_at"]))
                    if not worth_repairing(sale):
                        continue
                    if self.counts["worth"] >= scope.limit:
                        self.stopped_at = day
                        return
                    self.counts["worth"] += 1
                    self._repair(sale)
            except BaseException:
                session.notes.print(session.texts("bulk.resume", day=day), markup=False)
                raise

    def _repair(self, sale: Payment) -> None:
        try:
            plan = _one(self.session, sale.payment_id, dry_run=self.scope.dry_run)
        except Conflict:
            self.counts["failed"] += 1
            self.session.notes.print(self.session.texts("bulk.conflict", id=sale.payment_id), markup=False)
            return
        if plan is None:
            return
        attribution = plan.after.attribution
        self.counts["linked"] += attribution.certain and not plan.before.attribution.certain
        self.counts["people"] += plan.changes_bot_user
        self.counts["purchases"] += sum(sending in _SENT for _, sending in plan.purchase.by_pixel)
        if not attribution.certain:
            self.counts["unlinked"] += 1
            self.unlinked[attribution.reason or attribution.link_confidence.value] += 1
        if plan.changes:
            self.changed.append(repair_document(plan, dry_run=self.scope.dry_run))
            self._tell(plan)

    def _tell(self, plan: RepairPlan) -> None:
        if self.session.json:
            return
        before, after = plan.before.attribution, plan.after.attribution
        sent = [sending.value for _, sending in plan.purchase.by_pixel] or [plan.purchase.obstacle or "-"]
        line = self.session.texts(
            "bulk.line",
            id=plan.after.payment_id,
            before=before.reason or before.link_source,
            after=after.reason or after.link_source,
            purchase=", ".join(sorted(set(sent))),
        )
        self.session.console.print(line, markup=False)

    def report(self) -> None:
        """Print what was done."""
        names = ("looked_at", "worth", "linked", "people", "purchases", "unlinked", "failed")
        if self.session.json:
            document = {
                "since": at(self.scope.since_ms),
                "dry_run": self.scope.dry_run,
                "counts": {name: self.counts[name] for name in names},
                "unlinked_by_reason": dict(self.unlinked),
                "resume_from_day": None if self.stopped_at is None else self.stopped_at.isoformat(),
                "changed": self.changed,
            }
            print_json(self.session.console, document)
            return
        self._print_counts(names)

    def _print_counts(self, names: tuple[str, ...]) -> None:
        texts, console = self.session.texts, self.session.console
        console.print()
        console.print(texts("bulk.heading", since=at(self.scope.since_ms)), style="bold", markup=False)
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        for name in names:
            table.add_row(str(self.counts[name]), texts(f"count.{name}"))
            if name == "unlinked":
                for reason, count in self.unlinked.most_common():
                    table.add_row(str(count), texts("count.unlinked_by", reason=reason))
        console.print(table)
        if self.stopped_at is not None:
            console.print(texts("bulk.limit", limit=self.scope.limit, day=self.stopped_at), markup=False)
        if self.scope.dry_run:
            console.print(texts("dry_run"), style="yellow", markup=False)


def _one(session: Session, payment_id: PaymentId, *, dry_run: bool) -> RepairPlan | None:
    if not dry_run:
        return session.deployment.repairer.repair(payment_id)
    payment = session.deployment.payments.get(payment_id)
    return None if payment is None else session.deployment.repairer.plan(payment)


def _day_ms(text: str, texts: Texts) -> int:
    day_ms = _parsed_day_ms(text)
    if day_ms is None:
        raise CommandError(texts("repair.day_wrong"), Exit.USAGE)
    return day_ms


def _parsed_day_ms(text: str) -> int | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return (day - date(1970, 1, 1)) // timedelta(days=1) * DAY_MS
