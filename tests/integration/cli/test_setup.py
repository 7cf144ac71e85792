"""A second seller moves in on the local stack by the commands alone, and sells."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from stack.local import LocalStack
from stack.seed import STAGE
from tests.integration.cli.imported import PATIENCE_SECONDS, Rastro, wait_for_purchase

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

pytestmark = pytest.mark.integration

BOT, USERNAME = "7000000777", "padaria_bot"
TOKEN = f"{BOT}:{secrets.token_urlsafe(26)}"
APP_ID, WEBHOOK_SECRET = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
CHAT = 777_000_001
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"


def _secrets(stack: LocalStack) -> Mapping[str, str]:
    ssm: SSMClient = stack.client("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/rastro/{STAGE}", Recursive=True, WithDecryption=True)
    return {
        parameter["Name"].removeprefix(f"/rastro/{STAGE}/"): parameter["Value"]
        for page in pages
        for parameter in page["Parameters"]
    }


@pytest.fixture
def outside(local_stack: LocalStack) -> None:
    """The world outside knows the second seller's bot and account besides those of the demo."""
    stored, demo_bot = _secrets(local_stack), local_stack.demo["bot_id"]
    providers: dict[str, dict[str, Any]] = {}
    for name, value in stored.items():
        if name.startswith("providers/"):
            _, provider, bot_id = name.split("/")
            credentials = {key: text for key, text in json.loads(value).items() if key != "api_url"}
            providers.setdefault(provider, {})[bot_id] = credentials
    providers["openpix"][BOT] = {"app_id": APP_ID, "webhook_secret": WEBHOOK_SECRET}
    demo = {
        "bot_id": demo_bot,
        "username": local_stack.demo["bot_username"],
        "token": stored[f"bots/{demo_bot}/token"],
        "webhook_secret": stored[f"bots/{demo_bot}/webhook-secret"],
    }
    new = {"bot_id": BOT, "username": USERNAME, "token": TOKEN, "webhook_secret": "none-yet"}
    pixel_id = local_stack.demo["pixel_id"]
    config = {
        "api": local_stack.api,
        "bots": [demo, new],
        "providers": providers,
        "pixels": {pixel_id: stored[f"pixels/{pixel_id}/token"]},
    }
    requests.put(f"{local_stack.lab}/_/config", json=config, timeout=10).raise_for_status()


def _typed(rastro: Rastro, *arguments: str, answers: str) -> subprocess.CompletedProcess[str]:
    done = rastro(*arguments, stdin=answers)
    assert TOKEN not in done.stdout + done.stderr
    assert WEBHOOK_SECRET not in done.stdout + done.stderr
    return done


def test_a_second_seller_moves_in_by_the_commands_and_sells(local_stack: LocalStack, rastro: Rastro, outside: None) -> None:
    assert rastro.json("keys", "init") == {"created": False}

    added = _typed(rastro, "bot", "add", answers=f"{TOKEN}\n")
    assert added.returncode == 0, added.stderr
    assert f"@{USERNAME}" in added.stdout
    checked = rastro.json("bot", "check", BOT)
    assert checked["webhook"]["url"] == f"{local_stack.api}/telegram/{BOT}"
    assert checked["webhook"]["allowed_updates"] == ["message", "callback_query", "my_chat_member"]

    account = _typed(rastro, "provider", "add", "openpix", "--bot", BOT, answers=f"wrong\n{WEBHOOK_SECRET}\n\n")
    assert account.returncode == 1
    assert "recusou as credenciais" in account.stderr
    account = _typed(rastro, "provider", "add", "openpix", "--bot", BOT, answers=f"{APP_ID}\n{WEBHOOK_SECRET}\n\n")
    assert account.returncode == 0, account.stderr
    assert f"{local_stack.api}/pix/openpix/{BOT}" in account.stdout

    pixel_id = local_stack.demo["pixel_id"]
    funnel = rastro(
        *("funnel", "add", "padaria", "--name", "Curso de Pão", "--bot", BOT, "--provider", "openpix", "--pixel", pixel_id),
        *("--sku", "pao", "--product", "Curso de Pão", "--price", "29,90", "--delivery-url", "https://entrega.example.com/pao"),
    )
    assert funnel.returncode == 0, funnel.stderr
    assert rastro.json("funnel", "edit", "padaria", "--mode", "direct")["funnel"]["mode"] == "direct"
    link = rastro.json("funnel", "link", "padaria", "--plain", "--param", "utm_source=facebook", "--param", "campaign_code=PAO26")
    checks = rastro("setup", "--check", "--json")
    own = [check for check in json.loads(checks.stdout)["checks"] if check["name"] in {BOT, f"openpix ({BOT})", "padaria"}]
    assert len(own) >= 4
    assert all(check["ok"] for check in own), own

    payment_id = _sell(local_stack, link["url"])
    assert rastro.json("doctor", "payment", payment_id)["fields"]["campaign_code"] == "PAO26"
    purchase = wait_for_purchase(local_stack, payment_id)
    assert purchase["custom_data"]["value"] == 29.9


def test_the_wizard_is_taken_up_where_everything_is(local_stack: LocalStack, rastro: Rastro) -> None:
    done = rastro("setup", stdin="n\nn\nn\nn\n")
    assert "Chaves de assinatura" in done.stderr
    assert "rastro funnel link" in done.stderr
    assert f"{local_stack.api}/go/demo" in done.stdout


def _sell(stack: LocalStack, url: str) -> str:
    """Come from the ad to the bot, buy, pay, and return the payment's id once the buyer has read of it."""
    redirect = requests.get(url, headers={"user-agent": IPHONE}, allow_redirects=False, timeout=20)
    assert redirect.status_code == 302, redirect.text
    target = urlsplit(redirect.headers["location"])
    assert target.path == f"/{USERNAME}"
    (token,) = parse_qs(target.query)["start"]
    lab, person = f"{stack.lab}/_", {"bot_id": BOT, "chat_id": CHAT}
    requests.post(f"{lab}/telegram/start", json=person | {"payload": token, "first_name": "Ana"}, timeout=60).raise_for_status()
    requests.post(f"{lab}/telegram/press", json=person | {"data": "buy:pao"}, timeout=60).raise_for_status()
    charge = _once(lambda: requests.get(f"{lab}/pix/charges", timeout=10).json(), lambda entry: entry["amount_cents"] == 2990)
    requests.post(f"{lab}/pix/charges/{charge['charge_id']}/pay", json={}, timeout=60).raise_for_status()
    _once(
        lambda: requests.get(f"{lab}/telegram/chats/{CHAT}?bot_id={BOT}", timeout=10).json(),
        lambda message: re.search("confirmado", message.get("text", "")),
    )
    return str(charge["payment_id"])


def _once(read: Any, wanted: Any) -> Mapping[str, Any]:
    """Return the first entry that is wanted, as soon as there is one."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        found = [entry for entry in read() if wanted(entry)]
        if found:
            entry: Mapping[str, Any] = found[0]
            return entry
        time.sleep(0.25)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s")
