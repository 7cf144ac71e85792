"""Bot users in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rastro.model import BotId, BotUser, ChatId, VisitorId
from rastro.stores import keys
from rastro.stores.dynamodb import Table, version_is
from rastro.stores.items import bot_user_item, bot_user_of
from rastro.stores.wire import Item

INDEX_LIMIT = 50
"""How many people of one fbclid or browser are looked at; more tell nothing about one person."""


class DynamoBotUserStore:
    """The bot user table."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def get(self, bot_id: BotId, chat_id: ChatId) -> BotUser | None:
        """Return a bot user."""
        item = self._table.get({"bot_id": bot_id, "chat_id": chat_id})
        return bot_user_of(item) if item else None

    def save(self, bot_user: BotUser) -> BotUser:
        """Write a bot user whole by its version."""
        saved = replace(bot_user, version=bot_user.version + 1)
        item = bot_user_item(saved)
        if saved.fbclid is not None:
            item["fbclid_key"] = keys.fbclid_key(saved.fbclid, keys.shard_of(saved.key, keys.FBCLID_SHARDS))
        self._table.put(item, version_is(bot_user.version))
        return saved

    def by_fbclid(self, fbclid: str) -> Sequence[BotUser]:
        """Return the people who came with this fbclid, over all shards of the index."""
        entries = [
            entry
            for key in keys.fbclid_keys(fbclid)
            for entry in self._table.query("by_fbclid", "fbclid_key", key, newest_first=True, limit=INDEX_LIMIT)
        ]
        # The index may lag behind a person who came by another ad since.
        return [bot_user for bot_user in self._whole(entries) if bot_user.fbclid == fbclid]

    def by_visitor(self, visitor_id: VisitorId) -> Sequence[BotUser]:
        """Return the people who are tied to this browser."""
        query = self._table.query("by_visitor", "visitor_id", visitor_id, newest_first=True, limit=INDEX_LIMIT)
        return [bot_user for bot_user in self._whole(list(query)) if bot_user.visitor_id == visitor_id]

    def _whole(self, entries: Sequence[Item]) -> Sequence[BotUser]:
        found = (self.get(BotId(entry["bot_id"]), ChatId(entry["chat_id"])) for entry in entries)
        return [bot_user for bot_user in found if bot_user is not None]
