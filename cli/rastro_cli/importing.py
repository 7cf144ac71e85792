"""``rastro import``: the sales of an earlier system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.table import Table

from rastro.sales.legacy import Line, csv_lines, jsonl_lines, sale_of
from rastro.sales.legacy_flaws import BadLine
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import DryRunOption, JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json
from rastro_cli.texts import Texts

app = typer.Typer(help="Bring in the sales of an earlier system.", no_args_is_help=True)

FILE_MAX_MB = 512
ERRORS_SHOWN = 50
_COUNTS = (
    "lines",
    "payments_created",
    "payments_already_there",
    "bot_users_created",
    "bot_users_completed",
    "bot_users_unchanged",
    "errors",
)
_READERS: dict[str, Callable[[Iterable[str]], Iterator[Line]]] = {".csv": csv_lines, ".jsonl": jsonl_lines}


@app.callback()
def group() -> None:
    """Keep ``legacy`` a command of its own name."""


@app.command(help="Import payments and bot_users from a .csv or .jsonl file; sends nothing to Meta.")
def legacy(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file, .csv or .jsonl.")],
    *,
    timezone: Annotated[
        str,
        typer.Option("--timezone", metavar="ZONE", help="The zone of times that name none, such as America/Sao_Paulo."),
    ] = "UTC",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Import a file."""
    texts = Texts(lang or context.obj.language)
    zone = _zone(timezone, texts)
    _check(path, texts)
    session = begin(context, json=json, lang=lang, profile=profile)
    run = _Run(session, path, zone, dry_run=dry_run)
    with _readable(path, texts):
        run.go()
    run.report()
    session.close()
    if run.counts["errors"]:
        raise typer.Exit(Exit.PARTLY)


@dataclass(slots=True)
class _Run:
    """An import under way."""

    session: Session
    path: Path
    zone: tzinfo
    dry_run: bool = field(kw_only=True)
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[int, str]] = field(default_factory=list)
    """The first of them, with their lines' numbers."""

    def go(self) -> None:
        """Take line by line."""
        number = 0
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            try:
                for line in _READERS[self.path.suffix.lower()](file):
                    number = line.number
                    self._take(line)
            except BaseException:
                self.session.notes.print(self.session.texts("import.resume", number=number), markup=False)
                raise

    def _take(self, line: Line) -> None:
        self.counts["lines"] += 1
        deployment = self.session.deployment
        if line.error is not None or line.record is None:
            self._refuse(line.number, line.error)
            return
        try:
            sale = sale_of(line.record, timezone=self.zone, now_ms=deployment.now_ms())
            imported = deployment.legacy.take(sale, dry_run=self.dry_run)
        except BadLine as exc:
            self._refuse(line.number, exc)
            return
        self.counts[f"payments_{imported.payment}"] += 1
        self.counts[f"bot_users_{imported.bot_user}"] += 1

    def _refuse(self, number: int, error: BadLine | None) -> None:
        self.counts["errors"] += 1
        if error is not None and len(self.errors) < ERRORS_SHOWN:
            self.errors.append((number, error.text(self.session.texts.language)))

    def report(self) -> None:
        """Print what was done."""
        if self.session.json:
            document = {
                "file": str(self.path),
                "dry_run": self.dry_run,
                "counts": {name: self.counts[name] for name in _COUNTS},
                "errors": [{"line": number, "message": message} for number, message in self.errors],
            }
            print_json(self.session.console, document)
            return
        texts, console = self.session.texts, self.session.console
        for number, message in self.errors:
            console.print(texts("import.line", number=number, message=message), style="red", markup=False)
        if self.counts["errors"] > len(self.errors):
            console.print(texts("import.more_errors", count=self.counts["errors"] - len(self.errors)), markup=False)
        console.print(texts("import.heading", path=self.path), style="bold", markup=False)
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        for name in _COUNTS:
            table.add_row(str(self.counts[name]), texts(f"count.{name}"))
        console.print(table)
        console.print(texts("dry_run" if self.dry_run else "import.next"), style="yellow" if self.dry_run else "", markup=False)


def _zone(name: str, texts: Texts) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise CommandError(texts("import.timezone", name=name), Exit.USAGE) from exc


def _check(path: Path, texts: Texts) -> None:
    """Refuse a file that cannot be what it should be, before anything is opened."""
    if path.suffix.lower() not in _READERS:
        raise CommandError(texts("import.kind", path=path), Exit.USAGE)
    with _readable(path, texts):
        if path.stat().st_size > FILE_MAX_MB * 1_000_000:
            raise CommandError(texts("import.too_large", path=path, limit=FILE_MAX_MB), Exit.USAGE)


@contextmanager
def _readable(path: Path, texts: Texts) -> Iterator[None]:
    """Tell a file that cannot be read, or whose lines are no table, in the operator's words."""
    try:
        yield
    except BadLine as exc:
        raise CommandError(texts("import.unreadable", path=path, message=exc.text(texts.language)), Exit.USAGE) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(texts("import.unreadable", path=path, message=exc), Exit.USAGE) from exc
