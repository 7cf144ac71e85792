"""The outbox: what changed in the records becomes events for Meta, once, on the queue.

A new click is a PageView, a person newly linked to a click a ViewContent, a charge an InitiateCheckout, and a ledger row that
comes to be queued the Purchase that it carries; each for every pixel of its funnel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rastro.errors import InvalidInput, StoreUnavailable
from rastro.meta import event as meta_event
from rastro.model import (
    Attribution,
    BotUser,
    Click,
    Confidence,
    ConversionEvent,
    Funnel,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentStatus,
)
from rastro.observability import logger
from rastro.stores.images import Change
from rastro.stores.items import bot_user_of, click_of, ledger_row_of, payment_of
from rastro.stores.ports import ClickStore, EventQueue, FunnelStore
from rastro.stores.wire import Item
from rastro.tracking.linking import Link, is_of, snapshot
from rastro.tracking.token import NO_CAMPAIGN, campaign_ref

_CAMPAIGNS_REMEMBERED = 10_000
"""How many campaigns a container knows to be stored; an attack that invents campaigns must not fill its memory."""


class Kind(StrEnum):
    """The tables whose changes make events."""

    CLICK = "click"
    BOT_USER = "bot_user"
    PAYMENT = "payment"
    LEDGER = "ledger"


News = Click | BotUser | Payment | LedgerRow
"""A record of whose change Meta is to hear."""


def news_of(kind: Kind, change: Change) -> News | None:
    """Return the record if this change is the one that makes its event, else ``None``.

    Raises ``InvalidInput`` for an image that is no record of its table.
    """
    if change.new is None:
        return None
    try:
        return _NEWS[kind](change.old, change.new)
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        raise InvalidInput(f"the image is no {kind} record") from exc


def _click(old: Item | None, new: Item) -> Click | None:
    return click_of(new) if old is None else None


def _linked_person(old: Item | None, new: Item) -> BotUser | None:
    """Return a person who opened the bot with a certain link that they had not opened it with before.

    A link made at the redirect counts from the next ``/start`` on: until then it may be somebody else who passed. A link that is
    lost for a while (a store did not answer) and found again is no news: its click stays on the record.
    """
    if new.get("link_confidence") != Confidence.CERTAIN.value or not _started_with_link(new):
        return None
    same = old is not None and old.get("tracking_session_id") == new["tracking_session_id"] and _started_with_link(old)
    if old is not None and same and old.get("link_confidence") != Confidence.PROBABLE.value:
        return None
    return bot_user_of(new)


def _started_with_link(item: Item) -> bool:
    """Say whether the person opened the bot since they have the link that they have."""
    if not {"tracking_session_id", "last_start_at_ms", "linked_at_ms"} <= item.keys():
        return False
    return int(item["last_start_at_ms"]) >= int(item["linked_at_ms"])


def _charge(old: Item | None, new: Item) -> Payment | None:
    pending = PaymentStatus.PENDING.value
    return payment_of(new) if new["status"] == pending and (old is None or old.get("status") != pending) else None


def _queued_row(old: Item | None, new: Item) -> LedgerRow | None:
    """Return a row that waits to be sent and is in no message yet.

    A row that its sender gave back is: the message that brought it comes again. One that is asked for again (``requeued_at_ms``)
    may also stand as ``sending``, by a sender that died.
    """
    status = new["status"]
    asked_again = "requeued_at_ms" in new and (old or {}).get("requeued_at_ms") != new["requeued_at_ms"]
    waits = old is None or old.get("status") in (LedgerStatus.HELD.value, LedgerStatus.PARKED.value)
    if (status == LedgerStatus.QUEUED.value and (waits or asked_again)) or (status == LedgerStatus.SENDING.value and asked_again):
        return ledger_row_of(new)
    return None


_NEWS: Mapping[Kind, Callable[[Item | None, Item], News | None]] = {
    Kind.CLICK: _click,
    Kind.BOT_USER: _linked_person,
    Kind.PAYMENT: _charge,
    Kind.LEDGER: _queued_row,
}


def events_of(news: Click | BotUser | Payment, funnel: Funnel | None, click: Click | None, now_ms: int) -> list[ConversionEvent]:
    """Return the events that a record makes, one for each pixel of its funnel.

    ``click`` is the one that a person is linked to, if it is still known.
    """
    pixels = funnel.pixels if funnel else ()
    if isinstance(news, Click):
        return [meta_event.page_view(news, pixel, now_ms=now_ms) for pixel in pixels]
    if isinstance(news, Payment):
        return [meta_event.initiate_checkout(news, pixel, now_ms=now_ms) for pixel in pixels]
    if funnel is None or news.tracking_session_id is None:
        return []
    attribution, token = attribution_of(news, click), news.tracking_session_id
    return [meta_event.view_content(news, attribution, token, funnel, pixel, now_ms=now_ms) for pixel in pixels]


def attribution_of(bot_user: BotUser, click: Click | None) -> Attribution:
    """Return what a person's link says of them: of a click that is not known to be theirs, no browser data."""
    personal = click is not None and is_of(click, bot_user)
    return snapshot(Link(source=bot_user.link_source, confidence=bot_user.link_confidence, click=click, personal=personal))


