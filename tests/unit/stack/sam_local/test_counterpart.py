from __future__ import annotations

from typing import Any

import pytest

from stack.sam_local.inside.counterpart import Outage, answer

ANSWERS: dict[str, Any] = {
    "parameters": {"/rastro/local/bots/1/token": "secret"},
    "items": {"funnel": {"demo": {"slug": {"S": "demo"}}}},
}
GET_ITEM = "DynamoDB_20120810.GetItem"


def test_a_known_parameter_is_given() -> None:
    status, document = answer("AmazonSSM.GetParameter", {"Name": "/rastro/local/bots/1/token"}, ANSWERS)
    assert (status, document["Parameter"]["Value"]) == (200, "secret")


def test_an_unknown_parameter_is_not_found() -> None:
    status, document = answer("AmazonSSM.GetParameter", {"Name": "/rastro/local/other"}, ANSWERS)
    assert (status, document["__type"]) == (400, "ParameterNotFound")


def test_an_item_of_a_known_table_is_given_or_absent() -> None:
    assert answer(GET_ITEM, {"TableName": "funnel", "Key": {"slug": {"S": "demo"}}}, ANSWERS) == (
        200,
        {"Item": {"slug": {"S": "demo"}}},
    )
    assert answer(GET_ITEM, {"TableName": "funnel", "Key": {"slug": {"S": "other"}}}, ANSWERS) == (200, {})


@pytest.mark.parametrize("target", [GET_ITEM, "DynamoDB_20120810.PutItem", "AmazonSQS.SendMessage", ""])
def test_everything_else_is_out_of_reach(target: str) -> None:
    with pytest.raises(Outage):
        answer(target, {"TableName": "click", "Key": {"tracking_token": {"S": "x"}}}, ANSWERS)
