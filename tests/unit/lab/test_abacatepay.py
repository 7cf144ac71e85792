import asyncio
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from lab.pix.abacatepay import SPEAKER, AbacatePay, sign
from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.notices import Notifier
from lab.post import Reply
from lab.state import Account, Config, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "abacatepay"
NOW_MS = 1_790_000_000_123
ORDER: dict[str, Any] = {
    "amount": 4990,
    "expiresIn": 600,
    "description": "Curso",
    "externalId": "pay_1",
    "metadata": {"payment_id": "pay_1"},
}


def _account(bot_id: str) -> Account:
    credentials = {"api_key": f"abc_{bot_id}", "webhook_secret": f"hush & {bot_id}"}
    return Account(provider="abacatepay", bot_id=bot_id, credentials=credentials)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


def missing(given: Any, wanted: Any, where: str = "") -> list[str]:
    """Return which keys of a sample an answer lacks."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            path
            for name, entry in wanted.items()
            for path in ([f"{where}.{name}"] if name not in given else missing(given[name], entry, f"{where}.{name}"))
        ]
    return []


class World:
    """The provider with two accounts; its notices are kept in place of being sent."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.told: list[Outgoing] = []
        ids = count(1)
        new_id = lambda: f"{next(ids):032x}"  # noqa: E731 - a source of ids, read where it stands
        clock = lambda: self.now_ms  # noqa: E731
        state = State(Config(api="http://api", accounts=(_account("7"), _account("8"))))
        self.book = ChargeBook(now_ms=clock, new_id=new_id)
        self.dialect = AbacatePay(
            Surroundings(state=state, book=self.book, notifier=self, now_ms=clock, new_id=new_id, lab_url=lambda: "http://lab")
        )
        self.counterpart = PixCounterpart("abacatepay", self.dialect, now_ms=clock, requests=[])

    def start(self, _charge: Charge, outgoing: Outgoing) -> object:
        self.told.append(outgoing)
        return None

    def call(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None, *, key: str = "Bearer abc_7", **query: str
    ) -> Answer:
        call = Call(method=method, path=f"v2/{path}", headers={"authorization": key}, query=query, fields=fields or {})
        return self.counterpart.work(call)

    def create(self, **changes: Any) -> Answer:
        order = {name: value for name, value in (ORDER | changes).items() if value is not None}
        return self.call("POST", "transparents/create", {"method": "PIX", "data": order})

    def charge(self) -> Charge:
        self.create()
        return self.book.all()[0]


def test_a_charge_is_answered_in_the_providers_shape() -> None:
    answer = World().create()
    assert answer.status == 200
    answered = sample("create_charge_v2")["response_200"]
    assert missing(answer.body, answered) == [".data.metadata.pedidoId"]
    data = answer.body["data"]
    assert data["id"].startswith("pix_char_")
    assert (data["amount"], data["status"], data["metadata"]) == (4990, "PENDING", ORDER["metadata"])
    assert (data["createdAt"], data["expiresAt"]) == ("2026-09-21T14:13:20.123Z", "2026-09-21T14:23:20.123Z")
    assert "540549.90" in data["brCode"]


def test_our_id_makes_a_charge_once() -> None:
    world = World()
    assert world.create().body == world.create().body
    assert len(world.book.all()) == 1


@pytest.mark.parametrize("key", ["", "abc_7", "Bearer nobody", "Bearer "])
def test_the_key_comes_as_a_bearer(key: str) -> None:
    answer = World().call("POST", "transparents/create", {"method": "PIX", "data": ORDER}, key=key)
    assert answer.status == 401
    assert answer.body == {"data": None, "success": False, "error": "Token de autenticação inválido ou ausente."}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 0},
        {"amount": 49.9},
        {"amount": "4990"},
        {"amount": None},
        {"expiresIn": 0},
        {"expiresIn": "600"},
        {"description": "x" * 501},
        {"externalId": 7},
        {"metadata": "pay_1"},
        {"customer": {"name": "Ana"}},
        {"callback": "http://api"},
    ],
    ids=repr,
)
def test_a_wrong_order_is_refused(change: dict[str, Any]) -> None:
    world = World()
    assert world.create(**change).status == 400
    assert world.book.all() == []


@pytest.mark.parametrize("body", [{}, {"data": ORDER}, {"method": "CARD", "data": ORDER}, {"method": "PIX", "data": []}, ORDER])
def test_an_order_needs_its_envelope(body: dict[str, Any]) -> None:
    assert World().call("POST", "transparents/create", body).status == 400


def test_a_charge_is_found_by_its_own_account_only() -> None:
    world = World()
    charge = world.charge()
    checked = world.call("GET", "transparents/check", id=charge.charge_id).body
    assert missing(checked, sample("get_status_v2")["response"]) == []
    assert set(checked["data"]) == {"id", "status", "expiresAt"}, "it does not say whose charge it is"
    assert world.call("GET", "transparents/get", id=charge.charge_id).body["data"]["metadata"] == ORDER["metadata"]
    (listed,) = world.call("GET", "transparents/list", externalId="pay_1").body["data"]
    assert listed["id"] == charge.charge_id
    assert world.call("GET", "transparents/list", externalId="pay_2").body["data"] == []
    assert world.call("GET", "transparents/list", limit="0").body["data"] == []
    assert world.call("GET", "transparents/list", limit="x").status == 400
    other = "Bearer abc_8"
    assert world.call("GET", "transparents/check", key=other, id=charge.charge_id).status == 404
    assert world.call("GET", "transparents/list", key=other).body["data"] == []
    for name in ("", "pay_1", charge.charge_id.removeprefix("pix_")):
        assert world.call("GET", "transparents/check", id=name).status == 404
    assert world.call("GET", "transparents/other").status == 404


