"""``rastro bot``: bots move in with their token, and are looked after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from rastro.errors import TelegramError, TelegramUnavailable
from rastro.model import BotId
from rastro_cli.bot_account import BotAccount, BotIdentity
from rastro_cli.documents import at
from rastro_cli.exits import CommandError, Exit
from rastro_cli.inspection import ALLOWED_UPDATES, Finding
from rastro_cli.inspection import bot as inspect_bot
from rastro_cli.installation import Installation
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_findings, print_json
from rastro_cli.questions import Refused
from rastro_cli.vault import accounts, bot_ids, bot_token, bot_webhook_secret

app = typer.Typer(help="Add Telegram bots, and look after them.", no_args_is_help=True)

MAX_CONNECTIONS = 40
"""How many updates Telegram hands over at once: its own default, of at most 100."""
COMMANDS: Mapping[str, str] = {"start": "Ver os produtos", "help": "Como funciona"}
"""The menu of a bot, read by its buyers."""

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,128}")

BotArgument = Annotated[str, typer.Argument(metavar="BOT_ID", help="The bot's numeric id.")]


@app.command(help="Add a bot: check its token, store it, have its updates sent here.")
def add(
    context: typer.Context,
    *,
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE", help="Read the token from a file, - for stdin; else it is asked for."),
    ] = None,
    max_connections: Annotated[
        int, typer.Option("--max-connections", min=1, max=100, help="How many updates Telegram may hand over at once.")
    ] = MAX_CONNECTIONS,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Give the webhook a new secret, in the place of the one of now.")
    ] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Add a bot."""
    session = begin(context, json=json, lang=lang, profile=profile)
    token = ask_token(session, token_file)
    bot_id = connect(session, token, max_connections=max_connections, new_secret=new_secret)
    _answer_check(session, bot_id)


@app.command("list", help="List the bots that were added, with the funnels that lead to them.")
def list_bots(
    context: typer.Context, *, json: JsonOption = False, lang: LangOption = None, profile: ProfileOption = None
) -> None:
    """List the bots."""
    session = begin(context, json=json, lang=lang, profile=profile)
    rows = bot_rows(session)
    if session.json:
        print_json(session.console, {"bots": rows})
    elif not rows:
        session.console.print(Text(session.texts("bot.none")))
    else:
        table = Table.grid(padding=(0, 2))
        for row in rows:
            username = f"@{row['username']}" if row["username"] else "-"
            table.add_row(*(Text(cell) for cell in (row["bot_id"], username, *_lists(row, session))))
        session.console.print(table)
    session.close()


