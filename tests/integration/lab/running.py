"""A running lab as its callers see it, and a Rastro that only remembers what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

BOT_ID = "7000000001"
TOKEN = f"{BOT_ID}:AA-secret"
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Rastro:
    """Answers 200 with an empty object, or what the next of ``script`` says: status, body, seconds to wait."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    script: list[tuple[int, bytes, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, *statuses: int) -> None:
        self.script.extend((status, b"{}", 0.0) for status in statuses)

    def take(self, received: Received) -> tuple[int, bytes, float]:
        with self.lock:
            self.received.append(received)
            return self.script.pop(0) if self.script else (200, b"{}", 0.0)


@dataclass(frozen=True)
class RunningLab:
    url: str

    def control(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        answer = requests.request(method, f"{self.url}/_/{path}", json=body, timeout=40)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"].startswith("application/json")
        return answer.json()

    def bot(self, method: str, token: str = TOKEN, **arguments: Any) -> requests.Response:
        return requests.post(f"{self.url}/telegram/bot{token}/{method}", timeout=10, **arguments)

    def charge(self, payment_id: str = "pay_1", **more: Any) -> dict[str, Any]:
        body = {"correlationID": payment_id, "value": 4990, "expiresIn": 600} | more
        answer = requests.post(f"{self.url}/openpix/api/v1/charge", json=body, headers={"Authorization": "app-1"}, timeout=10)
        assert answer.status_code == 200, answer.text
        charge: dict[str, Any] = answer.json()["charge"]
        return charge

    def graph(self, *events: dict[str, Any], token: str = "pixel-token", **arguments: Any) -> requests.Response:
        defaults: dict[str, Any] = {"json": {"data": list(events)}, "headers": {"Authorization": f"Bearer {token}"}}
        timeout = arguments.pop("timeout", 10)
        return requests.post(f"{self.url}/graph/v26.0/111/events", timeout=timeout, **(defaults | arguments))


def event(event_id: str = "e1", **more: Any) -> dict[str, Any]:
    return {
        "event_name": "PageView",
        "event_time": int(time.time()),
        "event_id": event_id,
        "action_source": "chat",
        "user_data": {"external_id": "a"},
    } | more


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
