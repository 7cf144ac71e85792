from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rastro.stores.aws import AwsClients, DynamoDb, Sqs, Ssm


class _Service:
    """A service that writes down what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, operation: str, document: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, document))
        return {}

    def begin(self, operation: str, document: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
        self.call(operation, document)
        return dict


@pytest.mark.parametrize(
    ("client", "method", "operation"),
    [
        (DynamoDb, "get_item", "GetItem"),
        (DynamoDb, "put_item", "PutItem"),
        (DynamoDb, "begin_put_item", "PutItem"),
        (DynamoDb, "update_item", "UpdateItem"),
        (DynamoDb, "query", "Query"),
        (Sqs, "send_message", "SendMessage"),
        (Sqs, "send_message_batch", "SendMessageBatch"),
        (Sqs, "change_message_visibility_batch", "ChangeMessageVisibilityBatch"),
        (Ssm, "get_parameter", "GetParameter"),
    ],
)
def test_arguments_go_out_as_they_are(client: Callable[[Any], Any], method: str, operation: str) -> None:
    service = _Service()
    getattr(client(service), method)(Name="value")
    assert service.asked == [(operation, {"Name": "value"})]


def test_a_transaction_has_a_token_of_its_own_so_that_a_repetition_is_none() -> None:
    service: Any = _Service()
    for _ in range(2):
        DynamoDb(service).transact_write_items(TransactItems=[])
    first, second = (document["ClientRequestToken"] for _, document in service.asked)
    assert first != second
    assert 1 <= len(first) <= 36


def test_a_client_is_made_once() -> None:
    aws = AwsClients(environ={"AWS_REGION": "sa-east-1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"})
    assert (aws.dynamodb, aws.sqs, aws.ssm) == (aws.dynamodb, aws.sqs, aws.ssm)
    assert aws.table("t").name == "t"


@pytest.mark.parametrize("function", ["redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler"])
def test_no_function_brings_boto3_along(function: str) -> None:
    program = f"import json, sys; from functions.{function} import app; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert {"boto3", "botocore.client", "botocore.session"} & set(json.loads(told.stdout)) == set()
