"""Whether everything that a sale needs is in place: keys, bots, accounts, pixels, funnels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rastro.errors import InvalidInput, ProviderError, ProviderUnavailable, SecretMissing, TelegramError, TelegramUnavailable
from rastro.model import BotId, Funnel, PixelId
from rastro.pix.onboarding import Onboards
from rastro.pix.provider import PROVIDERS
from rastro.tracking.signing import SIGNING_KEYS_SECRET, SigningKeys
from rastro_cli.composition import Deployment
from rastro_cli.documents import at
from rastro_cli.funnel_rules import Flaw, flaws
from rastro_cli.installation import Installation
from rastro_cli.texts import Texts
from rastro_cli.vault import accounts, bot_ids, bot_token, bot_webhook_secret, credentials, pixel_token, provider_account

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
"""The updates that a bot is for."""
FRESH_MS = 3_600_000
"""How long an error of Telegram's counts: it keeps the last one until the next ``setWebhook``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, by the name of its text (``found.{name}``)."""

    name: str
    ok: bool = True
    note: bool = False
    """Whether it is right and still worth a look."""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Return the sign before its text."""
        return "❌" if not self.ok else "⚠️ " if self.note else "✅"

    def text(self, texts: Texts) -> str:
        """Return what it says to people."""
        if self.name == "flaw":
            return texts(f"flaw.{self.values['flaw']}", **self.values["of"])
        return texts(f"found.{self.name}", **self.values)

    def document(self, texts: Texts) -> dict[str, Any]:
        """Return it for JSON."""
        return {"check": self.name, "ok": self.ok, "text": self.text(texts)}


def everything(deployment: Deployment, installation: Installation) -> Iterator[tuple[str, str, Sequence[Finding]]]:
    """Yield what is found of each part: its kind, its name, and the findings."""
    vault = installation.vault
    yield "keys", "", [keys(installation)]
    bots = bot_ids(vault)
    yield "bots", "", [] if bots else [Finding(name="no_bot", ok=False)]
    for bot_id in bots:
        yield "bot", bot_id, list(bot(installation, bot_id, deployment.now_ms()))
    for provider, bot_id in accounts(vault):
        yield "account", f"{provider} ({bot_id})", [account(installation, provider, bot_id)]
    slugs = deployment.funnels.slugs()
    yield "funnels", "", [] if slugs else [Finding(name="no_funnel", ok=False)]
    for slug in slugs:
        known = deployment.funnels.get(slug)
        if known is not None:
            found = list(funnel(installation, known))
            yield "funnel", slug, found or [Finding(name="funnel", values={"url": installation.funnel_url(slug)})]


def keys(installation: Installation) -> Finding:
    """Return whether links can be signed."""
    secret = installation.vault.get(SIGNING_KEYS_SECRET)
    if secret is None:
        return Finding(name="no_keys", ok=False)
    try:
        signing = SigningKeys.from_secret(secret)
    except SecretMissing as exc:
        return Finding(name="keys_wrong", ok=False, values={"message": exc})
    return Finding(name="keys" if signing.previous is None else "keys_two")


def bot(installation: Installation, bot_id: BotId, now_ms: int) -> Iterator[Finding]:
    """Yield what Telegram says of a bot, compared with what should be."""
    token = installation.vault.get(bot_token(bot_id))
    if token is None:
        yield Finding(name="bot_unknown", ok=False, values={"bot_id": bot_id})
        return
    if installation.vault.get(bot_webhook_secret(bot_id)) is None:
        yield Finding(name="no_webhook_secret", ok=False, values={"bot_id": bot_id})
    try:
        opened = installation.telegram(token)
        identity, hook = opened.me(), opened.webhook()
    except TelegramUnavailable as exc:
        yield Finding(name="telegram_silent", ok=False, values={"message": exc})
        return
    except TelegramError as exc:
        yield Finding(name="bot_refused", ok=False, values={"bot_id": bot_id, "message": exc})
        return
    same = identity.bot_id == bot_id
    yield Finding(name="bot" if same else "bot_other", ok=same, values={"username": identity.username, "bot_id": identity.bot_id})
    wanted = installation.webhook_url(bot_id)
    right = hook.url == wanted
    leads = {"bot_id": bot_id, "url": hook.url or "-", "wanted": wanted}
    yield Finding(name="webhook" if right else "webhook_elsewhere", ok=right, values=leads)
    missing = set(ALLOWED_UPDATES) - set(hook.allowed_updates) if hook.allowed_updates else set()
    if missing:
        yield Finding(name="updates_missing", ok=False, values={"bot_id": bot_id, "missing": ", ".join(sorted(missing))})
    if hook.last_error_at_ms is not None:
        fresh = now_ms - hook.last_error_at_ms < FRESH_MS
        values = {"message": hook.last_error, "at": at(hook.last_error_at_ms), "pending": hook.pending}
        yield Finding(name="webhook_error", ok=not fresh, note=True, values=values)


def account(installation: Installation, provider: str, bot_id: BotId) -> Finding:
    """Return whether a provider takes the credentials of an account."""
    values: dict[str, Any] = {"provider": provider, "bot_id": bot_id}
    kept = credentials(installation.vault, provider, bot_id)
    if not kept:
        return Finding(name="no_account", ok=False, values=values)
    if provider not in PROVIDERS:
        return Finding(name="provider_unknown", ok=False, values=values | {"known": ", ".join(PROVIDERS)})
    return checked(installation, provider, bot_id, kept)


def checked(installation: Installation, provider: str, bot_id: BotId, kept: Mapping[str, str]) -> Finding:
    """Return whether a provider takes credentials, stored or not."""
    values: dict[str, Any] = {"provider": provider, "bot_id": bot_id}
    try:
        opened = installation.pix(provider, kept)
        if not isinstance(opened, Onboards):
            return Finding(name="account_unchecked", note=True, values=values)
        opened.check()
    except ProviderUnavailable as exc:
        return Finding(name="provider_silent", ok=False, values=values | {"message": exc})
    except (ProviderError, SecretMissing, InvalidInput) as exc:
        return Finding(name="account_refused", ok=False, values=values | {"message": exc})
    return Finding(name="account", values=values)


def funnel(installation: Installation, known: Funnel) -> Iterator[Finding]:
    """Yield what a funnel lacks, in itself and in the deployment; nothing when it lacks nothing."""
    for flaw in flaws(known):
        yield flawed(flaw)
    vault = installation.vault
    for each in known.bots:
        values = {"bot_id": each.bot_id, "provider": known.provider}
        if vault.get(bot_token(each.bot_id)) is None:
            yield Finding(name="bot_unknown", ok=False, values=values)
        if known.provider in PROVIDERS and vault.get(provider_account(known.provider, each.bot_id)) is None:
            yield Finding(name="no_account", ok=False, values=values)
        if each.banned_at_ms is not None:
            yield Finding(name="bot_banned", ok=False, values=values | {"at": at(each.banned_at_ms)})
    yield from _pixels(installation, known)
    if known.paused:
        yield Finding(name="paused", note=True, values={"slug": known.slug})


def _pixels(installation: Installation, known: Funnel) -> Iterator[Finding]:
    for pixel in known.pixels:
        if not has_token(installation, pixel.pixel_id):
            yield Finding(name="no_pixel_token", ok=False, values={"pixel_id": pixel.pixel_id})
        if pixel.test_event_code is not None:
            yield Finding(name="pixel_in_test", note=True, values={"pixel_id": pixel.pixel_id, "code": pixel.test_event_code})
    if not known.pixels:
        yield Finding(name="no_pixel", note=True, values={"slug": known.slug})


def flawed(flaw: Flaw) -> Finding:
    """Return a flaw as a finding."""
    return Finding(name="flaw", ok=False, values={"flaw": flaw.name, "of": flaw.values})


def has_token(installation: Installation, pixel_id: PixelId) -> bool:
    """Say whether a pixel has its token."""
    return installation.vault.get(pixel_token(pixel_id)) is not None
