"""The environment of the reconciler."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.settings import positive_int, required


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the reconciler is configured with."""

    secrets_prefix: str
    bot_user_table: str
    payment_table: str
    click_table: str
    funnel_table: str
    inbox_table: str
    event_table: str
    redis_url: str
    redis_cluster: bool
    click_cache_ttl_seconds: int
    attribution_window_days: int
    repair_window_seconds: int
    telegram_api_url: str
    alarm_queue_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; raises ``SettingsError``."""
        return cls(
            secrets_prefix=required(environ, "SECRETS_PREFIX"),
            bot_user_table=required(environ, "BOT_USER_TABLE"),
            payment_table=required(environ, "PAYMENT_TABLE"),
            click_table=required(environ, "CLICK_TABLE"),
            funnel_table=required(environ, "FUNNEL_TABLE"),
            inbox_table=required(environ, "INBOX_TABLE"),
            event_table=required(environ, "EVENT_TABLE"),
            redis_url=environ.get("REDIS_URL", ""),
            redis_cluster=environ.get("REDIS_CLUSTER", "") == "true",
            click_cache_ttl_seconds=positive_int(environ, "CLICK_CACHE_TTL_SECONDS", 604_800),
            attribution_window_days=positive_int(environ, "ATTRIBUTION_WINDOW_DAYS", 7),
            repair_window_seconds=positive_int(environ, "REPAIR_WINDOW_SECONDS", 900),
            telegram_api_url=environ.get("TELEGRAM_API_URL", "") or "https://api.telegram.org",
            alarm_queue_url=required(environ, "ALARM_QUEUE_URL"),
        )
