"""The dead letter queue in SQS, and what its messages are told to be about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from rastro.errors import StoreUnavailable
from rastro.stores.messages import event_message, lost_click_message
from rastro_cli.dead_letters import DeadLetter, SqsDeadLetters, described
from tests.fakes.world import World
from tests.unit.meta.test_meanings import ROW

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGES = 12
"""More than SQS gives at once."""


@pytest.fixture
def sqs() -> Iterator[SQSClient]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="sa-east-1")
    with mock_aws():
        yield session.client("sqs")


@pytest.fixture
def urls(sqs: SQSClient) -> tuple[str, str]:
    dead, living = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "living"))
    for number in range(MESSAGES):
        sqs.send_message(QueueUrl=dead, MessageBody=f"message {number}")
    return dead, living


@pytest.fixture
def letters(sqs: SQSClient, urls: tuple[str, str]) -> SqsDeadLetters:
    return SqsDeadLetters(sqs, url=urls[0], back_to_url=urls[1], wait_seconds=0)


def test_messages_are_read_each_once_up_to_the_limit(letters: SqsDeadLetters) -> None:
    assert len({letter.body for letter in letters.read(11)}) == 11
    assert [letter.body for letter in letters.read(100)] == ["message 11"]


def test_messages_that_are_given_back_can_be_read_again_and_are_counted_all_the_while(letters: SqsDeadLetters) -> None:
    read = list(letters.read(MESSAGES))
    assert letters.count() == MESSAGES
    letters.give_back(read)
    assert len(list(letters.read(MESSAGES))) == MESSAGES


def test_a_moved_message_is_in_the_other_queue_alone(letters: SqsDeadLetters, sqs: SQSClient, urls: tuple[str, str]) -> None:
    (letter,) = letters.read(1)
    letters.move_back(letter)
    assert letters.count() == MESSAGES - 1
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=urls[1])["Messages"]] == [letter.body]


def test_a_queue_that_is_not_there_is_unavailable(sqs: SQSClient) -> None:
    with pytest.raises(StoreUnavailable):
        SqsDeadLetters(sqs, url="https://sqs.sa-east-1.amazonaws.com/1/none", back_to_url="").count()


def test_a_message_is_described_without_anything_of_the_person() -> None:
    click = World().click()
    bodies = (event_message(ROW.event), lost_click_message(click), "none of ours")
    told = [described(DeadLetter(message_id="m", receipt="r", body=body)) for body in bodies]
    assert [about["kind"] for about in told] == ["event", "lost_click", "unreadable"]
    assert told[0]["event_id"] == "purchase_9326"
    assert told[1] == {"kind": "lost_click", "message_id": "m", "event_id": click.pageview_event_id}
