"""The personal records in DynamoDB. It deletes and reads whole tables, which no function may: it takes an operator's client.

A scan of ten million clicks reads some 10 GB, which costs less than a dollar and takes minutes; requests of this kind are rare,
and no index of who made which click is kept for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rastro.model import BotId, BotUser, ChatId, Click, LedgerRow, Payment, TrackingToken, VisitorId
from rastro.stores import keys
from rastro.stores.aws_errors import translated
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Condition, Table, placeholders, version_is
from rastro.stores.items import click_item, click_of, payment_of
from rastro.stores.ledger import ledger_record
from rastro.stores.wire import Item, decode_item, encode_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_A_PERSON = ("claimed_by", "bridge_for", "visitor_id", "fbclid")
"""What of a click changes when its person is taken out of it, or somebody comes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableNames:
    """Where the records are."""

    clicks: str
    bot_users: str
    payments: str
    ledger: str
    inbox: str


class DynamoPersonalRecords:
    """The tables, as far as they hold people."""

    def __init__(self, client: DynamoDBClient, names: TableNames) -> None:
        """Take an operator's client and the names of the tables."""
        self._client = client
        self._names = names
        self._clicks = Table(client, names.clicks)
        self._ledger = Table(client, names.ledger)
        self._inbox = Table(client, names.inbox)

    def clicks_of(self, bot_user_key: str) -> Iterator[Click]:
        """Yield the clicks that name a person, from a scan of the table."""
        condition = Condition("claimed_by = :key OR bridge_for = :key", {}, {":key": bot_user_key})
        for item in self._scan(self._names.clicks, condition):
            yield click_of(item)

    def clicks_of_browser(self, visitor_id: VisitorId) -> Iterator[Click]:
        """Yield the clicks of a browser, by its index."""
        store = DynamoClickStore(self._clicks)
        for entry in self._clicks.query("by_visitor", "visitor_id", visitor_id):
            click = store.get(TrackingToken(entry["tracking_token"]))
            if click is not None:
                yield click

    def payments(self) -> Iterator[Payment]:
        """Yield the payments, from a scan of the table."""
        for item in self._scan(self._names.payments):
            yield payment_of(item)

    def updates_known(self, bot_id: BotId, chat_id: ChatId) -> Sequence[int] | None:
        """Return the updates of a person's turn."""
        item = self._inbox.get({"inbox_key": keys.turn_key(bot_id, chat_id)})
        return None if item is None else [int(each) for each in item.get("done", ())]

    def replace_click(self, before: Click, after: Click) -> None:
        """Write a click whose person is still the same; without an fbclid it is no longer in that index."""
        stored = self._clicks.get({"tracking_token": before.tracking_token}) or {}
        item = click_item(after) | {name: stored[name] for name in ("expires_at",) if name in stored}
        if after.fbclid is not None and "fbclid_key" in stored:
            item["fbclid_key"] = stored["fbclid_key"]
        was = click_item(before)
        held = {f":{name}": was[name] for name in _OF_A_PERSON if name in was}
        same = [f"{name} = :{name}" if name in was else f"attribute_not_exists({name})" for name in _OF_A_PERSON]
        self._clicks.put(item, Condition(" AND ".join(["attribute_exists(tracking_token)", *same]), {}, held))

    def replace_row(self, before: LedgerRow, after: LedgerRow) -> None:
        """Write a row that no sender and no reconciler has touched since."""
        self._ledger.put(ledger_record(after), _as_it_was(before))

    def delete_row(self, row: LedgerRow) -> None:
        """Delete a row that no sender has touched since."""
        self._delete(self._names.ledger, {"event_key": row.event.key}, _as_it_was(row))

    def delete_turn(self, bot_id: BotId, chat_id: ChatId) -> None:
        """Delete a person's turn."""
        self._inbox.delete({"inbox_key": keys.turn_key(bot_id, chat_id)})

    def delete_bot_user(self, bot_user: BotUser) -> None:
        """Delete a bot user that nobody has written since."""
        key = {"bot_id": str(bot_user.bot_id), "chat_id": str(bot_user.chat_id)}
        self._delete(self._names.bot_users, key, version_is(bot_user.version))

    def _delete(self, table: str, key: Mapping[str, str], condition: Condition) -> None:
        with translated(f"deletion in {table}"):
            self._client.delete_item(TableName=table, Key=encode_item(key), **condition.arguments())

    def _scan(self, table: str, condition: Condition | None = None) -> Iterator[Item]:
        arguments: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        if condition is not None:
            arguments["FilterExpression"] = condition.expression
            arguments |= placeholders(condition.names, condition.values)
        while True:
            with translated(f"scan of {table}"):
                answer = self._client.scan(**arguments)
            yield from map(decode_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _as_it_was(row: LedgerRow) -> Condition:
    return Condition(
        "#status = :status AND attempts = :attempts AND updated_at_ms = :updated",
        {"#status": "status"},
        {":status": row.status.value, ":attempts": row.attempts, ":updated": row.updated_at_ms},
    )
