"""The notices of the PIX provider: their bodies, their signature, and how they are delivered.

OpenPix: any status below 400 will do; else 8 tries, 10 * 2^n seconds apart (https://developers.openpix.com.br/docs/webhook).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.charges import Charge, iso
from lab.post import Post
from lab.state import JsonObject, State
from lab.wire import Sleep

SIGNATURE_HEADER = "X-OpenPix-Signature"
TRIES = 8
FIRST_RETRY_SECONDS = 10.0
# The base that the retry times of this module are for; another one scales them.
UNSCALED_BASE_SECONDS = 2.0

_REFUSED = 400
_ACCOUNT = {"clientId": "ZOJ64B9B-ZM1W-89MI-4UCI-OP2LVIU6NY75"}
_COMPANY = {"id": "624f46f9e93f9f521c8308d7", "name": "Loja de Teste", "taxID": "44720743000101"}


def sign(body: bytes, secret: str) -> str:
    """Return the value of ``X-OpenPix-Signature``: HMAC-SHA1 of the raw body, base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha1")).decode()


def completed(charge: Charge, lab_url: str) -> JsonObject:
    """Return the notice of a paid charge."""
    document = charge.wire(lab_url)
    paid_at = iso(charge.paid_at_ms or 0)
    pix: JsonObject = {
        "customer": None,
        "payer": charge.payer(),
        "charge": document,
        "value": charge.paid_amount_cents,
        "time": paid_at,
        "endToEndId": charge.end_to_end_id,
        "transactionID": charge.charge_id,
        "infoPagador": "",
        "type": "PAYMENT",
        "createdAt": paid_at,
    }
    return {"event": "OPENPIX:CHARGE_COMPLETED", "charge": document, "pix": pix, "company": _COMPANY, "account": _ACCOUNT}


def expired(charge: Charge, lab_url: str) -> JsonObject:
    """Return the notice of a charge that nobody paid in time."""
    return {"event": "OPENPIX:CHARGE_EXPIRED", "charge": charge.wire(lab_url), "company": _COMPANY}


def refunded(charge: Charge, refund: Mapping[str, Any], lab_url: str) -> JsonObject:
    """Return the notice of money given back; its charge still says COMPLETED."""
    document = charge.wire(lab_url)
    pix: JsonObject = {
        "customer": None,
        "charge": document,
        "value": refund["value"],
        "time": refund["time"],
        "endToEndId": refund["endToEndId"],
        "createdAt": refund["time"],
        "partial": int(refund["value"]) < (charge.paid_amount_cents or 0),
    }
    return {
        "event": "OPENPIX:TRANSACTION_REFUND_RECEIVED",
        "charge": document,
        "pixQrCode": None,
        "pix": pix,
        "company": _COMPANY,
        "account": _ACCOUNT,
        "refunds": [],
    }


@dataclass(slots=True, kw_only=True)
class Notice:
    """One notice on its way."""

    event: str
    charge_id: str
    payment_id: str
    at_ms: int
    attempts: int = 0
    http_status: int | None = None
    state: str = "pending"
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "event": self.event,
            "charge_id": self.charge_id,
            "payment_id": self.payment_id,
            "http_status": self.http_status,
            "attempts": self.attempts,
            "delivered": self.state == "delivered",
            "state": self.state,
            "at_ms": self.at_ms,
        }


class Notifier:
    """Delivers notices to the callback address of the charge's bot."""

    def __init__(self, state: State, post: Post, sleep: Sleep, *, now_ms: Callable[[], int], retry_base_seconds: float) -> None:
        """Take the way out and the scale of the retry times."""
        self._state = state
        self._post = post
        self._sleep = sleep
        self._now_ms = now_ms
        self._scale = retry_base_seconds / UNSCALED_BASE_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()
        self.notices: list[Notice] = []

    def reset(self) -> None:
        """Forget every notice, also those on their way."""
        for task in self._tasks:
            task.cancel()
        self.notices.clear()

    async def close(self) -> None:
        """Stop delivering."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, charge: Charge, document: JsonObject, *, repeat: int = 1) -> list[Notice]:
        """Deliver a notice so many times, one after the other, each as far as its first answer; retries go on behind."""
        sent = []
        for _ in range(repeat):
            notice = self.start(charge, document)
            await notice.told.wait()
            sent.append(notice)
        return sent

    def start(self, charge: Charge, document: JsonObject) -> Notice:
        """Begin to deliver a notice."""
        notice = Notice(
            event=str(document["event"]), charge_id=charge.charge_id, payment_id=charge.payment_id, at_ms=self._now_ms()
        )
        self.notices.append(notice)
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        url = f"{self._state.config.api}/pix/openpix/{charge.account.bot_id}"
        headers = {SIGNATURE_HEADER: sign(body, charge.account.webhook_secret)}
        task = asyncio.get_running_loop().create_task(self._deliver(notice, url, body, headers))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, notice))
        return notice

    def _finished(self, task: asyncio.Task[None], notice: Notice) -> None:
        self._tasks.discard(task)
        notice.told.set()

    async def _deliver(self, notice: Notice, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        for failures in range(TRIES):
            reply = await self._post(url, body, headers)
            notice.attempts += 1
            notice.http_status = reply.status
            if reply.status is not None and reply.status < _REFUSED:
                notice.state = "delivered"
                return
            notice.told.set()
            if failures < TRIES - 1:
                await self._sleep(FIRST_RETRY_SECONDS * 2**failures * self._scale)
        notice.state = "given_up"
