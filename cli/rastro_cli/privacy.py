"""``rastro erase`` and ``rastro export``: what the seller owes a person under the LGPD, to delete and to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from rastro.model import ERASED_CHAT, BotId, ChatId, Payment, PaymentId
from rastro.sales.erasure import Receipt
from rastro.sales.privacy import Privacy
from rastro.telegram.texts import reais
from rastro_cli.documents import at, payment_summary
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import DryRunOption, JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json
from rastro_cli.privacy_documents import file_document, receipt_document
from rastro_cli.texts import Texts

ERASE_HELP = "Erase a person from every table and the cache; sales stay, without them. A receipt says what was done."
EXPORT_HELP = "Print everything that is held of a person as JSON, each field explained in Portuguese."

_CHAT = re.compile(r"(?:([0-9]{1,20})/)?([0-9]{1,20})")

ChatOption = Annotated[
    str | None,
    typer.Option("--chat", metavar="BOT_ID/CHAT_ID", help="The person by their chat with a bot; without BOT_ID/ in every bot."),
]


def erase(
    context: typer.Context,
    *,
    chat: ChatOption = None,
    payer: Annotated[
        str | None,
        typer.Option(
            "--payer",
            metavar="NAME",
            help="The person by who paid: the name that the bank has, or the PIX's id (E…) on the receipt.",
        ),
    ] = None,
    payment: Annotated[str | None, typer.Option("--payment", metavar="ID", help="The person by a payment of theirs.")] = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Erase a person."""
    texts = Texts(lang or context.obj.language)
    if sum(option is not None for option in (chat, payer, payment)) != 1:
        raise CommandError(texts("erase.one_option"), Exit.USAGE)
    named = _chat(chat, texts) if chat is not None else None
    session = begin(context, json=json, lang=lang, profile=profile)
    office = session.deployment.privacy()
    people = _by_chat(office, named) if named else _by_payments(session, office, payer, payment)
    receipts = [(bot_id, _receipt(office, bot_id, chat_id, dry_run=dry_run)) for bot_id, chat_id in people]
    if session.json:
        print_json(session.console, receipt_document(receipts, dry_run=dry_run, now_ms=session.deployment.now_ms()))
    else:
        _print(session, receipts, dry_run=dry_run)
    session.close()


def export(
    context: typer.Context,
    *,
    chat: ChatOption = None,
    json: JsonOption = False,  # noqa: ARG001 - every command takes it, and this one prints nothing else
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show a person everything that is held of them."""
    texts = Texts(lang or context.obj.language)
    if chat is None:
        raise CommandError(texts("export.chat_needed"), Exit.USAGE)
    named = _chat(chat, texts)
    session = begin(context, json=True, lang=lang, profile=profile)
    office = session.deployment.privacy()
    files = [office.file(bot_id, chat_id) for bot_id, chat_id in _by_chat(office, named)]
    held = [file for file in files if not file.empty]
    if not held:
        raise CommandError(session.texts("export.nothing", chat=chat), Exit.NOT_FOUND)
    print_json(session.console, file_document(held, session.deployment.now_ms()))
    session.close()


def _chat(text: str, texts: Texts) -> tuple[BotId | None, ChatId]:
    """Return the bot, if one is named, and the chat of ``--chat``; raises ``CommandError``."""
    match = _CHAT.fullmatch(text.strip())
    if match is None:
        raise CommandError(texts("erase.chat_wrong", chat=text), Exit.USAGE)
    return BotId(match[1]) if match[1] else None, ChatId(match[2])


def _by_chat(office: Privacy, named: tuple[BotId | None, ChatId]) -> Sequence[tuple[BotId, ChatId]]:
    bot_id, chat_id = named
    return [(each, chat_id) for each in ([bot_id] if bot_id else office.bots_of(chat_id))]


def _by_payments(session: Session, office: Privacy, payer: str | None, payment_id: str | None) -> Sequence[tuple[BotId, ChatId]]:
    """Return the one person behind payments; raises ``CommandError`` where there is none or there are several."""
    found: Sequence[Payment]
    if payment_id is not None:
        payment = session.deployment.payments.get(PaymentId(payment_id))
        found = [] if payment is None else [payment]
        missing = session.texts("unknown.payment", id=payment_id)
    else:
        found = office.payments_of_payer((payer or "").strip())
        missing = session.texts("erase.unknown_payer")
    if not found:
        raise CommandError(missing, Exit.NOT_FOUND)
    people = list(dict.fromkeys((each.bot_id, each.chat_id) for each in found if each.chat_id != ERASED_CHAT))
    if len({chat_id for _, chat_id in people}) > 1:
        raise CommandError(_several(session, found), Exit.USAGE)
    return people


def _several(session: Session, found: Sequence[Payment]) -> str:
    lines = [session.texts("erase.several")]
    for payment in found:
        told = payment_summary(payment)
        when = told["paid_at"] or told["created_at"]
        lines.append(f"  {payment.payment_id}  {when}  {payment.slug}  {reais(payment.amount_cents)}")
    return "\n".join(lines)


def _receipt(office: Privacy, bot_id: BotId, chat_id: ChatId, *, dry_run: bool) -> Receipt:
    if not dry_run:
        return office.erase(bot_id, chat_id)
    return office.would_erase(office.file(bot_id, chat_id))


def _print(session: Session, receipts: Sequence[tuple[BotId, Receipt]], *, dry_run: bool) -> None:
    texts, console = session.texts, session.console
    told = [(bot_id, receipt) for bot_id, receipt in receipts if receipt.erased]
    if not told:
        console.print(Text(texts("erase.nothing")))
    for bot_id, receipt in told:
        heading = "heading.would_erase" if dry_run else "heading.erased"
        console.print(Text(texts(heading, bot=bot_id, at=at(receipt.at_ms)), style="bold"))
        for each in receipt.erased:
            fields = ", ".join(each.fields) or texts("erase.whole")
            console.print(
                Text(texts(f"erase.{each.action}", count=each.records, place=texts(f"place.{each.place}"), fields=fields))
            )
            for name in each.ids:
                console.print(Text(f"        {name}"))
        for remaining in receipt.remaining:
            console.print(Text(texts("erase.remains", place=texts(f"place.{remaining.place}"), until=at(remaining.until_ms))))
        for payment_id in receipt.open_sales:
            console.print(Text(texts("erase.open", id=payment_id), style="yellow"))
        console.print(Text(texts("erase.elsewhere")))
    if dry_run:
        console.print(Text(texts("dry_run"), style="yellow"))
