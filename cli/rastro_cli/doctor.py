"""``rastro doctor``: why a payment, a person or a click has its link or has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from rastro.model import BotId, ChatId, PaymentId, Slug, TrackingToken
from rastro_cli.documents import Document, bot_user_document, click_document, payment_document, token_document
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json
from rastro_cli.pages import Pages

app = typer.Typer(help="Explain why a payment, a person or a click has its link or has none.", no_args_is_help=True)

_D = TypeVar("_D")


@app.command(help="Explain a payment: the six fields, the time line, the root cause, what a repair would change.")
def payment(
    context: typer.Context,
    payment_id: Annotated[str, typer.Argument(metavar="ID", help="The payment's id.")],
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Explain a payment."""
    session = begin(context, json=json, lang=lang, profile=profile)
    diagnosis = session.deployment.doctor.diagnose_payment(PaymentId(payment_id))
    _answer(
        session,
        _known(session, diagnosis, "unknown.payment", payment_id),
        lambda found: payment_document(found, session.texts.language),
        Pages.payment,
    )


@app.command("bot-user", help="Explain a person in a bot.")
def bot_user(
    context: typer.Context,
    bot_id: Annotated[str, typer.Argument(metavar="BOT_ID", help="The bot's numeric id.")],
    chat_id: Annotated[str, typer.Argument(metavar="CHAT_ID", help="The person's numeric id.")],
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Explain a person."""
    session = begin(context, json=json, lang=lang, profile=profile)
    diagnosis = session.deployment.doctor.diagnose_bot_user(BotId(bot_id), ChatId(chat_id))
    _answer(
        session,
        _known(session, diagnosis, "unknown.bot_user", f"{bot_id}#{chat_id}"),
        lambda found: bot_user_document(found, session.texts.language),
        Pages.bot_user,
    )


@app.command(help="Explain a click by its tracking_token.")
def click(
    context: typer.Context,
    tracking_token: Annotated[str, typer.Argument(metavar="TOKEN", help="The click's tracking_token.")],
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Explain a click."""
    session = begin(context, json=json, lang=lang, profile=profile)
    diagnosis = session.deployment.doctor.diagnose_click(TrackingToken(tracking_token))
    _answer(session, _known(session, diagnosis, "unknown.click", tracking_token), click_document, Pages.click)


@app.command(help="Read a start token: is it ours, by which key, of which click, funnel and campaign.")
def token(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text that came with /start.")],
    *,
    funnel: Annotated[
        str | None, typer.Option("--funnel", metavar="SLUG", help="The funnel that the token is thought to be of.")
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Read a start token."""
    session = begin(context, json=json, lang=lang, profile=profile)
    diagnosis = session.deployment.doctor.diagnose_token(text, Slug(funnel) if funnel else None)
    _answer(session, diagnosis, token_document, Pages.token)


def _known(session: Session, diagnosis: _D | None, unknown: str, name: str) -> _D:
    if diagnosis is None:
        raise CommandError(session.texts(unknown, id=name), Exit.NOT_FOUND)
    return diagnosis


def _answer(session: Session, found: _D, document: Callable[[_D], Document], page: Callable[[Pages, _D], None]) -> None:
    if session.json:
        print_json(session.console, document(found))
    else:
        page(Pages(session.console, session.texts, session.deployment.name), found)
    session.close()
