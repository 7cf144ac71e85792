"""The tables of the template, made wherever a client leads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from rastro.stores.dynamodb import Table
from tests.template.cloudformation import Template, read

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CREATED = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "StreamSpecification")


def make_table(client: DynamoDBClient, logical_id: str, prefix: str = "") -> Table:
    """Create the table with this logical id as the template describes it, under that name."""
    properties = _template().of_type("AWS::DynamoDB::Table")[logical_id]
    described: dict[str, Any] = {name: properties[name] for name in _CREATED if name in properties}
    if "StreamSpecification" in described:
        described["StreamSpecification"] = {"StreamEnabled": True} | described["StreamSpecification"]
    name = f"{prefix}{logical_id}"
    client.create_table(TableName=name, **described)
    return Table(client, name)


@cache
def _template() -> Template:
    return read()
