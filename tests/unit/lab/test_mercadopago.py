import asyncio
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.mercadopago import SPEAKER, MercadoPago, sign
from lab.pix.notices import Notifier, callback_url
from lab.post import Reply
from lab.state import Account, Config, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "mercadopago"
NOW_MS = 1_790_000_000_123
DATE = "2026-09-21T11:44:20.123-03:00"  # 31 minutes later
ORDER: dict[str, Any] = {
    "transaction_amount": 49.9,
    "description": "Curso",
    "payment_method_id": "pix",
    "external_reference": "pay_1",
    "notification_url": "http://api/pix/mercadopago/7?source_news=webhooks",
    "payer": {"email": "loja@example.com"},
    "date_of_expiration": DATE,
}


def _account(bot_id: str) -> Account:
    credentials = {"access_token": f"APP_USR-{bot_id}", "webhook_secret": f"hush-{bot_id}", "payer_email": "loja@example.com"}
    return Account(provider="mercadopago", bot_id=bot_id, credentials=credentials)


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
        self.dialect = MercadoPago(
            Surroundings(state=state, book=self.book, notifier=self, now_ms=clock, new_id=new_id, lab_url=lambda: "http://lab")
        )
        self.counterpart = PixCounterpart("mercadopago", self.dialect, now_ms=clock, requests=[])

    def start(self, _charge: Charge, outgoing: Outgoing) -> object:
        self.told.append(outgoing)
        return None

    def call(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None, *, token: str = "Bearer APP_USR-7", **query: str
    ) -> Answer:
        key = query.pop("key", "k1")
        headers = {"authorization": token} | ({"x-idempotency-key": key} if key else {})
        return self.counterpart.work(Call(method=method, path=path, headers=headers, query=query, fields=fields or {}))

    def create(self, key: str = "k1", **changes: Any) -> Answer:
        return self.call("POST", "v1/payments", ORDER | changes, key=key)

    def charge(self) -> Charge:
        self.create()
        return self.book.all()[0]

    def get(self, charge: Charge) -> dict[str, Any]:
        return self.call("GET", f"v1/payments/{charge.charge_id}").body


def test_a_payment_is_answered_in_the_providers_shape() -> None:
    answer = World().create()
    assert answer.status == 201
    assert missing(answer.body, sample("create_payment_pix")["response"]["body"]) == []
    assert isinstance(answer.body["id"], int)
    assert (answer.body["transaction_amount"], answer.body["status"]) == (49.9, "pending")
    assert answer.body["date_of_expiration"] == DATE
    assert "540549.90" in answer.body["point_of_interaction"]["transaction_data"]["qr_code"]


def test_the_idempotency_key_makes_a_payment_once() -> None:
    world = World()
    first, again = world.create(), world.create()
    assert (again.status, again.body) == (201, first.body)
    assert len(world.book.all()) == 1
    assert [outgoing.event for outgoing in world.told] == ["payment.created"]
    assert world.create(description="another").status == 409


@pytest.mark.parametrize("token", ["", "APP_USR-7", "Bearer nobody", "Bearer ", "Basic APP_USR-7"])
def test_the_token_comes_as_a_bearer(token: str) -> None:
    answer = World().call("POST", "v1/payments", ORDER, token=token)
    assert (answer.status, answer.body["status"], answer.body["error"]) == (401, 401, "unauthorized")


@pytest.mark.parametrize(
    "change",
    [
        {"key": ""},
        {"transaction_amount": "49.90"},
        {"transaction_amount": 49.905},
        {"transaction_amount": 0},
        {"transaction_amount": True},
        {"payment_method_id": "boleto"},
        {"payer": {}},
        {"payer": {"email": "loja"}},
        {"payer": None},
        {"external_reference": 7},
        {"notification_url": "api/pix"},
        {"date_of_expiration": "2026-09-21T11:44:20Z"},
        {"date_of_expiration": "2026-13-21T11:44:20.123-03:00"},
        {"date_of_expiration": "2026-09-21T11:43:20.122-03:00"},
        {"date_of_expiration": "2026-10-31T11:44:20.123-03:00"},
    ],
    ids=repr,
)
def test_a_wrong_order_is_refused(change: dict[str, Any]) -> None:
    world = World()
    answer = world.create(**change)
    assert (answer.status, set(answer.body)) == (400, {"message", "error", "status", "cause"})
    assert world.book.all() == []


def test_without_an_expiry_a_payment_is_open_for_a_day() -> None:
    world = World()
    world.create(date_of_expiration=None)
    assert world.book.all()[0].expires_in_seconds == 86_400


