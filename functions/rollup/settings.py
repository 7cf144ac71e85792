"""The environment of the rollup."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.settings import required


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the rollup is configured with."""

    bot_user_table: str
    click_table: str
    funnel_table: str
    rollup_table: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; raises ``SettingsError``."""
        return cls(
            bot_user_table=required(environ, "BOT_USER_TABLE"),
            click_table=required(environ, "CLICK_TABLE"),
            funnel_table=required(environ, "FUNNEL_TABLE"),
            rollup_table=required(environ, "ROLLUP_TABLE"),
        )
