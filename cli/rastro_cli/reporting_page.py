"""A report as one page for a browser: nothing is loaded from outside, no script runs, and every plot is there as text, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files

from rastro.model import PurchaseState
from rastro.sales.report import Dimension, Figures, Row
from rastro_cli.plots import COLOURS, Bar, Frame, Series, Slice, bars, columns, keys_of, whole
from rastro_cli.reporting_documents import Asked
from rastro_cli.reporting_numbers import Numbers
from rastro_cli.reporting_table import FIGURES, STATES, cells
from rastro_cli.reporting_words import Words
from rastro_cli.texts import Texts

_STYLE = "report.css"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_ROWS_OF_OTHER_TABLES = 50
_WIDE, _NARROW = (860, 300), (360, 260)
_STATE_COLOURS = {
    PurchaseState.ACCEPTED: 2,
    PurchaseState.QUEUED: 0,
    PurchaseState.HELD: 3,
    PurchaseState.PARKED: 1,
    PurchaseState.REJECTED: 4,
    PurchaseState.EXPIRED: 5,
    PurchaseState.NONE: 6,
}


def page(asked: Asked, texts: Texts, made_at_ms: int) -> str:
    """Return the page of a report."""
    return _Page(asked, texts).whole(made_at_ms)


class _Page:
    """Puts a report together."""

    def __init__(self, asked: Asked, texts: Texts) -> None:
        self._asked = asked
        self._texts = texts
        self._words = Words(texts)
        self._numbers = Numbers(texts)
        self._total = asked.facts.total()

    def whole(self, made_at_ms: int) -> str:
        texts, scope = self._texts, " · ".join(self._words.scope(self._asked))
        made = datetime.fromtimestamp(made_at_ms / 1000, self._asked.facts.period.zone)
        made_at = f"{self._numbers.day(made.date().isoformat())} {made:%H:%M}"
        body = (
            f"<header><h1>{escape(texts('report.title'))}</h1><p>{escape(scope)}</p>",
            f'<p class="quiet">{escape(texts("report.made", at=made_at))}</p></header>',
            "<main>",
            *self._sections(),
            f"</main><footer><p>{escape(texts('page.foot'))}</p><p>{escape(texts('page.whole'))}</p></footer>",
        )
        return (
            f'<!doctype html>\n<html lang="{"pt-BR" if texts.language == "pt" else "en"}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<link rel="icon" href="data:,">\n'
            f"<title>{escape(self._words.heading(self._asked))}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
            + "\n".join(body)
            + "\n</body>\n</html>\n"
        )

    def _sections(self) -> Iterable[str]:
        if not self._asked.rows:
            yield f"<p>{escape(self._texts('report.nothing'))}</p>"
            return
        yield self._cards()
        yield self._attention()
        yield self._revenue()
        yield f'<div class="pair">{self._funnel()}{self._delivery()}</div>'
        yield f'<div class="pair">{self._links()}{self._reasons()}</div>'
        yield self._table()
        yield self._other_tables()

    def _cards(self) -> str:
        texts, numbers, total = self._texts, self._numbers, self._total
        cards = [
            ("revenue", numbers.money(total.revenue_cents), texts("what.revenue", paid=numbers.whole(total.paid))),
            ("coverage", numbers.share(total.coverage), texts("what.coverage")),
            ("accepted", numbers.whole(total.accepted), texts("what.accepted")),
            ("delay", numbers.duration(total.median_delay_ms), texts("what.delay")),
            ("unlinked", numbers.money(total.unlinked_cents.total()), texts("what.unlinked")),
            ("refunded", numbers.money(total.refunded_cents), texts("what.refunded")),
        ]
        items = (
            f"<li><span>{escape(texts(f'figure.{name}'))}</span><strong>{escape(value)}</strong><small>{escape(what)}</small></li>"
            for name, value, what in cards
        )
        return f'<ul class="cards">{"".join(items)}</ul>'

    def _attention(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self._words.attention(self._total))
        return self._section("attention", f"<ul>{lines}</ul>")

    def _funnel(self) -> str:
        texts, numbers, total = self._texts, self._numbers, self._total
        steps = [(name, getattr(total, name)) for name in ("clicks", "starts", "charges", "paid", "accepted")]
        widest = max(count for _, count in steps) or 1
        lines = []
        for number, (name, count) in enumerate(steps):
            before = steps[number - 1][1] if number else 0
            share = texts("page.step", share=numbers.share(count, before)) if before else ""
            note = " · ".join(filter(None, (texts(f"what.{name}"), share)))
            value = numbers.whole(count)
            lines.append(Bar(name=texts(f"figure.{name}"), value=value, part=count / widest, note=note))
        return self._section("funnel", bars(lines))

    def _delivery(self) -> str:
        total = self._total
        parts = [
            Slice(
                name=self._words.state(state),
                value=f"{self._numbers.whole(count)} · {self._numbers.share(count, total.paid)}",
                part=count / total.paid,
                colour=_STATE_COLOURS[state],
            )
            for state in STATES
            if (count := total.purchases[state])
        ]
        return self._section("delivery", whole(parts) if parts else self._nothing())

    def _links(self) -> str:
        lines = [
            Bar(
                name=self._words.link(source),
                value=f"{self._numbers.whole(count)} · {self._numbers.share(count, self._total.starts)}",
                part=count / self._total.starts,
                colour=6 if source in ("none", "") else 3 if source == "recent_click" else 2,
            )
            for source, count in self._total.sources.most_common()
        ]
        return self._section("links", bars(lines) if lines else self._nothing())

    def _reasons(self) -> str:
        ordered = self._total.unlinked_cents.most_common()
        largest = max((cents for _, cents in ordered), default=0) or 1
        lines = [
            Bar(
                name=self._words.reason(reason),
                value=f"{self._numbers.money(cents)} · {self._numbers.share(cents, self._total.revenue_cents)}",
                part=cents / largest,
                note=self._words.remedy(reason),
                colour=1,
            )
            for reason, cents in ordered
        ]
        return self._section("reasons", bars(lines) if lines else self._nothing())

    def _revenue(self) -> str:
        days = self._asked.facts.period.days()
        series = self._series(days)
        totals = {day: sum(each.values[number] for each in series) for number, day in enumerate(days)}
        largest = max(days, key=lambda day: totals[day])
        title = self._texts("report.heading.revenue")
        description = self._texts("page.revenue", day=self._numbers.day(largest), cents=self._numbers.money(totals[largest]))
        labels = [self._numbers.short_day(day) for day in days]
        drawn = "".join(
            f'<div class="{name}">'
            + columns(
                Frame(name=name, width=width, height=height, title=title, description=description),
                labels,
                series,
                self._numbers.short_money,
                self._numbers.money,
            )
            + "</div>"
            for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
        )
        rows = [
            [self._numbers.day(day), *(self._numbers.money(each.values[number]) for each in series)]
            for number, day in enumerate(days)
        ]
        heads = [self._texts("dimension.day"), *(each.name for each in series)]
        table = self._details(self._texts("page.table"), self._markup(title, heads, rows))
        return self._section("revenue", keys_of(series) + drawn + table)

    def _series(self, days: Sequence[str]) -> list[Series]:
        """Return the revenue by day of the campaigns that bring most, and of all others together."""
        facts = self._asked.facts
        campaigns = [row.place[0] for row in facts.by([Dimension.CAMPAIGN]) if row.figures.revenue_cents]
        by_day: dict[str, dict[str, int]] = {}
        for row in facts.by([Dimension.CAMPAIGN, Dimension.DAY]):
            campaign, day = row.place
            by_day.setdefault(campaign, {})[day] = row.figures.revenue_cents
        shown = campaigns[: COLOURS - 1]
        series = [
            Series(
                name=self._words.value(Dimension.CAMPAIGN, campaign),
                values=[by_day[campaign].get(day, 0) for day in days],
                colour=number,
            )
            for number, campaign in enumerate(shown)
        ]
        rest = campaigns[len(shown) :]
        if rest:
            values = [sum(by_day[campaign].get(day, 0) for campaign in rest) for day in days]
            series.append(Series(name=self._texts("others"), values=values, colour=COLOURS - 1))
        return series

    def _table(self) -> str:
        heading = self._texts("report.heading.table", by=self._words.by(self._asked))
        return (
            f'<section aria-labelledby="table"><h2 id="table">{escape(heading)}</h2>'
            f"{self._rows(heading, self._asked.by, self._asked.rows, total=True)}</section>"
        )

    def _other_tables(self) -> str:
        """Return a folded table for each dimension that the main table does not tell apart."""
        others = [dimension for dimension in Dimension if dimension not in self._asked.by]
        folded = "".join(
            self._details(
                self._texts(f"dimension.{dimension}"),
                self._rows(
                    self._texts(f"dimension.{dimension}"),
                    [dimension],
                    self._asked.facts.by([dimension])[:_ROWS_OF_OTHER_TABLES],
                    total=False,
                ),
            )
            for dimension in others
        )
        return self._section("more", folded) if folded else ""

    def _rows(self, name: str, dimensions: Sequence[Dimension], rows: Sequence[Row], *, total: bool) -> str:
        heads = [self._texts(f"dimension.{dimension}") for dimension in dimensions]
        written = [
            [
                *(self._words.value(dimension, value) for dimension, value in zip(dimensions, row.place, strict=True)),
                *self._cells(row.figures),
            ]
            for row in rows
        ]
        last = [self._texts("figure.total"), *([""] * (len(dimensions) - 1)), *self._cells(self._total)] if total else None
        return self._markup(
            name, [*heads, *(self._texts(f"figure.{figure}") for figure in FIGURES)], written, last, len(dimensions)
        )

    def _cells(self, figures: Figures) -> list[str]:
        return cells(figures, self._numbers)

    def _markup(
        self, name: str, heads: Sequence[str], rows: Iterable[Sequence[str]], last: Sequence[str] | None = None, named: int = 1
    ) -> str:
        """Return a table whose first columns name the row; too wide for the screen, it is scrolled by itself."""
        label = escape(self._texts("page.scroll", name=name), quote=True)
        head = "".join(
            f'<th scope="col"{"" if number < named else " class=number"}>{escape(text)}</th>' for number, text in enumerate(heads)
        )
        body = "".join(f"<tr>{_row(row, named)}</tr>" for row in rows)
        foot = f"<tfoot><tr>{_row(last, named)}</tr></tfoot>" if last else ""
        return (
            f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody>{foot}</table></div>"
        )

    def _section(self, name: str, content: str) -> str:
        heading = escape(self._texts(f"report.heading.{name}"))
        return f'<section class="{name}" aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>{content}</section>'

    def _details(self, name: str, content: str) -> str:
        return f"<details><summary>{escape(name)}</summary>{content}</details>"

    def _nothing(self) -> str:
        return f'<p class="quiet">{escape(self._texts("nothing"))}</p>'


def _row(values: Sequence[str], named: int) -> str:
    return "".join(
        f'<th scope="row">{escape(value)}</th>'
        if number == 0
        else f"<td{'' if number < named else ' class=number'}>{escape(value)}</td>"
        for number, value in enumerate(values)
    )


def _style() -> str:
    return files("rastro_cli").joinpath(_STYLE).read_text(encoding="utf-8")
