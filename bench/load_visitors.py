"""The visitors, bots' people and notices of ``make load``, for locust: ``locust -f bench/load_visitors.py``.

What they need to know of the stack stands in the JSON file that ``RASTRO_LOAD_FILE`` names. Every one of them is somebody else.
"""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, task

STACK: dict[str, Any] = json.loads(Path(os.environ["RASTRO_LOAD_FILE"]).read_text(encoding="utf-8"))
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0"
_NONCE = re.compile(r'"n": ?"([A-Za-z0-9_-]+)"')
_START = re.compile(r"start=([A-Za-z0-9_-]{44})")
_people = itertools.count(900_000_000)
_updates = itertools.count(50_000_000)


class Visitor(FastHttpUser):
    """Does one thing after the other without a pause."""

    host = STACK["api"]
    wait_time = constant(0)
    default_headers = {"User-Agent": AGENT, "Accept": "*/*"}  # noqa: RUF012 - as locust wants it

    @task(6)
    def click_an_ad(self) -> None:
        """Pass the redirect at once."""
        self._click(STACK["slug"], 302)

    @task(2)
    def open_the_page(self) -> None:
        """Pass by the page: it reports what the browser knows and asks whether the bot was opened."""
        page = self._click(STACK["page_slug"], 200)
        nonce = _NONCE.search(page)
        if nonce is None:
            return
        name = nonce.group(1)
        base = f"/go/{STACK['page_slug']}"
        body = json.dumps({"n": name, "fbp": "fb.1.1795521600000.1098115397", "fbc": None})
        self._expect("POST", f"{base}/seen", 204, "POST /go/{slug}/seen", data=body)
        self._expect("GET", f"{base}/status?n={name}", 200, "GET /go/{slug}/status")

    @task(3)
    def open_the_bot(self) -> None:
        """Click, and open the bot with the token of the click."""
        start = _START.search(self._click(STACK["slug"], 302))
        person = next(_people)
        sender = {"id": person, "is_bot": False, "first_name": "Ana"}
        text = f"/start {start.group(1)}" if start else "/start"
        update = {
            "update_id": next(_updates),
            "message": {"message_id": 1, "from": sender, "chat": {"id": person, "type": "private"}, "date": 1, "text": text},
        }
        headers = {"X-Telegram-Bot-Api-Secret-Token": STACK["webhook_secret"], "Content-Type": "application/json"}
        path = f"/telegram/{STACK['bot_id']}"
        self._expect("POST", path, 200, "POST /telegram/{bot_id}", data=json.dumps(update), headers=headers)

    @task(3)
    def pay(self) -> None:
        """Have the provider tell of a payment; each of those prepared once."""
        if not STACK["payments"]:
            return
        payment_id = STACK["payments"].pop()
        charge = {
            "correlationID": payment_id,
            "identifier": f"charge-{payment_id}",
            "value": 4990,
            "status": "COMPLETED",
            "payer": {"name": "Ana da Silva"},
        }
        document = {"event": "OPENPIX:CHARGE_COMPLETED", "charge": charge, "pix": {"endToEndId": payment_id, "value": 4990}}
        body = json.dumps(document)
        signature = base64.b64encode(hmac.digest(STACK["pix_secret"].encode(), body.encode(), "sha1")).decode()
        headers = {"X-OpenPix-Signature": signature, "Content-Type": "application/json"}
        path = f"/pix/openpix/{STACK['bot_id']}"
        self._expect("POST", path, 200, "POST /pix/{provider}/{bot_id}", data=body, headers=headers)

    def _click(self, slug: str, status: int) -> str:
        """Return where a click leads, or the page that it shows."""
        query = f"fbclid=IwAR-{uuid.uuid4().hex}&utm_source=facebook&utm_campaign=load&campaign_code=LOAD"
        return self._expect("GET", f"/go/{slug}?{query}", status, "GET /go/{slug}")

    def _expect(self, method: str, path: str, status: int, name: str, **more: Any) -> str:  # noqa: ANN401 - locust's
        """Do a request, which fails unless it has this status; return its location, else its body."""
        request = self.client.request(method, path, name=name, catch_response=True, allow_redirects=False, **more)
        with request as answer:
            if answer.status_code == status:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} instead of {status}")
            return str((answer.headers or {}).get("location") or answer.text or "")
