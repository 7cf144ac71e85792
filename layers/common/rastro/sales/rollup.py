"""The rollup: who was seen at the door and in the bots, hour by hour, so that a report of a month reads no click.

Streams bring a change at least once and in batches that may be cut anew each time. So nothing is counted when it comes: of each
person a mark is kept, and marks are counted when they are read, each once. Hours that have been over for a day are counted for
good.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import InvalidInput
from rastro.figures import HOUR_MS, Group, Hour, Seen, campaign_name, hour_begins_ms, hour_of
from rastro.model import BotUser, Click, Confidence, LinkSource, Slug
from rastro.observability import logger
from rastro.stores.images import Change
from rastro.stores.items import bot_user_of, click_of
from rastro.stores.ports import ClickStore, FunnelStore, RollupStore
from rastro.stores.wire import Item
from rastro.tracking.linking import is_of
from rastro.tracking.traffic import client_of

CLOSED_AFTER_MS = 25 * HOUR_MS
"""How long after its begin an hour is counted for good, at the earliest: a stream keeps a change for a day."""
LOOK_BACK_HOURS = 14 * 24
"""How far back hours are looked for that nobody has counted yet."""
CLOSED_AT_ONCE = 6
CLOSE_EVERY_MS = 60_000
_READERS = 8
_MARK_BYTES = 8
_CERTAINTY = (Confidence.CERTAIN.value, Confidence.PROBABLE.value, Confidence.NONE.value)
_SOURCES = tuple(source.value for source in LinkSource)


class Table(StrEnum):
    """The tables whose changes tell of people."""

    CLICK = "click"
    BOT_USER = "bot_user"


@dataclass(frozen=True, slots=True)
class _Sighting:
    hour: Hour
    group: Group
    mark: str


class Rollup:
    """Keeps who was seen, and closes hours; every method may raise ``StoreUnavailable``."""

    def __init__(
        self,
        *,
        tables: Mapping[str, Table],
        funnels: FunnelStore,
        clicks: ClickStore,
        rollup: RollupStore,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the tables' names with what they hold, the stores and the clock."""
        self._tables = tables
        self._funnels = funnels
        self._clicks = clicks
        self._rollup = rollup
        self._now_ms = now_ms
        self._known_closed: set[Hour] = set()
        self._looked_at_ms = 0

    def take(self, changes: Iterable[Change]) -> Counter[str]:
        """Keep the marks of the people that changes tell of, and count what was kept and what could not be read."""
        counts: Counter[str] = Counter()
        by_hour: dict[Hour, dict[Group, set[str]]] = {}
        for change in changes:
            try:
                sighting = self._sighting(change)
            except InvalidInput as exc:
                # What makes no sense here made none to the outbox, which reads the same change and keeps it.
                logger.error("image_unreadable", table=change.table, sequence_number=change.sequence_number, reason=str(exc))
                counts["image_unreadable"] += 1
                continue
            if sighting is not None:
                by_hour.setdefault(sighting.hour, {}).setdefault(sighting.group, set()).add(sighting.mark)
                counts[f"seen_{sighting.group.seen}"] += 1
        for hour, seen in by_hour.items():
            self._rollup.add(hour, seen)
            if hour_begins_ms(hour) + CLOSED_AFTER_MS <= self._now_ms():
                self._rollup.reopen(hour)
                self._known_closed.discard(hour)
        return counts

    def close_hours(self) -> int:
        """Count hours that have been over for a day, a few a minute, newest first, and say how many."""
        now_ms = self._now_ms()
        if now_ms < self._looked_at_ms + CLOSE_EVERY_MS:
            return 0
        self._looked_at_ms = now_ms
        newest_ms = now_ms // HOUR_MS * HOUR_MS - CLOSED_AFTER_MS
        hours = [hour_of(newest_ms - number * HOUR_MS) for number in range(LOOK_BACK_HOURS)]
        unknown = [hour for hour in hours if hour not in self._known_closed]
        self._known_closed = {hour for hour in hours if hour in self._known_closed}
        self._known_closed |= {hour for hour, _ in self._rollup.counts(unknown)} if unknown else set()
        open_ = [hour for hour in unknown if hour not in self._known_closed][:CLOSED_AT_ONCE]
        for hour in open_:
            self._rollup.close(hour, counted(self._rollup.seen(hour)))
            self._known_closed.add(hour)
        return len(open_)

    def _sighting(self, change: Change) -> _Sighting | None:
        table = self._tables.get(change.table)
        if table is None:
            raise InvalidInput("the change is of a table that tells of no people")
        if change.new is None:
            return None
        try:
            return self._click(change.old, change.new) if table is Table.CLICK else self._start(change.old, change.new)
        except (KeyError, ValueError, TypeError, AttributeError) as exc:
            raise InvalidInput(f"the image is no {table} record") from exc

    def _click(self, old: Item | None, new: Item) -> _Sighting | None:
        if old is not None:
            return None
        click = click_of(new)
        group = self._known(Group(seen=Seen.CLICK, slug=click.slug, bot_id=click.bot_id or ""), click, personal=True)
        return None if group is None else _Sighting(hour_of(click.clicked_at_ms), group, mark_of(click.tracking_token))

    def _start(self, old: Item | None, new: Item) -> _Sighting | None:
        bot_user = bot_user_of(new)
        started_at_ms = bot_user.last_start_at_ms
        if started_at_ms is None or (old or {}).get("last_start_at_ms") == started_at_ms:
            return None
        group = Group(
            seen=Seen.START,
            slug=bot_user.slug or "",
            bot_id=bot_user.bot_id,
            link_source=bot_user.link_source.value,
            link_confidence=bot_user.link_confidence.value,
        )
        click = self._click_of(bot_user)
        known = self._known(group, click, personal=click is not None and is_of(click, bot_user))
        # Chat ids are few enough to try them all; the moment of the first meeting is not, and goes when the person is erased.
        mark = mark_of(f"{bot_user.key}#{bot_user.created_at_ms}")
        return None if known is None else _Sighting(hour_of(started_at_ms), known, mark)

    def _click_of(self, bot_user: BotUser) -> Click | None:
        if bot_user.link_confidence is Confidence.NONE or bot_user.tracking_session_id is None:
            return None
        return self._clicks.get(bot_user.tracking_session_id)

    def _known(self, group: Group, click: Click | None, *, personal: bool) -> Group | None:
        """Return a group with what its funnel and its click say, ``None`` where it is of a funnel that does not exist."""
        funnel = self._funnels.get(Slug(group.slug)) if group.slug else None
        if group.slug and funnel is None:
            return None
        return replace(
            group,
            provider=funnel.provider if funnel else "",
            client=client_of(click.click_user_agent) if click and personal else "",
            campaign=campaign_name(click.campaign) if click else "",
        )


