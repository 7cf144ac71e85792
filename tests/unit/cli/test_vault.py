"""Secrets in SSM as the set-up commands keep them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from rastro.errors import StoreUnavailable
from rastro.model import BotId
from rastro.stores.secrets import SsmSecrets
from rastro_cli.vault import SsmVault, accounts, bot_ids, credentials, pixel_ids

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@pytest.fixture
def ssm() -> Iterator[SSMClient]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="sa-east-1")
    with mock_aws():
        yield session.client("ssm")


@pytest.fixture
def vault(ssm: SSMClient) -> SsmVault:
    return SsmVault(ssm, "/rastro/prod")


def test_a_secret_is_stored_encrypted_where_the_functions_read_it(vault: SsmVault, ssm: SSMClient) -> None:
    assert vault.get("bots/7/token") is None
    vault.put("bots/7/token", "7:first")
    vault.put("bots/7/token", "7:second")
    assert vault.get("bots/7/token") == "7:second"
    assert SsmSecrets(ssm, "/rastro/prod").get("bots/7/token") == "7:second"
    (parameter,) = ssm.describe_parameters()["Parameters"]
    assert (parameter["Name"], parameter["Type"]) == ("/rastro/prod/bots/7/token", "SecureString")


def test_the_time_of_the_last_change_is_known(vault: SsmVault) -> None:
    assert vault.changed_at_ms("signing-keys") is None
    vault.put("signing-keys", "{}")
    assert (vault.changed_at_ms("signing-keys") or 0) > 1_700_000_000_000


def test_names_are_listed_by_folder_however_many(vault: SsmVault) -> None:
    for number in range(12):
        vault.put(f"bots/{number}/token", "t")
        vault.put(f"bots/{number}/webhook-secret", "s")
    vault.put("bots/99/webhook-secret", "s")
    vault.put("pixels/1/token", "t")
    vault.put("providers/openpix/7", '{"app_id": "a"}')
    vault.put("signing-keys", "{}")
    assert len(bot_ids(vault)) == 12
    assert pixel_ids(vault) == ["1"]
    assert accounts(vault) == [("openpix", "7")]
    assert vault.names("nothing") == []


@pytest.mark.parametrize(
    ("stored", "read"),
    [('{"app_id": "a", "n": 7, "gone": null}', {"app_id": "a", "n": "7"}), ("not json", {}), ("[]", {}), (None, {})],
)
def test_credentials_that_cannot_be_read_are_none(vault: SsmVault, stored: str | None, read: dict[str, str]) -> None:
    if stored is not None:
        vault.put("providers/openpix/7", stored)
    assert credentials(vault, "openpix", BotId("7")) == read


def test_a_store_that_refuses_is_told_without_the_secret() -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="sa-east-1")
    with mock_aws():
        vault = SsmVault(session.client("ssm"), "/aws")  # a prefix that AWS keeps for itself
        with pytest.raises(StoreUnavailable) as caught:
            vault.put("x", "my-password")
    assert "my-password" not in str(caught.value)
