"""Delivering the queue to Meta: batches a pixel, the bad event found by halving, and what could not go reported for later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from rastro.errors import Conflict, InvalidInput, SecretMissing, StoreUnavailable
from rastro.meta.answer import Action, GraphAnswer, TransportFailure, Verdict, judge
from rastro.meta.bookkeeping import Books, Claim, Standing
from rastro.model import Click, ConversionEvent, EventName, PixelId
from rastro.observability import logger
from rastro.stores.messages import parse_message
from rastro.stores.ports import ClickStore

BATCH_EVENTS = 1_000
"""What Graph takes in one request (https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api)."""
STUBBORN_RECEIVES = 6
"""From this receive on an event is sent alone: whatever keeps failing with it no longer keeps its neighbours."""
FAILURES_IN_A_ROW = 3
"""After so many requests without a proper answer a pixel is left alone until the next run."""
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 900
_VISIBILITY_MAX_SECONDS = 43_200
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""

_T = TypeVar("_T")
_R = TypeVar("_R")


class Graph(Protocol):
    """The Graph API."""

    def send(
        self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None
    ) -> GraphAnswer | TransportFailure:
        """Send events to a pixel; raises ``SecretMissing`` or ``StoreUnavailable`` when its token cannot be had."""


class InParallel(Protocol):
    """``map``, or an executor's: does a work on every item and yields the results in their order."""

    def __call__(self, work: Callable[[_T], _R], items: Iterable[_T], /) -> Iterable[_R]:
        """Return the results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """A message as the queue gave it."""

    message_id: str
    body: str
    receive_count: int = 1


@dataclass(slots=True)
class Report:
    """What became of the messages: those to be given again with their wait, and the outcomes counted."""

    again_after_seconds: dict[str, int | None] = field(default_factory=dict)
    """By message id; ``None`` leaves the wait to the queue. A message that is not here is done."""
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An event with the messages that brought it (the queue may bring it twice), and its place in the books."""

    claim: Claim
    messages: tuple[QueueMessage, ...]

    @property
    def receive_count(self) -> int:
        return self.messages[0].receive_count if len(self.messages) == 1 else max(each.receive_count for each in self.messages)


def backoff_seconds(receive_count: int, jitter: float) -> int:
    """Return the wait before the next try: doubling from 5 s to 15 min, half of it by chance (``jitter`` in 0..1)."""
    full = min(FIRST_RETRY_SECONDS << min(receive_count - 1, 20), LONGEST_RETRY_SECONDS)
    return round(full / 2 + jitter * full / 2)


