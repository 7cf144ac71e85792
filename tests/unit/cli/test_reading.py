from __future__ import annotations

import boto3
import pytest

from rastro.stores.aws import DynamoDb
from rastro_cli.reading import fast_dynamodb

SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", aws_session_token="t", region_name="sa-east-1")
LOCAL = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("endpoint_url", "environ", "fast"),
    [
        (None, {}, True),
        (LOCAL, {}, True),
        (LOCAL, {"HTTPS_PROXY": "http://proxy"}, True),
        (None, {"HTTPS_PROXY": "http://proxy"}, False),
        (None, {"https_proxy": "http://proxy"}, False),
    ],
)
def test_only_a_proxy_leaves_the_way_to_boto3(endpoint_url: str | None, environ: dict[str, str], fast: bool) -> None:  # noqa: FBT001
    assert isinstance(fast_dynamodb(SESSION, endpoint_url, environ), DynamoDb) == fast


def test_without_credentials_boto3_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SESSION, "get_credentials", lambda: None)
    assert fast_dynamodb(SESSION, None, {}) is None
