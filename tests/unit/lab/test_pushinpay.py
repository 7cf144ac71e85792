"""The lab as PushinPay: strict where PushinPay is, and in its words."""

import json
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.notices import callback_url
from lab.pix.pushinpay import TOKEN_HEADER, PushinPay
from lab.state import Account, Config, JsonObject, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "pushinpay"
NOW_MS = 1_795_000_000_123
ACCOUNT = Account(provider="pushinpay", bot_id="7", credentials={"token": "1|token", "webhook_token": "hush"})
OTHER = Account(provider="pushinpay", bot_id="8", credentials={"token": "2|token", "webhook_token": "hush"})
URL = "https://go.example.com/pix/pushinpay/7?payment_id=ref-1&mac=0"
ORDER: dict[str, Any] = {"value": 4990, "webhook_url": URL}
PATH = "api/pix/cashIn"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


class World:
    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.sent: list[Outgoing] = []
        ids = count(10)
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
        self.pushinpay = PushinPay(surroundings)
        self.requests: list[JsonObject] = []
        self.counterpart = PixCounterpart("pushinpay", self.pushinpay, now_ms=lambda: self.now_ms, requests=self.requests)

    def start(self, charge: Charge, outgoing: Outgoing) -> object:
        self.sent.append(outgoing)
        return charge

    def call(self, method: str, path: str = PATH, *, authorization: str = "Bearer 1|token", **fields: Any) -> Answer:
        headers = {"authorization": authorization, "accept": "application/json"}
        call = Call(method=method, path=path, headers=headers, fields=fields)
        answer = self.counterpart.work(call)
        self.counterpart.record(call, answer, None)
        return answer

    def charge(self, **changes: Any) -> Charge:
        self.call("POST", **(ORDER | changes))
        return self.book.all()[-1]

    def pay(self, charge: Charge) -> None:
        self.book.pay(charge, amount_cents=None, payer_name="João Silva")


def test_a_charge_is_answered_in_the_documented_shape() -> None:
    answer = World().call("POST", **ORDER)
    assert answer.status == 200
    assert set(sample("create")["response_200"]) <= set(answer.body)
    assert (answer.body["status"], answer.body["value"], answer.body["webhook_url"]) == ("created", 4990, URL)
    assert (answer.body["payer_name"], answer.body["end_to_end_id"]) == ({}, {}), "empty values are objects"
    assert "540549.90" in answer.body["qr_code"]


def test_every_call_makes_another_charge() -> None:
    world = World()
    first, again = world.charge(), world.charge()
    assert first.charge_id != again.charge_id
    assert {first.payment_id, again.payment_id} == {"ref-1"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": 49}, "value"),
        ({"value": 0}, "value"),
        ({"value": -50}, "value"),
        ({"value": "4990"}, "value"),
        ({"value": 49.9}, "value"),
        ({"value": True}, "value"),
        ({"value": None}, "value"),
        ({"webhook_url": "go.example.com"}, "webhook_url"),
        ({"webhook_url": "http://["}, "webhook_url"),
        ({"webhook_url": 7}, "webhook_url"),
        ({"split_rules": {}}, "split_rules"),
    ],
)
def test_a_wrong_order_is_refused_in_the_documented_shape(change: dict[str, Any], field: str) -> None:
    world = World()
    answer = world.call("POST", **(ORDER | change))
    assert (answer.status, list(answer.body["errors"])) == (422, [field])
    assert answer.body["message"] == answer.body["errors"][field][0]
    assert world.book.all() == []


def test_the_least_amount_is_refused_in_the_documented_words() -> None:
    assert World().call("POST", value=49).body == sample("create")["response_422"]
    assert World().call("POST", value=50).status == 200


@pytest.mark.parametrize("authorization", ["", "1|token", "Basic 1|token", "bearer 1|token", "Bearer", "Bearer nobody"])
def test_the_token_is_a_bearer(authorization: str) -> None:
    answer = World().call("POST", authorization=authorization, **ORDER)
    assert (answer.status, answer.body) == (401, {"message": "Unauthenticated."})


def test_whoever_does_not_ask_for_json_is_sent_to_a_page() -> None:
    call = Call(method="POST", path=PATH, headers={"authorization": "Bearer 1|token", "accept": "*/*"}, fields=ORDER)
    assert World().counterpart.work(call).status == 302


def test_a_charge_is_found_in_either_case_by_its_own_account_only() -> None:
    world = World()
    charge = world.charge()
    for name in (charge.charge_id, charge.charge_id.upper()):
        assert world.call("GET", f"api/transactions/{name}").body["id"] == charge.charge_id
    unknown = world.call("GET", f"api/transactions/{charge.charge_id}", authorization="Bearer 2|token")
    assert (unknown.status, unknown.body["status"]) == (404, "not_found")
    assert world.call("GET", "api/transactions/ref-1").status == 404, "our reference is none of its"
    assert world.call("DELETE", f"api/transactions/{charge.charge_id}").status == 404
    assert world.call("GET", "api/other").status == 404


def test_what_was_paid_is_told_as_a_form_with_its_id_in_capitals() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge)
    (notice,) = world.pushinpay.paid(charge)
    assert notice.headers == {"Content-Type": "application/x-www-form-urlencoded", TOKEN_HEADER: "hush"}
    fields = dict(parse_qsl(notice.body.decode()))
    assert set(dict(parse_qsl(sample("webhook_paid_form")["raw_body"]))) <= set(fields)
    assert (fields["id"], fields["status"], fields["value"]) == (charge.charge_id.upper(), "paid", "4990")
    assert (fields["payer_name"], fields["end_to_end_id"]) == ("João Silva", charge.end_to_end_id)


def test_everything_else_is_told_in_json() -> None:
    world = World()
    late = world.charge()
    world.book.expire(late)
    (expired,) = world.pushinpay.expired(late)
    charge = world.charge()
    world.pay(charge)
    (refunded,) = world.pushinpay.refunded(charge, world.book.refund(charge, refund_id="r1", amount_cents=4990))
    for notice, status in ((expired, "expired"), (refunded, "refunded")):
        document = json.loads(notice.body)
        assert set(sample("webhook_paid_json")) <= set(document)
        assert document["status"] == notice.event == status
        assert notice.headers["Content-Type"] == "application/json"


def test_a_notice_goes_to_its_charges_own_url_or_nowhere() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge)
    (notice,) = world.pushinpay.paid(charge)
    assert callback_url("http://api", charge, notice) == URL
    silent = world.charge(webhook_url=None)
    world.pay(silent)
    assert (silent.payment_id, list(world.pushinpay.paid(silent))) == ("", [])


def test_a_refund_is_of_the_whole_payment_and_of_a_paid_one() -> None:
    world = World()
    charge = world.charge()
    path = f"api/transactions/{charge.charge_id}/refund"
    assert world.call("POST", path).status == 400
    world.pay(charge)
    assert world.call("POST", path).body["status"] == "refunded"
    assert charge.refunded_cents == 4990
    assert [outgoing.event for outgoing in world.sent] == ["refunded"]
    assert world.call("POST", path).status == 400


def test_a_part_given_back_and_a_dispute_are_told_to_nobody() -> None:
    world = World()
    charge = world.charge()
    world.pay(charge)
    assert list(world.pushinpay.refunded(charge, world.book.refund(charge, refund_id="r1", amount_cents=1))) == []
    world.book.dispute(charge)
    assert list(world.pushinpay.disputed(charge)) == []


def test_no_record_holds_the_token() -> None:
    world = World()
    world.charge()
    assert "1|token" not in repr(world.requests)
