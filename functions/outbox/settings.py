"""The environment of the outbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.settings import required


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the outbox is configured with."""

    bot_user_table: str
    payment_table: str
    click_table: str
    funnel_table: str
    event_table: str
    capi_queue_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; raises ``SettingsError``."""
        return cls(
            bot_user_table=required(environ, "BOT_USER_TABLE"),
            payment_table=required(environ, "PAYMENT_TABLE"),
            click_table=required(environ, "CLICK_TABLE"),
            funnel_table=required(environ, "FUNNEL_TABLE"),
            event_table=required(environ, "EVENT_TABLE"),
            capi_queue_url=required(environ, "CAPI_QUEUE_URL"),
        )
