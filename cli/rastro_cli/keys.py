"""``rastro keys``: what links are signed with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from rastro.model import DAY_MS
from rastro.tracking.signing import SIGNING_KEYS_SECRET, SigningKeys, encode
from rastro_cli.exits import CommandError, Exit
from rastro_cli.installation import SECRET_BYTES, Installation, keys_document
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_json

app = typer.Typer(help="Make and rotate the keys that sign links.", no_args_is_help=True)


@app.command(help="Make the signing keys, unless there are some.")
def init(context: typer.Context, *, json: JsonOption = False, lang: LangOption = None, profile: ProfileOption = None) -> None:
    """Make the keys."""
    session = begin(context, json=json, lang=lang, profile=profile)
    created = make_keys(session.deployment.installation())
    _answer(session, "keys.created" if created else "keys.there", created=created)


@app.command(help="Make a new key; the one of now stays valid as the previous one.")
def rotate(
    context: typer.Context,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Rotate although links of the key before last may still be in use.")
    ] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Rotate the keys."""
    session = begin(context, json=json, lang=lang, profile=profile)
    deployment, texts = session.deployment, session.texts
    installation = deployment.installation()
    secret = installation.vault.get(SIGNING_KEYS_SECRET)
    if secret is None:
        raise CommandError(texts("keys.none", profile=deployment.name), Exit.NOT_FOUND)
    keys = SigningKeys.from_secret(secret)
    changed_at_ms = installation.vault.changed_at_ms(SIGNING_KEYS_SECRET) or 0
    in_use = deployment.now_ms() - changed_at_ms < deployment.attribution_window_days * DAY_MS
    if keys.previous is not None and in_use and not force:
        raise CommandError(texts("keys.too_soon", days=deployment.attribution_window_days), Exit.USAGE)
    fresh = encode(installation.token_bytes(SECRET_BYTES))
    installation.vault.put(SIGNING_KEYS_SECRET, keys_document(fresh, encode(keys.current)))
    _answer(session, "keys.rotated", rotated=True)


def make_keys(installation: Installation) -> bool:
    """Store new keys unless there are some; say whether it did. Raises ``SecretMissing`` for what is there but no keys."""
    secret = installation.vault.get(SIGNING_KEYS_SECRET)
    if secret is not None:
        SigningKeys.from_secret(secret)
        return False
    installation.vault.put(SIGNING_KEYS_SECRET, keys_document(encode(installation.token_bytes(SECRET_BYTES)), None))
    return True


def _answer(session: Session, text: str, **document: bool) -> None:
    if session.json:
        print_json(session.console, document)
    else:
        session.console.print(Text(session.texts(text)))
    session.close()
