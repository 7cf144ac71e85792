"""What came of the ads: people at the door and in the bots, sales, their links, and what Meta accepted of them.

People come from the rollup, hour by hour; money is never taken from it, but read from the payments and the ledger themselves. A
sale belongs to the day on which its charge was asked for, whenever it was paid.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from rastro.figures import HOUR_MS, Group, Hour, Reported, Sale, Seen, hour_begins_ms, hour_of
from rastro.meta.bookkeeping import purchase_state
from rastro.meta.event import purchase_id
from rastro.model import Confidence, EventName, PaymentId, PixelId, PurchaseState, Slug
from rastro.sales.rollup import hourly
from rastro.stores.ports import FunnelStore, RollupStore, SalesBook
from rastro.tracking.traffic import client_of

PROBABLE = Confidence.PROBABLE.value
"""Stands among the reasons for sales that were linked, but not for certain."""
NO_REASON = "unknown"


class Dimension(StrEnum):
    """What figures are told apart by."""

    CAMPAIGN = "campaign"
    FUNNEL = "funnel"
    BOT = "bot"
    PROVIDER = "provider"
    DAY = "day"
    CLIENT = "client"


class Step(StrEnum):
    """What a report reads, in this order."""

    PEOPLE = "people"
    SALES = "sales"


Place = tuple[str, ...]
"""A value a dimension, in the order in which they are asked for; what is not known is empty."""
OnProgress = Callable[[Step, int, int], None]
"""Is told how much of a step is done, of how much."""
_PLACES = tuple(Dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, the last included, in a time zone."""

    first: date
    last: date
    zone: tzinfo

    @property
    def begin_ms(self) -> int:
        """Return when it begins."""
        return _midnight_ms(self.first, self.zone)

    @property
    def end_ms(self) -> int:
        """Return when it is over."""
        return _midnight_ms(self.last + timedelta(days=1), self.zone)

    def day_of(self, at_ms: int) -> str:
        """Return the day of a moment."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone).date().isoformat()

    def days(self) -> list[str]:
        """Return its days."""
        return [(self.first + timedelta(days=number)).isoformat() for number in range((self.last - self.first).days + 1)]

    def utc_days(self) -> list[date]:
        """Return the days (UTC) that it touches."""
        first, last = (datetime.fromtimestamp(at_ms / 1000, UTC).date() for at_ms in (self.begin_ms, self.end_ms - 1))
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def hours(self) -> list[Hour]:
        """Return the hours that begin in it."""
        begin_ms = -(-self.begin_ms // HOUR_MS) * HOUR_MS
        return [hour_of(at_ms) for at_ms in range(begin_ms, self.end_ms, HOUR_MS)]


@dataclass(slots=True)
class Figures:
    """What is counted of one place, or of several together."""

    clicks: int = 0
    starts: int = 0
    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Starts by the provenance and the confidence of their link."""
    charges: int = 0
    paid: int = 0
    certain: int = 0
    """Paid sales with a certain link."""
    revenue_cents: int = 0
    refunded_cents: int = 0
    purchases: Counter[PurchaseState] = field(default_factory=Counter)
    """Paid sales by what became of their Purchase."""
    unlinked: Counter[str] = field(default_factory=Counter)
    """Paid sales without a certain link, by reason."""
    unlinked_cents: Counter[str] = field(default_factory=Counter)
    delays_ms: list[int] = field(default_factory=list)
    """Of each accepted sale, how long after it was paid the last of its pixels had it."""

    def add(self, other: Figures) -> None:
        """Add the figures of another place."""
        self.clicks += other.clicks
        self.starts += other.starts
        self.links.update(other.links)
        self.charges += other.charges
        self.paid += other.paid
        self.certain += other.certain
        self.revenue_cents += other.revenue_cents
        self.refunded_cents += other.refunded_cents
        self.purchases.update(other.purchases)
        self.unlinked.update(other.unlinked)
        self.unlinked_cents.update(other.unlinked_cents)
        self.delays_ms += other.delays_ms

    @property
    def accepted(self) -> int:
        """Return how many paid sales have been accepted by every pixel."""
        return self.purchases[PurchaseState.ACCEPTED]

    @property
    def linked_starts(self) -> int:
        """Return how many starts have a certain link."""
        return sum(count for (_, confidence), count in self.links.items() if confidence == Confidence.CERTAIN.value)

    @property
    def sources(self) -> Counter[str]:
        """Return starts by the provenance of their link."""
        sources: Counter[str] = Counter()
        for (source, _), count in self.links.items():
            sources[source] += count
        return sources

    @property
    def coverage(self) -> float | None:
        """Return the share of the paid sales that has a certain link."""
        return self.certain / self.paid if self.paid else None

    @property
    def median_delay_ms(self) -> int | None:
        """Return how long after they were paid sales were accepted, the median."""
        return round(statistics.median(self.delays_ms)) if self.delays_ms else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    place: Place
    figures: Figures


