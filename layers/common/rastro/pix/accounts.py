"""The accounts at PIX providers, opened with their credentials from the parameter store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from rastro.errors import SecretMissing
from rastro.model import BotId
from rastro.pix.provider import PixProvider, ProviderContext, open_provider
from rastro.stores.ports import Secrets


class PixAccounts:
    """Opens the account that a bot sells through, and keeps it while its credentials stay."""

    def __init__(self, secrets: Secrets, base_urls: Mapping[str, str], now_ms: Callable[[], int]) -> None:
        """Take the parameter store, where providers' APIs are if not at their own address, and the clock."""
        self._secrets = secrets
        self._base_urls = base_urls
        self._now_ms = now_ms
        self._open: dict[tuple[str, BotId], tuple[str, PixProvider]] = {}

    def __call__(self, name: str, bot_id: BotId) -> PixProvider:
        """Return a bot's account at a provider.

        Raises ``SecretMissing`` or ``StoreUnavailable`` where its credentials cannot be had, ``InvalidInput`` for a provider that
        there is none of.
        """
        secret = self._secrets.get(f"providers/{name}/{bot_id}")
        known = self._open.get((name, bot_id))
        if known is not None and known[0] == secret:
            return known[1]
        context = ProviderContext(
            credentials=_credentials(secret), base_url=self._base_urls.get(name) or None, now_ms=self._now_ms
        )
        account = open_provider(name, context)
        self._open[name, bot_id] = (secret, account)
        return account


def _credentials(secret: str) -> Mapping[str, str]:
    try:
        document = json.loads(secret)
    except ValueError as exc:
        raise SecretMissing("the credentials of a provider are not JSON") from exc
    if not isinstance(document, dict):
        raise SecretMissing("the credentials of a provider are not a JSON object")
    return {str(name): str(value) for name, value in document.items() if value is not None}
