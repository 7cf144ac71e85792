"""A queue as SQS promises one, on a clock of its own: at least once, in no order, seen again when nobody deletes it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

VISIBILITY_SECONDS = 362
MAX_RECEIVES = 100
"""Both as template.yaml has them."""
DUPLICATED_SHARE = 0.01
"""Of the messages that are received, how many a second receiver gets as well: far more often than SQS does it."""


@dataclass(slots=True)
class _Stored:
    body: str
    visible_at_ms: int
    receives: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A message in the hands of one receiver."""

    message_id: str
    body: str
    receive_count: int
    receipt: tuple[str, int]


class SimulatedSqs:
    """Keeps messages until the newest receiver of each deletes it."""

    def __init__(self, dice: random.Random, now_ms: Callable[[], int]) -> None:
        self._dice = dice
        self._now_ms = now_ms
        self._stored: dict[str, _Stored] = {}
        self._sent = 0
        self.dead_letters: list[str] = []
        self.duplicates = 0

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def next_visible_at_ms(self) -> int | None:
        """When the next message can be received."""
        return min((stored.visible_at_ms for stored in self._stored.values()), default=None)

    def send(self, body: str) -> None:
        self._sent += 1
        self._stored[f"m{self._sent}"] = _Stored(body, self._now_ms())

    def receive(self, limit: int) -> list[Received]:
        """Return visible messages in any order, unseen by others from now on but for the odd one."""
        now_ms = self._now_ms()
        visible = [name for name, stored in self._stored.items() if stored.visible_at_ms <= now_ms]
        self._dice.shuffle(visible)
        received = []
        for name in visible[:limit]:
            stored = self._stored[name]
            if stored.receives >= MAX_RECEIVES:
                self.dead_letters.append(self._stored.pop(name).body)
                continue
            stored.receives += 1
            received.append(Received(name, stored.body, stored.receives, (name, stored.receives)))
            if self._dice.random() < DUPLICATED_SHARE:
                self.duplicates += 1
            else:
                stored.visible_at_ms = now_ms + VISIBILITY_SECONDS * 1000
        return received

    def delete(self, receipt: tuple[str, int]) -> None:
        """Delete a message, if this receiver is its newest."""
        if self._is_newest(receipt):
            del self._stored[receipt[0]]

    def postpone(self, seconds_by_receipt: Mapping[tuple[str, int], int]) -> None:
        """Let messages come again after so many seconds."""
        for receipt, seconds in seconds_by_receipt.items():
            if self._is_newest(receipt):
                self._stored[receipt[0]].visible_at_ms = self._now_ms() + seconds * 1000

    def _is_newest(self, receipt: tuple[str, int]) -> bool:
        stored = self._stored.get(receipt[0])
        return stored is not None and stored.receives == receipt[1]
