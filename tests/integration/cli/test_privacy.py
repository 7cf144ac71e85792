"""A person asks for their data and then to be erased, on the deployed template: every table and the cache are looked through."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
import requests

from stack.local import LocalStack
from tests.integration.cli.imported import Rastro

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Person:
    """Somebody who is unmistakable."""

    stack: LocalStack
    chat_id: int
    fbclid: str
    user_agent: str
    address: str
    first_name: str

    @classmethod
    def new(cls, stack: LocalStack) -> Person:
        mark = secrets.token_hex(6)
        agent = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Instagram 335.0.{mark}"
        address = f"177.{secrets.randbelow(200) + 20}.{secrets.randbelow(200) + 20}.{secrets.randbelow(200) + 20}"
        return cls(stack, 910_000_000 + secrets.randbelow(10**7), f"IwAR-{mark}", agent, address, f"Zuleica{mark}")

    @property
    def traces(self) -> tuple[str, ...]:
        return (str(self.chat_id), self.fbclid, self.user_agent, self.address, self.first_name)

    def buys(self, *, pays: bool = True) -> str:
        """Come by an ad, buy, and return the payment's id."""
        url = f"{self.stack.api}/go/{self.stack.demo['slug']}?utm_campaign=lgpd&fbclid={self.fbclid}"
        headers = {"user-agent": self.user_agent, "x-forwarded-for": self.address}
        location = requests.get(url, headers=headers, allow_redirects=False, timeout=60).headers["location"]
        (token,) = parse_qs(urlsplit(location).query)["start"]
        self.lab("telegram/start", {"chat_id": self.chat_id, "payload": token, "first_name": self.first_name})
        self.lab("telegram/press", {"chat_id": self.chat_id, "data": f"buy:{self.stack.demo['sku']}"})
        (payment,) = self.payments()
        if pays:
            self.lab(f"pix/charges/{payment['charge_id']['S']}/pay", {"payer_name": f"{self.first_name} Quaresma"})
            wait_for(lambda: self.payments()[0].get("purchase_state", {}).get("S") == "accepted")
        return str(payment["payment_id"]["S"])

    def payments(self) -> list[dict[str, Any]]:
        items = self.stack.client("dynamodb").scan(TableName=self.stack.tables["payment"], ConsistentRead=True)["Items"]
        return [item for item in items if item["chat_id"]["S"] == str(self.chat_id)]

    def lab(self, path: str, body: object) -> None:
        requests.post(f"{self.stack.lab}/_/{path}", json=body, timeout=60).raise_for_status()


def everything(stack: LocalStack) -> str:
    """Return every record and every entry of the cache as text."""
    dynamodb = stack.client("dynamodb")
    pages = [
        page["Items"] for table in stack.tables.values() for page in dynamodb.get_paginator("scan").paginate(TableName=table)
    ]
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        cached = {
            key: client.get(key) if client.type(key) == "string" else client.zrange(key, 0, -1) for key in client.scan_iter()
        }
    return json.dumps([pages, cached], ensure_ascii=False)


def wait_for(happened: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.2)


def test_a_person_is_shown_what_is_held_and_then_erased(local_stack: LocalStack, rastro: Rastro) -> None:
    person = Person.new(local_stack)
    payment_id = person.buys()
    chat = f"{local_stack.demo['bot_id']}/{person.chat_id}"
    before = everything(local_stack)
    assert [trace for trace in person.traces if trace not in before] == []

    shown = rastro.json("export", "--chat", chat)
    assert shown["records"]["click"][0]["click_ip"] == person.address
    assert shown["records"]["bot_user"][0]["first_name"] == person.first_name
    assert shown["records"]["payment"][0]["payment_id"] == payment_id
    assert {"bot_user", "click", "payment", "event", "inbox", "cache"} == set(shown["records"])

    would = rastro.json("erase", "--chat", chat, "--dry-run")
    assert everything(local_stack).count(str(person.chat_id)) == before.count(str(person.chat_id))
    done = rastro.json("erase", "--chat", chat)
    assert _without_times(done) == _without_times(would)
    assert [each["where"] for each in done["bots"][0]["erased"]] == ["cache", "click", "event", "inbox", "bot_user", "payment"]
    after = everything(local_stack)
    assert [trace for trace in (*person.traces, "Quaresma") if trace in after] == []
    assert payment_id in after

    assert rastro.json("erase", "--chat", chat)["bots"] == []
    assert rastro("export", "--chat", chat).returncode == 3


def test_what_is_paid_after_an_erasure_is_a_sale_that_nobody_is_told_of(local_stack: LocalStack, rastro: Rastro) -> None:
    person = Person.new(local_stack)
    payment_id = person.buys(pays=False)
    charge_id = person.payments()[0]["charge_id"]["S"]
    assert rastro.json("erase", "--payment", payment_id)["bots"][0]["open_sales"] == [payment_id]
    person.lab(f"pix/charges/{charge_id}/pay", {"payer_name": f"{person.first_name} Quaresma"})

    def paid() -> bool:
        document = rastro.json("doctor", "payment", payment_id)
        return bool(document["payment"]["status"] == "paid")

    wait_for(paid)
    assert rastro.json("events", "payment", payment_id)["events"] == []
    after = everything(local_stack)
    assert [trace for trace in person.traces if trace in after] == []


def _without_times(receipt: Any) -> Any:
    return [{**bot, "remains": [each["where"] for each in bot["remains"]]} for bot in receipt["bots"]]
