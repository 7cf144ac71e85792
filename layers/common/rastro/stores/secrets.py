"""Secrets in SSM Parameter Store, kept in memory for a while; the last known value outlives a store that stops answering.

Powertools keeps parameters too, but brings boto3 along, which a redirect does without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rastro.clock import now_ms as clock
from rastro.errors import SecretMissing, StoreUnavailable
from rastro.stores.aws_errors import refusal_code, translated

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

    from rastro.stores.aws import Ssm

MEMORY_SECONDS = 300
"""How long a secret is used before it is read again: a rotation is complete after that."""
PATIENCE_SECONDS = 30
"""How long the last known value is used before the store is asked again, when it did not answer."""


@dataclass(frozen=True, slots=True)
class _Known:
    value: str
    until_ms: int


class SsmSecrets:
    """The secrets under a prefix, ``/rastro/{stage}``."""

    def __init__(
        self,
        client: Ssm | SSMClient,
        prefix: str,
        *,
        memory_seconds: int = MEMORY_SECONDS,
        now_ms: Callable[[], int] = clock,
    ) -> None:
        """Take the client, the prefix and the clock."""
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._memory_seconds = memory_seconds
        self._now_ms = now_ms
        self._known: dict[str, _Known] = {}

    def get(self, name: str) -> str:
        """Return a secret by its name below the prefix.

        Raises ``SecretMissing`` when it is absent or empty, ``StoreUnavailable`` when it cannot be read and never was.
        """
        known = self._known.get(name)
        if known is not None and self._now_ms() < known.until_ms:
            return known.value
        try:
            value, seconds = self._read(name), self._memory_seconds
        except StoreUnavailable:
            if known is None:
                raise
            value, seconds = known.value, PATIENCE_SECONDS
        except SecretMissing:
            self._known.pop(name, None)
            raise
        self._known[name] = _Known(value, self._now_ms() + seconds * 1000)
        return value

    def _read(self, name: str) -> str:
        try:
            with translated(f"read the secret {name}"):
                answer = self._client.get_parameter(Name=f"{self._prefix}/{name}", WithDecryption=True)
        except StoreUnavailable as exc:
            if refusal_code(exc.__cause__) == "ParameterNotFound":
                raise SecretMissing(f"the secret {name} is not set") from exc
            raise
        value = answer["Parameter"].get("Value", "")
        if not value.strip():
            raise SecretMissing(f"the secret {name} is empty")
        return value
