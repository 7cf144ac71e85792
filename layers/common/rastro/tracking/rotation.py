"""Which of a funnel's bots a visitor is led to.

Rendezvous hashing: each visitor ranks the bots by a hash of both and goes to the first that lives. So the visitors spread evenly,
the same browser comes to the same bot, and where one is banned only its own visitors move (Thaler and Ravishankar, "Using
name-based mappings to increase hit rates", 1998).
"""

from __future__ import annotations

import hashlib

from rastro.model import BotId, Funnel, FunnelBot, VisitorId

_RANK_BYTES = 8


def bot_for(funnel: Funnel, visitor_id: VisitorId | None, *, sent_by: BotId | None = None) -> FunnelBot:
    """Return a visitor's bot: the one that sent them here while Telegram takes it, else their own among the living.

    Where all are banned, all count as living: a link has to lead somewhere. ``funnel`` has at least one bot.
    """
    living = [bot for bot in funnel.bots if bot.banned_at_ms is None] or funnel.bots
    if len(living) == 1:
        return living[0]
    if sent_by is not None:
        for bot in living:
            if bot.bot_id == sent_by:
                return bot
    if visitor_id is None:
        return living[0]
    return max(living, key=lambda bot: _rank(bot, visitor_id))


def _rank(bot: FunnelBot, visitor_id: VisitorId) -> bytes:
    return hashlib.blake2b(f"{bot.bot_id}\0{visitor_id}".encode(), digest_size=_RANK_BYTES).digest()
