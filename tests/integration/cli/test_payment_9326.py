"""Payment 9326 on the local stack: imported with nothing, diagnosed, repaired, and its Purchase accepted with its campaign."""

from __future__ import annotations

import csv
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from rastro.model import DAY_MS, BotId, Campaign, Click, Slug, TrackingToken
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from rastro.stores.secrets import SsmSecrets
from rastro.tracking.signing import KeyRing
from rastro.tracking.token import CLICK_ID_BYTES, mint, pageview_event_id
from stack.deploy import STACK_NAME
from stack.local import LocalStack
from stack.seed import STAGE

pytestmark = pytest.mark.integration

CAMPAIGN = Campaign(utm_source="facebook", utm_medium="cpc", utm_campaign="lancamento-natal", campaign_code="NATAL26")
SIX = ("tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id", "bot_user.tracking_session_id")
PATIENCE_SECONDS = 60
TWO_DAYS_AGO_MS = time.time_ns() // 1_000_000 - 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class Rastro:
    """The command as an operator runs it."""

    stack_file: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "RASTRO_STACK_FILE": str(self.stack_file), "RASTRO_PROFILE": "local", **self.environ}
        command = [str(Path(sys.executable).with_name("rastro")), *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)

    def json(self, *arguments: str) -> Mapping[str, Any]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document


@pytest.fixture
def rastro(local_stack: LocalStack) -> Rastro:
    return Rastro(local_stack.stack_file)


def _click_before_the_sale(stack: LocalStack, fbclid: str) -> Click:
    """Store a click of two days ago: the redirect stamps its clicks with the present."""
    clicked_at_ms = TWO_DAYS_AGO_MS - 10 * 60_000
    click_id = secrets.token_bytes(CLICK_ID_BYTES)
    keys = KeyRing(SsmSecrets(stack.client("ssm"), f"/rastro/{STAGE}"))()
    slug = Slug(stack.demo["slug"])
    click = Click(
        tracking_token=mint(keys, click_id=click_id, clicked_at_ms=clicked_at_ms, slug=slug, campaign=CAMPAIGN),
        slug=slug,
        clicked_at_ms=clicked_at_ms,
        pageview_event_id=pageview_event_id(click_id),
        campaign=CAMPAIGN,
        bot_id=BotId(stack.demo["bot_id"]),
        fbclid=fbclid,
        fbc=f"fb.1.{clicked_at_ms}.{fbclid}",
        fbp=f"fb.1.{clicked_at_ms}.1234567890",
        click_ip="177.10.20.30",
        click_user_agent="Mozilla/5.0 (iPhone) Instagram",
        event_source_url="https://go.example.com/go/demo",
    )
    DynamoClickStore(Table(stack.client("dynamodb"), stack.tables["click"])).put(click)
    return click


def _legacy_file(folder: Path, stack: LocalStack, payment_id: str, chat_id: str, fbclid: str | None) -> Path:
    record = {
        "payment_id": payment_id,
        "bot_id": stack.demo["bot_id"],
        "chat_id": chat_id,
        "status": "paid",
        "amount": "49,90",
        "created_at": TWO_DAYS_AGO_MS - 60_000,
        "paid_at": TWO_DAYS_AGO_MS,
        "fbclid": fbclid or "NONE",
        **dict.fromkeys(
            ("tracking_session_id", "tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id"), "NONE"
        ),
    }
    path = folder / "vendas.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(record))
        writer.writeheader()
        writer.writerow(record)
    return path


def _accepted(stack: LocalStack, event_id: str) -> list[Mapping[str, Any]]:
    events = requests.get(f"{stack.lab}/_/graph/events", timeout=10).json()
    return [entry["event"] for entry in events if entry["event"]["event_id"] == event_id]


def _wait_for_purchase(stack: LocalStack, payment_id: str) -> Mapping[str, Any]:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        found = _accepted(stack, f"purchase_{payment_id}")
        if found:
            return found[0]
        time.sleep(0.25)
    raise AssertionError(f"Graph accepted no purchase_{payment_id} within {PATIENCE_SECONDS} s")


def test_an_imported_sale_with_an_fbclid_gets_its_six_fields_and_its_purchase(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    fbclid = "IwZXh0bgNhZW0-" + secrets.token_urlsafe(40)
    click = _click_before_the_sale(local_stack, fbclid)
    path = _legacy_file(tmp_path, local_stack, "9326", "932600001", fbclid)

    assert rastro.json("import", "legacy", str(path))["counts"]["payments_created"] == 1
    assert rastro.json("import", "legacy", str(path))["counts"]["payments_already_there"] == 1
    before = rastro.json("doctor", "payment", "9326")
    assert before["fields"] == dict.fromkeys(SIX)
    assert before["root_cause"]["reason"] == "legacy_payment"
    assert _accepted(local_stack, "purchase_9326") == []

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
    purchase = _wait_for_purchase(local_stack, "9326")
    assert purchase["custom_data"]["campaign_code"] == "NATAL26"
    assert purchase["custom_data"]["utm_campaign"] == "lancamento-natal"
    assert purchase["custom_data"]["value"] == 49.9
    assert purchase["event_time"] == TWO_DAYS_AGO_MS // 1000
    # An fbclid proves the ad, not the person.
    assert purchase["user_data"]["fbc"] == click.fbc
    assert not {"fbp", "client_ip_address", "client_user_agent"} & set(purchase["user_data"])

    assert rastro.json("repair", "payment", "9326")["repair"]["changes"] == []
    assert len(_accepted(local_stack, "purchase_9326")) == 1


def test_an_imported_sale_without_a_trace_stays_none_and_says_why(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    path = _legacy_file(tmp_path, local_stack, "9327", "932700001", None)
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
    assert _accepted(local_stack, "purchase_9327") == []


def test_a_profile_of_an_aws_account_finds_its_deployment_by_the_name_of_its_stack(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path
) -> None:
    click = _click_before_the_sale(local_stack, "IwAR-" + secrets.token_urlsafe(20))
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
    click = _click_before_the_sale(local_stack, "IwAR-" + secrets.token_urlsafe(20))
    document = rastro.json("doctor", "token", click.tracking_token)
    assert (document["valid"], document["key"], document["campaign"]["campaign_code"]) == (True, "current", "NATAL26")
