"""The clients to AWS, with time-outs that fit a request which somebody waits for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from botocore.config import Config

from rastro.stores.dynamodb import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


def _client_config(*, connect: float, read: float, attempts: int) -> Config:
    """Return the configuration of a client that gives up in bounded time (seconds)."""
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        tcp_keepalive=True,
    )


class AwsClients:
    """The clients of one container, each opened when it is first asked for and kept.

    ``attempts`` is how often a call is made before it counts as failed: somebody who waits for a redirect is worth no second one,
    since what failed is made up for elsewhere.
    """

    def __init__(self, *, attempts: int = 3) -> None:
        """Take how often a call is made."""
        self._attempts = attempts

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Return the client of DynamoDB: half a second is long for it, and a retry mends most of what fails."""
        import boto3  # noqa: PLC0415 - the largest import there is

        return boto3.client("dynamodb", config=_client_config(connect=0.5, read=1.5, attempts=self._attempts))

    @cached_property
    def sqs(self) -> SQSClient:
        """Return the client of SQS."""
        import boto3  # noqa: PLC0415

        return boto3.client("sqs", config=_client_config(connect=0.5, read=1.5, attempts=self._attempts))

    @cached_property
    def ssm(self) -> SSMClient:
        """Return the client of the parameter store; what it does not give in time, memory may have."""
        import boto3  # noqa: PLC0415

        return boto3.client("ssm", config=_client_config(connect=0.5, read=2.0, attempts=self._attempts))

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return Table(self.dynamodb, name)
