"""Everything around the functions on one simulated clock: who sends again what was not answered, and when.

Telegram repeats an update at once and then after 2, 4, 8 … seconds; the provider its notice after 10 s, a minute, five and so
on; a stream its batch after a second; the queue a message when its visibility time-out is over; the schedule runs the reconciler
each minute; people tap again.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rastro.gateway import HttpResponse
from rastro.model import ChatId, Funnel
from tests.chaos.crashes.counterparts import Bank, BankCharge, Chats, Meta, new_queue
from tests.chaos.crashes.deployment import Deployment, Surroundings
from tests.chaos.crashes.fate import Blow, Fate
from tests.chaos.crashes.records import Records, Safeguards, Stream
from tests.fakes.world import NOW_MS

Life = Iterator[float]
"""What somebody does: it yields how many seconds they wait before they go on."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
DAY_MS = 24 * 60 * MINUTE_MS
PATIENCE_DAYS = 9
"""By then everything has come to its end, or never will."""
PRESS_LIFETIME_MS = 150 * SECOND_MS
NOTICE_WAITS_SECONDS = (10, 60, 300, 900, 3_600, 3_600, 7_200, 14_400)
STREAM_SECONDS, STREAM_AGAIN_SECONDS = 0.2, 1.0
QUEUE_SECONDS = 0.3
BATCH_MESSAGES = 1_000
_TELEGRAM_LONGEST_SECONDS = 60.0


