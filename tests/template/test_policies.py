"""A function may do what its code does, to what it works on, and nothing else."""

from __future__ import annotations

import pytest

from tests.template.cloudformation import Template, as_list, mentions

TABLES = {
    "BOT_USER_TABLE": "BotUserTable",
    "PAYMENT_TABLE": "PaymentTable",
    "CLICK_TABLE": "ClickTable",
    "FUNNEL_TABLE": "FunnelTable",
    "EVENT_TABLE": "EventTable",
    "INBOX_TABLE": "InboxTable",
    "ROLLUP_TABLE": "RollupTable",
}
EXPECTED = {
    "RedirectFunction": {
        "ClickTable": {"GetItem", "PutItem", "UpdateItem", "Query"},
        "BotUserTable": {"GetItem", "PutItem", "Query"},
        "FunnelTable": {"GetItem"},
        "CapiQueue": {"SendMessage"},
        "parameters": {"signing-keys"},
    },
    "TelegramWebhookFunction": {
        "BotUserTable": {"GetItem", "PutItem"},
        "ClickTable": {"GetItem", "UpdateItem", "Query"},
        "PaymentTable": {"GetItem", "PutItem", "Query"},
        "EventTable": {"PutItem"},
        "InboxTable": {"GetItem", "PutItem"},
        "FunnelTable": {"GetItem"},
        "parameters": {"signing-keys", "bots/*", "providers/*"},
    },
    "PaymentWebhookFunction": {
        "PaymentTable": {"GetItem", "PutItem", "Query"},
        "EventTable": {"PutItem"},
        "BotUserTable": {"GetItem"},
        "ClickTable": {"GetItem", "UpdateItem", "Query"},
        "InboxTable": {"PutItem"},
        "FunnelTable": {"GetItem"},
        "parameters": {"signing-keys", "bots/*", "providers/*"},
    },
    "OutboxFunction": {
        "FunnelTable": {"GetItem", "PutItem"},
        "ClickTable": {"GetItem"},
        "CapiQueue": {"SendMessage"},
    },
    "CapiSenderFunction": {
        "EventTable": {"GetItem", "PutItem", "UpdateItem", "Query"},
        "PaymentTable": {"GetItem", "PutItem"},
        "ClickTable": {"PutItem"},
        "CapiQueue": {"ChangeMessageVisibility"},
        "parameters": {"pixels/*"},
    },
    "ReconcilerFunction": {
        "PaymentTable": {"GetItem", "PutItem", "Query"},
        "BotUserTable": {"GetItem"},
        "EventTable": {"GetItem", "PutItem", "UpdateItem", "Query"},
        "ClickTable": {"GetItem", "UpdateItem", "Query"},
        "InboxTable": {"PutItem"},
        "FunnelTable": {"GetItem", "PutItem"},
        "AlarmQueue": {"ReceiveMessage", "DeleteMessage"},
        "parameters": {"signing-keys", "bots/*", "providers/*", "operator/*"},
    },
    "RollupFunction": {
        "FunnelTable": {"GetItem"},
        "ClickTable": {"GetItem"},
        "RollupTable": {"BatchGetItem", "Query", "PutItem", "DeleteItem"},
    },
}
PARAMETER_ARN = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/rastro/${Stage}/"

each_function = pytest.mark.parametrize("function", sorted(EXPECTED))


def grants_of(template: Template, function: str) -> dict[str, set[str]]:
    """Return by resource what a function may do to it; for parameters, the names that it may read."""
    grants: dict[str, set[str]] = {}
    for statement in template.statements(function):
        actions = {action.partition(":")[2] for action in as_list(statement["Action"])}
        for resource in as_list(statement["Resource"]):
            match resource:
                case {"Fn::GetAtt": [name, "Arn"]}:
                    grants.setdefault(name, set()).update(actions)
                case {"Fn::Sub": str(arn)} if arn.startswith(PARAMETER_ARN):
                    assert actions == {"GetParameter"}
                    grants.setdefault("parameters", set()).add(arn.removeprefix(PARAMETER_ARN))
                case {"Fn::Sub": str(arn)} if arn.endswith(".Arn}/index/*"):
                    assert "Query" in actions, "an index is there to be queried"
                case _:
                    pytest.fail(f"{function} is granted an unknown resource: {resource}")
    return grants


@each_function
def test_the_grants_are_the_least_that_the_function_needs(template: Template, function: str) -> None:
    assert grants_of(template, function) == EXPECTED[function]


@each_function
def test_no_statement_grants_every_action_or_every_resource(template: Template, function: str) -> None:
    for statement in template.statements(function):
        assert "*" not in as_list(statement["Resource"])
        assert not any("*" in action for action in as_list(statement["Action"]))
        assert statement["Effect"] == "Allow"


@each_function
def test_a_function_is_granted_the_tables_that_it_is_told_of(template: Template, function: str) -> None:
    told = {table for variable, table in TABLES.items() if variable in template.environment(function)}
    granted = {name for name in grants_of(template, function) if name.endswith("Table")}
    streamed = {source["Stream"]["Fn::GetAtt"][0] for user, _, source in template.events("DynamoDB") if user == function}

    assert granted <= told
    assert told <= granted | streamed


@each_function
def test_a_function_that_queries_a_table_may_query_its_indexes(template: Template, function: str) -> None:
    for table in TABLES.values():
        indexed = "GlobalSecondaryIndexes" in template.resources[table]["Properties"]
        if indexed and "Query" in grants_of(template, function).get(table, set()):
            indexes = {"Fn::Sub": f"${{{table}.Arn}}/index/*"}
            assert any(indexes in as_list(each["Resource"]) for each in template.statements(function)), table


@each_function
def test_only_the_function_itself_decides_its_policies(template: Template, function: str) -> None:
    properties = template.functions[function]

    assert "Role" not in properties
    assert all(set(policy) == {"Statement"} for policy in properties["Policies"])


def test_the_password_in_a_redis_address_is_not_shown(template: Template) -> None:
    assert template.parameters["RedisUrl"]["NoEcho"] is True
    assert not mentions(template.document["Outputs"], "RedisUrl")
