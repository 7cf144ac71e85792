"""Where AWS is and as whom it is called: the variables that Lambda sets for every function, as AWS's own tools read them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rastro.settings import SettingsError
from rastro.stores.aws_errors import AwsFailure

if TYPE_CHECKING:
    from botocore.credentials import Credentials as BotocoreCredentials

_PARTITIONS = {"cn": "amazonaws.com.cn"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True, slots=True)
class AwsEnvironment:
    """A function's environment as far as it concerns AWS."""

    environ: Mapping[str, str]

    @property
    def region(self) -> str:
        """Return the region; raises ``SettingsError`` when none is named."""
        region = self.environ.get("AWS_REGION") or self.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise SettingsError("the environment variable AWS_REGION is not set")
        return region

    def endpoint(self, service: str) -> str:
        """Return the URL of a service in this region, or the one that stands in for it, without a slash at the end."""
        given = self.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or self.environ.get("AWS_ENDPOINT_URL")
        if given:
            return given.rstrip("/")
        domain = _PARTITIONS.get(self.region.partition("-")[0], "amazonaws.com")
        return f"https://{service}.{self.region}.{domain}"

    def credentials(self) -> Callable[[], Credentials]:
        """Return how to get the credentials that are valid now; it may raise ``AwsFailure``.

        Lambda gives a container its credentials as variables, and a container does not outlive them. Where they come another
        way (SnapStart, a profile), botocore finds them and renews them; only then is it imported.
        """
        key, secret = self.environ.get("AWS_ACCESS_KEY_ID"), self.environ.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return _FoundByBotocore()
        given = Credentials(key, secret, self.environ.get("AWS_SESSION_TOKEN"))
        return lambda: given


class _FoundByBotocore:
    """The credentials of a place that only botocore knows."""

    def __init__(self) -> None:
        self._found: BotocoreCredentials | None = None

    def __call__(self) -> Credentials:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - 170 ms of import, not needed where Lambda gives them
        from botocore.session import get_session  # noqa: PLC0415

        try:
            self._found = self._found or get_session().get_credentials()
            if self._found is None:
                raise AwsFailure("there are no AWS credentials")
            frozen = self._found.get_frozen_credentials()
        except BotoCoreError as exc:
            raise AwsFailure(f"no AWS credentials: {type(exc).__name__}") from exc
        return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)
