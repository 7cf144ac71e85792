"""The environment of the redirect."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.settings import positive_int, required


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the redirect is configured with."""

    secrets_prefix: str
    click_table: str
    bot_user_table: str
    funnel_table: str
    capi_queue_url: str
    redis_url: str
    redis_cluster: bool
    click_cache_ttl_seconds: int
    attribution_window_days: int
    public_url: str
    trusted_address_header: str
    trusted_country_header: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; raises ``SettingsError``."""
        return cls(
            secrets_prefix=required(environ, "SECRETS_PREFIX"),
            click_table=required(environ, "CLICK_TABLE"),
            bot_user_table=required(environ, "BOT_USER_TABLE"),
            funnel_table=required(environ, "FUNNEL_TABLE"),
            capi_queue_url=required(environ, "CAPI_QUEUE_URL"),
            redis_url=environ.get("REDIS_URL", ""),
            redis_cluster=environ.get("REDIS_CLUSTER", "") == "true",
            click_cache_ttl_seconds=positive_int(environ, "CLICK_CACHE_TTL_SECONDS", 604_800),
            attribution_window_days=positive_int(environ, "ATTRIBUTION_WINDOW_DAYS", 7),
            public_url=environ.get("PUBLIC_URL", ""),
            trusted_address_header=environ.get("TRUSTED_ADDRESS_HEADER", ""),
            trusted_country_header=environ.get("TRUSTED_COUNTRY_HEADER", ""),
        )