def test_a_charge_says_what_became_of_it() -> None:
    world = World()
    charge = world.charge()

    def status() -> str:
        return str(world.call("GET", "transparents/check", id=charge.charge_id).body["data"]["status"])

    world.book.expire(charge)
    assert status() == "EXPIRED"
    world.book.pay(charge, amount_cents=None, payer_name=None)
    assert status() == "PAID"
    world.book.dispute(charge)
    assert status() == "UNDER_DISPUTE"
    world.book.refund(charge, refund_id="r1", amount_cents=4990)
    assert status() == "REFUNDED"


def test_a_payment_is_given_back_whole_and_once() -> None:
    world = World()
    charge = world.charge()
    body = {"id": charge.charge_id}
    assert world.call("POST", "transparents/refund", body).body["error"] == "TRANSACTION_NOT_REFUNDABLE"
    world.book.pay(charge, amount_cents=None, payer_name=None)
    assert world.call("POST", "transparents/refund", body | {"amount": 100}).status == 400
    answer = world.call("POST", "transparents/refund", body | {"reason": "Em duplicidade."})
    assert (answer.status, answer.body["data"]["originalId"], answer.body["data"]["amount"]) == (200, charge.charge_id, 4990)
    assert world.call("POST", "transparents/refund", body).body["error"] == "Esta cobrança já foi reembolsada."
    assert [outgoing.event for outgoing in world.told] == ["transparent.refunded"]


def test_what_is_in_dispute_is_not_given_back() -> None:
    world = World()
    charge = world.charge()
    world.book.pay(charge, amount_cents=None, payer_name=None)
    world.book.dispute(charge)
    assert world.call("POST", "transparents/refund", {"id": charge.charge_id}).body["error"] == "TRANSACTION_UNDER_DISPUTE"


def test_notices_have_the_providers_shapes() -> None:
    world = World()
    charge = world.charge()
    assert world.dialect.expired(charge) == []
    world.book.pay(charge, amount_cents=None, payer_name="Ana")
    (paid,) = world.dialect.paid(charge)
    document = json.loads(paid.body)
    assert missing(document, sample("webhook_v2_transparent_completed")) == []
    assert document["id"].startswith("log_")
    transparent = document["data"]["transparent"]
    assert (transparent["externalId"], transparent["paidAmount"]) == ("pay_1", 4990)
    assert transparent["id"] == charge.charge_id.removeprefix("pix_"), "of another kind than the one that was created"
    assert "***" in document["data"]["payerInformation"]["PIX"]["taxId"]
    (disputed,) = world.dialect.disputed(charge)
    assert missing(json.loads(disputed.body), sample("webhook_v2_transparent_disputed")) == []
    part = world.book.refund(charge, refund_id="r1", amount_cents=990)
    assert world.dialect.refunded(charge, part) == []
    rest = world.book.refund(charge, refund_id="r2", amount_cents=4000)
    (refunded,) = world.dialect.refunded(charge, rest)
    assert missing(json.loads(refunded.body), sample("webhook_v2_transparent_refunded")) == []


def test_a_notice_carries_the_secret_and_the_signature() -> None:
    world = World()
    (notice,) = world.dialect.paid(world.charge())
    assert parse_qs(notice.query) == {"webhookSecret": ["hush & 7"]}
    assert notice.headers == {"X-Webhook-Signature": sign(notice.body), "X-Webhook-Secret": "hush & 7"}
    vector = sample("signature_vector")
    assert sign(vector["raw_body"].encode()) == vector["x_webhook_signature"]


def test_webhooks_are_registered_listed_and_deleted() -> None:
    world = World()
    body = {"name": "Loja", "endpoint": "https://api", "secret": "hush", "events": ["transparent.completed"]}
    created = world.call("POST", "webhooks/create", body).body["data"]
    assert "secret" not in created
    assert world.call("POST", "webhooks/create", body | {"secret": ""}).status == 400
    assert world.call("GET", "webhooks/list").body["data"] == [created]
    other = "Bearer abc_8"
    assert world.call("GET", "webhooks/list", key=other).body["data"] == []
    assert world.call("POST", "webhooks/delete", {"id": created["id"]}, key=other).status == 404
    assert world.call("POST", "webhooks/delete", {"id": created["id"]}).status == 200
    assert world.call("GET", "webhooks/list").body["data"] == []


@pytest.mark.parametrize(
    ("status", "attempts", "state"),
    [(503, 7, "given_up"), (429, 7, "given_up"), (None, 7, "given_up"), (401, 1, "given_up"), (204, 1, "delivered")],
)
def test_a_notice_comes_again_after_a_fault_that_may_pass_only(status: int | None, attempts: int, state: str) -> None:
    charge = World().charge()
    slept: list[float] = []

    async def post(_url: str, _body: bytes, _headers: Mapping[str, str]) -> Reply:
        return Reply(status=status)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def scenario() -> None:
        notifier = Notifier(
            State(), post, sleep, retries={"abacatepay": SPEAKER.retries}, now_ms=lambda: NOW_MS, retry_base_seconds=2.0
        )
        notice = notifier.start(charge, Outgoing(event="x", body=b"{}", headers={}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (notice.state, notice.attempts) == (state, attempts)

    asyncio.run(scenario())
    assert slept == ([5, 300, 1800, 7200, 18_000, 36_000] if attempts > 1 else [])
