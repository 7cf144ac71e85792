"""The lab as Asaas: strict where Asaas is, and in its words."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lab.pix.asaas import SPEAKER, TOKEN_HEADER, Asaas
from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.state import Account, Config, JsonObject, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "asaas"
NOW_MS = 1_795_000_000_123  # 2026-11-18, 08:06:40 in Brasília
CREDENTIALS = {"api_key": "$aact_1", "customer_id": "cus_000005219613", "webhook_token": "w" * 8 + "-token-of-the-config-file"}
ACCOUNT = Account(provider="asaas", bot_id="7", credentials=CREDENTIALS)
OTHER = Account(provider="asaas", bot_id="8", credentials=CREDENTIALS | {"api_key": "$aact_2"})
ORDER: dict[str, Any] = {
    "customer": "cus_000005219613",
    "billingType": "PIX",
    "value": 49.9,
    "dueDate": "2026-11-18",
    "description": "Curso",
    "externalReference": "ref-1",
}
TOKEN = "whsec_9f3k2m8q1x7z5v0b4n6c2d8e1r7t3y5u"
WEBHOOK: dict[str, Any] = {
    "name": "Rastro",
    "url": "https://go.example.com/pix/asaas/7",
    "enabled": True,
    "interrupted": False,
    "apiVersion": 3,
    "authToken": TOKEN,
    "sendType": "SEQUENTIALLY",
    "events": ["PAYMENT_RECEIVED"],
}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


class World:
    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.sent: list[Outgoing] = []
        ids = count(1)
        new_id = lambda: f"{next(ids):032x}"  # noqa: E731 - a source of ids
        self.book = ChargeBook(now_ms=lambda: self.now_ms, new_id=new_id)
        surroundings = Surroundings(
            state=State(Config(api="http://api", accounts=(ACCOUNT, OTHER))),
            book=self.book,
            notifier=self,
            now_ms=lambda: self.now_ms,
            new_id=new_id,
            lab_url=lambda: "http://lab",
        )
        self.asaas = Asaas(surroundings)
        self.requests: list[JsonObject] = []
        self.counterpart = PixCounterpart("asaas", self.asaas, now_ms=lambda: self.now_ms, requests=self.requests)

    def start(self, charge: Charge, outgoing: Outgoing) -> object:
        self.sent.append(outgoing)
        return charge

    def call(self, method: str, path: str = "v3/payments", *, key: str = "$aact_1", query: Any = None, **fields: Any) -> Answer:
        headers = {"access_token": key, "user-agent": "Test"}
        call = Call(method=method, path=path, headers=headers, query=query or {}, fields=fields)
        answer = self.counterpart.work(call)
        self.counterpart.record(call, answer, None)
        return answer

    def charge(self) -> Charge:
        self.call("POST", **ORDER)
        return self.book.all()[-1]

    def pay(self, charge: Charge, amount_cents: int | None = None) -> None:
        self.book.pay(charge, amount_cents=amount_cents, payer_name="Ana da Silva")


def missing(given: Any, wanted: Any, where: str = "") -> list[str]:
    """Return which keys of a sample an answer lacks."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            path
            for name, entry in wanted.items()
            for path in ([f"{where}.{name}"] if name not in given else missing(given[name], entry, f"{where}.{name}"))
        ]
    return []


def body(outgoing: Outgoing) -> Any:
    return json.loads(outgoing.body)


def test_a_charge_is_answered_in_reais_and_dates() -> None:
    answer = World().call("POST", **ORDER)
    assert answer.status == 200
    assert (answer.body["object"], answer.body["status"], answer.body["value"]) == ("payment", "PENDING", 49.9)
    assert (answer.body["dueDate"], answer.body["externalReference"]) == ("2026-11-18", "ref-1")
    assert answer.body["id"].startswith("pay_")
    assert missing(answer.body, sample("webhook_payment_received_pix_real_sandbox")["payment"]) == []


def test_the_code_comes_by_a_second_call() -> None:
    world = World()
    charge = world.charge()
    code = world.call("GET", f"v3/payments/{charge.charge_id}/pixQrCode").body
    assert missing(code, sample("create_charge")["step2"]["response"]) == []
    assert (code["payload"], code["expirationDate"]) == (charge.brcode, "2027-11-18 23:59:59")
    assert "540549.90" in charge.brcode