class Facts:
    """Everything that was counted of a period, to be looked at from any side."""

    def __init__(self, period: Period) -> None:
        """Begin without figures."""
        self.period = period
        self._places: dict[Place, Figures] = {}

    def add_people(self, day: str, group: Group, count: int) -> None:
        """Count people of one group."""
        figures = self._at(group.campaign, group.slug, group.bot_id, group.provider, day, group.client)
        if group.seen is Seen.CLICK:
            figures.clicks += count
        else:
            figures.starts += count
            figures.links[group.link_source, group.link_confidence] += count

    def add_sale(self, sale: Sale, reported: Collection[Reported]) -> None:
        """Count a sale with what became of its Purchase."""
        client = client_of(sale.user_agent) if sale.user_agent else ""
        day = self.period.day_of(sale.created_at_ms)
        figures = self._at(sale.campaign, sale.slug, sale.bot_id, sale.provider, day, client)
        figures.charges += sale.charged
        figures.refunded_cents += sale.refunded_cents
        if sale.paid_at_ms is None:
            return
        figures.paid += 1
        figures.revenue_cents += sale.revenue_cents
        if sale.link_confidence is Confidence.CERTAIN:
            figures.certain += 1
        else:
            reason = PROBABLE if sale.link_confidence is Confidence.PROBABLE else sale.reason or NO_REASON
            figures.unlinked[str(reason)] += 1
            figures.unlinked_cents[str(reason)] += sale.revenue_cents
        state = purchase_state([row.status for row in reported])
        figures.purchases[state] += 1
        accepted_at_ms = [row.accepted_at_ms for row in reported if row.accepted_at_ms is not None]
        if state is PurchaseState.ACCEPTED and accepted_at_ms:
            figures.delays_ms.append(max(accepted_at_ms) - sale.paid_at_ms)

    def only(self, wanted: Mapping[Dimension, Collection[str]]) -> Facts:
        """Return what was counted where every dimension that is named has one of these values."""
        kept = Facts(self.period)
        kept._places = {
            place: figures
            for place, figures in self._places.items()
            if all(place[_PLACES.index(dimension)] in values for dimension, values in wanted.items())
        }
        return kept

    def total(self) -> Figures:
        """Return everything together."""
        total = Figures()
        for figures in self._places.values():
            total.add(figures)
        return total

    def by(self, dimensions: Sequence[Dimension]) -> list[Row]:
        """Return a row for each place: days in their order, everything else by revenue, then by clicks."""
        indexes = [_PLACES.index(dimension) for dimension in dimensions]
        rows: dict[Place, Figures] = {}
        for place, figures in self._places.items():
            rows.setdefault(tuple(place[index] for index in indexes), Figures()).add(figures)
        weights = _weights(rows)

        def order(place: Place) -> list[tuple[int, int, str]]:
            return [
                (0, 0, place[level]) if dimension is Dimension.DAY else (*weights[place[: level + 1]], place[level])
                for level, dimension in enumerate(dimensions)
            ]

        return [Row(place, rows[place]) for place in sorted(rows, key=order)]

    def _at(self, *place: str) -> Figures:
        figures = self._places.get(place)
        if figures is None:
            figures = self._places[place] = Figures()
        return figures


class Reporter:
    """Reads what a report tells of; may raise ``StoreUnavailable``."""

    def __init__(self, *, rollup: RollupStore, book: SalesBook, funnels: FunnelStore) -> None:
        """Take the stores."""
        self._rollup = rollup
        self._book = book
        self._funnels = funnels

    def read(self, period: Period, on_progress: OnProgress) -> Facts:
        """Return everything that was counted of a period."""
        facts = Facts(period)
        hours = period.hours()
        for number, (hour, counts) in enumerate(hourly(self._rollup, hours), start=1):
            day = period.day_of(hour_begins_ms(hour))
            for group, count in counts.items():
                facts.add_people(day, group, count)
            on_progress(Step.PEOPLE, number, len(hours))
        days = period.utc_days()
        for number, utc_day in enumerate(days, start=1):
            for sale, reported in self._sales(period, utc_day):
                facts.add_sale(sale, reported)
            on_progress(Step.SALES, number, len(days))
        return facts

    def _sales(self, period: Period, utc_day: date) -> Iterator[tuple[Sale, Sequence[Reported]]]:
        begin_ms, end_ms = period.begin_ms, period.end_ms
        sales = [sale for sale in self._book.sales(utc_day) if begin_ms <= sale.created_at_ms < end_ms]
        pixels = {slug: self._pixels(slug) for slug in {sale.slug for sale in sales}}
        reported = self._book.reported(
            {sale.payment_id: _ledger_keys(sale.payment_id, pixels[sale.slug]) for sale in sales if sale.paid_at_ms is not None}
        )
        for sale in sales:
            yield sale, reported.get(sale.payment_id, ())

    def _pixels(self, slug: Slug) -> list[PixelId]:
        funnel = self._funnels.get(slug)
        return [pixel.pixel_id for pixel in funnel.pixels] if funnel else []


def _ledger_keys(payment_id: PaymentId, pixels: Sequence[PixelId]) -> list[str]:
    return [f"{pixel_id}#{EventName.PURCHASE}#{purchase_id(payment_id)}" for pixel_id in pixels]


def _weights(rows: Mapping[Place, Figures]) -> dict[Place, tuple[int, int]]:
    """Return of each place, and of what it is a part of, what it is ordered by: much money first, then many clicks."""
    weights: dict[Place, tuple[int, int]] = {}
    for place, figures in rows.items():
        for level in range(1, len(place) + 1):
            revenue, clicks = weights.get(place[:level], (0, 0))
            weights[place[:level]] = (revenue - figures.revenue_cents, clicks - figures.clicks)
    return weights


def _midnight_ms(day: date, zone: tzinfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1000
