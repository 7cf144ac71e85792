"""Every effect happens once, however often and in whatever order notices come, on the deployed template, for each provider."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from rastro.pix.provider import PROVIDERS
from stack.local import LocalStack
from stack.seed import DEMO, PROVIDER

pytestmark = pytest.mark.integration

AT_ONCE = 10
PATIENCE_SECONDS = 30


class Shop:
    """A buyer's and a provider's doors to the stack."""

    def __init__(self, stack: LocalStack, provider: str = PROVIDER) -> None:
        self.stack = stack
        self.slug = DEMO.slug if provider == PROVIDER else f"{DEMO.slug}-{provider}"
        self.provider = provider
        self.chat_id = 900_000_000 + secrets.randbelow(10**8)

    def lab(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.stack.lab}/_/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def start(self) -> None:
        url = f"{self.stack.api}/go/{self.slug}?utm_campaign=once"
        location = requests.get(url, allow_redirects=False, timeout=60).headers["Location"]
        (token,) = parse_qs(urlsplit(location).query)["start"]
        self.lab("POST", "telegram/start", {"chat_id": self.chat_id, "payload": token})

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

    def notices(self, name: str, charge: dict[str, Any]) -> list[int]:
        """Have the provider send a notice and return what it was answered, each time the first time."""
        answer = self.lab("POST", f"pix/charges/{charge['charge_id']}/notify", {"notice": name})
        return [notice["http_status"] for notice in answer["notices"]]

    def deliveries(self) -> int:
        calls = self.lab("GET", "telegram/calls")
        mine = [call for call in calls if call["params"].get("chat_id") == self.chat_id]
        return sum("confirmado" in call["params"].get("text", "") for call in mine)

    def purchases(self, payment_id: str) -> int:
        events = self.lab("GET", "graph/events")
        return sum(entry["event"]["event_id"] == f"purchase_{payment_id}" for entry in events)


def _eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.2)
    return False


def test_taps_at_once_make_one_charge(local_stack: LocalStack) -> None:
    shop = Shop(local_stack)
    shop.start()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: shop.press(), range(AT_ONCE)))
    assert len(shop.charges()) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_paid_notice_ten_times_at_once_among_expired_ones_pays_delivers_and_reports_once(
    local_stack: LocalStack, provider: str
) -> None:
    shop = Shop(local_stack, provider)
    shop.start()
    shop.press()
    (charge,) = shop.charges()
    assert charge["provider"] == provider
    shop.lab("POST", f"pix/charges/{charge['charge_id']}/pay", {"notify": False})
    with ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = list(threads.map(lambda name: shop.notices(name, charge), ["paid", "expired"] * AT_ONCE))
    assert {status for each in statuses for status in each} == {200}
    payment_id = charge["payment_id"]
    assert shop.payment(payment_id)["status"] == {"S": "paid"}
    assert shop.payment(payment_id)["link_confidence"] == {"S": "certain"}
    assert shop.deliveries() == 1
    assert _eventually(lambda: shop.purchases(payment_id) > 0)
    assert _eventually(lambda: shop.payment(payment_id)["purchase_state"] == {"S": "accepted"})
    assert shop.purchases(payment_id) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stranger_pays_nothing(local_stack: LocalStack, provider: str) -> None:
    shop = Shop(local_stack, provider)
    shop.start()
    shop.press()
    (charge,) = shop.charges()
    url = f"{shop.stack.api}/pix/{provider}/{shop.stack.demo['bot_id']}"
    paid = {"event": "OPENPIX:CHARGE_COMPLETED", "charge": {"correlationID": charge["payment_id"]}, "id": charge["charge_id"]}
    assert requests.post(url, json=paid, headers={"X-OpenPix-Signature": "AAAA"}, timeout=60).status_code == 401
    assert shop.payment(charge["payment_id"])["status"] == {"S": "pending"}


def test_a_sale_whose_every_notice_was_lost_is_found_by_asking(local_stack: LocalStack) -> None:
    shop = Shop(local_stack)
    shop.start()
    shop.press()
    (charge,) = shop.charges()
    shop.lab("POST", f"pix/charges/{charge['charge_id']}/pay", {"notify": False})
    shop.lab("POST", "telegram/press", {"chat_id": shop.chat_id, "data": f"paid:{charge['payment_id']}"})
    assert shop.payment(charge["payment_id"])["status"] == {"S": "paid"}
    assert shop.deliveries() == 1
