"""The parameter store on the emulator."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from rastro.stores.aws import AwsClients
from rastro.stores.secrets import SsmSecrets
from stack.aws import Aws
from tests.contracts.secrets import SecretsContract

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

pytestmark = pytest.mark.integration


class TestSsmSecrets(SecretsContract):
    @pytest.fixture(params=["functions", "boto3"])
    def store(self, request: pytest.FixtureRequest, emulator: Aws, functions_clients: AwsClients) -> SsmSecrets:
        client: SSMClient = emulator.client("ssm")
        prefix = f"/rastro/{uuid.uuid4().hex}"
        client.put_parameter(Name=f"{prefix}/bots/7/token", Value="7:abc", Type="SecureString")
        return SsmSecrets(functions_clients.ssm if request.param == "functions" else client, prefix)
