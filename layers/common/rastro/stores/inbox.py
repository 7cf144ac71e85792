"""The inbox in DynamoDB: each person's turn, and the notices about charges that are none of ours."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date

from rastro.errors import Conflict
from rastro.model import BotId, ChatId, Turn, UnknownNotice
from rastro.stores import keys
from rastro.stores.dynamodb import Condition, Table, version_is
from rastro.stores.items import notice_item, notice_of

_WRITE_ATTEMPTS = 8
_HOLDER_BYTES = 8


class DynamoInbox:
    """The inbox table."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def take_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, now_ms: int, lease_ms: int) -> Turn:
        """Begin to deal with a person's update, by a write that only one of several can win."""
        key = {"inbox_key": keys.turn_key(bot_id, chat_id)}
        item = self._table.get(key) or {}
        done = [int(each) for each in item.get("done", ())]
        if update_id in done:
            return Turn.REPEATED
        if now_ms < int(item.get("busy_until_ms", 0)):
            return Turn.BUSY
        version = int(item.get("version", 0))
        holder = secrets.token_hex(_HOLDER_BYTES)
        taken = key | {
            "busy_with": update_id,
            "holder": holder,
            "busy_until_ms": now_ms + lease_ms,
            "done": done,
            "version": version + 1,
            "expires_at": keys.expires_at(now_ms, keys.TURN_LIFETIME_MS),
        }
        try:
            self._table.put(taken, version_is(version))
        except Conflict:
            # A write whose answer was lost is made again and finds itself there: that is no other's turn.
            return Turn.TAKEN if (self._table.get(key) or {}).get("holder") == holder else Turn.BUSY
        return Turn.TAKEN

    def end_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, done: bool) -> None:
        """End a turn, unless it lapsed and somebody else has it by now."""
        key = {"inbox_key": keys.turn_key(bot_id, chat_id)}
        for _ in range(_WRITE_ATTEMPTS):
            item = self._table.get(key)
            if item is None:
                return
            mine = int(item.get("busy_with", -1)) == update_id
            if not (mine or done):
                return
            known = [int(each) for each in item.get("done", ())]
            version = int(item["version"])
            ended = item | {
                "done": [*known, update_id][-keys.TURNS_KNOWN :] if done and update_id not in known else known,
                "busy_until_ms": 0 if mine else item.get("busy_until_ms", 0),
                "version": version + 1,
            }
            try:
                self._table.put(ended, version_is(version))
            except Conflict:
                continue
            return

    def keep_notice(self, notice: UnknownNotice) -> None:
        """Keep a notice; the first of several same ones stays."""
        item = notice_item(notice) | {
            "inbox_key": keys.notice_key(notice.notice_id),
            "notice_day": keys.notice_day(notice.received_at_ms),
            "expires_at": keys.expires_at(notice.received_at_ms, keys.NOTICE_LIFETIME_MS),
        }
        try:
            self._table.put(item, Condition("attribute_not_exists(inbox_key)", {}, {}))
        except Conflict:
            return

    def notices(self, day: date) -> Iterator[UnknownNotice]:
        """Yield the notices kept on a day."""
        for entry in self._table.query("by_day", "notice_day", f"notice#{day.isoformat()}"):
            item = self._table.get({"inbox_key": entry["inbox_key"]})
            if item is not None:
                yield notice_of(item)
