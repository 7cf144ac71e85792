"""A sender as Lambda runs it: a batch from the queue, the use case, and what the handler does with its report."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import cast

import requests

from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.model import PixelId
from rastro.stores.ports import LedgerStore, PaymentStore
from tests.campaign.mortal import CrashPoint, Fate, MortalGraph, MortalLedger, MortalPayments, SenderKilled
from tests.campaign.queue import Received, SimulatedSqs
from tests.campaign.records import LockedPayments, StreamedLedger
from tests.fakes.stores import InMemoryClickStore

ANSWER_SECONDS = 0.3
"""In place of the product's five seconds, so that a time-out costs the campaign less; the lab's delays are longer."""
POINTS = tuple(CrashPoint)
KILLED_SHARE = 0.1
"""Of the runs, how many are to end in the sender's death; it dies at each of the crash points in turn."""
SHORT_OF_TIME_SHARE = 0.02


class Sender:
    """One container with its own connections; several run at once."""

    def __init__(
        self,
        seed: int,
        *,
        graph_url: str,
        tokens: Mapping[PixelId, str],
        ledger: StreamedLedger,
        payments: LockedPayments,
        now_ms: Callable[[], int],
    ) -> None:
        self._seed = seed
        self._dice = random.Random(seed)
        self._session = requests.Session()
        self._session.trust_env = False
        self._fate = Fate()
        self.killed: Counter[CrashPoint] = Counter()
        self.outcomes: Counter[str] = Counter()
        graph = GraphClient(
            self._session,
            tokens=lambda pixel_id: tokens[pixel_id],
            seconds=time.monotonic,
            base_url=graph_url,
            answer_seconds=ANSWER_SECONDS,
        )
        books = Books(
            ledger=cast("LedgerStore", MortalLedger(ledger, self._fate)),
            payments=cast("PaymentStore", MortalPayments(payments, self._fate)),
            now_ms=now_ms,
        )
        self._delivery = Delivery(
            graph=MortalGraph(graph, self._fate), books=books, clicks=InMemoryClickStore(), jitter=self._dice.random
        )

    def run(self, batch: list[Received], queue: SimulatedSqs) -> None:
        """Deliver a batch, unless killed over it: then its messages come again when their visibility time-out is over."""
        self._fate.point, self._fate.passes = None, 0
        if self._dice.random() < KILLED_SHARE:
            self._fate.point = POINTS[(self._seed + self.killed.total()) % len(POINTS)]
            if self._fate.point in (CrashPoint.CLAIMING, CrashPoint.SETTLING, CrashPoint.TELLING):
                self._fate.passes = self._dice.randrange(len(batch))
        messages = [QueueMessage(message_id=each.message_id, body=each.body, receive_count=each.receive_count) for each in batch]
        try:  # a sender that lives on has not come by its crash point: it meets it another time
            report = self._delivery.deliver(messages, self._time())
            self._fate.meet(CrashPoint.TOLD)
        except SenderKilled as killed:
            self.killed[killed.args[0]] += 1
            return
        self.outcomes += report.counts
        again = report.again_after_seconds
        queue.postpone({each.receipt: seconds for each in batch if (seconds := again.get(each.message_id)) is not None})
        for each in batch:
            if each.message_id not in again:
                queue.delete(each.receipt)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _time(self) -> Callable[[], bool]:
        """Return whether the run has time left: now and then it ends after a request or two."""
        requests_left = self._dice.randrange(3) if self._dice.random() < SHORT_OF_TIME_SHARE else 1_000

        def has_time() -> bool:
            nonlocal requests_left
            requests_left -= 1
            return requests_left >= 0

        return has_time
