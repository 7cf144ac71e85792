"""The funnels and bots of the journeys: each journey has its own, so that no click of another is ever taken for one of its."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Slug
from stack.seed import DEMO, PROVIDER, new_accounts
from tests.scenarios.steps import FunnelName

_FIRST_BOT = 7_100_000_000
_MODES = {FunnelName.FIRST: FunnelMode.DIRECT, FunnelName.SECOND: FunnelMode.PAGE}


def funnel_of(number: int, name: FunnelName, provider: str = PROVIDER) -> Funnel:
    """Return a funnel of a numbered journey; the second has a bot of its own and a page before it."""
    place = 2 * number + list(FunnelName).index(name)
    return Funnel(
        slug=Slug(f"{name}-{number}"),
        name=DEMO.name,
        mode=_MODES[name],
        bots=(FunnelBot(bot_id=BotId(str(_FIRST_BOT + place)), username=f"rastro_{name}_{number}_bot"),),
        products=DEMO.products,
        pixels=DEMO.pixels,
        provider=provider,
    )


@dataclass(frozen=True, slots=True)
class BotSecrets:
    """The secrets of a bot."""

    bot: FunnelBot
    token: str
    webhook_secret: str
    provider: str
    account: Mapping[str, str]

    @classmethod
    def new(cls, bot: FunnelBot, provider: str) -> BotSecrets:
        """Make them up."""
        account = new_accounts()[provider]
        return cls(bot, f"{bot.bot_id}:{secrets.token_urlsafe(26)}", secrets.token_urlsafe(32), provider, account)

    def parameters(self, lab: str) -> Mapping[str, str]:
        """Return the values of Parameter Store by their names below the stage's prefix."""
        return {
            f"bots/{self.bot.bot_id}/token": self.token,
            f"bots/{self.bot.bot_id}/webhook-secret": self.webhook_secret,
            f"providers/{self.provider}/{self.bot.bot_id}": json.dumps({**self.account, "api_url": f"{lab}/{self.provider}"}),
        }

    def lab_bot(self) -> Mapping[str, Any]:
        """Return the bot as the lab has to know it."""
        return {
            "bot_id": self.bot.bot_id,
            "username": self.bot.username,
            "token": self.token,
            "webhook_secret": self.webhook_secret,
        }
