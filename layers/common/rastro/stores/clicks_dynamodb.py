"""Clicks in DynamoDB, the record."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rastro.errors import Conflict
from rastro.model import Click, Slug, TrackingToken, VisitorId
from rastro.stores import keys
from rastro.stores.dynamodb import Condition, Table
from rastro.stores.items import click_item, click_of
from rastro.stores.wire import Item

VISITOR_CLICKS = 10
"""How many of a browser's clicks are looked through for one that came by an ad."""


class DynamoClickStore:
    """The click table."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def put(self, click: Click) -> bool:
        """Store a click; one that is there already stays as it is, with what was added to it since.

        Whether its fbclid was seen before is not looked up: it may have been.
        """
        return self.begin_put(click)()

    def begin_put(self, click: Click) -> Callable[[], bool]:
        """Send a click to be stored, and return how to wait for it, with what ``put`` returns and raises."""
        item = click_item(click)
        item["expires_at"] = keys.expires_at(click.clicked_at_ms, keys.CLICK_LIFETIME_MS)
        if click.fbclid is not None:
            shard = keys.shard_of(click.tracking_token, keys.FBCLID_SHARDS)
            item["fbclid_key"] = keys.fbclid_key(click.fbclid, shard)
        written = self._table.begin_put(item, Condition("attribute_not_exists(tracking_token)", {}, {}))

        def wait() -> bool:
            try:
                written()
            except Conflict:
                return True
            return click.fbclid is not None

        return wait

    def get(self, token: TrackingToken) -> Click | None:
        """Return the click of a start token."""
        item = self._table.get({"tracking_token": token})
        return click_of(item) if item else None

    def newest_by_fbclid(self, fbclid: str, *, until_ms: int | None = None) -> Click | None:
        """Return the newest click with this fbclid, over all shards of the index."""
        until = None if until_ms is None else ("clicked_at_ms", until_ms)
        found = [
            entry
            for key in keys.fbclid_keys(fbclid)
            for entry in self._table.query("by_fbclid", "fbclid_key", key, sort_before=until, newest_first=True, limit=1)
        ]
        return self._whole(max(found, key=_clicked_at_ms, default=None))

    def newest_by_visitor(self, visitor_id: VisitorId, slugs: Collection[Slug]) -> Click | None:
        """Return the newest click of a browser on these funnels that came by an ad, of its last ones, else its newest."""
        newest: Click | None = None
        for entry in self._table.query("by_visitor", "visitor_id", visitor_id, newest_first=True, limit=VISITOR_CLICKS):
            click = self._whole(entry)
            if click is None or click.slug not in slugs:
                continue
            if click.from_ad:
                return click
            newest = newest or click
        return newest

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:  # noqa: ARG002 - the port's
        """Return ``None``: an index of a funnel's last clicks would turn hot, so the record keeps none."""
        return None

    def claim(self, click: Click, bot_user_key: str) -> None:
        """Note who came with a click, unless somebody did before or it is not there."""
        self._update(
            click.tracking_token,
            "SET claimed_by = :claimed_by",
            {":claimed_by": bot_user_key},
            "attribute_exists(tracking_token) AND attribute_not_exists(claimed_by)",
        )

    def add_browser_ids(self, token: TrackingToken, *, fbp: str | None, fbc: str | None) -> None:
        """Add ``fbp`` and ``fbc`` where the click has none."""
        for name, value in (("fbp", fbp), ("fbc", fbc)):
            if value is not None:
                condition = f"attribute_exists(tracking_token) AND attribute_not_exists({name})"
                self._update(token, f"SET {name} = :value", {":value": value}, condition)

    def _update(self, token: TrackingToken, expression: str, values: dict[str, str], condition: str) -> None:
        try:
            self._table.update({"tracking_token": token}, expression, names={}, values=values, condition=condition)
        except Conflict:
            return

    def _whole(self, entry: Item | None) -> Click | None:
        """Return the click behind an index entry, which holds keys only."""
        return self.get(TrackingToken(entry["tracking_token"])) if entry else None


def _clicked_at_ms(entry: Item) -> int:
    return int(entry["clicked_at_ms"])
