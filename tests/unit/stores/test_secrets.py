from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.stores.aws_errors import AwsFailure, AwsRefusal
from rastro.stores.secrets import SsmSecrets
from tests.contracts.secrets import SecretsContract

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

UNREACHABLE = EndpointConnectionError(endpoint_url="https://ssm.example")


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetParameter")


class TestSsmSecrets(SecretsContract):
    @pytest.fixture
    def store(self, ssm: SSMClient) -> SsmSecrets:
        ssm.put_parameter(Name="/rastro/dev/bots/7/token", Value="7:abc", Type="SecureString")
        return SsmSecrets(ssm, "/rastro/dev")


class _Client:
    """An SSM client that gives a value or raises, and counts."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked = 0

    def get_parameter(self, **_arguments: object) -> dict[str, Any]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Parameter": {"Value": self.answer}}


def _secrets(client: Any, memory_seconds: int = 300) -> SsmSecrets:
    return SsmSecrets(client, "/rastro/dev", memory_seconds=memory_seconds)


def test_a_secret_is_read_once_while_it_is_remembered() -> None:
    client = _Client("s3cret")
    secrets = _secrets(client)
    assert [secrets.get("a"), secrets.get("a")] == ["s3cret", "s3cret"]
    assert client.asked == 1


def test_the_last_known_value_outlives_a_store_that_is_down() -> None:
    client = _Client("s3cret")
    secrets = _secrets(client, memory_seconds=0)
    secrets.get("a")
    client.answer = UNREACHABLE
    assert [secrets.get("a") for _ in range(5)] == ["s3cret"] * 5
    assert client.asked == 2, "a store that is down is not asked every time"


def test_a_store_that_was_down_from_the_start_has_nothing_to_give() -> None:
    with pytest.raises(StoreUnavailable):
        _secrets(_Client(UNREACHABLE)).get("a")


@pytest.mark.parametrize(
    "refusal", [_refusal("AccessDeniedException"), AwsRefusal("AccessDeniedException"), AwsFailure("x")], ids=repr
)
def test_a_refusal_is_no_absence(refusal: Exception) -> None:
    with pytest.raises(StoreUnavailable):
        _secrets(_Client(refusal)).get("a")


@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_empty_secret_is_missing(value: str) -> None:
    with pytest.raises(SecretMissing):
        _secrets(_Client(value)).get("a")


@pytest.mark.parametrize("absent", [_refusal("ParameterNotFound"), AwsRefusal("ParameterNotFound")], ids=repr)
def test_a_secret_that_was_taken_away_is_missing(absent: Exception) -> None:
    client = _Client("s3cret")
    secrets = _secrets(client, memory_seconds=0)
    secrets.get("a")
    client.answer = absent
    with pytest.raises(SecretMissing):
        secrets.get("a")


def test_a_secret_is_read_again_when_its_time_is_over() -> None:
    client: Any = _Client("old")
    now_ms = [0]
    secrets = SsmSecrets(client, "/rastro/dev", memory_seconds=300, now_ms=lambda: now_ms[0])
    secrets.get("a")
    client.answer = "new"
    now_ms[0] = 299_999
    assert secrets.get("a") == "old"
    now_ms[0] = 300_000
    assert secrets.get("a") == "new"


def test_a_store_that_is_back_is_asked_after_a_while() -> None:
    client: Any = _Client("old")
    now_ms = [0]
    secrets = SsmSecrets(client, "/rastro/dev", memory_seconds=0, now_ms=lambda: now_ms[0])
    secrets.get("a")
    client.answer = UNREACHABLE
    secrets.get("a")
    client.answer = "new"
    now_ms[0] = 29_999
    assert secrets.get("a") == "old"
    now_ms[0] = 30_000
    assert secrets.get("a") == "new"
