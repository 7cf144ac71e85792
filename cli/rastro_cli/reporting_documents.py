"""A report for programs: JSON, and CSV. Money is cents, shares are from 0 to 1, what is not known is ``null`` or empty."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from rastro.model import PurchaseState
from rastro.sales.report import Dimension, Facts, Figures, Row
from rastro_cli.documents import Document
from rastro_cli.texts import Texts

_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report was asked for."""

    facts: Facts
    zone: str
    """The name of the time zone."""
    by: Sequence[Dimension]
    only: Sequence[tuple[Dimension, Sequence[str]]]

    @property
    def rows(self) -> Sequence[Row]:
        """Return the rows of the table that was asked for."""
        return self.facts.by(self.by)


def report_document(asked: Asked, texts: Texts) -> Document:
    """Return a report as a document."""
    period = asked.facts.period
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "timezone": asked.zone,
        "by": [dimension.value for dimension in asked.by],
        "only": {dimension.value: list(values) for dimension, values in asked.only},
        "total": figures_document(asked.facts.total(), texts),
        "rows": [
            {dimension.value: value or None for dimension, value in zip(asked.by, row.place, strict=True)}
            | figures_document(row.figures, texts)
            for row in asked.rows
        ],
    }


def figures_document(figures: Figures, texts: Texts) -> Document:
    """Return what was counted of one place."""
    delay_ms = figures.median_delay_ms
    return {
        "clicks": figures.clicks,
        "starts": figures.starts,
        "links": [
            {"link_source": source, "link_confidence": confidence, "starts": count}
            for (source, confidence), count in sorted(figures.links.items(), key=lambda each: (-each[1], each[0]))
        ],
        "charges": figures.charges,
        "paid": figures.paid,
        "revenue_cents": figures.revenue_cents,
        "refunded_cents": figures.refunded_cents,
        "purchases_accepted": figures.accepted,
        "purchases": {state.value: figures.purchases[state] for state in PurchaseState if figures.purchases[state]},
        "coverage": None if figures.coverage is None else round(figures.coverage, 4),
        "unlinked_cents": figures.unlinked_cents.total(),
        "unlinked": [
            {"reason": reason, "text": texts(f"reason.{reason}"), "sales": figures.unlinked[reason], "revenue_cents": cents}
            for reason, cents in sorted(figures.unlinked_cents.items(), key=lambda each: (-each[1], each[0]))
        ],
        "median_seconds_to_accepted": None if delay_ms is None else delay_ms / 1000,
    }


def write_csv(asked: Asked, stream: IO[str]) -> None:
    """Write a line for each row, the reasons that occur in columns of their own."""
    rows = asked.rows
    reasons = sorted({reason for row in rows for reason in row.figures.unlinked})
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        [*(dimension.value for dimension in asked.by), *_HEADINGS, *(f"unlinked_{reason}_cents" for reason in reasons)]
    )
    for row in rows:
        writer.writerow(
            [*map(_cell, row.place), *_values(row.figures), *(row.figures.unlinked_cents[reason] for reason in reasons)]
        )


_HEADINGS = (
    *("clicks", "starts", "starts_linked", "charges", "paid", "revenue_cents", "refunded_cents", "purchases_accepted"),
    *("coverage", "unlinked_cents", "median_seconds_to_accepted"),
)


def _values(figures: Figures) -> Iterable[object]:
    delay_ms = figures.median_delay_ms
    return (
        figures.clicks,
        figures.starts,
        figures.linked_starts,
        figures.charges,
        figures.paid,
        figures.revenue_cents,
        figures.refunded_cents,
        figures.accepted,
        "" if figures.coverage is None else f"{figures.coverage:.4f}",
        figures.unlinked_cents.total(),
        "" if delay_ms is None else delay_ms / 1000,
    )


def _cell(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula: whoever clicks an ad can name its campaign."""
    return f"'{value}" if value.startswith(_FORMULA) else value
