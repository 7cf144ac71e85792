"""The secrets of a deployment as its operator keeps them: written encrypted, listed by name, never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rastro.model import BotId, PixelId
from rastro.stores.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_ABSENT = "ParameterNotFound"


class Vault(Protocol):
    """The parameter store below the deployment's prefix; every method may raise ``StoreUnavailable``."""

    def get(self, name: str) -> str | None:
        """Return a secret as it is now, ``None`` where there is none."""

    def put(self, name: str, value: str) -> None:
        """Store a secret, in the place of an earlier one."""

    def changed_at_ms(self, name: str) -> int | None:
        """Return when a secret was last stored, ``None`` where there is none."""

    def names(self, folder: str) -> Sequence[str]:
        """Return the names of all secrets in a folder (``bots``), below the prefix and sorted."""


class SsmVault:
    """Secrets as SSM parameters of type SecureString, encrypted with the account's own key."""

    def __init__(self, client: SSMClient, prefix: str) -> None:
        """Take the client and the prefix, ``/rastro/{stage}``."""
        self._client = client
        self._prefix = prefix.rstrip("/")

    def get(self, name: str) -> str | None:
        """Return a secret."""
        with translated(f"read the secret {name}"):
            found = self._client.get_parameters(Names=[self._path(name)], WithDecryption=True)["Parameters"]
        return (found[0].get("Value") or None) if found else None

    def put(self, name: str, value: str) -> None:
        """Store a secret; one over 4 KB (certificates) becomes an advanced parameter, which AWS charges for."""
        with translated(f"store the secret {name}"):
            self._client.put_parameter(
                Name=self._path(name), Value=value, Type="SecureString", Overwrite=True, Tier="Intelligent-Tiering"
            )

    def changed_at_ms(self, name: str) -> int | None:
        """Return when a secret was last stored."""
        with translated(f"read the secret {name}"):
            found = self._client.get_parameters(Names=[self._path(name)], WithDecryption=False)["Parameters"]
        changed_at = found[0].get("LastModifiedDate") if found else None
        return int(changed_at.timestamp() * 1000) if isinstance(changed_at, datetime) else None

    def names(self, folder: str) -> Sequence[str]:
        """Return the names in a folder; their values are not decrypted."""
        with translated(f"list the secrets of {folder}"):
            pages = self._client.get_paginator("get_parameters_by_path").paginate(
                Path=self._path(folder), Recursive=True, WithDecryption=False
            )
            return sorted(
                parameter["Name"].removeprefix(f"{self._prefix}/") for page in pages for parameter in page["Parameters"]
            )

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def bot_token(bot_id: BotId) -> str:
    """Return the name of a bot's token."""
    return f"bots/{bot_id}/token"


def bot_webhook_secret(bot_id: BotId) -> str:
    """Return the name of what Telegram proves itself with."""
    return f"bots/{bot_id}/webhook-secret"


def pixel_token(pixel_id: PixelId) -> str:
    """Return the name of a pixel's access token."""
    return f"pixels/{pixel_id}/token"


def provider_account(provider: str, bot_id: BotId) -> str:
    """Return the name of the credentials that a bot sells with."""
    return f"providers/{provider}/{bot_id}"


def bot_ids(vault: Vault) -> Sequence[BotId]:
    """Return the bots that have a token."""
    names = (name.split("/") for name in vault.names("bots"))
    return [BotId(parts[1]) for parts in names if len(parts) == 3 and parts[2] == "token"]  # noqa: PLR2004 - bots/ID/token


def pixel_ids(vault: Vault) -> Sequence[PixelId]:
    """Return the pixels that have a token."""
    names = (name.split("/") for name in vault.names("pixels"))
    return [PixelId(parts[1]) for parts in names if len(parts) == 3 and parts[2] == "token"]  # noqa: PLR2004 - pixels/ID/token


def accounts(vault: Vault) -> Sequence[tuple[str, BotId]]:
    """Return the accounts that there are: provider and bot."""
    names = (name.split("/") for name in vault.names("providers"))
    return [(parts[1], BotId(parts[2])) for parts in names if len(parts) == 3]  # noqa: PLR2004 - providers/NAME/BOT


def credentials(vault: Vault, provider: str, bot_id: BotId) -> Mapping[str, str]:
    """Return the credentials of an account, empty where there are none that can be read."""
    try:
        document = json.loads(vault.get(provider_account(provider, bot_id)) or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in document.items() if value is not None} if isinstance(document, dict) else {}