@dataclass(slots=True)
class Relayed:
    """What became of a batch of changes."""

    first_failed: int | None = None
    """The place of the first change that has to come again, and with it all after it."""
    unreadable: bool = False
    """Whether it failed for what it is, so that no repetition mends it."""
    counts: Counter[str] = field(default_factory=Counter)


class Outbox:
    """Turns changes into events on the queue, in their order."""

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind],
        funnels: FunnelStore,
        clicks: ClickStore,
        queue: EventQueue,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the tables' names with what they hold, the stores, the queue and the clock."""
        self._kinds = kinds
        self._funnels = funnels
        self._clicks = clicks
        self._queue = queue
        self._now_ms = now_ms
        self._campaigns: set[str] = set()

    def relay(self, changes: Sequence[Change]) -> Relayed:
        """Queue the events of the changes up to the first that fails, and say which that is.

        What comes after a failed change is not queued: the stream brings it again, and it would go out twice.
        """
        relayed = Relayed()
        made: list[tuple[int, ConversionEvent]] = []
        for place, change in enumerate(changes):
            try:
                made += [(place, event) for event in self._events(change, relayed.counts)]
            except InvalidInput as exc:
                logger.error("image_unreadable", table=change.table, sequence_number=change.sequence_number, reason=str(exc))
                relayed.counts["image_unreadable"] += 1
                relayed.first_failed, relayed.unreadable = place, True
                break
            except StoreUnavailable:
                logger.exception("outbox_store_unavailable", table=change.table)
                relayed.first_failed = place
                break
        refused = {event.key for event in self._queue.send([event for _, event in made])} if made else set()
        for place, event in made:
            if event.key not in refused:
                relayed.counts[f"queued_{event.event_name}"] += 1
            elif relayed.first_failed is None or place < relayed.first_failed:
                relayed.first_failed, relayed.unreadable = place, False
        relayed.counts["event_not_queued"] += len(refused)
        return relayed

    def _events(self, change: Change, counts: Counter[str]) -> list[ConversionEvent]:
        kind = self._kinds.get(change.table)
        if kind is None:
            raise InvalidInput("the change is of a table that makes no events")
        news = news_of(kind, change)
        if news is None:
            return []
        if isinstance(news, LedgerRow):
            return [news.event]
        now_ms = self._now_ms()
        if isinstance(news, Click):
            self._remember_campaign(news)
        if isinstance(news, Click | Payment):
            for name in meta_event.dropped_fields(news, now_ms=now_ms):
                counts[f"dropped_{name}"] += 1
        funnel = self._funnels.get(news.slug) if news.slug else None
        events = events_of(news, funnel, self._click_of(news), now_ms)
        matchable = [event for event in events if meta_event.is_matchable(event)]
        counts["unmatchable"] += len(events) - len(matchable)
        return matchable

    def _click_of(self, news: Click | BotUser | Payment) -> Click | None:
        if not isinstance(news, BotUser) or news.tracking_session_id is None:
            return None
        return self._clicks.get(news.tracking_session_id)

    def _remember_campaign(self, click: Click) -> None:
        """Keep the names behind the campaign's short id; the next click of the campaign makes good what a store refuses."""
        ref = campaign_ref(click.campaign)
        if ref == NO_CAMPAIGN or ref in self._campaigns:
            return
        try:
            self._funnels.remember_campaign(ref, click.campaign, seen_at_ms=click.clicked_at_ms)
        except StoreUnavailable:
            logger.warning("campaign_not_remembered", campaign_ref=ref)
            return
        if len(self._campaigns) >= _CAMPAIGNS_REMEMBERED:
            self._campaigns.clear()
        self._campaigns.add(ref)
