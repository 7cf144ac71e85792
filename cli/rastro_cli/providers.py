"""``rastro provider``: accounts at PIX providers move in with the credentials that their sellers have already."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rastro.errors import ProviderError
from rastro.model import BotId
from rastro.pix.onboarding import API_URL_FIELD, CredentialField, Onboarding, Onboards, onboarding
from rastro.pix.provider import PROVIDERS
from rastro.telegram.texts import reais
from rastro_cli.bots import known_bot
from rastro_cli.documents import at
from rastro_cli.exits import CommandError, Exit
from rastro_cli.inspection import account as inspect_account
from rastro_cli.inspection import checked
from rastro_cli.installation import Installation
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_findings, print_json
from rastro_cli.questions import Refused
from rastro_cli.texts import Texts
from rastro_cli.vault import accounts, credentials, provider_account

app = typer.Typer(help="Add accounts at PIX providers, and look after them.", no_args_is_help=True)

ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="The PIX provider, such as openpix.")]
BotsOption = Annotated[
    list[str] | None, typer.Option("--bot", metavar="BOT_ID", help="A bot that sells by this account; several are possible.")
]
OneBotOption = Annotated[str, typer.Option("--bot", metavar="BOT_ID", help="The bot that sells by this account.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedAccount:
    """What became of one account."""

    bot_id: BotId
    callback_url: str
    checked: bool
    """Whether the provider was asked; not every one can be."""
    registered: bool
    """Whether its API took the callback's address; else the seller enters it in the panel."""


@app.command(help="Add an account: check its credentials, store them, register the callback or say how it is done.")
def add(
    context: typer.Context,
    provider: ProviderArgument,
    *,
    bot: BotsOption = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FILE", help="Read the credentials from a JSON file, - for stdin; else they are asked for."
        ),
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Add an account."""
    known_provider(provider, Texts(lang or context.obj.language))
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    if not bot:
        raise CommandError(session.texts("provider.no_bot"), Exit.USAGE)
    bots = [BotId(bot_id) for bot_id in dict.fromkeys(bot)]
    for bot_id in bots:
        known_bot(session, installation, bot_id)
    added = move_in(session, installation, provider, bots, file)
    if session.json:
        print_json(session.console, _document(provider, added))
    else:
        print_added(session, session.console, provider, added)
    session.close()


@app.command("list", help="List the accounts, and the providers that there are.")
def list_accounts(
    context: typer.Context, *, json: JsonOption = False, lang: LangOption = None, profile: ProfileOption = None
) -> None:
    """List the accounts."""
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    rows = [
        {"provider": provider, "bot_id": bot_id, "callback_url": installation.callback_url(provider, bot_id)}
        for provider, bot_id in accounts(installation.vault)
    ]
    if session.json:
        print_json(session.console, {"accounts": rows, "providers": list(PROVIDERS)})
    else:
        table = Table.grid(padding=(0, 2))
        for row in rows:
            table.add_row(*(Text(cell) for cell in row.values()))
        session.console.print(table if rows else Text(session.texts("provider.none")))
        session.console.print(Text(session.texts("provider.known", names=", ".join(PROVIDERS))))
    session.close()


@app.command(help="Ask a provider whether it takes an account's credentials.")
def check(
    context: typer.Context,
    provider: ProviderArgument,
    *,
    bot: OneBotOption,
    fix: Annotated[bool, typer.Option("--fix", help="Register the callback anew, where the provider's API can.")] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Check an account."""
    known_provider(provider, Texts(lang or context.obj.language))
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    found, url = inspect_account(installation, provider, BotId(bot)), installation.callback_url(provider, BotId(bot))
    kept = credentials(installation.vault, provider, BotId(bot))
    registered = fix and found.ok and _register(session, installation, provider, kept, url)
    if session.json:
        document = {"provider": provider, "bot_id": bot, "callback_url": url, "registered": registered}
        print_json(session.console, document | found.document(session.texts))
    else:
        print_findings(session.console, session.texts, [found])
        if registered:
            session.console.print(Text(session.texts("provider.registered", url=url)))
    session.close()
    if not found.ok:
        raise typer.Exit(Exit.NOT_FOUND if found.name == "no_account" else Exit.UNAVAILABLE)