class Reality:
    """One play: a clock, an agenda, and the counterparts that act on it."""

    def __init__(
        self,
        funnel: Funnel,
        blows: Sequence[Blow] = (),
        safeguards: Safeguards | None = None,
        *,
        notices_are_proof: bool = True,
    ) -> None:
        """Set everything up."""
        self.safeguards = safeguards or Safeguards()
        self.now_ms = NOW_MS
        self.fate = Fate(blows)
        self.records = Records(funnel, self.safeguards)
        self.chats = Chats(self.clock)
        self.bank = Bank(
            self.clock,
            notices_are_proof=notices_are_proof,
            knows_repetitions=self.safeguards.provider_knows_repetitions,
        )
        self.meta = Meta()
        self.sqs = new_queue(self.clock)
        around = Surroundings(
            records=self.records,
            bank=self.bank,
            chats=self.chats,
            meta=self.meta,
            sqs=self.sqs,
            now_ms=self.clock,
            sleep=self._sleep,
        )
        self.functions = Deployment(around, self.fate)
        self.answers: list[HttpResponse] = []
        """What the redirect answered to those who asked for ``/go/{slug}``, where it lived."""
        self.tokens: list[str] = []
        """The tokens that people were sent on with."""
        self.restless = False
        """Whether something was still left to do when nobody had the patience any more."""
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._turns = 0
        self._updates: dict[ChatId, deque[tuple[int, Mapping[str, Any]]]] = {}
        self._update_id = 0
        self._polled: set[str] = set()
        self._queue_at_ms: int | None = None
        self._tick_at_ms: int | None = None
        self._ticked_at_ms = 0

    def clock(self) -> int:
        """Return the time."""
        return self.now_ms

    def _sleep(self, seconds: float) -> None:
        self.now_ms += round(seconds * SECOND_MS)

    def play(self, life: Life) -> None:
        """Let somebody live, and everything go on until nothing is left to do."""
        self._go_on(life)
        end_ms = self.now_ms + PATIENCE_DAYS * DAY_MS
        self._stir()
        while self._agenda:
            at_ms, _, act = heapq.heappop(self._agenda)
            self.now_ms = max(self.now_ms, at_ms)
            if self.now_ms > end_ms:
                self.restless = True
                return
            act()
            self._stir()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Put something on the agenda."""
        self._turns += 1
        heapq.heappush(self._agenda, (self.now_ms + round(seconds * SECOND_MS), self._turns, act))

    def _go_on(self, life: Life) -> None:
        seconds = next(life, None)
        if seconds is not None:
            self.later(seconds, lambda: self._go_on(life))

    # The visitor's browser

    def visit(self, path: str, *, query: str = "", cookies: Sequence[str] = (), body: bytes | None = None) -> HttpResponse | None:
        """Ask the redirect; ``None``: the function died over it, and the gateway says so."""
        return self.functions.visit(path, query=query, cookies=cookies, body=body)

    # Telegram

    def say(self, chat_id: ChatId, text: str) -> None:
        """Have a person write to the bot."""
        self._send_update(chat_id, {"message": {"from": _who(chat_id), "chat": _chat(chat_id), "text": text}})

    def press(self, chat_id: ChatId, data: str) -> None:
        """Have a person press a button."""
        query = {"id": "cb", "from": _who(chat_id), "message": {"chat": _chat(chat_id)}, "data": data}
        self._send_update(chat_id, {"callback_query": query})

    def block(self, chat_id: ChatId) -> None:
        """Have a person block the bot."""
        self.chats.blocked = True
        change = {"from": _who(chat_id), "chat": _chat(chat_id), "new_chat_member": {"status": "kicked"}}
        self._send_update(chat_id, {"my_chat_member": change})

    def _send_update(self, chat_id: ChatId, update: Mapping[str, Any]) -> None:
        self._update_id += 1
        queue = self._updates.setdefault(chat_id, deque())
        queue.append((self.now_ms, {"update_id": self._update_id, **update}))
        if len(queue) == 1:
            self.later(0.1, lambda: self._hand_over(chat_id, failures=0))

    def _hand_over(self, chat_id: ChatId, failures: int) -> None:
        queue = self._updates[chat_id]
        sent_at_ms, update = queue[0]
        too_old = "callback_query" in update and self.now_ms - sent_at_ms > PRESS_LIFETIME_MS
        answer = None if too_old else self.functions.update(update)
        if not too_old and (answer is None or answer.status // 100 != 2):
            wait = 0.0 if failures == 0 else min(2.0**failures, _TELEGRAM_LONGEST_SECONDS)
            self.later(wait, lambda: self._hand_over(chat_id, failures + 1))
            return
        queue.popleft()
        if queue:
            self.later(0.0, lambda: self._hand_over(chat_id, failures=0))

    # The bank

    def notify(self, charge: BankCharge, kind: str) -> None:
        """Have the bank send a notice, until somebody takes it or it gives up."""
        self._notify({"kind": kind, "payment_id": charge.payment_id}, 0)

    def _notify(self, document: Mapping[str, Any], failures: int) -> None:
        answer = self.functions.notice(document)
        if (answer is None or answer.status // 100 != 2) and failures < len(NOTICE_WAITS_SECONDS):
            self.later(NOTICE_WAITS_SECONDS[failures], lambda: self._notify(document, failures + 1))

    # AWS

    def _stir(self) -> None:
        """Put on the agenda what the last act has brought about: changes, messages, and what the reconciler is to look after."""
        for stream in self.records.streams.values():
            if stream.unread() and stream.table not in self._polled:
                self._polled.add(stream.table)
                self.later(STREAM_SECONDS, lambda stream=stream: self._relay(stream))  # type: ignore[misc]
        visible_at_ms = self.sqs.queue.next_visible_at_ms
        if visible_at_ms is not None:
            self._wake_queue(max(visible_at_ms, self.now_ms + round(QUEUE_SECONDS * SECOND_MS)))
        due_at_ms = self.records.due_at_ms()
        if due_at_ms is not None and self.safeguards.reconciled:
            minute = -(-max(due_at_ms, self.now_ms + 1) // MINUTE_MS)
            self._wake_reconciler(max(minute * MINUTE_MS, self._ticked_at_ms + MINUTE_MS))

    def _relay(self, stream: Stream) -> None:
        changes = stream.unread()
        self._polled.discard(stream.table)
        if self.functions.relay(stream, changes):
            return
        if not self.safeguards.stream_retries:
            stream.checkpoint += len(changes)
            return
        self._polled.add(stream.table)
        self.later(STREAM_AGAIN_SECONDS, lambda: self._relay(stream))

    def _wake_queue(self, at_ms: int) -> None:
        if self._queue_at_ms is not None and self._queue_at_ms <= at_ms:
            return
        self._queue_at_ms = at_ms

        def wake() -> None:
            if self._queue_at_ms != at_ms:
                return  # another was earlier
            self._queue_at_ms = None
            batch = self.sqs.receive(BATCH_MESSAGES)
            if batch:
                self.functions.deliver(batch)

        self.later((at_ms - self.now_ms) / SECOND_MS, wake)

    def _wake_reconciler(self, at_ms: int) -> None:
        if self._tick_at_ms is not None and self._tick_at_ms <= at_ms:
            return
        self._tick_at_ms = at_ms

        def wake() -> None:
            if self._tick_at_ms != at_ms:
                return
            self._tick_at_ms, self._ticked_at_ms = None, self.now_ms
            self.functions.reconcile()

        self.later((at_ms - self.now_ms) / SECOND_MS, wake)


def _who(chat_id: ChatId) -> dict[str, object]:
    return {"id": int(chat_id), "is_bot": False, "first_name": "Ana"}


def _chat(chat_id: ChatId) -> dict[str, object]:
    return {"id": int(chat_id), "type": "private"}
