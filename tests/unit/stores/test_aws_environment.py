from __future__ import annotations

import pytest

from rastro.settings import SettingsError
from rastro.stores.aws_environment import AwsEnvironment, Credentials
from rastro.stores.aws_errors import AwsFailure

LAMBDA = {
    "AWS_REGION": "sa-east-1",
    "AWS_ACCESS_KEY_ID": "ASIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.mark.parametrize(
    ("more", "endpoint"),
    [
        ({}, "https://dynamodb.sa-east-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "https://dynamodb.us-east-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"}, "http://127.0.0.1:2"),
        ({"AWS_ENDPOINT_URL_SSM": "https://ssm.sa-east-1.api.aws"}, "https://dynamodb.sa-east-1.amazonaws.com"),
    ],
)
def test_a_service_is_where_the_environment_says(more: dict[str, str], endpoint: str) -> None:
    assert AwsEnvironment(LAMBDA | more).endpoint("dynamodb") == endpoint


def test_without_a_region_the_function_cannot_start() -> None:
    with pytest.raises(SettingsError):
        _ = AwsEnvironment({}).region


def test_lambdas_credentials_are_taken_as_they_are() -> None:
    assert AwsEnvironment(LAMBDA).credentials()() == Credentials("ASIA", "secret", "token")


def test_credentials_that_are_no_variables_are_botocores_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "found")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert AwsEnvironment({"AWS_REGION": "sa-east-1"}).credentials()() == Credentials("AKIA", "found")


def test_without_credentials_anywhere_nothing_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    current = AwsEnvironment({"AWS_REGION": "sa-east-1"}).credentials()
    with pytest.raises(AwsFailure, match="there are no AWS credentials"):
        current()


def test_credentials_that_botocore_cannot_renew_are_told_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody's")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    current = AwsEnvironment({"AWS_REGION": "sa-east-1"}).credentials()
    with pytest.raises(AwsFailure, match="ProfileNotFound"):
        current()
