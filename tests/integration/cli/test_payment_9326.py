"""Payment 9326 on the local stack: imported with nothing, diagnosed, repaired, and its Purchase accepted with its campaign."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from rastro.model import DAY_MS, TrackingToken
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from stack.deploy import STACK_NAME
from stack.local import LocalStack
from tests.integration.cli.imported import (
    TWO_DAYS_AGO_MS,
    Rastro,
    accepted,
    click_before_the_sale,
    legacy_file,
    wait_for_purchase,
)

pytestmark = pytest.mark.integration

SIX = ("tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id", "bot_user.tracking_session_id")


def test_an_imported_sale_with_an_fbclid_gets_its_six_fields_and_its_purchase(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    fbclid = "IwZXh0bgNhZW0-" + secrets.token_urlsafe(40)
    click = click_before_the_sale(local_stack, fbclid)
    path = legacy_file(tmp_path, local_stack, "9326", "932600001", fbclid)

    assert rastro.json("import", "legacy", str(path))["counts"]["payments_created"] == 1
    assert rastro.json("import", "legacy", str(path))["counts"]["payments_already_there"] == 1
    before = rastro.json("doctor", "payment", "9326")
    assert before["fields"] == dict.fromkeys(SIX)
    assert before["root_cause"]["reason"] == "legacy_payment"
    assert accepted(local_stack, "purchase_9326") == []

    # The same fbclid once more, after the sale: it is not what caused it.
    later = replace(click, tracking_token=TrackingToken("later-" + secrets.token_hex(8)), clicked_at_ms=TWO_DAYS_AGO_MS + DAY_MS)
    DynamoClickStore(Table(local_stack.client("dynamodb"), local_stack.tables["click"])).put(later)

    shown = rastro("repair", "payment", "9326")
    assert shown.returncode == 0, shown.stderr
    assert "entra na fila, com a campanha" in shown.stdout
    after = rastro.json("doctor", "payment", "9326")
    assert after["fields"] == {
        "tracking_token": click.tracking_token,
        "utm_source": "facebook",
        "utm_campaign": "lancamento-natal",
        "campaign_code": "NATAL26",
        "pageview_event_id": click.pageview_event_id,
        "bot_user.tracking_session_id": click.tracking_token,
    }
    purchase = wait_for_purchase(local_stack, "9326")
    assert purchase["custom_data"]["campaign_code"] == "NATAL26"
    assert purchase["custom_data"]["utm_campaign"] == "lancamento-natal"
    assert purchase["custom_data"]["value"] == 49.9
    assert purchase["event_time"] == TWO_DAYS_AGO_MS // 1000
    # An fbclid proves the ad, not the person.
    assert purchase["user_data"]["fbc"] == click.fbc
    assert not {"fbp", "client_ip_address", "client_user_agent"} & set(purchase["user_data"])

    assert rastro.json("repair", "payment", "9326")["repair"]["changes"] == []
    assert len(accepted(local_stack, "purchase_9326")) == 1


def test_an_imported_sale_without_a_trace_stays_none_and_says_why(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    path = legacy_file(tmp_path, local_stack, "9327", "932700001", None)
    assert rastro("import", "legacy", str(path)).returncode == 0
    repaired = rastro.json("repair", "payment", "9327")
    assert repaired["repair"] == {
        "changes": [],
        "link_source": "none",
        "reason": "legacy_payment",
        "purchase": {"by_pixel": [], "obstacle": "unlinked"},
    }
    after = rastro.json("doctor", "payment", "9327")
    assert after["fields"] == dict.fromkeys(SIX)
    assert after["root_cause"]["reason"] == "legacy_payment"
    bulk = rastro.json("repair", "--since", "7d")
    assert bulk["unlinked_by_reason"]["legacy_payment"] >= 1
    assert accepted(local_stack, "purchase_9327") == []


def test_a_profile_of_an_aws_account_finds_its_deployment_by_the_name_of_its_stack(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    click = click_before_the_sale(local_stack, "IwAR-" + secrets.token_urlsafe(20))
    aws = local_stack.aws
    (tmp_path / "aws").write_text(
        f"[profile seller]\nendpoint_url = {aws.endpoint_url}\n"
        f"aws_access_key_id = {aws.access_key_id}\naws_secret_access_key = {aws.secret_access_key}\n"
    )
    (tmp_path / "profiles.toml").write_text(
        f'[profiles.prod]\naws_profile = "seller"\nregion = "{aws.region}"\nstack = "{STACK_NAME}"\n'
        f'[profiles.typo]\naws_profile = "seller"\nregion = "{aws.region}"\nstack = "nothing"\n'
        f'[profiles.stranger]\naws_profile = "nobody"\nregion = "{aws.region}"\nstack = "{STACK_NAME}"\n'
    )
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "aws"), "RASTRO_PROFILES_FILE": str(tmp_path / "profiles.toml"), "NO_PROXY": "*"}
    by_stack = replace(rastro, environ=environ)
    document = by_stack.json("doctor", "click", click.tracking_token, "--profile", "prod")
    assert (document["stored"], document["token"]["key"]) == (True, "current")
    for profile, says in (("typo", "nothing"), ("stranger", "nobody")):
        ended = by_stack("doctor", "payment", "1", "--profile", profile)
        assert (ended.returncode, says in ended.stderr) == (1, True)


def test_a_token_is_read_with_the_deployments_own_keys(local_stack: LocalStack, rastro: Rastro) -> None:
    click = click_before_the_sale(local_stack, "IwAR-" + secrets.token_urlsafe(20))
    document = rastro.json("doctor", "token", click.tracking_token)
    assert (document["valid"], document["key"], document["campaign"]["campaign_code"]) == (True, "current", "NATAL26")
