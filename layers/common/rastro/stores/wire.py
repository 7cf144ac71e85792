"""DynamoDB's own notation of values (``{"S": …}``), for items, keys and the images of streams.

Small on purpose: boto3's serialiser brings Decimal and 200 ms of imports for what are strings, numbers, lists and maps here.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
"""A record as plain values: str, int, bool, list, dict; what is absent is not there."""
WireItem = dict[str, Any]
"""The same in DynamoDB's notation."""


def encode(value: object) -> dict[str, Any]:
    """Return one value in DynamoDB's notation; raises ``TypeError`` for a kind that records do not hold."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [encode(element) for element in value]}
        case dict():
            return {"M": {name: encode(element) for name, element in value.items()}}
    raise TypeError(f"a record does not hold a {type(value).__name__}")


def decode(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any kind that a record holds
    """Return one value from DynamoDB's notation."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "L":
            return [decode(element) for element in content]
        case "M":
            return {name: decode(element) for name, element in content.items()}
        case "NULL":
            return None
    raise ValueError(f"an attribute of kind {kind!r} is none of ours")


def encode_item(item: Mapping[str, object]) -> WireItem:
    """Return a record in DynamoDB's notation."""
    return {name: encode(value) for name, value in item.items()}


def decode_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return a record from DynamoDB's notation."""
    return {name: decode(value) for name, value in item.items()}
