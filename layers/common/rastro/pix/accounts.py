"""The accounts at PIX providers, opened with their credentials from the parameter store."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping

from rastro.errors import SecretMissing
from rastro.model import BotId
from rastro.pix.provider import PixProvider, ProviderContext, open_provider
from rastro.stores.ports import Secrets


class PixAccounts:
    """Opens the account that a bot sells through, and keeps it while its credentials stay."""

    def __init__(self, secrets: Secrets, now_ms: Callable[[], int]) -> None:
        """Take the parameter store and the clock."""
        self._secrets = secrets
        self._now_ms = now_ms
        self._open: dict[tuple[str, BotId], tuple[str, PixProvider]] = {}

    def __call__(self, name: str, bot_id: BotId) -> PixProvider:
        """Return a bot's account at a provider.

        Raises ``SecretMissing`` or ``StoreUnavailable`` where its credentials cannot be had, ``InvalidInput`` for a provider that
        there is none of.
        """
        secret = self._secrets.get(_secret_name(name, bot_id))
        known = self._open.get((name, bot_id))
        if known is not None and known[0] == secret:
            return known[1]
        account = open_provider(name, ProviderContext(credentials=_credentials(secret), now_ms=self._now_ms))
        self._open[name, bot_id] = (secret, account)
        return account

    def shared(self, name: str, one: BotId, other: BotId) -> bool:
        """Say whether two bots sell through the same account, so that a notice to either may be about the other's charge."""
        if one == other:
            return True
        try:
            secrets = [self._secrets.get(_secret_name(name, bot_id)) for bot_id in (one, other)]
        except SecretMissing:
            return False
        return hmac.compare_digest(*(secret.encode() for secret in secrets))


def _secret_name(name: str, bot_id: BotId) -> str:
    return f"providers/{name}/{bot_id}"


def _credentials(secret: str) -> Mapping[str, str]:
    try:
        document = json.loads(secret)
    except ValueError as exc:
        raise SecretMissing("the credentials of a provider are not JSON") from exc
    if not isinstance(document, dict):
        raise SecretMissing("the credentials of a provider are not a JSON object")
    return {str(name): str(value) for name, value in document.items() if value is not None}
