"""Watching the bots: one that Telegram banned is left out by the redirect, and let in again when it is back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from rastro.errors import BotRefused, SecretMissing, StoreUnavailable, TelegramError
from rastro.model import BotId, FunnelBot
from rastro.observability import logger
from rastro.stores.ports import FunnelStore
from rastro.telegram.bot import BotApis

CHECK_EVERY_MS = 2 * 60_000


class BotWatch:
    """Asks Telegram for each bot of each funnel and notes on the funnels which ones it refuses."""

    def __init__(self, *, funnels: FunnelStore, bots: BotApis, now_ms: Callable[[], int]) -> None:
        """Take the funnels as they are now (a memory before them would bring old ones back), the bots and the clock."""
        self._funnels = funnels
        self._bots = bots
        self._now_ms = now_ms
        self._checked_at_ms = 0

    def look(self, has_time: Callable[[], bool]) -> Counter[str]:
        """Check every bot, if it is time to, and return how many were newly banned or are back."""
        found: Counter[str] = Counter()
        now_ms = self._now_ms()
        if now_ms - self._checked_at_ms < CHECK_EVERY_MS:
            return found
        self._checked_at_ms = now_ms
        slugs = self._funnels.slugs()
        refused: dict[BotId, bool | None] = {}
        for bot in [bot for funnel in map(self._funnels.get, slugs) if funnel for bot in funnel.bots]:
            if bot.bot_id not in refused and has_time():
                refused[bot.bot_id] = self._is_refused(bot.bot_id)
        for slug in slugs:
            # Read once more: asking Telegram took its time, and what an operator changed meanwhile must not be written over.
            funnel = self._funnels.get(slug)
            if funnel is None:
                continue
            bots = tuple(self._noted(bot, refused.get(bot.bot_id), now_ms, found) for bot in funnel.bots)
            if bots != funnel.bots:
                self._funnels.put(replace(funnel, bots=bots))
        return found

    def _is_refused(self, bot_id: BotId) -> bool | None:
        """Say whether Telegram refuses a bot; ``None`` where it cannot be known now."""
        try:
            self._bots(bot_id).check()
        except BotRefused:
            return True
        except SecretMissing:
            # A bot without a token sells nothing either, but it is the operator's doing and told by what fails.
            return None
        except (TelegramError, StoreUnavailable):
            return None
        return False

    def _noted(self, bot: FunnelBot, refused: bool | None, now_ms: int, found: Counter[str]) -> FunnelBot:  # noqa: FBT001 - a finding
        if refused is True and bot.banned_at_ms is None:
            logger.error("bot_banned", bot_id=bot.bot_id, username=bot.username)
            found["bot_banned"] += 1
            return replace(bot, banned_at_ms=now_ms)
        if refused is False and bot.banned_at_ms is not None:
            logger.warning("bot_back", bot_id=bot.bot_id, username=bot.username)
            found["bot_back"] += 1
            return replace(bot, banned_at_ms=None)
        return bot
