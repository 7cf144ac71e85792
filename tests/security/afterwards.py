"""What no journey has and functions are there for: the beacon, refunds, lost notices, strangers' charges, Graph's refusals."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import requests

from rastro.model import LedgerStatus, Payment, PaymentStatus, PurchaseState
from rastro.stores.dynamodb import Table
from rastro.stores.ledger import DynamoLedgerStore, ledger_record
from tests.scenarios.journeys import Journey
from tests.scenarios.player import Player
from tests.scenarios.stage import Stage, wait_for
from tests.scenarios.steps import Buy, Click, FunnelName, Pay, Start

AFTERWARDS = Journey("afterwards", (Click(name="A", funnel=FunnelName.SECOND),), ())
"""Its funnels are these: the first, and the one with a page."""
_NONCE = re.compile(r'"n":"([A-Za-z0-9_-]{38})"')
_HOUR_MS = 3_600_000


class Afterwards:
    """Plays it, one after the other, each to its end."""

    def __init__(self, stage: Stage, number: int) -> None:
        """Take the stage and the number of the journey."""
        self._stage = stage
        self._player = Player(stage, number, AFTERWARDS.provider)

    def play(self) -> None:
        """Play everything; raises ``JourneyBroke`` where something does not come about."""
        self._beacon()
        self._refund()
        self._notice_of_nobody()
        self._lost_notice_and_a_buyer_who_says_so()
        self._lost_notice_and_nobody_who_says_so()
        self._purchase_left_behind()
        self._graph_fails_for_a_while()
        self._pixel_is_refused()

    def _beacon(self) -> None:
        url = f"{self._stage.stack.api}/go/{self._player.funnel(FunnelName.SECOND).slug}"
        (nonce,) = _NONCE.findall(requests.get(url, headers={"user-agent": "Mozilla/5.0 (Linux; Android 15)"}, timeout=60).text)
        seen = {"n": nonce, "fbp": "fb.1.1789999999999.1234567890", "fbc": "fb.1.1789999999999.IwARdoBeacon"}
        assert requests.post(f"{url}/seen", data=json.dumps(seen), timeout=60).status_code == 204
        assert requests.get(f"{url}/status", params={"n": nonce}, timeout=60).json()["started"] is False

    def _refund(self) -> None:
        payment = self._bought("ana")
        self._player.play((Pay(by="ana"),))
        self._await(payment, PaymentStatus.PAID)
        self._stage.lab.call("POST", f"pix/charges/{payment.charge_id}/refund")
        self._await(payment, PaymentStatus.REFUNDED)

    def _notice_of_nobody(self) -> None:
        """Have a charge paid whose payment is not ours (any more)."""
        payment = self._bought("bruno")
        key = {"payment_id": {"S": payment.payment_id}}
        dynamodb = self._stage.stack.client("dynamodb")
        dynamodb.delete_item(TableName=self._stage.stack.tables["payment"], Key=key)
        self._stage.lab.call("POST", f"pix/charges/{payment.charge_id}/pay")

    def _lost_notice_and_a_buyer_who_says_so(self) -> None:
        payment = self._bought("carla")
        self._stage.lab.call("POST", f"pix/charges/{payment.charge_id}/pay", {"notify": False})
        said = {"chat_id": int(payment.chat_id), "bot_id": payment.bot_id, "data": f"paid:{payment.payment_id}"}
        self._stage.lab.call("POST", "telegram/press", said)
        self._await(payment, PaymentStatus.PAID)

    def _lost_notice_and_nobody_who_says_so(self) -> None:
        payment = self._bought("davi")
        self._stage.lab.call("POST", f"pix/charges/{payment.charge_id}/pay", {"notify": False})
        self._stage.payments.save(replace(payment, due_at_ms=_now_ms()))
        self._await(payment, PaymentStatus.PAID)

    def _purchase_left_behind(self) -> None:
        """Have a Purchase wait whose message was lost an hour ago."""
        payment = self._bought("elis")
        self._player.play((Pay(by="elis"),))
        told = wait_for("the Purchase at Graph", lambda: self._told(payment))
        table = Table(self._stage.stack.client("dynamodb"), self._stage.stack.tables["event"])
        for row in DynamoLedgerStore(table).by_payment(payment.payment_id):
            waiting = replace(row, status=LedgerStatus.QUEUED, updated_at_ms=_now_ms() - _HOUR_MS, accepted_at_ms=None)
            table.put(ledger_record(waiting))
        self._stage.payments.save(replace(told, purchase_state=PurchaseState.QUEUED, due_at_ms=_now_ms()))
        wait_for("the Purchase at Graph once more", lambda: self._told(payment))

    def _graph_fails_for_a_while(self) -> None:
        payment = self._bought("fabio")
        self._stage.lab.call("PUT", "faults/graph", {"mode": "http_500", "count": 2})
        self._player.play((Pay(by="fabio"),))
        wait_for("the Purchase at Graph", lambda: self._told(payment))

    def _pixel_is_refused(self) -> None:
        self._stage.lab.call("PUT", "faults/graph", {"mode": "token_error"})
        url = f"{self._stage.stack.api}/go/{self._player.funnel().slug}?utm_campaign=parked"
        requests.get(url, headers={"user-agent": "Mozilla/5.0 (Linux; Android 15)"}, allow_redirects=False, timeout=60)
        dynamodb, table = self._stage.stack.client("dynamodb"), self._stage.stack.tables["event"]
        wait_for("a parked event", lambda: dynamodb.scan(TableName=table, IndexName="parked")["Items"])
        self._stage.lab.call("DELETE", "faults/graph")

    def _bought(self, person: str) -> Payment:
        self._player.play((Click(name=person, by=person), Start(click=person, by=person), Buy(by=person)))
        bot_id, chat_id = self._player.funnel().bots[0].bot_id, self._player.chat_id(person)

        def charged() -> Payment | None:
            payment = self._stage.payment(bot_id, chat_id)
            return payment if payment and payment.charge_id else None

        return wait_for("the charge", charged)

    def _await(self, payment: Payment, status: PaymentStatus) -> None:
        def reached() -> bool:
            stored = self._stage.payments.get(payment.payment_id)
            return stored is not None and stored.status is status

        wait_for(f"a payment that is {status}", lambda: reached() or None)

    def _told(self, payment: Payment) -> Payment | None:
        stored = self._stage.payments.get(payment.payment_id)
        return stored if stored and stored.purchase_state is PurchaseState.ACCEPTED else None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
