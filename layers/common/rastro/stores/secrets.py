"""Secrets in SSM Parameter Store, kept in memory for a while; the last known value outlives a store that stops answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError

from rastro.errors import SecretMissing, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MEMORY_SECONDS = 300
"""How long a secret is used before it is read again: a rotation is complete after that."""
PATIENCE_SECONDS = 30
"""How long the last known value is used before the store is asked again, when it did not answer."""


class SsmSecrets:
    """The secrets under a prefix, ``/rastro/{stage}``."""

    def __init__(self, client: SSMClient, prefix: str, *, memory_seconds: int = MEMORY_SECONDS) -> None:
        """Take the client and the prefix."""
        self._provider = SSMProvider(boto3_client=client)
        self._prefix = prefix.rstrip("/")
        self._memory_seconds = memory_seconds
        self._known: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Return a secret by its name below the prefix.

        Raises ``SecretMissing`` when it is absent or empty, ``StoreUnavailable`` when it cannot be read and never was.
        """
        path = f"{self._prefix}/{name}"
        try:
            value = self._provider.get(path, max_age=self._memory_seconds, decrypt=True)
        except GetParameterError as exc:
            if _is_absent(exc.__cause__ or exc.__context__):
                self._known.pop(name, None)
                raise SecretMissing(f"the secret {name} is not set") from exc
            if name not in self._known:
                raise StoreUnavailable(f"the secret {name} cannot be read") from exc
            value = self._known[name]
            self._provider.add_to_cache((path, None, False), value, PATIENCE_SECONDS)
        if not isinstance(value, str) or not value.strip():
            raise SecretMissing(f"the secret {name} is empty")
        self._known[name] = value
        return value


def _is_absent(cause: BaseException | None) -> bool:
    return isinstance(cause, ClientError) and cause.response.get("Error", {}).get("Code") == "ParameterNotFound"
