"""Clicks in two tiers: a cache that may fail at any time without harm, and the record."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from rastro.errors import StoreUnavailable
from rastro.model import Click, Slug, TrackingToken, VisitorId
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.clicks_redis import RedisClickCache, connect
from rastro.stores.dynamodb import Table
from rastro.stores.ports import ClickStore

_T = TypeVar("_T")


class ClickCache(Protocol):
    """What the tiers ask of a cache; everything may raise ``StoreUnavailable``."""

    def put(self, click: Click) -> bool:
        """Keep a new click for a while, as the newest of its fbclid and its browser; say whether the fbclid was here before."""

    def keep(self, click: Click, *, fbclid: bool = False, visitor: bool = False) -> None:
        """Keep a click that was read from the record, and what it is the newest of; what is here already stays."""

    def get(self, token: TrackingToken) -> Click | None:
        """Return a click if it is still here."""

    def newest_by_fbclid(self, fbclid: str) -> Click | None:
        """Return the newest click with an fbclid if it is still here."""

    def newest_by_visitor(self, visitor_id: VisitorId) -> Click | None:
        """Return the newest click of a browser that came by an ad, if it is still here: another may hide one in the record."""

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        """Return the one click on a funnel since then that nobody came with, ``None`` for none or several."""

    def claimed(self, click: Click) -> None:
        """Note that somebody came with a click: forget it as it was."""

    def forget(self, token: TrackingToken) -> None:
        """Forget a click that was changed in the record."""


class ClickRecord(ClickStore, Protocol):
    """What the tiers ask of the record."""

    def begin_put(self, click: Click) -> Callable[[], bool]:
        """Send a click to be stored, and return how to wait for it; what fails, fails there."""


class TieredClickStore:
    """Reads from the cache, then from the record; writes to both, and only the record's failure counts.

    A cache that fails just when a click is claimed keeps the copy without the claim until its time is over, and one that was away
    when a click was put does not name it the newest: what is read from it can be that much behind the record.
    """

    def __init__(
        self, cache: ClickCache | None, record: ClickRecord, *, on_cache_error: Callable[[StoreUnavailable], None]
    ) -> None:
        """Take both tiers (``None`` where there is no cache) and whom to tell of a cache that fails."""
        self._cache = cache
        self._record = record
        self._on_cache_error = on_cache_error

    def put(self, click: Click) -> bool:
        """Store a click in both tiers at once: the cache is written while the record is on its way.

        So both are waited for as long as the slower one takes, and a record that refuses still leaves a trail in the cache.
        """
        recorded = self._record.begin_put(click)
        seen = self._tried(lambda cache: cache.put(click))
        maybe = recorded()
        return maybe if seen is None else seen

    def get(self, token: TrackingToken) -> Click | None:
        """Return the click of a start token, and keep it in the cache if it was not there."""
        return self._tried(lambda cache: cache.get(token)) or self._kept(self._record.get(token))

    def newest_by_fbclid(self, fbclid: str, *, until_ms: int | None = None) -> Click | None:
        """Return the newest click with an fbclid; the cache knows only the latest of all, the record those of any moment."""
        if until_ms is not None:
            return self._record.newest_by_fbclid(fbclid, until_ms=until_ms)
        found = self._tried(lambda cache: cache.newest_by_fbclid(fbclid))
        return found or self._kept(self._record.newest_by_fbclid(fbclid), fbclid=True)

    def newest_by_visitor(self, visitor_id: VisitorId, slugs: Collection[Slug]) -> Click | None:
        """Return the newest click of a browser on these funnels; the cache knows only the newest of all."""
        found = self._tried(lambda cache: cache.newest_by_visitor(visitor_id))
        if found is not None and found.slug in slugs:
            return found
        return self._kept(self._record.newest_by_visitor(visitor_id, slugs), visitor=True)

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        """Return the one unclaimed click of the last minutes; only the cache knows, so without it there is none."""
        return self._tried(lambda cache: cache.only_recent(slug, since_ms))

    def claim(self, click: Click, bot_user_key: str) -> None:
        """Note on the record who came with a click."""
        self._record.claim(click, bot_user_key)
        self._tried(lambda cache: cache.claimed(click))

    def add_browser_ids(self, token: TrackingToken, *, fbp: str | None, fbc: str | None) -> None:
        """Add ``fbp`` and ``fbc`` to the record."""
        self._record.add_browser_ids(token, fbp=fbp, fbc=fbc)
        self._tried(lambda cache: cache.forget(token))

    def _kept(self, click: Click | None, *, fbclid: bool = False, visitor: bool = False) -> Click | None:
        if click is not None:
            self._tried(lambda cache: cache.keep(click, fbclid=fbclid, visitor=visitor))
        return click

    def _tried(self, ask: Callable[[ClickCache], _T | None]) -> _T | None:
        if self._cache is None:
            return None
        try:
            return ask(self._cache)
        except StoreUnavailable as exc:
            self._on_cache_error(exc)
            return None


def open_click_store(
    table: Table,
    *,
    redis_url: str,
    redis_cluster: bool,
    ttl_seconds: int,
    now_ms: Callable[[], int],
    on_cache_error: Callable[[StoreUnavailable], None],
) -> TieredClickStore:
    """Return the click store over a table, with the cache at ``redis_url`` in front (none where it is empty)."""
    cache = None
    if redis_url:
        cache = RedisClickCache(lambda: connect(redis_url, cluster=redis_cluster), ttl_seconds=ttl_seconds, now_ms=now_ms)
    return TieredClickStore(cache, DynamoClickStore(table), on_cache_error=on_cache_error)
