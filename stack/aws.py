"""The way to the emulator: an explicit address and credentials that are worth nothing, so no real account is ever touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
_CONFIG = Config(connect_timeout=5, read_timeout=90, retries={"total_max_attempts": 2}, proxies={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """How to reach the emulator."""

    endpoint_url: str
    region: str = REGION
    access_key_id: str = "test"
    secret_access_key: str = "test"  # noqa: S105 - the emulator asks for none

    def client(self, service: str) -> Any:  # noqa: ANN401 - the caller writes down which client it is
        """Return a boto3 client of a service."""
        # A session of its own: the default one would read the person's own profile.
        session = boto3.session.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=_CONFIG)  # type: ignore[call-overload]
