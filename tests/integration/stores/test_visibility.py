"""Messages that come again on the emulator, by the clients of the functions."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from rastro.stores.aws import AwsClients
from rastro.stores.visibility import SqsVisibility
from stack.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.integration


def test_a_message_comes_again_when_it_is_told_to(emulator: Aws, functions_clients: AwsClients) -> None:
    client: SQSClient = emulator.client("sqs")
    url = client.create_queue(QueueName=uuid.uuid4().hex, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="again")
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    assert "Messages" not in client.receive_message(QueueUrl=url)

    visibility = SqsVisibility(lambda: functions_clients.sqs, url)
    assert visibility.postpone({message["ReceiptHandle"]: 0, "nobody's": 0}) == 1

    assert [found["Body"] for found in client.receive_message(QueueUrl=url)["Messages"]] == ["again"]