@app.command(help="Say what is done in a provider's panel, with the callback's exact address.")
def steps(
    context: typer.Context,
    provider: ProviderArgument,
    *,
    bot: OneBotOption,
    reveal: Annotated[
        bool,
        typer.Option("--reveal", help="Show the secrets of our own making, which the panel asks for; none of the provider's."),
    ] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Tell the steps in the panel."""
    described = known_provider(provider, Texts(lang or context.obj.language))
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    url = installation.callback_url(provider, BotId(bot))
    kept = credentials(installation.vault, provider, BotId(bot)) if reveal else {}
    shown = {field.label: kept[field.name] for field in described.fields if field.generated and field.name in kept}
    if session.json:
        document = {"provider": provider, "bot_id": bot, "callback_url": url, "panel_steps": list(described.steps(url))}
        print_json(session.console, document | ({"revealed": shown} if reveal else {}))
    else:
        for line in [*step_lines(session.texts, described, url), *(f"  {label}: {value}" for label, value in shown.items())]:
            session.console.print(Text(line))
    session.close()


@app.command(help="List the notices about charges that are none of ours.")
def notices(
    context: typer.Context,
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How many days to look back, today (UTC) included.")] = 7,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """List what providers told of charges that Rastro did not make; it is kept for 90 days."""
    session = begin(context, json=json, lang=lang, profile=profile)
    today = datetime.fromtimestamp(session.deployment.now_ms() / 1000, UTC).date()
    kept = [notice for back in reversed(range(days)) for notice in session.deployment.inbox.notices(today - timedelta(days=back))]
    if session.json:
        print_json(session.console, {"days": days, "notices": [asdict(notice) for notice in kept]})
    else:
        table = Table.grid(padding=(0, 2))
        for notice in kept:
            amount = "" if notice.amount_cents is None else reais(notice.amount_cents)
            about = notice.charge_id or notice.payment_id or notice.end_to_end_id or ""
            cells = (at(notice.received_at_ms), notice.provider, notice.bot_id, notice.kind, amount, about)
            table.add_row(*(Text(cell) for cell in cells))
        session.console.print(table if kept else Text(session.texts("provider.no_notices", days=str(days))))
    session.close()


def known_provider(provider: str, texts: Texts) -> Onboarding:
    """Return how accounts at a provider move in; raises ``CommandError`` for one that there is none of."""
    if provider not in PROVIDERS:
        raise CommandError(texts("flaw.provider", provider=provider, known=", ".join(PROVIDERS)), Exit.USAGE)
    return onboarding(provider)


def move_in(
    session: Session, installation: Installation, provider: str, bots: Sequence[BotId], file: str | None = None
) -> Sequence[AddedAccount]:
    """Take the credentials of an account, check them, store them for each bot and register each callback.

    They are stored before the callback is registered: a provider may call at once. Raises ``CommandError`` for credentials that
    are refused or could not be checked: then nothing was stored.
    """
    described, texts = known_provider(provider, session.texts), session.texts
    known = {bot_id: credentials(installation.vault, provider, bot_id) for bot_id in bots}
    shared = known[bots[0]]
    if file is None:
        for line in step_lines(texts, described, installation.callback_url(provider, bots[0]), "provider.steps_first"):
            session.questions.say(line)
        given = _asked(session, described, shared, installation.sandbox_url(provider))
    else:
        given = _from_file(session, described, shared, file)
        sandbox_url = installation.sandbox_url(provider)
        if sandbox_url and API_URL_FIELD.name not in {**shared, **given}:
            given = {**given, API_URL_FIELD.name: sandbox_url}
    made = {field.name: installation.new_secret() for field in described.fields if field.generated}
    ready = {bot_id: {**made, **shared, **known[bot_id], **given} for bot_id in bots}
    added = []
    for bot_id, values in ready.items():
        found = checked(installation, provider, bot_id, values)
        if not found.ok:
            raise CommandError(texts("provider.not_stored", why=found.text(texts)), Exit.UNAVAILABLE)
        installation.vault.put(provider_account(provider, bot_id), json_format.dumps(values, ensure_ascii=False))
        url = installation.callback_url(provider, bot_id)
        registered = _register(session, installation, provider, values, url)
        added.append(AddedAccount(bot_id=bot_id, callback_url=url, checked=found.name == "account", registered=registered))
    return added


def print_added(session: Session, console: Console, provider: str, added: Sequence[AddedAccount]) -> None:
    """Tell what became of the accounts, and what is left to do in the panel."""
    texts = session.texts
    for account in added:
        text = "provider.added" if account.checked else "provider.added_unchecked"
        console.print(Text(texts(text, provider=provider, bot_id=account.bot_id)))
        if account.registered:
            console.print(Text("  " + texts("provider.registered", url=account.callback_url)))
        else:
            described = onboarding(provider)
            for line in step_lines(texts, described, account.callback_url):
                console.print(Text("  " + line))
            if any(field.generated for field in described.fields):
                reveal = texts("provider.reveal", provider=provider, bot_id=account.bot_id, profile=session.deployment.name)
                console.print(Text("  " + reveal))


def step_lines(texts: Texts, described: Onboarding, url: str, heading: str = "provider.steps") -> Sequence[str]:
    """Return the address of a callback and the numbered steps of the panel."""
    steps = [f"  {number}. {step}" for number, step in enumerate(described.steps(url), 1)]
    return [texts("provider.callback", url=url), *([texts(heading), *steps] if steps else [])]


def _register(session: Session, installation: Installation, provider: str, values: Mapping[str, str], url: str) -> bool:
    opened = installation.pix(provider, values)
    if not isinstance(opened, Onboards):
        return False
    try:
        return opened.register_callback(url)
    except ProviderError as exc:
        session.questions.say(session.texts("provider.not_registered", message=exc), "yellow")
        return False


def _fields(described: Onboarding) -> Sequence[CredentialField]:
    named = {field.name for field in described.fields}
    return described.fields if API_URL_FIELD.name in named else (*described.fields, API_URL_FIELD)


def _asked(session: Session, described: Onboarding, shared: Mapping[str, str], sandbox_url: str | None) -> Mapping[str, str]:
    """Ask for every credential; an empty answer keeps what is there, makes one, or leaves it out where it may be missing."""
    questions, texts = session.questions, session.texts
    given: dict[str, str] = {}
    for field in _fields(described):
        if field.help:
            questions.say(f"  {field.help}", "dim")
        question = field.label + _hint(texts, field, shared)
        default = sandbox_url if field.name == API_URL_FIELD.name and field.name not in shared else None
        take = _taker(session, field, shared)
        if field.secret and not field.multiline:
            given[field.name] = questions.secret(question, take)
        else:
            given[field.name] = questions.ask(question, take, default=default)
    return {name: value for name, value in given.items() if value}


def _hint(texts: Texts, field: CredentialField, shared: Mapping[str, str]) -> str:
    if field.name in shared:
        return texts("provider.enter_keeps")
    if field.generated:
        return texts("provider.enter_makes")
    return texts("provider.path") if field.multiline else "" if field.required else texts("provider.enter_skips")


def _taker(session: Session, field: CredentialField, shared: Mapping[str, str]) -> Callable[[str], str]:
    def take(given: str) -> str:
        if not given:
            if field.required and not field.generated and field.name not in shared:
                raise Refused(session.texts("provider.field_needed", label=field.label))
            return ""
        if not field.multiline:
            return given
        try:
            return session.questions.content_of(given)
        except CommandError as exc:
            raise Refused(str(exc)) from exc

    return take


def _from_file(session: Session, described: Onboarding, shared: Mapping[str, str], path: str) -> Mapping[str, str]:
    """Return the credentials of a JSON file; raises ``CommandError`` that names fields, never their values."""
    texts, fields = session.texts, _fields(described)
    names = [field.name for field in fields]
    try:
        document = json_format.loads(session.questions.content_of(path))
    except ValueError as exc:
        raise CommandError(texts("provider.file_wrong", path=path), Exit.USAGE) from exc
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise CommandError(texts("provider.file_wrong", path=path), Exit.USAGE)
    unknown = sorted(set(document) - set(names))
    if unknown:
        raise CommandError(texts("provider.unknown_field", names=", ".join(unknown), known=", ".join(names)), Exit.USAGE)
    given = {name: value.strip() for name, value in document.items() if value.strip()}
    missing = [field.name for field in fields if field.required and not field.generated and field.name not in {**shared, **given}]
    if missing:
        raise CommandError(texts("provider.missing_field", names=", ".join(missing)), Exit.USAGE)
    return given


def _document(provider: str, added: Sequence[AddedAccount]) -> dict[str, Any]:
    described = onboarding(provider)
    return {
        "provider": provider,
        "accounts": [
            {
                "bot_id": account.bot_id,
                "callback_url": account.callback_url,
                "checked": account.checked,
                "registered": account.registered,
                "panel_steps": [] if account.registered else list(described.steps(account.callback_url)),
            }
            for account in added
        ],
    }
