"""DynamoDB in one process, as far as reports need it: ``python -m bench.dynamodb_server`` prints its address and serves.

Emulators look through a whole table for each query of an index, and with thirty thousand payments that would be what is measured.
This one keeps every index as DynamoDB does, in the order of its keys, answers in pages of a megabyte, and takes no conditions: it
is filled by one writer.
"""

from __future__ import annotations

import asyncio
import json
import signal
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

PAGE_BYTES = 1_000_000
ANSWER_BYTES = 16_000_000

Item = dict[str, Any]
Document = Mapping[str, Any]


class KeyedItems:
    """Items by a partition key and, where there is one, in the order of a sort key."""

    def __init__(self, schema: list[Mapping[str, str]]) -> None:
        """Take a key schema."""
        names = {part["KeyType"]: part["AttributeName"] for part in schema}
        self.partition = names["HASH"]
        self.sort = names.get("RANGE")
        self._order: dict[str, list[tuple[Any, str]]] = defaultdict(list)

    def add(self, item: Item, identity: str) -> None:
        """Take the identity of an item, if it has the keys."""
        if self.partition in item and (self.sort is None or self.sort in item):
            entry = (self._sorted_by(item), identity)
            of_partition = self._order[_value(item[self.partition])]
            if entry not in of_partition:
                insort(of_partition, entry)

    def remove(self, item: Item, identity: str) -> None:
        """Forget an item."""
        if self.partition in item and (self.sort is None or self.sort in item):
            self._order[_value(item[self.partition])].remove((self._sorted_by(item), identity))

    def identities(self, partition: str) -> list[str]:
        """Return the identities in a partition, in their order."""
        return [identity for _, identity in self._order.get(partition, ())]

    def _sorted_by(self, item: Item) -> int | str:
        if self.sort is None:
            return ""
        value = item[self.sort]
        return int(value["N"]) if "N" in value else str(value["S"])


class Table:
    """A table with its indexes, which hold keys only."""

    def __init__(self, description: Document) -> None:
        """Take the arguments of ``CreateTable``."""
        self.items: dict[str, Item] = {}
        self.primary = KeyedItems(description["KeySchema"])
        self.indexes = {
            index["IndexName"]: KeyedItems(index["KeySchema"]) for index in description.get("GlobalSecondaryIndexes", [])
        }

    def identity(self, item: Item) -> str:
        """Return the text of an item's own key."""
        return json.dumps([item[name] for name in (self.primary.partition, self.primary.sort) if name])

    def put(self, item: Item) -> None:
        """Take an item in the place of one with its key."""
        identity = self.identity(item)
        self.delete(item)
        self.items[identity] = item
        for keyed in (self.primary, *self.indexes.values()):
            keyed.add(item, identity)

    def delete(self, key: Item) -> None:
        """Forget an item."""
        identity = self.identity(key)
        item = self.items.pop(identity, None)
        if item is not None:
            for keyed in (self.primary, *self.indexes.values()):
                keyed.remove(item, identity)

    def keys_of(self, item: Item, keyed: KeyedItems) -> Item:
        """Return what an index of keys has of an item."""
        names = {self.primary.partition, self.primary.sort, keyed.partition, keyed.sort}
        return {name: item[name] for name in names if name in item}


class Database:
    """The operations."""

    def __init__(self) -> None:
        """Begin without tables."""
        self._tables: dict[str, Table] = {}
        self._operations: dict[str, Callable[[Document], Document]] = {
            "CreateTable": self._create,
            "PutItem": self._put,
            "BatchWriteItem": self._put_many,
            "DeleteItem": self._delete,
            "GetItem": self._get,
            "BatchGetItem": self._get_many,
            "Query": self._query,
        }

    def answer(self, operation: str, document: Document) -> Document:
        """Do an operation."""
        return self._operations[operation](document)

    def _create(self, asked: Document) -> Document:
        self._tables[asked["TableName"]] = Table(asked)
        return {"TableDescription": {"TableName": asked["TableName"], "TableStatus": "ACTIVE"}}

    def _put(self, asked: Document) -> Document:
        self._tables[asked["TableName"]].put(asked["Item"])
        return {}

    def _put_many(self, asked: Document) -> Document:
        for name, requests in asked["RequestItems"].items():
            for request in requests:
                self._tables[name].put(request["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def _delete(self, asked: Document) -> Document:
        self._tables[asked["TableName"]].delete(asked["Key"])
        return {}

    def _get(self, asked: Document) -> Document:
        table = self._tables[asked["TableName"]]
        item = table.items.get(table.identity(asked["Key"]))
        return {"Item": item} if item else {}

    def _get_many(self, asked: Document) -> Document:
        ((name, request),) = asked["RequestItems"].items()
        table, size = self._tables[name], 0
        found: list[Item] = []
        names = list(request["ExpressionAttributeNames"].values())
        for number, key in enumerate(request["Keys"]):
            item = table.items.get(table.identity(key))
            if item is None:
                continue
            size += _size(item)
            if size > ANSWER_BYTES:
                rest = {**request, "Keys": request["Keys"][number:]}
                return {"Responses": {name: found}, "UnprocessedKeys": {name: rest}}
            found.append({each: item[each] for each in names if each in item})
        return {"Responses": {name: found}, "UnprocessedKeys": {}}

    def _query(self, asked: Document) -> Document:
        table = self._tables[asked["TableName"]]
        index = asked.get("IndexName")
        keyed = table.indexes[index] if index else table.primary
        identities = keyed.identities(_value(asked["ExpressionAttributeValues"][":key"]))
        begin = identities.index(table.identity(asked["ExclusiveStartKey"])) + 1 if "ExclusiveStartKey" in asked else 0
        found: list[Item] = []
        size = 0
        for identity in identities[begin:]:
            item = table.items[identity]
            given = table.keys_of(item, keyed) if index else item
            size += _size(given)
            found.append(given)
            if size > PAGE_BYTES:
                return {"Items": found, "Count": len(found), "LastEvaluatedKey": table.keys_of(item, keyed)}
        return {"Items": found, "Count": len(found)}


class Connection(asyncio.Protocol):
    """One connection, kept open: reads requests by their length and answers each."""

    def __init__(self, database: Database) -> None:
        """Start with nothing read."""
        self._database = database
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is there whole."""
        self._read += data
        while (head_end := self._read.find(b"\r\n\r\n")) >= 0 and self._transport is not None:
            lines = bytes(self._read[:head_end]).decode("latin-1").split("\r\n")[1:]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            end = head_end + 4 + int(headers.get("content-length", "0"))
            if len(self._read) < end:
                return
            body = bytes(self._read[head_end + 4 : end])
            del self._read[:end]
            self._transport.write(self._answer(headers.get("x-amz-target", "").rpartition(".")[2], body))

    def _answer(self, operation: str, body: bytes) -> bytes:
        content = json.dumps(self._database.answer(operation, json.loads(body)), separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content


def _value(value: Mapping[str, str]) -> str:
    """Return what an attribute holds, as text."""
    (content,) = value.values()
    return content


def _size(item: Item) -> int:
    """Return about how many bytes an item counts as."""
    return sum(
        len(name) + (len(content) if isinstance(content, str) else 40)
        for name, value in item.items()
        for content in value.values()
    )


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    database = Database()
    server = await loop.create_server(lambda: Connection(database), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