def test_a_reference_makes_no_charge_unique_but_finds_them_all() -> None:
    world = World()
    first, again = world.charge(), world.charge()
    world.call("POST", **(ORDER | {"externalReference": "ref-2"}))
    assert first.charge_id != again.charge_id
    listed = world.call("GET", query={"externalReference": "ref-1"}).body
    assert [entry["id"] for entry in listed["data"]] == [first.charge_id, again.charge_id]
    page = world.call("GET", query={"limit": "1", "offset": "1"}).body
    assert (len(page["data"]), page["hasMore"], page["totalCount"]) == (1, True, 3)
    assert world.call("GET", query={"limit": "101"}).status == 400
    assert world.call("GET", query={"offset": "-1"}).status == 400


def test_a_charge_is_its_own_accounts() -> None:
    world = World()
    path = f"v3/payments/{world.charge().charge_id}"
    assert world.call("GET", path).status == 200
    assert world.call("GET", path, key="$aact_2").status == 404
    assert world.call("GET", key="$aact_2").body["data"] == []
    assert world.call("GET", "v3/payments/pay_x").status == 404
    assert world.call("PATCH", path).status == 404
    assert world.call("GET", "api/v3/payments").status == 404


@pytest.mark.parametrize("key", ["", "nobody"])
def test_a_wrong_key_is_refused(key: str) -> None:
    answer = World().call("GET", key=key)
    assert answer.status == 401
    assert answer.body["errors"][0]["code"] == "invalid_access_token"


def test_a_caller_without_a_name_and_a_get_with_a_body_are_refused() -> None:
    world = World()
    assert world.call("GET", value=1).status == 403
    nameless = Call(method="GET", path="v3/payments", headers={"access_token": "$aact_1"})
    assert world.counterpart.work(nameless).status == 403


@pytest.mark.parametrize(
    "change",
    [
        {"customer": None},
        {"customer": "cus_of_somebody"},
        {"billingType": "BOLETO"},
        {"value": 0},
        {"value": -1},
        {"value": 4.99},
        {"value": "49.90"},
        {"value": 49.901},
        {"value": True},
        {"value": None},
        {"dueDate": None},
        {"dueDate": "18/11/2026"},
        {"dueDate": "2026-11-17"},
        {"description": "x" * 501},
        {"description": 1},
        {"externalReference": 1},
    ],
)
def test_a_wrong_order_is_refused(change: dict[str, Any]) -> None:
    world = World()
    answer = world.call("POST", **(ORDER | change))
    assert answer.status == 400
    assert set(answer.body["errors"][0]) == {"code", "description"}
    assert world.book.all() == []


def test_a_charge_is_due_until_its_day_is_over_in_brasilia() -> None:
    world = World()
    charge = world.charge()
    midnight_ms = 1_795_057_200_000
    assert midnight_ms - 1000 < charge.expires_at_ms <= midnight_ms
    world.now_ms = charge.expires_at_ms
    assert world.book.due() == [charge]
    world.book.expire(charge)
    (notice,) = world.asaas.expired(charge)
    assert (notice.event, body(notice)["payment"]["status"]) == ("PAYMENT_OVERDUE", "OVERDUE")
    assert missing(body(notice), sample("webhook_payment_overdue_real_sandbox")) == []


def test_a_paid_notice_has_the_captured_shape_and_the_accounts_token() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge)
    (notice,) = world.asaas.paid(charge)
    assert missing(body(notice), sample("webhook_payment_received_pix_real_sandbox")) == []
    assert (notice.event, notice.headers[TOKEN_HEADER]) == ("PAYMENT_RECEIVED", CREDENTIALS["webhook_token"])
    payment = body(notice)["payment"]
    assert (payment["status"], payment["value"], payment["paymentDate"]) == ("RECEIVED", 49.9, "2026-11-18")
    assert body(notice)["dateCreated"] == "2026-11-18 08:06:40"


def test_another_amount_stands_beside_the_one_that_was_asked_for() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge, 5000)
    shown = world.asaas.wire(charge)
    assert (shown["value"], shown["originalValue"]) == (50, 49.9)


def test_the_pix_of_a_charge_tells_who_paid() -> None:
    world = World()
    charge = world.charge()
    assert world.asaas.wire(charge)["pixTransaction"] is None
    world.pay(charge)
    transaction_id = world.call("GET", f"v3/payments/{charge.charge_id}").body["pixTransaction"]
    pix = world.call("GET", f"v3/pix/transactions/{transaction_id}").body
    assert (pix["endToEndIdentifier"], pix["externalAccount"]["name"]) == (charge.end_to_end_id, "Ana da Silva")
    assert (pix["value"], pix["effectiveDate"], pix["payment"]) == (49.9, "2026-11-18 08:06:40", charge.charge_id)
    assert world.call("GET", f"v3/pix/transactions/{transaction_id}", key="$aact_2").status == 404