class Delivery:
    """The sender's use case."""

    def __init__(
        self,
        *,
        graph: Graph,
        books: Books,
        clicks: ClickStore,
        jitter: Callable[[], float],
        in_parallel: InParallel = map,
    ) -> None:
        """Take the Graph, the books, where lost clicks go, chance, and a way to do many small store calls at once."""
        self._graph = graph
        self._books = books
        self._clicks = clicks
        self._jitter = jitter
        self._in_parallel = in_parallel

    def deliver(self, messages: Sequence[QueueMessage], has_time: Callable[[], bool]) -> Report:
        """Deliver what the messages carry, as far as there is time."""
        report = Report()
        items = self._take(self._read(messages, report), report)
        for (pixel_id, test_event_code), group in _by_pixel(items).items():
            if test_event_code:
                logger.warning("test_event_code_on", pixel_id=pixel_id, events=len(group))
                report.counts["sent_as_test"] += len(group)
            self._deliver_to(pixel_id, test_event_code, group, has_time, report)
        return report

    def _read(self, messages: Sequence[QueueMessage], report: Report) -> list[tuple[ConversionEvent, tuple[QueueMessage, ...]]]:
        """Return the events, each once, with their messages; restore the clicks; what is neither goes to the dead letters."""
        events: dict[str, ConversionEvent] = {}
        carriers: dict[str, tuple[QueueMessage, ...]] = {}
        for message in messages:
            try:
                content = parse_message(message.body)
                if isinstance(content, Click):
                    self._clicks.put(content)
                    report.counts["click_restored"] += 1
                    continue
            except InvalidInput:
                logger.error("message_unreadable", message_id=message.message_id)
                self._again(report, [message], None, "message_unreadable")
                continue
            except StoreUnavailable:
                self._again(report, [message], None, "click_not_restored")
                continue
            events.setdefault(content.key, content)
            carriers[content.key] = (*carriers.get(content.key, ()), message)
        return [(event, carriers[key]) for key, event in events.items()]

    def _take(self, read: Sequence[tuple[ConversionEvent, tuple[QueueMessage, ...]]], report: Report) -> list[_Item]:
        """Return the events that are to be sent now."""
        to_send: list[_Item] = []
        over: list[_Item] = []
        for (event, messages), claim in zip(read, self._in_parallel(self._claimed, [event for event, _ in read]), strict=True):
            if claim is None:
                self._again(report, messages, None, "ledger_unavailable")
                continue
            match claim.standing:
                case Standing.SEND:
                    to_send.append(_Item(claim=claim, messages=messages))
                case Standing.DONE | Standing.EXPIRED:
                    over.append(_Item(claim=claim, messages=messages))
                    report.counts["already_settled" if claim.standing is Standing.DONE else "expired"] += 1
                case Standing.TAKEN:
                    self._again(report, messages, claim.wait_ms // 1000 + FIRST_RETRY_SECONDS, "taken_by_another")
                case Standing.UNKNOWN:
                    logger.error("purchase_without_ledger_row", pixel_id=event.pixel_id, event_id=event.event_id)
                    self._again(report, messages, None, "purchase_without_ledger_row")
        self._tell_payments(over, report)
        return to_send

    def _claimed(self, event: ConversionEvent) -> Claim | None:
        try:
            return self._books.take(event)
        except StoreUnavailable:
            return None

    def _deliver_to(
        self,
        pixel_id: PixelId,
        test_event_code: str | None,
        items: Sequence[_Item],
        has_time: Callable[[], bool],
        report: Report,
    ) -> None:
        """Send a pixel's events batch by batch, halving the refused ones, until done or until the pixel is better left alone."""
        waiting = _batches(items)[::-1]
        failures = 0
        while waiting:
            batch = waiting.pop()
            if not has_time():
                self._settle(pixel_id, [*batch, *_flat(waiting)], Verdict(action=Action.RETRY), report)
                return
            verdict = self._send(pixel_id, test_event_code, batch)
            if verdict.action is Action.SPLIT:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
                continue
            self._settle(pixel_id, batch, verdict, report)
            failures = failures + 1 if verdict.action is Action.RETRY else 0
            rest = _verdict_on_the_rest(verdict, failures)
            if rest is not None:
                self._settle(pixel_id, _flat(waiting), rest, report)
                return

    def _send(self, pixel_id: PixelId, test_event_code: str | None, batch: Sequence[_Item]) -> Verdict:
        payloads = [item.claim.event.payload for item in batch]
        try:
            verdict = judge(self._graph.send(pixel_id, payloads, test_event_code), len(batch))
        except SecretMissing:
            logger.error("pixel_token_missing", pixel_id=pixel_id)
            verdict = Verdict(action=Action.PARK)
        except StoreUnavailable:
            verdict = Verdict(action=Action.RETRY)
        if verdict.action not in (Action.ACCEPT, Action.SPLIT):
            logger.warning(
                "events_not_accepted",
                pixel_id=pixel_id,
                events=len(batch),
                event_id=batch[0].claim.event.event_id if len(batch) == 1 else None,
                action=verdict.action,
                doubtful=verdict.doubtful,
                code=verdict.code,
                subcode=verdict.subcode,
                fbtrace_id=verdict.fbtrace_id,
            )
        return verdict

    def _settle(self, pixel_id: PixelId, items: Sequence[_Item], verdict: Verdict, report: Report) -> None:
        """Write the verdict into the books and the report."""

        def settled(item: _Item) -> bool:
            try:
                self._books.settle(item.claim, verdict)
            except StoreUnavailable:
                return False
            return True

        written: list[_Item] = []
        for item, is_written in zip(items, self._in_parallel(settled, items), strict=True):
            if is_written:
                written.append(item)
            else:
                logger.error("outcome_not_written", pixel_id=pixel_id, event_id=item.claim.event.event_id, action=verdict.action)
            if verdict.action in (Action.RETRY, Action.RETRY_SLOWLY):
                self._again(report, item.messages, self._wait_seconds(item, verdict), verdict.action.value)
            elif is_written:
                report.counts[verdict.action.value] += 1
            else:
                self._again(report, item.messages, None, "outcome_not_written")
        if verdict.action not in (Action.RETRY, Action.RETRY_SLOWLY):
            self._tell_payments(written, report)

    def _wait_seconds(self, item: _Item, verdict: Verdict) -> int:
        backoff = backoff_seconds(item.receive_count, self._jitter())
        return min(verdict.wait_seconds + backoff, _VISIBILITY_MAX_SECONDS)

    def _tell_payments(self, items: Sequence[_Item], report: Report) -> None:
        """Let the payments know; one that could not be told has its message come again, which finds its row settled."""
        purchases = [item for item in items if item.claim.event.event_name is EventName.PURCHASE]
        for item, is_told in zip(purchases, self._in_parallel(self._told, purchases), strict=True):
            if not is_told:
                self._again(report, item.messages, None, "payment_not_told")

    def _told(self, item: _Item) -> bool:
        payment_id = item.claim.event.payment_id
        if payment_id is None:
            return True
        try:
            self._books.tell_payment(payment_id)
        except (StoreUnavailable, Conflict):
            return False
        return True

    def _again(self, report: Report, messages: Iterable[QueueMessage], seconds: int | None, outcome: str) -> None:
        for message in messages:
            report.again_after_seconds[message.message_id] = seconds
            report.counts[outcome] += 1


def _verdict_on_the_rest(verdict: Verdict, failures: int) -> Verdict | None:
    """Return what an answer means for the events that are still to be sent to the same pixel, ``None`` to go on sending."""
    match verdict.action:
        case Action.PARK | Action.RETRY_SLOWLY:
            return replace(verdict, doubtful=False)
        case Action.RETRY if failures >= FAILURES_IN_A_ROW:
            return Verdict(action=Action.RETRY)
        case Action.ACCEPT if verdict.wait_seconds:
            return Verdict(action=Action.RETRY_SLOWLY, wait_seconds=verdict.wait_seconds)
    return None


def _by_pixel(items: Sequence[_Item]) -> dict[tuple[PixelId, str | None], list[_Item]]:
    groups: dict[tuple[PixelId, str | None], list[_Item]] = {}
    for item in items:
        event = item.claim.event
        groups.setdefault((event.pixel_id, event.test_event_code), []).append(item)
    return groups


def _batches(items: Sequence[_Item]) -> list[list[_Item]]:
    """Return the batches to send: as large as Graph takes them, and after them the events that keep failing, each alone."""
    easy: list[_Item] = []
    alone: list[list[_Item]] = []
    for item in items:
        if item.receive_count < STUBBORN_RECEIVES:
            easy.append(item)
        else:
            alone.append([item])
    return [list(easy[start : start + BATCH_EVENTS]) for start in range(0, len(easy), BATCH_EVENTS)] + alone


def _flat(batches: Sequence[Sequence[_Item]]) -> list[_Item]:
    return [item for batch in batches for item in batch]
