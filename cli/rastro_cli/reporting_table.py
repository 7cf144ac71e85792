"""A report on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rastro.model import PurchaseState
from rastro.sales.report import Figures
from rastro_cli.reporting_documents import Asked
from rastro_cli.reporting_numbers import Numbers
from rastro_cli.reporting_words import Words
from rastro_cli.texts import Texts

STATES = (
    PurchaseState.ACCEPTED,
    PurchaseState.QUEUED,
    PurchaseState.HELD,
    PurchaseState.PARKED,
    PurchaseState.REJECTED,
    PurchaseState.EXPIRED,
    PurchaseState.NONE,
)
"""As they are shown: what went well, what is under way, what needs somebody, what is over."""
FIGURES = (
    *("clicks", "starts", "linked", "charges", "paid", "revenue", "refunded", "accepted", "coverage", "unlinked", "delay"),
)


def print_report(console: Console, texts: Texts, asked: Asked, top: int) -> None:
    """Print a report: its table, how starts were linked, what has no link and why, what reached Meta, what is worth a look."""
    words, total = Words(texts), asked.facts.total()
    console.print(Text(words.heading(asked), style="bold"))
    rows = asked.rows
    if not rows:
        console.print(texts("report.nothing"), markup=False)
        return
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    for dimension in asked.by:
        table.add_column(texts(f"dimension.{dimension}"), overflow="fold", ratio=None)
    for name in FIGURES:
        table.add_column(texts(f"figure.{name}"), justify="right", no_wrap=True)
    numbers = Numbers(texts)
    for row in rows[:top]:
        names = (Text(words.value(dimension, value)) for dimension, value in zip(asked.by, row.place, strict=True))
        table.add_row(*names, *cells(row.figures, numbers))
    table.add_section()
    blanks = [""] * (len(asked.by) - 1)
    table.add_row(texts("figure.total"), *blanks, *cells(total, numbers), style="bold")
    console.print()
    console.print(table)
    if len(rows) > top:
        console.print(Text(texts("report.more", count=len(rows) - top), style="dim"))
    _print_parts(console, texts("report.heading.links"), _links(total, words, numbers))
    _print_parts(console, texts("report.heading.reasons"), _reasons(total, words, numbers))
    _print_parts(console, texts("report.heading.delivery"), _states(total, words, numbers))
    console.print()
    console.print(Text(texts("report.heading.attention"), style="bold"))
    for line in words.attention(total):
        console.print(Padding(Text(f"• {line}"), (0, 0, 0, 2), expand=False))


def cells(figures: Figures, numbers: Numbers) -> list[str]:
    """Return what was counted of one place, as it is written, in the order of ``FIGURES``."""
    return [
        numbers.whole(figures.clicks),
        numbers.whole(figures.starts),
        numbers.whole(figures.linked_starts),
        numbers.whole(figures.charges),
        numbers.whole(figures.paid),
        numbers.money(figures.revenue_cents),
        numbers.money(figures.refunded_cents),
        numbers.whole(figures.accepted),
        numbers.share(figures.coverage),
        numbers.money(figures.unlinked_cents.total()),
        numbers.duration(figures.median_delay_ms),
    ]


def _links(total: Figures, words: Words, numbers: Numbers) -> Iterable[Sequence[str]]:
    for source, count in total.sources.most_common():
        yield numbers.whole(count), numbers.share(count, total.starts), words.link(source)


def _reasons(total: Figures, words: Words, numbers: Numbers) -> Iterable[Sequence[str]]:
    for reason, cents in total.unlinked_cents.most_common():
        yield numbers.money(cents), numbers.share(cents, total.revenue_cents), words.reason(reason)


def _states(total: Figures, words: Words, numbers: Numbers) -> Iterable[Sequence[str]]:
    for state in STATES:
        if count := total.purchases[state]:
            yield numbers.whole(count), numbers.share(count, total.paid), words.state(state)


def _print_parts(console: Console, heading: str, rows: Iterable[Sequence[str]]) -> None:
    table = Table.grid(padding=(0, 2))
    for justify in ("right", "right", "left"):
        table.add_column(justify=justify)
    for row in rows:
        table.add_row(*map(Text, row))
    if table.row_count:
        console.print()
        console.print(Text(heading, style="bold"))
        console.print(Padding(table, (0, 0, 0, 2), expand=False))