def test_refunds_are_listed_on_their_charge_and_told() -> None:
    world = World()
    charge = world.charge()
    path = f"v3/payments/{charge.charge_id}/refund"
    assert world.call("POST", path, value=1).status == 400, "not paid yet"
    world.pay(charge)
    assert world.call("POST", path, value=9.9, description="Reembolso r1").body["refunds"] == [
        {
            "dateCreated": "2026-11-18 08:06:40",
            "status": "DONE",
            "value": 9.9,
            "description": "Reembolso r1",
            "transactionReceiptUrl": None,
        }
    ]
    assert world.call("POST", path, value=40.01).status == 400
    assert world.call("POST", path).body["status"] == "REFUNDED", "without a value, all that is left"
    assert [outgoing.event for outgoing in world.sent] == ["PAYMENT_PARTIALLY_REFUNDED", "PAYMENT_REFUNDED"]
    assert [body(outgoing)["payment"]["status"] for outgoing in world.sent] == ["RECEIVED", "REFUNDED"]


def test_a_disputed_payment_says_so() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge)
    world.book.dispute(charge)
    (notice,) = world.asaas.disputed(charge)
    assert (notice.event, body(notice)["payment"]["status"]) == ("PAYMENT_CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED")


def test_a_deleted_charge_is_listed_no_more() -> None:
    world = World()
    charge = world.charge()
    path = f"v3/payments/{charge.charge_id}"
    assert world.call("DELETE", path).body == {"deleted": True, "id": charge.charge_id}
    assert world.call("GET", path).body["deleted"] is True
    assert world.call("GET").body["data"] == []
    assert [outgoing.event for outgoing in world.sent] == ["PAYMENT_DELETED"]
    paid = world.charge()
    world.pay(paid)
    assert world.call("DELETE", f"v3/payments/{paid.charge_id}").status == 400


def test_the_accounts_own_customer_is_the_only_one() -> None:
    world = World()
    assert world.call("GET", "v3/customers/cus_000005219613").body["deleted"] is False
    assert world.call("GET", "v3/customers/cus_1").status == 404


def test_the_notices_of_a_registered_webhook_carry_its_token() -> None:
    world = World()
    assert world.call("POST", "v3/webhooks", **(WEBHOOK | {"url": "https://other.example.com/"})).status == 200
    created = world.call("POST", "v3/webhooks", **WEBHOOK).body
    assert "authToken" not in created
    assert [entry["url"] for entry in world.call("GET", "v3/webhooks").body["data"]][1] == WEBHOOK["url"]
    changed = world.call("PUT", f"v3/webhooks/{created['id']}", **(WEBHOOK | {"email": "loja@example.com"})).body
    assert (changed["id"], changed["email"]) == (created["id"], "loja@example.com")
    charge = world.charge()
    world.pay(charge)
    (notice,) = world.asaas.paid(charge)
    assert notice.headers[TOKEN_HEADER] == TOKEN
    assert world.call("GET", "v3/webhooks", key="$aact_2").body["data"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"url": "go.example.com"},
        {"url": None},
        {"name": ""},
        {"authToken": "short"},
        {"authToken": "with spaces " * 4},
        {"authToken": None},
        {"sendType": "LATER"},
        {"apiVersion": 2},
        {"events": []},
        {"events": "PAYMENT_RECEIVED"},
        {"enabled": "yes"},
        {"interrupted": None},
    ],
)
def test_a_wrong_webhook_is_refused(change: dict[str, Any]) -> None:
    assert World().call("POST", "v3/webhooks", **(WEBHOOK | change)).status == 400


def test_there_are_ten_webhooks_at_most_and_none_that_was_not_made() -> None:
    world = World()
    for _ in range(10):
        assert world.call("POST", "v3/webhooks", **WEBHOOK).status == 200
    assert world.call("POST", "v3/webhooks", **WEBHOOK).status == 400
    assert world.call("PUT", "v3/webhooks/nobody", **WEBHOOK).status == 404
    assert world.call("DELETE", "v3/webhooks").status == 404


def test_only_a_200_takes_a_notice_and_there_are_fifteen_tries() -> None:
    retries = SPEAKER.retries
    assert [status for status in (200, 201, 204, 302, 500) if retries.accepts(status)] == [200]
    assert len(retries.waits_seconds) + 1 == 15
    assert round(sum(retries.waits_seconds) / 3600) == 13


def test_no_record_holds_the_key() -> None:
    world = World()
    world.charge()
    assert "$aact_1" not in repr(world.requests)
