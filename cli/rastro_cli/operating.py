"""``rastro operator``: who is told of alarms."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.text import Text

from rastro.errors import TelegramError
from rastro.model import BotId, ChatId
from rastro.sales.operator import OPERATOR_SECRET, OperatorChat
from rastro_cli.bots import known_bot
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import JsonOption, LangOption, ProfileOption, begin
from rastro_cli.output import print_json

app = typer.Typer(help="Say which chat is told of alarms.", no_args_is_help=True)

_CHAT_ID = re.compile(r"-?[0-9]{1,20}")


@app.command("set", help="Have a bot tell a chat of alarms, beginning with a first message.")
def set_chat(
    context: typer.Context,
    *,
    bot: Annotated[str, typer.Option("--bot", metavar="BOT_ID", help="The bot that tells; one that was added.")],
    chat: Annotated[str, typer.Option("--chat", metavar="CHAT_ID", help="The chat's number; of a group, a negative one.")],
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Set the chat; nothing is stored unless the bot could write there."""
    session = begin(context, json=json, lang=lang, profile=profile)
    if not _CHAT_ID.fullmatch(chat):
        raise CommandError(session.texts("operator.ids"), Exit.USAGE)
    installation = session.deployment.installation()
    account = installation.telegram(known_bot(session, installation, bot))
    chosen = OperatorChat(BotId(bot), ChatId(chat))
    try:
        account.say(chosen.chat_id, session.texts("operator.first"))
    except TelegramError as exc:
        raise CommandError(session.texts("operator.refused", message=exc), Exit.UNAVAILABLE) from exc
    installation.vault.put(OPERATOR_SECRET, chosen.to_secret())
    if session.json:
        print_json(session.console, {"bot_id": bot, "chat_id": chat, "stored": True})
    else:
        session.console.print(Text(session.texts("operator.set")))
    session.close()
