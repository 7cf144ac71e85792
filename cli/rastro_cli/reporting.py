"""``rastro report``: what came of the ads, on the terminal, as a document, or as a page for a browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from rastro.sales.report import Dimension, Facts, Period, Step
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json, progress_on
from rastro_cli.reporting_documents import Asked, report_document, write_csv
from rastro_cli.reporting_page import page
from rastro_cli.reporting_table import print_report
from rastro_cli.texts import Texts

HELP = "Report clicks, starts, links, sales and what Meta accepted, by campaign, funnel, bot, provider, day or client."
ZONE = "America/Sao_Paulo"
DAYS = 7
DAYS_MAX = 400
ROWS_SHOWN = 40


def report(
    context: typer.Context,
    *,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DAY", help="The first day, such as 2026-09-01; by default a week of days up to the last."
        ),
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day, included; by default today.")] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="NAMES",
            help="What to tell apart: campaign, funnel, bot, provider, day, client; several with commas.",
        ),
    ] = Dimension.CAMPAIGN.value,
    funnel: Annotated[
        list[str] | None, typer.Option("--funnel", metavar="SLUG", help="Only this funnel; may be given several times.")
    ] = None,
    campaign: Annotated[
        list[str] | None, typer.Option("--campaign", metavar="NAME", help="Only this campaign; may be given several times.")
    ] = None,
    bot: Annotated[
        list[str] | None, typer.Option("--bot", metavar="BOT_ID", help="Only this bot; may be given several times.")
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", metavar="PROVIDER", help="Only this PIX provider; may be given several times."),
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="The zone that days begin and end in.")] = ZONE,
    top: Annotated[
        int, typer.Option("--top", metavar="N", min=1, help="How many lines the table on the terminal has at most.")
    ] = ROWS_SHOWN,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV: a line for each row, money in cents.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots to this file, for a browser.")
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Report a period."""
    texts = Texts(lang or context.obj.language)
    if (json or context.obj.json) + csv + (html is not None) > 1:
        raise CommandError(texts("report.one_format"), Exit.USAGE)
    dimensions = _dimensions(by, texts)
    zone = _zone(timezone, texts)
    session = begin(context, json=json, lang=lang, profile=profile)
    period = _period(first, last, zone, session.deployment.now_ms(), texts)
    only = tuple(
        (dimension, tuple(values))
        for dimension, values in (
            (Dimension.FUNNEL, funnel),
            (Dimension.CAMPAIGN, campaign),
            (Dimension.BOT, bot),
            (Dimension.PROVIDER, provider),
        )
        if values
    )
    facts = _read(session, period).only(dict(only))
    asked = Asked(facts=facts, zone=timezone, by=dimensions, only=only)
    if session.json:
        print_json(session.console, report_document(asked, session.texts))
    elif csv:
        write_csv(asked, session.console.file)
    elif html is not None:
        _write(html, page(asked, session.texts, session.deployment.now_ms()), session)
    else:
        print_report(session.console, session.texts, asked, top)
    session.close()


def _read(session: Session, period: Period) -> Facts:
    """Read everything of a period, and say how far that is."""
    with progress_on(session.notes) as show:
        return session.deployment.reporter().read(period, _shown(show, session.texts))


def _shown(show: Callable[[str], None], texts: Texts) -> Callable[[Step, int, int], None]:
    return lambda step, done, of: show(texts(f"report.step.{step}", done=done, of=of))


def _write(path: Path, content: str, session: Session) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as exc:
        raise CommandError(session.texts("report.wrong_file", path=path, why=exc.strerror), Exit.USAGE) from exc
    session.console.print(session.texts("report.written", path=path), markup=False, soft_wrap=True)


def _period(first: str | None, last: str | None, zone: tzinfo, now_ms: int, texts: Texts) -> Period:
    """Return the days that are asked for, by default the last week with today."""
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    end = _day(last, texts) if last else today
    begin_ = _day(first, texts) if first else end - timedelta(days=DAYS - 1)
    if begin_ > end:
        raise CommandError(texts("report.wrong_order", first=begin_, last=end), Exit.USAGE)
    if (end - begin_).days >= DAYS_MAX:
        raise CommandError(texts("report.too_long", days=DAYS_MAX), Exit.USAGE)
    return Period(first=begin_, last=end, zone=zone)


def _day(value: str, texts: Texts) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as exc:
        raise CommandError(texts("report.wrong_day", value=value), Exit.USAGE) from exc


def _dimensions(value: str, texts: Texts) -> Sequence[Dimension]:
    """Return what is to be told apart, each once, in the order asked for."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    known = set(Dimension)
    for name in names or [value]:
        if name not in known:
            raise CommandError(texts("report.wrong_dimension", value=name, choice=", ".join(Dimension)), Exit.USAGE)
    return list(dict.fromkeys(map(Dimension, names)))


def _zone(name: str, texts: Texts) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise CommandError(texts("import.timezone", name=name), Exit.USAGE) from exc
