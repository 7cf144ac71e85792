"""The environment of the sender."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.settings import required


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the sender is configured with."""

    secrets_prefix: str
    payment_table: str
    click_table: str
    event_table: str
    capi_queue_url: str
    graph_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; raises ``SettingsError``."""
        return cls(
            secrets_prefix=required(environ, "SECRETS_PREFIX"),
            payment_table=required(environ, "PAYMENT_TABLE"),
            click_table=required(environ, "CLICK_TABLE"),
            event_table=required(environ, "EVENT_TABLE"),
            capi_queue_url=required(environ, "CAPI_QUEUE_URL"),
            graph_url=environ.get("GRAPH_URL", "") or "https://graph.facebook.com",
        )