def mark_of(identity: str) -> str:
    """Return the mark of somebody: the same for the same, and nothing that leads back to them."""
    digest = hashlib.blake2b(identity.encode(), digest_size=_MARK_BYTES).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def counted(pieces: Iterable[Mapping[Group, Sequence[str]]]) -> Counter[Group]:
    """Return how many were seen in an hour: each mark once, a person in the bot with the best link that they had."""
    group_of: dict[tuple[Seen, str], Group] = {}
    for piece in pieces:
        for group, marks in piece.items():
            for mark in marks:
                key = (group.seen, mark)
                known = group_of.get(key)
                if known is None or (known is not group and _standing(group) < _standing(known)):
                    group_of[key] = group
    return Counter(group_of.values())


def hourly(rollup: RollupStore, hours: Sequence[Hour]) -> Iterator[tuple[Hour, Mapping[Group, int]]]:
    """Yield how many were seen in each of these hours, in no order: as it was counted when they were closed, else counted now."""
    open_ = set(hours)
    for hour, counts in rollup.counts(hours):
        open_.discard(hour)
        yield hour, counts
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = sorted(open_)
        yield from zip(waiting, pool.map(lambda hour: counted(rollup.seen(hour)), waiting), strict=True)


def _standing(group: Group) -> tuple[int, int, Group]:
    """Return what decides between two groups of one mark, the better one first; the last is there so that one always wins."""
    certainty = _CERTAINTY.index(group.link_confidence) if group.link_confidence in _CERTAINTY else len(_CERTAINTY)
    source = _SOURCES.index(group.link_source) if group.link_source in _SOURCES else len(_SOURCES)
    return certainty, source, group
