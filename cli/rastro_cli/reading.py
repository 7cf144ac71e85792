"""A client for reading much: reports read tens of thousands of records, and boto3 takes three times as long over each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rastro.stores.aws import AwsClients, DynamoDb
from rastro.stores.aws_connections import Patience

if TYPE_CHECKING:
    import boto3

ATTEMPTS = 4
PATIENCE = Patience(5, 20)
"""An operator waits, no visitor does."""
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def fast_dynamodb(session: boto3.Session, endpoint_url: str | None, environ: Mapping[str, str]) -> DynamoDb | None:
    """Return the functions' own client with a session's credentials, which several threads may use at once.

    ``None`` where there are no credentials or AWS is behind a proxy, through which only boto3 finds the way.
    """
    credentials = session.get_credentials()
    if credentials is None or (endpoint_url is None and any(environ.get(name) for name in _PROXIES)):
        return None
    frozen = credentials.get_frozen_credentials()
    given = {
        "AWS_REGION": session.region_name,
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_CA_BUNDLE": environ.get("AWS_CA_BUNDLE"),
    }
    environment = {name: value for name, value in given.items() if value}
    return AwsClients(attempts=ATTEMPTS, environ=environment, patience=PATIENCE).dynamodb
