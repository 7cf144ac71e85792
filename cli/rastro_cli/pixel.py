"""``rastro pixel``: is a pixel right, and what waits for it goes out again."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.text import Text

from rastro.errors import SecretMissing
from rastro.meta.answer import Action, Verdict, judge
from rastro.meta.bookkeeping import EVENT_MAX_AGE_MS
from rastro.meta.meanings import Fate, meaning_of_fate
from rastro.meta.parking import resume_pixel
from rastro.model import LedgerRow, PixelId
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import DryRunOption, JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json, progress_on
from rastro_cli.pixel_token import ask_pixel_token, is_pixel_id
from rastro_cli.stories import code_of, error_document
from rastro_cli.texts import Texts

app = typer.Typer(help="Give a pixel its token, test it, and resume it.", no_args_is_help=True)

PixelArgument = Annotated[str, typer.Argument(metavar="PIXEL_ID", help="The pixel's id.")]
_NO_TOKEN = "no_token"  # noqa: S105 - an outcome, not a password


@app.command(help="Store the access token of a pixel, and test it where a test code is given.")
def add(
    context: typer.Context,
    pixel_id: PixelArgument,
    *,
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE", help="Read the token from a file, - for stdin; else it is asked for."),
    ] = None,
    test_event_code: Annotated[
        str | None,
        typer.Option("--test-event-code", metavar="CODE", help="The code that the Events Manager shows under Test events."),
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Store a pixel's token."""
    pixel = _pixel(pixel_id, Texts(lang or context.obj.language))
    session = begin(context, json=json, lang=lang, profile=profile)
    ask_pixel_token(session, session.deployment.installation(), pixel, token_file)
    if test_event_code:
        _test(session, pixel, test_event_code)
        return
    if session.json:
        print_json(session.console, {"pixel_id": pixel, "stored": True})
    else:
        session.console.print(Text(session.texts("pixel.stored", pixel=pixel, profile=session.deployment.name)))
    session.close()


@app.command(help="Send a test event, and name what is wrong with token, permission or pixel id.")
def check(
    context: typer.Context,
    pixel_id: PixelArgument,
    *,
    test_event_code: Annotated[
        str | None,
        typer.Option("--test-event-code", metavar="CODE", help="The code that the Events Manager shows under Test events."),
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Test a pixel."""
    pixel = _pixel(pixel_id, Texts(lang or context.obj.language))
    if not test_event_code:
        raise CommandError(Texts(lang or context.obj.language)("check.code_needed"), Exit.USAGE)
    session = begin(context, json=json, lang=lang, profile=profile)
    _test(session, pixel, test_event_code)


@app.command(help="Queue the events that are parked at a pixel again, once it is mended.")
def resume(
    context: typer.Context,
    pixel_id: PixelArgument,
    *,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Resume a pixel."""
    pixel = _pixel(pixel_id, Texts(lang or context.obj.language))
    session = begin(context, json=json, lang=lang, profile=profile)
    tally = _Tally(session, Counter())
    with progress_on(session.notes) as show:
        tally.show = show
        try:
            if dry_run:
                for row in session.deployment.ledger.parked(pixel):
                    tally.add(row)
            else:
                resume_pixel(session.deployment.ledger, pixel, session.deployment.now_ms, tally.add)
        except BaseException:
            session.notes.print(session.texts("resume.broken_off", count=tally.count), markup=False)
            raise
    _report(session, pixel, tally, dry_run=dry_run)
    session.close()


def _test(session: Session, pixel: PixelId, test_event_code: str) -> None:
    """Send a test event and tell what came of it; ends with 1 where the pixel is not right."""
    now_ms = session.deployment.now_ms()
    event_id = f"check_{now_ms}"
    try:
        answer = session.deployment.graph().send(pixel, [_test_event(event_id, now_ms)], test_event_code)
        verdict: Verdict | None = judge(answer, 1)
    except SecretMissing:
        verdict = None
    document = _check_document(session, pixel, event_id, verdict)
    if session.json:
        print_json(session.console, document)
    else:
        _print_check(session, document)
    session.close()
    if not document["ok"]:
        raise typer.Exit(Exit.UNAVAILABLE)


def _pixel(pixel_id: str, texts: Texts) -> PixelId:
    """Return the id of a pixel, which goes into a URL and the name of a secret; raises ``CommandError``."""
    if not is_pixel_id(pixel_id):
        raise CommandError(texts("check.pixel_wrong", id=pixel_id), Exit.USAGE)
    return PixelId(pixel_id)


def _test_event(event_id: str, now_ms: int) -> dict[str, Any]:
    """Return an event of nobody: enough for Meta to read it, nothing that it could match."""
    return {
        "event_name": "PageView",
        "event_time": now_ms // 1000,
        "event_id": event_id,
        "action_source": "chat",
        "user_data": {"external_id": [hashlib.sha256(event_id.encode()).hexdigest()]},
    }


def _check_document(session: Session, pixel_id: PixelId, event_id: str, verdict: Verdict | None) -> dict[str, Any]:
    language = session.texts.language
    error = None if verdict is None else error_document(verdict.code, verdict.subcode, language)
    remedy = meaning_of_fate(Fate.NO_TOKEN, language).remedy if verdict is None else error["remedy"] if error else None
    return {
        "pixel_id": pixel_id,
        "ok": verdict is not None and verdict.action is Action.ACCEPT,
        "outcome": _NO_TOKEN if verdict is None else verdict.action.value,
        "event_id": event_id,
        "error": error,
        "fbtrace_id": None if verdict is None else verdict.fbtrace_id,
        "remedy": remedy,
    }


def _print_check(session: Session, document: dict[str, Any]) -> None:
    texts, console, error = session.texts, session.console, document["error"]
    console.print(Text(texts(f"check.{document['outcome']}", pixel=document["pixel_id"])))
    if error is not None:
        console.print(Text("  " + texts("event.error", code=code_of(error), meaning=error["meaning"])))
    if document["remedy"] is not None:
        console.print(Text("  " + texts("event.remedy", remedy=document["remedy"])))
    if document["fbtrace_id"] is not None:
        console.print(Text(f"  fbtrace_id {document['fbtrace_id']}"))
    if document["ok"]:
        console.print(Text("  " + texts("check.see", event_id=document["event_id"])))


@dataclass(slots=True)
class _Tally:
    """What was resumed so far."""

    session: Session
    by_name: Counter[str]
    late: int = 0
    show: Any = None

    @property
    def count(self) -> int:
        return self.by_name.total()

    def add(self, row: LedgerRow) -> None:
        self.by_name[row.event.event_name.value] += 1
        self.late += self.session.deployment.now_ms() - row.event.event_time_s * 1000 > EVENT_MAX_AGE_MS
        self.show(self.session.texts("resume.progress", count=self.count))


def _report(session: Session, pixel_id: PixelId, tally: _Tally, *, dry_run: bool) -> None:
    if session.json:
        print_json(
            session.console,
            {
                "pixel_id": pixel_id,
                "dry_run": dry_run,
                "events": tally.count,
                "by_event_name": dict(tally.by_name),
                "too_late": tally.late,
            },
        )
        return
    texts, console = session.texts, session.console
    console.print(Text(texts("resume.would" if dry_run else "resume.done", pixel=pixel_id, count=tally.count)))
    for name, count in tally.by_name.most_common():
        console.print(Text(texts("resume.by_name", count=count, name=name)))
    if tally.late:
        console.print(Text(texts("resume.late", count=tally.late)))
    if dry_run:
        console.print(Text(texts("dry_run"), style="yellow"))
