"""A sale of an earlier system on the local stack, and the command as an operator runs it."""

from __future__ import annotations

import csv
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from rastro.model import DAY_MS, BotId, Campaign, Click, Slug
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from rastro.stores.secrets import SsmSecrets
from rastro.tracking.signing import KeyRing
from rastro.tracking.token import CLICK_ID_BYTES, mint, pageview_event_id
from stack.local import LocalStack
from stack.seed import STAGE

CAMPAIGN = Campaign(utm_source="facebook", utm_medium="cpc", utm_campaign="lancamento-natal", campaign_code="NATAL26")
PATIENCE_SECONDS = 60
TWO_DAYS_AGO_MS = time.time_ns() // 1_000_000 - 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class Rastro:
    """The command as an operator runs it."""

    stack_file: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "RASTRO_STACK_FILE": str(self.stack_file), "RASTRO_PROFILE": "local", **self.environ}
        command = [str(Path(sys.executable).with_name("rastro")), *arguments]
        return subprocess.run(command, env=environ, input=stdin, capture_output=True, text=True, timeout=120, check=False)

    def json(self, *arguments: str) -> Mapping[str, Any]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document


def click_before_the_sale(stack: LocalStack, fbclid: str) -> Click:
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


def legacy_file(folder: Path, stack: LocalStack, payment_id: str, chat_id: str, fbclid: str | None) -> Path:
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


def accepted(stack: LocalStack, event_id: str) -> list[Mapping[str, Any]]:
    events = requests.get(f"{stack.lab}/_/graph/events", timeout=10).json()
    return [entry["event"] for entry in events if entry["event"]["event_id"] == event_id]


def wait_for_purchase(stack: LocalStack, payment_id: str) -> Mapping[str, Any]:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        found = accepted(stack, f"purchase_{payment_id}")
        if found:
            return found[0]
        time.sleep(0.25)
    raise AssertionError(f"Graph accepted no purchase_{payment_id} within {PATIENCE_SECONDS} s")