@app.command(help="Ask Telegram whether a bot's token and webhook are as they should be.")
def check(
    context: typer.Context,
    bot_id: BotArgument,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Set the webhook anew first, with the token that is stored.")] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Check a bot."""
    session = begin(context, json=json, lang=lang, profile=profile)
    token = known_bot(session, session.deployment.installation(), bot_id)
    if fix:
        connect(session, token)
    _answer_check(session, BotId(bot_id))


def ask_token(session: Session, token_file: str | None) -> str:
    """Return a token from a file or the operator; raises ``CommandError`` for a file without one."""
    questions, texts = session.questions, session.texts

    def take(given: str) -> str:
        if _TOKEN.fullmatch(given) is None:
            raise Refused(texts("bot.token_wrong"))
        return given

    if token_file is None:
        return questions.secret(texts("bot.token"), take)
    try:
        return take(questions.content_of(token_file))
    except Refused as exc:
        raise CommandError(str(exc), Exit.USAGE) from exc


def connect(session: Session, token: str, *, max_connections: int = MAX_CONNECTIONS, new_secret: bool = False) -> BotId:
    """Store a bot's token and its webhook's secret, and have its updates sent here; a second time changes nothing.

    Raises ``CommandError`` where Telegram refuses the token or does not answer: then nothing was stored.
    """
    installation = session.deployment.installation()
    opened = installation.telegram(token)
    identity = identify(session, opened)
    vault, bot_id = installation.vault, identity.bot_id
    known_secret = None if new_secret else vault.get(bot_webhook_secret(bot_id))
    secret = known_secret or installation.new_secret()
    if vault.get(bot_token(bot_id)) != token:
        vault.put(bot_token(bot_id), token)
    if known_secret is None:
        vault.put(bot_webhook_secret(bot_id), secret)
    try:
        opened.set_webhook(installation.webhook_url(bot_id), secret, ALLOWED_UPDATES, max_connections)
    except TelegramError as exc:
        raise CommandError(session.texts("bot.no_webhook", message=exc), Exit.UNAVAILABLE) from exc
    try:
        opened.set_commands(COMMANDS)
    except TelegramError as exc:
        session.questions.say(session.texts("bot.no_commands", message=exc), "yellow")
    return bot_id


def identify(session: Session, opened: BotAccount) -> BotIdentity:
    """Return who a token belongs to; raises ``CommandError``."""
    try:
        return opened.me()
    except TelegramUnavailable as exc:
        raise CommandError(session.texts("found.telegram_silent", message=exc), Exit.UNAVAILABLE) from exc
    except TelegramError as exc:
        raise CommandError(session.texts("bot.refused", message=exc), Exit.UNAVAILABLE) from exc


def known_bot(session: Session, installation: Installation, bot_id: str) -> str:
    """Return the token of a bot that was added; raises ``CommandError`` for one that was not."""
    token = installation.vault.get(bot_token(BotId(bot_id))) if bot_id.isascii() and bot_id.isdigit() else None
    if token is None:
        raise CommandError(session.texts("found.bot_unknown", bot_id=bot_id), Exit.NOT_FOUND)
    return token


def bot_rows(session: Session) -> Sequence[dict[str, Any]]:
    """Return what the deployment knows of each bot, without asking Telegram."""
    installation = session.deployment.installation()
    sold_by = accounts(installation.vault)
    rows = []
    for bot_id in bot_ids(installation.vault):
        known = session.deployment.funnels.bot(bot_id)
        rows.append(
            {
                "bot_id": bot_id,
                "username": known.username if known else None,
                "funnels": list(known.slugs) if known else [],
                "providers": [provider for provider, account_bot in sold_by if account_bot == bot_id],
            }
        )
    return rows


def _lists(row: Mapping[str, Any], session: Session) -> tuple[str, str]:
    texts = session.texts
    return (
        texts("bot.funnels", names=", ".join(row["funnels"]) or "-"),
        texts("bot.providers", names=", ".join(row["providers"]) or "-"),
    )


def _answer_check(session: Session, bot_id: BotId) -> None:
    installation = session.deployment.installation()
    findings = list(inspect_bot(installation, bot_id, session.deployment.now_ms()))
    if session.json:
        print_json(session.console, _document(session, installation, bot_id, findings))
    else:
        print_findings(session.console, session.texts, findings)
    session.close()
    if not all(finding.ok for finding in findings):
        raise typer.Exit(Exit.UNAVAILABLE)


def _document(session: Session, installation: Installation, bot_id: BotId, findings: Sequence[Finding]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "bot_id": bot_id,
        "ok": all(finding.ok for finding in findings),
        "webhook_url": installation.webhook_url(bot_id),
        "checks": [finding.document(session.texts) for finding in findings],
    }
    try:
        hook = installation.telegram(known_bot(session, installation, bot_id)).webhook()
    except TelegramError:
        return document | {"webhook": None}
    return document | {
        "webhook": {
            "url": hook.url,
            "allowed_updates": list(hook.allowed_updates),
            "max_connections": hook.max_connections,
            "pending": hook.pending,
            "last_error": hook.last_error or None,
            "last_error_at": None if hook.last_error_at_ms is None else at(hook.last_error_at_ms),
        }
    }
