"""The queue on the emulator."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from rastro.model import Click, ConversionEvent
from rastro.stores.aws import AwsClients
from rastro.stores.messages import parse_message
from rastro.stores.queue import SqsEventQueue
from stack.aws import Aws
from tests.contracts.queue import EventQueueContract, QueueWithContent

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.integration


class TestSqsEventQueue(EventQueueContract):
    @pytest.fixture(params=["functions", "boto3"])
    def watched(self, request: pytest.FixtureRequest, emulator: Aws, functions_clients: AwsClients) -> QueueWithContent:
        client: SQSClient = emulator.client("sqs")
        url = client.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]

        def content() -> Sequence[ConversionEvent | Click]:
            found: list[ConversionEvent | Click] = []
            while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found += [parse_message(message["Body"]) for message in messages]
            return found

        sender = functions_clients.sqs if request.param == "functions" else client
        return QueueWithContent(SqsEventQueue(lambda: sender, url), content)
