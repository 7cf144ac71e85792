"""What a deployment is set up with: its secrets, its address, and the ways to Telegram and the providers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rastro.model import BotId, Slug
from rastro.pix.provider import PixProvider
from rastro_cli.bot_account import BotAccount
from rastro_cli.vault import Vault

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the set-up commands work with."""

    vault: Vault
    api_url: str
    """The address that visitors, Telegram and the providers know; no slash at its end."""
    telegram: Callable[[str], BotAccount]
    """Opens a bot by its token."""
    pix: Callable[[str, Mapping[str, str]], PixProvider]
    """Opens an account at a provider by its credentials."""
    token_bytes: Callable[[int], bytes]
    """Returns that many bytes that nobody can guess."""
    played_by: str | None = None
    """The laboratory that plays the providers of a local stack."""

    def new_secret(self) -> str:
        """Return a secret that Telegram takes: 43 characters of ``A-Z a-z 0-9 _ -``."""
        return base64.urlsafe_b64encode(self.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()

    def webhook_url(self, bot_id: BotId) -> str:
        """Return where Telegram sends a bot's updates."""
        return f"{self.api_url}/telegram/{bot_id}"

    def callback_url(self, provider: str, bot_id: BotId) -> str:
        """Return where a provider sends the notices of a bot's sales."""
        return f"{self.api_url}/pix/{provider}/{bot_id}"

    def funnel_url(self, slug: Slug) -> str:
        """Return what stands in an ad."""
        return f"{self.api_url}/go/{slug}"

    def sandbox_url(self, provider: str) -> str | None:
        """Return where a provider's API is on a local stack, ``None`` for a real deployment."""
        return f"{self.played_by}/{provider}" if self.played_by else None


def keys_document(current: str, previous: str | None) -> str:
    """Return the secret ``signing-keys`` as the functions read it."""
    return json.dumps({"current": current, "previous": previous})
