"""One DynamoDB table: the few operations that the stores need, on plain records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rastro.errors import StoreUnavailable
from rastro.stores.aws_errors import translated
from rastro.stores.wire import Item, decode_item, encode, encode_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from rastro.stores.aws import DynamoDb

_WAITS_SECONDS = (0.1, 0.4, 1.6)
"""How long a reader of many records waits before it asks a throttled table again."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression with what stands for its ``#names`` and ``:values``."""

    expression: str
    names: Mapping[str, str]
    values: Mapping[str, object]

    def arguments(self) -> dict[str, Any]:
        """Return the condition as arguments of a write."""
        return {"ConditionExpression": self.expression} | placeholders(self.names, self.values)


def placeholders(names: Mapping[str, str], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments that say what stands for an expression's names and values; DynamoDB refuses empty ones."""
    arguments: dict[str, Any] = {}
    if names:
        arguments["ExpressionAttributeNames"] = dict(names)
    if values:
        arguments["ExpressionAttributeValues"] = encode_item(values)
    return arguments


def version_is(version: int) -> Condition:
    """Return the condition that a record still has the version that was read; 0 is a record that is not there."""
    if version == 0:
        return Condition("attribute_not_exists(#version)", {"#version": "version"}, {})
    return Condition("#version = :version", {"#version": "version"}, {":version": version})


class Table:
    """A table by its name; every method may raise ``StoreUnavailable``, a conditional one ``Conflict``."""

    def __init__(self, client: DynamoDb | DynamoDBClient, name: str) -> None:
        """Take the client that all tables share: the functions' own, or boto3's where there is one anyway."""
        self._client = client
        self.name = name

    def get(self, key: Mapping[str, str]) -> Item | None:
        """Return a record, as it is by now."""
        with translated(f"get from {self.name}"):
            answer = self._client.get_item(TableName=self.name, Key=encode_item(key), ConsistentRead=True)
        item = answer.get("Item")
        return decode_item(item) if item else None

    def get_many(
        self, keys: Sequence[Mapping[str, str]], attributes: Sequence[str], *, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[Item]:
        """Yield these attributes of the records that there are of up to 100 keys, in no order, as they are by now."""
        names = {f"#a{number}": name for number, name in enumerate(attributes)}
        asked: Any = {
            "Keys": [encode_item(key) for key in keys],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        waits = iter(_WAITS_SECONDS)
        while asked["Keys"]:
            with translated(f"get from {self.name}"):
                answer = self._client.batch_get_item(RequestItems={self.name: asked})
            yield from map(decode_item, answer["Responses"].get(self.name, ()))
            unprocessed: Any = answer.get("UnprocessedKeys", {})
            left = unprocessed.get(self.name, {}).get("Keys", ())
            if len(left) == len(asked["Keys"]):
                # An answer holds 16 MB, which is no reason to wait; none at all means that the table is throttled.
                wait = next(waits, None)
                if wait is None:
                    raise StoreUnavailable(f"get from {self.name}: throttled")
                sleep(wait)
            asked["Keys"] = left

    def part(self, key_name: str, key_value: str) -> Iterator[Item]:
        """Yield the records of a partition, in the order of their sort key."""
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": key_name},
            "ExpressionAttributeValues": {":key": encode(key_value)},
            "ConsistentRead": True,
        }
        return self._pages(arguments, f"query of {self.name}")

    def put(self, item: Mapping[str, object], condition: Condition | None = None) -> None:
        """Write a record whole."""
        arguments = condition.arguments() if condition else {}
        with translated(f"put to {self.name}"):
            self._client.put_item(TableName=self.name, Item=encode_item(item), **arguments)

    def begin_put(self, item: Mapping[str, object], condition: Condition | None = None) -> Callable[[], None]:
        """Send a record to be written, and return how to wait until it is, which raises what ``put`` would.

        boto3's client cannot do two things at once: with it the record is sent when it is waited for.
        """
        begin = getattr(self._client, "begin_put_item", None)
        if begin is None:
            return partial(self.put, item, condition)
        arguments = condition.arguments() if condition else {}
        written = begin(TableName=self.name, Item=encode_item(item), **arguments)

        def wait() -> None:
            with translated(f"put to {self.name}"):
                written()

        return wait

    def update(
        self,
        key: Mapping[str, str],
        expression: str,
        *,
        names: Mapping[str, str],
        values: Mapping[str, object],
        condition: str,
    ) -> Item:
        """Change a record and return it as it is then."""
        with translated(f"update in {self.name}"):
            answer = self._client.update_item(
                TableName=self.name,
                Key=encode_item(key),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **placeholders(names, values),
            )
        return decode_item(answer["Attributes"])

    def query(
        self,
        index: str,
        key_name: str,
        key_value: str,
        *,
        sort_before: tuple[str, int] | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Item]:
        """Yield the index's entries under a key, in the order of its sort key, at most ``limit``."""
        expression, names, values = "#key = :key", {"#key": key_name}, {":key": encode(key_value)}
        if sort_before is not None:
            expression += " AND #sort <= :before"
            names["#sort"], values[":before"] = sort_before[0], encode(sort_before[1])
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": expression,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
        }
        given = 0
        while True:
            if limit is not None:
                arguments["Limit"] = limit - given
            with translated(f"query of {self.name} by {index}"):
                answer = self._client.query(**arguments)
            for item in answer["Items"]:
                yield decode_item(item)
                given += 1
            if "LastEvaluatedKey" not in answer or (limit is not None and given >= limit):
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def delete(self, key: Mapping[str, str]) -> None:
        """Delete a record, if there is one."""
        with translated(f"deletion in {self.name}"):
            self._client.delete_item(TableName=self.name, Key=encode_item(key))

    def _pages(self, arguments: dict[str, Any], action: str) -> Iterator[Item]:
        while True:
            with translated(action):
                answer = self._client.query(**arguments)
            yield from map(decode_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write_put(self, item: Mapping[str, object], condition: Condition) -> TransactWriteItemTypeDef:
        """Return a conditional put as a part of ``write_together``."""
        return {"Put": {"TableName": self.name, "Item": encode_item(item), **condition.arguments()}}  # type: ignore[typeddict-item] # the arguments are those of a Put

    def write_together(self, writes: Sequence[TransactWriteItemTypeDef]) -> None:
        """Do several writes, or none."""
        with translated(f"transaction on {self.name}"):
            self._client.transact_write_items(TransactItems=writes)
