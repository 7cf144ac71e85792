"""AWS in this process: moto answers the clients, no socket is opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="sa-east-1")


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield SESSION.client("dynamodb")


@pytest.fixture
def sqs() -> Iterator[SQSClient]:
    with mock_aws():
        yield SESSION.client("sqs")


@pytest.fixture
def ssm() -> Iterator[SSMClient]:
    with mock_aws():
        yield SESSION.client("ssm")
