"""The report on the local stack: journeys are played, and its numbers are those of what was played."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from stack.local import LocalStack
from tests.integration.cli.imported import PATIENCE_SECONDS, Rastro

pytestmark = pytest.mark.integration

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"


class Ads:
    """A campaign of the test's own, and the people who come by it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.campaign = f"relatório {secrets.token_hex(4)}"

    def lab(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.stack.lab}/_/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def click(self) -> str:
        """Pass the redirect, and return the token."""
        url = f"{self.stack.api}/go/{self.stack.demo['slug']}"
        answer = requests.get(
            url,
            params={"utm_campaign": self.campaign, "fbclid": "IwAR-" + secrets.token_urlsafe(20)},
            headers={"User-Agent": IPHONE},
            allow_redirects=False,
            timeout=60,
        )
        (token,) = parse_qs(urlsplit(answer.headers["Location"]).query)["start"]
        return token

    def start(self, token: str) -> int:
        """Open the bot with a token, and return the chat."""
        chat_id = 910_000_000 + secrets.randbelow(10**7)
        self.lab("POST", "telegram/start", {"chat_id": chat_id, "payload": token})
        return chat_id

    def buy(self, chat_id: int) -> Mapping[str, Any]:
        """Ask for a charge, and return it."""
        known = {charge["charge_id"] for charge in self.lab("GET", "pix/charges")}
        self.lab("POST", "telegram/press", {"chat_id": chat_id, "data": f"buy:{self.stack.demo['sku']}"})
        (charge,) = [charge for charge in self.lab("GET", "pix/charges") if charge["charge_id"] not in known]
        return dict(charge)

    def pay(self, charge: Mapping[str, Any]) -> None:
        """Pay a charge."""
        self.lab("POST", f"pix/charges/{charge['charge_id']}/pay", {})


def _told(rastro: Rastro, campaign: str, accepted: int) -> Mapping[str, Any]:
    """Return the report of a campaign once Meta has accepted so many of its sales."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        document: Mapping[str, Any] = rastro.json("report", "--campaign", campaign, "--by", "client,provider,funnel")
        total = document["total"]
        if (total["purchases_accepted"], total["starts"]) >= (accepted, 3) and total["clicks"] >= 4:
            return document
        assert time.monotonic() < give_up_at, document
        time.sleep(0.5)


def test_what_was_played_is_what_is_told(local_stack: LocalStack, rastro: Rastro, tmp_path: Path) -> None:
    ads = Ads(local_stack)
    tokens = [ads.click() for _ in range(4)]
    chats = [ads.start(token) for token in tokens[:3]]
    charges = [ads.buy(chat_id) for chat_id in chats[:2]]
    ads.pay(charges[0])
    price_cents = local_stack.demo["price_cents"]

    document = _told(rastro, ads.campaign, accepted=1)
    total = document["total"]
    assert total["links"] == [{"link_source": "start_param", "link_confidence": "certain", "starts": 3}]
    assert (total["clicks"], total["starts"], total["charges"], total["paid"]) == (4, 3, 2, 1)
    assert (total["revenue_cents"], total["refunded_cents"], total["unlinked_cents"]) == (price_cents, 0, 0)
    assert (total["purchases"], total["coverage"]) == ({"accepted": 1}, 1.0)
    assert 0 <= total["median_seconds_to_accepted"] < PATIENCE_SECONDS
    (row,) = document["rows"]
    assert (row["client"], row["provider"], row["funnel"]) == (
        "instagram_ios",
        local_stack.demo["provider"],
        local_stack.demo["slug"],
    )

    path = tmp_path / "report.html"
    assert rastro("report", "--campaign", ads.campaign, "--html", str(path)).returncode == 0
    assert ads.campaign in path.read_text(encoding="utf-8")
    assert ads.campaign in rastro("report", "--campaign", ads.campaign, "--csv").stdout


def test_the_trigger_that_is_pulled_after_a_deploy_counts_for_nobody(local_stack: LocalStack, rastro: Rastro) -> None:
    slugs = {row["funnel"] for row in rastro.json("report", "--by", "funnel")["rows"]}
    assert "smoke-test" not in slugs
    assert json.loads(local_stack.stack_file.read_text())["functions"]["rollup"]