def test_a_payment_is_found_by_its_number_and_by_our_id_in_its_own_account_only() -> None:
    world = World()
    charge = world.charge()
    assert world.get(charge)["external_reference"] == "pay_1"
    found = world.call("GET", "v1/payments/search", external_reference="pay_1").body["results"]
    assert [each["id"] for each in found] == [int(charge.charge_id)]
    for reference in ("", "pay_2", charge.charge_id):
        assert world.call("GET", "v1/payments/search", external_reference=reference).body["results"] == []
    other = "Bearer APP_USR-8"
    assert world.call("GET", f"v1/payments/{charge.charge_id}", token=other).status == 404
    assert world.call("GET", "v1/payments/search", token=other, external_reference="pay_1").body["results"] == []
    assert world.call("GET", "v1/payments/pay_1").status == 404
    assert world.call("DELETE", f"v1/payments/{charge.charge_id}").status == 405
    assert world.call("GET", "users/me").body["site_id"] == "MLB"


def test_a_payment_says_what_became_of_it() -> None:
    world = World()
    charge = world.charge()
    world.book.pay(charge, amount_cents=None, payer_name="Ana")
    paid = world.get(charge)
    assert (paid["status"], paid["transaction_details"]["total_paid_amount"]) == ("approved", 49.9)
    assert paid["point_of_interaction"]["transaction_data"]["bank_info"]["payer"]["long_name"] == "Ana"
    world.book.refund(charge, refund_id="r1", amount_cents=990)
    assert (world.get(charge)["status_detail"], world.get(charge)["transaction_amount_refunded"]) == ("partially_refunded", 9.9)
    world.book.dispute(charge)
    assert world.get(charge)["status"] == "in_mediation"
    world.book.refund(charge, refund_id="r2", amount_cents=4000)
    assert world.get(charge)["status"] == "charged_back"


def test_a_payment_that_nobody_made_is_cancelled() -> None:
    world = World()
    charge = world.charge()
    world.book.expire(charge)
    assert (world.get(charge)["status"], world.get(charge)["status_detail"]) == ("cancelled", "expired")
    (notice,) = world.dialect.expired(charge)
    assert json.loads(notice.body)["action"] == "payment.updated"


def test_a_refund_is_made_once_for_each_key() -> None:
    world = World()
    charge = world.charge()
    path = f"v1/payments/{charge.charge_id}/refunds"
    assert world.call("POST", path, {"amount": 9.9}, key="r1").status == 400, "not paid yet"
    world.book.pay(charge, amount_cents=None, payer_name=None)
    world.told.clear()
    first = world.call("POST", path, {"amount": 9.9}, key="r1")
    assert (first.status, missing(first.body, sample("refund_payment")["response"]["body"])) == (201, [])
    assert world.call("POST", path, {"amount": 9.9}, key="r1").body == first.body
    assert charge.refunded_cents == 990
    assert world.call("POST", path, {"amount": 40.01}, key="r2").status == 400
    assert world.call("POST", path, {"amount": "1"}, key="r2").status == 400
    assert world.call("POST", path, key="").status == 400
    assert world.call("POST", path, key="r2").body["amount"] == 40
    assert [outgoing.event for outgoing in world.told] == ["payment.updated"] * 2


def test_a_notice_is_signed_and_says_no_more_than_the_number() -> None:
    world = World()
    charge = world.charge()
    (notice,) = world.dialect.paid(charge)
    document = json.loads(notice.body)
    assert missing(document, sample("webhook_payment_updated")["request"]["body"]) == []
    assert (document["data"], "pay_1" in notice.body.decode()) == ({"id": charge.charge_id}, False)
    assert parse_qs(notice.query) == {"data.id": [charge.charge_id], "type": ["payment"]}
    request_id, ts = notice.headers["x-request-id"], str(NOW_MS // 1000)
    expected = sign(secret="hush-7", data_id=charge.charge_id, request_id=request_id, ts=ts)
    assert notice.headers["x-signature"] == expected
    assert callback_url("http://elsewhere", charge, notice) == f"{ORDER['notification_url']}&{notice.query}"


def test_the_signature_is_the_providers() -> None:
    for vector in sample("signature_vectors"):
        if not vector["valid"] or vector["data_id"] is None or vector["x_request_id"] is None:
            continue
        signed = sign(secret=vector["secret"], data_id=vector["data_id"], request_id=vector["x_request_id"], ts=vector["ts"])
        assert signed == vector["x_signature"]


def test_a_notice_comes_again_for_four_days_unless_it_is_taken() -> None:
    charge = World().charge()
    slept: list[float] = []

    async def post(_url: str, _body: bytes, _headers: Mapping[str, str]) -> Reply:
        return Reply(status=202)  # any other than 200 and 201 is none

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def scenario() -> None:
        notifier = Notifier(
            State(), post, sleep, retries={"mercadopago": SPEAKER.retries}, now_ms=lambda: NOW_MS, retry_base_seconds=2.0
        )
        notice = notifier.start(charge, Outgoing(event="x", body=b"{}", headers={}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (notice.state, notice.attempts) == ("given_up", 6)

    asyncio.run(scenario())
    assert sum(slept) == 4 * 86_400
