"""The tables have their keys and indexes, and lose nothing by accident."""

from __future__ import annotations

import pytest

from tests.template.cloudformation import Node, Template

Key = tuple[str, ...]

TABLES: dict[str, tuple[Key, dict[str, Key]]] = {
    "BotUserTable": (
        ("bot_id", "chat_id"),
        {"by_fbclid": ("fbclid_key", "updated_at_ms"), "by_visitor": ("visitor_id", "updated_at_ms")},
    ),
    "PaymentTable": (
        ("payment_id",),
        {
            "by_charge": ("charge_key",),
            "by_bot_user": ("bot_user", "created_at_ms"),
            "by_day": ("day_shard", "created_at_ms"),
            "unsettled": ("unsettled_shard", "due_at_ms"),
        },
    ),
    "ClickTable": (
        ("tracking_token",),
        {"by_fbclid": ("fbclid_key", "clicked_at_ms"), "by_visitor": ("visitor_id", "clicked_at_ms")},
    ),
    "FunnelTable": (("slug",), {}),
    "EventTable": (("event_key",), {"by_payment": ("payment_id",), "parked": ("parked_shard", "parked_at_ms")}),
    "InboxTable": (("inbox_key",), {"by_day": ("notice_day", "received_at_ms")}),
    "RollupTable": (("rollup_hour", "rollup_entry"), {}),
}
NUMBERS = {"updated_at_ms", "created_at_ms", "due_at_ms", "clicked_at_ms", "parked_at_ms", "received_at_ms"}
STREAMED = {"BotUserTable", "PaymentTable", "ClickTable", "EventTable"}

each_table = pytest.mark.parametrize("table", sorted(TABLES))


def key_of(node: Node) -> Key:
    """Return the names of a key's attributes, the partition's first."""
    parts = {part["KeyType"]: part["AttributeName"] for part in node["KeySchema"]}
    return tuple(parts[kind] for kind in ("HASH", "RANGE") if kind in parts)


def test_the_tables_are_those_of_the_design(template: Template) -> None:
    assert set(template.of_type("AWS::DynamoDB::Table")) == set(TABLES)


@each_table
def test_keys_and_indexes(template: Template, table: str) -> None:
    properties = template.of_type("AWS::DynamoDB::Table")[table]
    indexes = {index["IndexName"]: key_of(index) for index in properties.get("GlobalSecondaryIndexes", [])}

    assert (key_of(properties), indexes) == TABLES[table]


@each_table
def test_key_attributes_have_their_types_and_no_other_is_declared(template: Template, table: str) -> None:
    key, indexes = TABLES[table]
    names = {*key, *(name for index in indexes.values() for name in index)}
    declared = template.of_type("AWS::DynamoDB::Table")[table]["AttributeDefinitions"]

    assert {each["AttributeName"]: each["AttributeType"] for each in declared} == {
        name: "N" if name in NUMBERS else "S" for name in names
    }


@each_table
def test_an_index_holds_keys_only_as_the_stores_read_the_record_itself(template: Template, table: str) -> None:
    indexes = template.of_type("AWS::DynamoDB::Table")[table].get("GlobalSecondaryIndexes", [])

    assert all(index["Projection"] == {"ProjectionType": "KEYS_ONLY"} for index in indexes)


@each_table
def test_on_demand_recoverable_expiring_and_encrypted(template: Template, table: str) -> None:
    properties = template.of_type("AWS::DynamoDB::Table")[table]

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@each_table
def test_a_deleted_stack_leaves_its_records_and_production_refuses(template: Template, table: str) -> None:
    resource = template.resources[table]

    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProduction", True, False]}


@each_table
def test_the_outbox_sees_both_images(template: Template, table: str) -> None:
    properties = template.of_type("AWS::DynamoDB::Table")[table]

    expected = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if table in STREAMED else None
    assert properties.get("StreamSpecification") == expected


def test_no_table_has_a_name_that_a_second_stack_would_meet(template: Template) -> None:
    assert all("TableName" not in each for each in template.of_type("AWS::DynamoDB::Table").values())
