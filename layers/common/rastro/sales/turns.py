"""One update of a person at a time, and each once.

Telegram sends an update again when our answer is late, and a message, a button and a membership change of one person at the
same time; two that are dealt with at once would answer in the wrong order, or twice.
"""

from __future__ import annotations

from collections.abc import Callable

from rastro.errors import Conflict, StoreUnavailable
from rastro.model import BotId, Turn
from rastro.observability import logger
from rastro.sales.shop import Outcome, Shop, Step
from rastro.stores.ports import Inbox
from rastro.telegram.updates import Update

LEASE_MS = 35_000
"""Longer than the function may run: a turn that lapses is one whose function died."""
PATIENCE_SECONDS = 8
"""How long an update waits for its turn; Telegram, which waits for a minute, sends it again then."""
_FIRST_WAIT_SECONDS = 0.05
_WAIT_MAX_SECONDS = 0.8


class Queue:
    """Lets updates into the shop, of each person one at a time."""

    def __init__(self, *, shop: Shop, inbox: Inbox, now_ms: Callable[[], int], sleep: Callable[[float], None]) -> None:
        """Take the shop, who knows whose turn it is, the clock and how to wait."""
        self._shop = shop
        self._inbox = inbox
        self._now_ms = now_ms
        self._sleep = sleep

    def handle(self, bot_id: BotId, update_id: int, update: Update | None, base_url: str) -> Outcome:
        """Do what an update asks for, unless that was done before.

        Raises ``Conflict`` when the person's earlier update takes too long, and ``StoreUnavailable``: the update may come again.
        """
        if update is None:
            return Outcome(step=Step.IGNORED)
        chat_id = update.person.chat_id
        if not self._wait_for_turn(bot_id, update, update_id):
            return Outcome(step=Step.REPEATED)
        done = False
        try:
            outcome = self._shop.handle(bot_id, update, base_url, update_id)
            done = True
        finally:
            try:
                self._inbox.end_turn(bot_id, chat_id, update_id, done=done)
            except StoreUnavailable:
                # The turn lapses by itself; at worst the same update is answered twice.
                logger.warning("turn_not_ended", update_id=update_id)
        return outcome

    def _wait_for_turn(self, bot_id: BotId, update: Update, update_id: int) -> bool:
        """Return whether the update is to be dealt with, as soon as no other one of the person is."""
        waited, wait = 0.0, _FIRST_WAIT_SECONDS
        while True:
            turn = self._inbox.take_turn(bot_id, update.person.chat_id, update_id, now_ms=self._now_ms(), lease_ms=LEASE_MS)
            if turn is not Turn.BUSY:
                return turn is Turn.TAKEN
            if waited >= PATIENCE_SECONDS:
                raise Conflict("an earlier update of this person is still being dealt with")
            self._sleep(wait)
            waited, wait = waited + wait, min(wait * 2, _WAIT_MAX_SECONDS)
