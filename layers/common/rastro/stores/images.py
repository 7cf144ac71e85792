"""The images of DynamoDB streams as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rastro.errors import InvalidInput
from rastro.stores.wire import Item, decode_item


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one record: what it was (``None``: new) and what it is (``None``: deleted)."""

    table: str
    sequence_number: str
    old: Item | None
    new: Item | None


def change_of(record: Mapping[str, Any]) -> Change:
    """Return the change that a stream record tells.

    Raises ``InvalidInput`` for a record that cannot be read.
    """
    try:
        stream = record["dynamodb"]
        old, new = stream.get("OldImage"), stream.get("NewImage")
        return Change(
            # arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{label}
            table=str(record["eventSourceARN"]).split(":table/", 1)[1].split("/", 1)[0],
            sequence_number=str(stream["SequenceNumber"]),
            old=decode_item(old) if old else None,
            new=decode_item(new) if new else None,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as exc:
        raise InvalidInput("the stream record cannot be read") from exc
