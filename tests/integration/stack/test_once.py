"""Every effect happens once, however often and in whatever order the notices come, on the deployed template."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from stack.local import LocalStack

pytestmark = pytest.mark.integration

AT_ONCE = 10
PATIENCE_SECONDS = 30


class Shop:
    """A buyer's and a provider's doors to the stack."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.chat_id = 900_000_000 + secrets.randbelow(10**8)
        self.aws_secret = json.loads(self._parameter(f"providers/openpix/{stack.demo['bot_id']}"))["webhook_secret"]

    def _parameter(self, name: str) -> str:
        paths = self.stack.client("ssm").describe_parameters()["Parameters"]
        path = next(entry["Name"] for entry in paths if entry["Name"].endswith(name))
        return str(self.stack.client("ssm").get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"])

    def lab(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.stack.lab}/_/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def press(self) -> None:
        self.lab("POST", "telegram/press", {"chat_id": self.chat_id, "data": f"buy:{self.stack.demo['sku']}"})

    def charges(self) -> list[dict[str, Any]]:
        return [
            charge for charge in self.lab("GET", "pix/charges") if self.payment(charge["payment_id"]).get("chat_id") == self.key
        ]

    @property
    def key(self) -> dict[str, str]:
        return {"S": str(self.chat_id)}

    def payment(self, payment_id: str) -> dict[str, Any]:
        answer = self.stack.client("dynamodb").get_item(
            TableName=self.stack.tables["payment"], Key={"payment_id": {"S": payment_id}}, ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

    def notice(self, event: str, charge: dict[str, Any]) -> int:
        body = json.dumps(
            {
                "event": event,
                "charge": {
                    "correlationID": charge["payment_id"],
                    "identifier": charge["charge_id"],
                    "value": charge["amount_cents"],
                },
                "pix": {"endToEndId": "E" + "1" * 31, "payer": {"name": "Ana"}},
            }
        ).encode()
        signature = base64.b64encode(hmac.digest(self.aws_secret.encode(), body, "sha1")).decode()
        url = f"{self.stack.api}/pix/openpix/{self.stack.demo['bot_id']}"
        return requests.post(url, data=body, headers={"X-OpenPix-Signature": signature}, timeout=60).status_code

    def deliveries(self) -> int:
        calls = self.lab("GET", "telegram/calls")
        mine = [call for call in calls if call["params"].get("chat_id") == self.chat_id]
        return sum("confirmado" in call["params"].get("text", "") for call in mine)

    def purchases(self, payment_id: str) -> int:
        events = self.lab("GET", "graph/events")
        return sum(entry["event"]["event_id"] == f"purchase_{payment_id}" for entry in events)


@pytest.fixture
def shop(local_stack: LocalStack) -> Shop:
    return Shop(local_stack)


def _eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.2)
    return False


def test_taps_at_once_make_one_charge(shop: Shop) -> None:
    shop.lab("POST", "telegram/start", {"chat_id": shop.chat_id})
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: shop.press(), range(AT_ONCE)))
    assert len(shop.charges()) == 1


def test_a_paid_notice_ten_times_at_once_among_expired_ones_pays_delivers_and_reports_once(shop: Shop) -> None:
    shop.lab("POST", "telegram/start", {"chat_id": shop.chat_id})
    shop.press()
    (charge,) = shop.charges()
    events = ["OPENPIX:CHARGE_COMPLETED", "OPENPIX:CHARGE_EXPIRED"] * AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = list(threads.map(lambda event: shop.notice(event, charge), events))
    assert set(statuses) == {200}
    assert shop.payment(charge["payment_id"])["status"] == {"S": "paid"}
    assert shop.deliveries() == 1
    assert _eventually(lambda: shop.purchases(charge["payment_id"]) > 0)
    assert _eventually(lambda: shop.payment(charge["payment_id"])["purchase_state"] == {"S": "accepted"})
    assert shop.purchases(charge["payment_id"]) == 1


def test_a_forged_notice_changes_nothing(shop: Shop) -> None:
    shop.press()
    (charge,) = shop.charges()
    shop.aws_secret += "x"
    assert shop.notice("OPENPIX:CHARGE_COMPLETED", charge) == 401
    assert shop.payment(charge["payment_id"])["status"] == {"S": "pending"}
