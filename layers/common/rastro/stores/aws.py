"""The clients to AWS, with time-outs that fit a request which somebody waits for."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from rastro.stores.aws_connections import Connections, Patience, connector
from rastro.stores.aws_environment import AwsEnvironment, Credentials
from rastro.stores.aws_json import Answer, JsonService
from rastro.stores.aws_signing import Signer
from rastro.stores.dynamodb import Table

_REQUEST_TOKEN_BYTES = 16


class DynamoDb:
    """The operations of DynamoDB that the tables need, with boto3's names, arguments and answers."""

    def __init__(self, service: JsonService) -> None:
        """Take the way to DynamoDB."""
        self._service = service

    def trying(self, attempts: int) -> DynamoDb:
        """Return the same client with another number of attempts."""
        return DynamoDb(self._service.trying(attempts))

    def get_item(self, **arguments: Any) -> Answer:  # noqa: ANN401 - DynamoDB's
        """Read an item by its key."""
        return self._service.call("GetItem", arguments)

    def put_item(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Write an item whole."""
        return self._service.call("PutItem", arguments)

    def begin_put_item(self, **arguments: Any) -> Callable[[], Answer]:  # noqa: ANN401
        """Send an item to be written, and return how to wait for it."""
        return self._service.begin("PutItem", arguments)

    def update_item(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Change an item."""
        return self._service.call("UpdateItem", arguments)

    def batch_get_item(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Read several items by their keys."""
        return self._service.call("BatchGetItem", arguments)

    def delete_item(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Delete an item."""
        return self._service.call("DeleteItem", arguments)

    def query(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Read a page of a table or an index."""
        return self._service.call("Query", arguments)

    def transact_write_items(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Write several items or none, once however often it is sent."""
        return self._service.call(
            "TransactWriteItems", {"ClientRequestToken": secrets.token_hex(_REQUEST_TOKEN_BYTES)} | arguments
        )


class Sqs:
    """The operations of SQS that queues and their consumers need, with boto3's names, arguments and answers."""

    def __init__(self, service: JsonService) -> None:
        """Take the way to SQS."""
        self._service = service

    def send_message(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Queue a message."""
        return self._service.call("SendMessage", arguments)

    def send_message_batch(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Queue up to ten messages."""
        return self._service.call("SendMessageBatch", arguments)

    def change_message_visibility_batch(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Say when messages come again."""
        return self._service.call("ChangeMessageVisibilityBatch", arguments)

    def receive_message(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Take up to ten messages."""
        return self._service.call("ReceiveMessage", arguments)

    def delete_message_batch(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Delete messages that were dealt with."""
        return self._service.call("DeleteMessageBatch", arguments)


class Ssm:
    """The operation of the parameter store that secrets need, with boto3's name, arguments and answer."""

    def __init__(self, service: JsonService) -> None:
        """Take the way to the parameter store."""
        self._service = service

    def get_parameter(self, **arguments: Any) -> Answer:  # noqa: ANN401
        """Read a parameter."""
        return self._service.call("GetParameter", arguments)


class AwsClients:
    """The clients of one container, each made when it is first asked for and kept.

    ``attempts`` is how often a call is made before it counts as failed: somebody who waits for a redirect is worth no second one,
    since what failed is made up for elsewhere.
    """

    def __init__(self, *, attempts: int = 3, environ: Mapping[str, str] = os.environ, patience: Patience | None = None) -> None:
        """Take how often a call is made, the environment that says where AWS is, and how long to wait if not as usual."""
        self._attempts = attempts
        self._environ = environ
        self._patience = patience
        self._opened: list[Connections] = []

    @cached_property
    def dynamodb(self) -> DynamoDb:
        """Return the client of DynamoDB: half a second is long for it, and a retry mends most of what fails."""
        return DynamoDb(self._service("dynamodb", "DynamoDB_20120810", version="1.0", patience=Patience(0.5, 1.5)))

    @cached_property
    def sqs(self) -> Sqs:
        """Return the client of SQS."""
        return Sqs(self._service("sqs", "AmazonSQS", version="1.0", patience=Patience(0.5, 1.5)))

    @cached_property
    def ssm(self) -> Ssm:
        """Return the client of the parameter store; what it does not give in time, memory may have."""
        return Ssm(self._service("ssm", "AmazonSSM", version="1.1", patience=Patience(0.5, 2.0)))

    def table(self, name: str, *, attempts: int | None = None) -> Table:
        """Return a table by its name; ``attempts`` where its calls are worth more or fewer of them than the others'."""
        return Table(self.dynamodb if attempts is None else self.dynamodb.trying(attempts), name)

    def close(self) -> None:
        """Close every connection; Lambda ends a container without asking, so only others need to."""
        for connections in self._opened:
            connections.close()

    @cached_property
    def _environment(self) -> AwsEnvironment:
        return AwsEnvironment(self._environ)

    @cached_property
    def _credentials(self) -> Callable[[], Credentials]:
        return self._environment.credentials()

    def _service(self, name: str, target: str, *, version: str, patience: Patience) -> JsonService:
        url = self._environment.endpoint(name)
        connections = Connections(
            connector(url, self._patience or patience, ca_file=self._environ.get("AWS_CA_BUNDLE")), time.time
        )
        self._opened.append(connections)
        return JsonService(
            url,
            target,
            version=version,
            signer=Signer(self._credentials, region=self._environment.region, service=name),
            connections=connections,
            attempts=self._attempts,
            now_s=time.time,
            sleep=time.sleep,
            random=random.random,
        )
