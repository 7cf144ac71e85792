"""Writes down what each function asks of AWS, by the proxy that stands between them and the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stack.local import LocalStack
from tests.chaos.aws_proxy import AwsRequest, Hit, running_proxy
from tests.scenarios.throttling import Throttle

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_SAME_GRANT = {"SendMessageBatch": "SendMessage", "ChangeMessageVisibilityBatch": "ChangeMessageVisibility"}
"""A batch is allowed by the action of its entries (Service Authorization Reference, Amazon SQS)."""
_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One thing that a function did: the action as IAM names it, and to what."""

    function: str
    action: str
    resource: str
    """The name of a table or a queue, ``{table}/index/{index}``, or of a parameter."""


def calls_of(request: AwsRequest) -> Iterator[Call]:
    """Yield what a request needs to be allowed."""
    function, operation, body = request.caller, request.operation, json.loads(request.body)
    if request.service == "AmazonSSM":
        yield Call(function, f"ssm:{operation}", str(body["Name"]))
    elif request.service == "AmazonSQS":
        yield Call(function, f"sqs:{_SAME_GRANT.get(operation, operation)}", str(body["QueueUrl"]).rpartition("/")[2])
    elif operation == "TransactWriteItems":
        for part in body["TransactItems"]:
            ((kind, write),) = part.items()
            yield Call(function, f"dynamodb:{_TRANSACTION[kind]}", write["TableName"])
    elif operation == "BatchGetItem":
        for table in body["RequestItems"]:
            yield Call(function, "dynamodb:BatchGetItem", table)
    else:
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        yield Call(function, f"dynamodb:{operation}", str(body["TableName"]) + index)


@dataclass
class Recording:
    """What was asked of AWS."""

    throttle: Throttle
    """Of the redirect alone."""
    calls: set[Call] = field(default_factory=set)
    queued: list[str] = field(default_factory=list)
    """The bodies of messages that were sent to queues."""

    def __call__(self, request: AwsRequest) -> Hit | None:
        """Write a request down, and throttle it where it is one that a journey means."""
        self.calls.update(calls_of(request))
        if request.operation.startswith("SendMessage"):
            document = json.loads(request.body)
            self.queued += [each["MessageBody"] for each in document.get("Entries", [document])]
        return self.throttle(request) if request.caller == "redirect" else None


@contextmanager
def recorded(stack: LocalStack, throttle: Throttle) -> Iterator[Recording]:
    """Have every function ask AWS by a door of its own, from its next process on."""
    recording = Recording(throttle)
    lambda_: LambdaClient = stack.client("lambda")
    with running_proxy(stack.aws.endpoint_url, recording) as proxy:
        for name, function in stack.functions.items():
            door = proxy.door(name)
            variables = lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            doors = {f"AWS_ENDPOINT_URL_{service}": door for service in ("DYNAMODB", "SQS", "SSM")}
            lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, **doors}})
        yield recording


def logged(stack: LocalStack) -> Sequence[str]:
    """Return every line that any function wrote, metrics and Lambda's own among them."""
    logs = stack.client("logs")
    groups = [
        group["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]
    ]
    return [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
