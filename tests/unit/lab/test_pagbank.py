import asyncio
import json
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.notices import Notifier
from lab.pix.pagbank import SIGNATURE_HEADER, SPEAKER, PagBank, sign
from lab.post import Reply
from lab.state import Account, Config, JsonObject, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "pagbank"
NOW_MS = 1_790_000_000_123
CUSTOMER = {"name": "Loja de Teste", "email": "loja@example.com", "tax_id": "44720743000101"}
ORDER: dict[str, Any] = {
    "reference_id": "pay_1",
    "customer": CUSTOMER,
    "items": [{"name": "Curso", "quantity": 1, "unit_amount": 4990}],
    "qr_codes": [{"amount": {"value": 4990}, "expiration_date": "2026-09-21T11:23:20-03:00"}],
    "notification_urls": ["http://api/pix/pagbank/7"],
}


def _account(bot_id: str) -> Account:
    return Account(provider="pagbank", bot_id=bot_id, credentials={"token": f"tok_{bot_id}"})


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


def missing(given: Any, wanted: Any, where: str = "") -> list[str]:
    """Return which keys of a sample an answer lacks; of a list the first entries are compared."""
    if isinstance(wanted, list) and isinstance(given, list) and wanted:
        return missing(given[0], wanted[0], f"{where}[]") if given else [f"{where}[]"]
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
        self.requests: list[JsonObject] = []
        ids = count(1)
        new_id = lambda: f"{next(ids):032x}"  # noqa: E731 - a source of ids, read where it stands
        clock = lambda: self.now_ms  # noqa: E731
        state = State(Config(api="http://api", accounts=(_account("7"), _account("8"))))
        self.book = ChargeBook(now_ms=clock, new_id=new_id)
        self.dialect = PagBank(
            Surroundings(state=state, book=self.book, notifier=self, now_ms=clock, new_id=new_id, lab_url=lambda: "http://lab")
        )
        self.counterpart = PixCounterpart("pagbank", self.dialect, now_ms=clock, requests=self.requests)

    def start(self, _charge: Charge, outgoing: Outgoing) -> object:
        self.told.append(outgoing)
        return None

    def call(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None, *, token: str = "Bearer tok_7", key: str = ""
    ) -> Answer:
        headers = {"authorization": token} | ({"x-idempotency-key": key} if key else {})
        call = Call(method=method, path=path, headers=headers, fields=fields or {})
        answer = self.counterpart.work(call)
        self.counterpart.record(call, answer, None)
        return answer

    def order(self, *, key: str = "", **changes: Any) -> Answer:
        fields = {name: value for name, value in (ORDER | changes).items() if value is not None}
        return self.call("POST", "orders", fields, key=key)

    def charge(self) -> Charge:
        self.order()
        return self.book.all()[0]

    def paid(self) -> tuple[Charge, str]:
        """Return a charge that was paid, and the id that the provider gave its payment."""
        charge = self.charge()
        self.book.pay(charge, amount_cents=None, payer_name="Ana")
        return charge, str(self.show(charge).body["charges"][0]["id"])

    def show(self, charge: Charge) -> Answer:
        return self.call("GET", f"orders/{charge.charge_id}")


def test_an_order_is_answered_in_the_providers_shape() -> None:
    world = World()
    answer = world.order()
    assert answer.status == 201
    lacking = missing(answer.body, sample("create_order_real_sandbox")["response_201"])
    assert lacking == [".customer.phones", ".items[].reference_id"], "what was not sent is not there"
    assert missing(answer.body, sample("create_order")["response_201"]) == []
    (code,) = answer.body["qr_codes"]
    assert answer.body["id"].startswith("ORDE_")
    assert len(answer.body["id"]) == len(code["id"]) == 41
    assert (code["amount"], code["expiration_date"]) == ({"value": 4990}, "2026-09-21T11:23:19.000-03:00")
    assert "540549.90" in code["text"]
    assert answer.body["customer"] == CUSTOMER
    assert "charges" not in answer.body
    assert world.book.all()[0].callback_url == "http://api/pix/pagbank/7"


@pytest.mark.parametrize("token", ["", "tok_7", "Bearer nobody", "Bearer ", "bearer tok_7"])
def test_the_token_comes_as_a_bearer(token: str) -> None:
    answer = World().call("POST", "orders", ORDER, token=token)
    assert answer.status == 401
    assert answer.body["error_messages"][0]["error"] == "invalid_authorization_header"


CODE = ORDER["qr_codes"][0]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"reference_id": "x" * 65}, "reference_id"),
        ({"reference_id": 7}, "reference_id"),
        ({"customer": None}, "customer"),
        ({"customer": []}, "customer"),
        ({"customer": CUSTOMER | {"name": ""}}, "customer.name"),
        ({"customer": CUSTOMER | {"name": "x" * 121}}, "customer.name"),
        ({"customer": CUSTOMER | {"email": "nobody"}}, "customer.email"),
        ({"customer": CUSTOMER | {"email": "nobody at all"}}, "customer.email"),
        ({"customer": {"name": "Loja", "email": "loja@example.com"}}, "customer.tax_id"),
        ({"customer": CUSTOMER | {"tax_id": "44.720.743/0001-01"}}, "customer.tax_id"),
        ({"customer": CUSTOMER | {"tax_id": 44720743000101}}, "customer.tax_id"),
        ({"items": None}, "items"),
        ({"items": []}, "items"),
        ({"items": [{"name": "", "quantity": 1, "unit_amount": 4990}]}, "items"),
        ({"items": [{"name": "Curso", "quantity": "1", "unit_amount": 4990}]}, "items"),
        ({"items": [{"name": "Curso", "quantity": 1, "unit_amount": 49.9}]}, "items"),
        ({"qr_codes": None}, "qr_codes"),
        ({"qr_codes": [CODE, CODE]}, "qr_codes"),
        ({"qr_codes": [{}]}, "qr_codes[0].amount.value"),
        ({"qr_codes": [{"amount": {"value": 99}}]}, "qr_codes[0].amount.value"),
        ({"qr_codes": [{"amount": {"value": 49.9}}]}, "qr_codes[0].amount.value"),
        ({"qr_codes": [{"amount": {"value": "4990"}}]}, "qr_codes[0].amount.value"),
        ({"qr_codes": [CODE | {"expiration_date": "2026-09-21T11:23:20"}]}, "qr_codes[0].expiration_date"),
        ({"qr_codes": [CODE | {"expiration_date": "2026-13-21T11:23:20Z"}]}, "qr_codes[0].expiration_date"),
        ({"qr_codes": [CODE | {"expiration_date": "2026-09-21T11:13:20-03:00"}]}, "qr_codes[0].expiration_date"),
        ({"qr_codes": [CODE | {"expiration_date": 1800}]}, "qr_codes[0].expiration_date"),
        ({"notification_urls": "http://api"}, "notification_urls"),
        ({"notification_urls": ["api"]}, "notification_urls"),
    ],
    ids=repr,
)
def test_a_wrong_order_is_refused_by_its_parameter(change: dict[str, Any], parameter: str) -> None:
    world = World()
    answer = world.order(**change)
    assert answer.status == 400
    assert answer.body["error_messages"][0]["parameter_name"] == parameter
    assert world.book.all() == []


def test_a_body_that_is_not_json_is_refused() -> None:
    call = Call(method="POST", path="orders", headers={"authorization": "Bearer tok_7"}, unreadable="the body is not JSON")
    assert World().counterpart.work(call).status == 400


def test_without_an_expiry_a_code_is_good_for_a_day() -> None:
    world = World()
    world.order(qr_codes=[{"amount": {"value": 4990}}])
    assert world.book.all()[0].expires_in_seconds == 86_400


def test_the_key_makes_an_order_once_and_the_reference_does_not() -> None:
    world = World()
    first = world.order(key="pay_1")
    world.now_ms += 1000
    later = [CODE | {"expiration_date": "2026-09-21T11:33:20-03:00"}]
    assert world.order(key="pay_1", qr_codes=later) == first
    assert len(world.book.all()) == 1
    assert world.order(key="pay_2").body["id"] != first.body["id"]
    world.order()
    world.order()
    assert len(world.book.all()) == 4


def test_an_order_is_found_by_its_own_account_and_its_own_id_only() -> None:
    world = World()
    charge = world.charge()
    assert world.show(charge).body["reference_id"] == "pay_1"
    assert world.call("GET", f"orders/{charge.charge_id}", token="Bearer tok_8").status == 404
    for name in ("", "pay_1", charge.charge_id.removeprefix("ORDE_"), "ORDE_1"):
        assert world.call("GET", f"orders/{name}").status == 404
    assert world.call("DELETE", f"orders/{charge.charge_id}").status == 405
    assert world.call("GET", "public-keys").status == 405


def test_an_order_has_a_charge_when_money_came() -> None:
    world = World()
    charge = world.charge()
    world.book.expire(charge)
    assert "charges" not in world.show(charge).body
    world.book.pay(charge, amount_cents=5000, payer_name="Ana")
    (paid,) = world.show(charge).body["charges"]
    assert (paid["status"], paid["paid_at"]) == ("PAID", "2026-09-21T11:13:20.123-03:00")
    assert paid["amount"]["summary"] == {"total": 5000, "paid": 5000, "refunded": 0, "incremented": 0}
    assert paid["payment_method"]["pix"]["holder"]["name"] == "Ana"
    assert "***" in paid["payment_method"]["pix"]["holder"]["tax_id"]
    assert missing(world.show(charge).body, sample("webhook_paid_real_sandbox")) == []


def test_money_is_given_back_once_for_each_key() -> None:
    world = World()
    charge, charge_id = world.paid()
    path = f"charges/{charge_id}/cancel"
    part = world.call("POST", path, {"amount": {"value": 990}}, key="r1")
    assert (part.status, part.body["status"], part.body["amount"]["summary"]["refunded"]) == (201, "PAID", 990)
    assert world.call("POST", path, {"amount": {"value": 990}}, key="r1") == part
    assert charge.refunded_cents == 990
    assert world.call("POST", path, {"amount": {"value": 4001}}, key="r2").status == 400
    whole = world.call("POST", path, key="r3")
    assert (whole.body["status"], whole.body["amount"]["summary"]["refunded"]) == ("CANCELED", 4990)
    assert world.call("POST", path, {"amount": {"value": 1}}, key="r4").status == 400
    assert [outgoing.event for outgoing in world.told] == ["CREATED", "CANCELED"]


@pytest.mark.parametrize("amount", [{}, {"value": 0}, {"value": "990"}, {"value": 9.9}, [], None], ids=repr)
def test_a_refund_of_no_amount_is_refused(amount: object) -> None:
    world = World()
    charge, charge_id = world.paid()
    assert world.call("POST", f"charges/{charge_id}/cancel", {"amount": amount}).status == 400
    assert charge.refunds == {}


def test_only_what_was_paid_to_the_account_can_be_given_back() -> None:
    world = World()
    charge, charge_id = world.paid()
    world.order(reference_id="pay_2")
    open_order = world.book.all()[1]
    open_id = f"CHAR_{str(world.show(open_order).body['qr_codes'][0]['id']).removeprefix('QRCO_')}"
    for name in (charge.charge_id, "CHAR_1", "", open_id):
        assert world.call("POST", f"charges/{name}/cancel").status == 404
    stranger = world.call("POST", f"charges/{charge_id}/cancel", token="Bearer tok_8")
    assert stranger.status == 404
    assert charge.refunds == {}


SAYS: Mapping[str, Callable[[World, Charge], list[Outgoing]]] = {
    "expired": lambda world, charge: list(world.dialect.expired(charge)),
    "disputed": lambda world, charge: list(world.dialect.disputed(charge)),
    "a part given back": lambda world, charge: list(
        world.dialect.refunded(charge, world.book.refund(charge, refund_id="r", amount_cents=1))
    ),
}


@pytest.mark.parametrize("word", SAYS)
def test_of_some_things_nothing_is_told(word: str) -> None:
    world = World()
    charge, _ = world.paid()
    assert SAYS[word](world, charge) == []


def test_a_notice_is_the_order_signed_with_the_token() -> None:
    world = World()
    charge, _ = world.paid()
    (notice,) = world.dialect.paid(charge)
    document = json.loads(notice.body)
    assert document == world.show(charge).body
    assert missing(document, sample("webhook_paid_real_sandbox")) == []
    assert missing(document, sample("webhook_paid_shape")) == []
    assert notice.headers[SIGNATURE_HEADER] == sign(notice.body, "tok_7")
    assert (notice.path_suffix, notice.query) == ("", "")
    world.book.refund(charge, refund_id="r", amount_cents=4990)
    (refunded,) = world.dialect.refunded(charge, charge.refunds["r"])
    (gone,) = json.loads(refunded.body)["charges"]
    assert (gone["status"], gone["amount"]["summary"]["refunded"]) == ("CANCELED", 4990)


def test_a_new_order_is_told_of_without_a_charge() -> None:
    world = World()
    world.order()
    (notice,) = world.told
    assert "charges" not in json.loads(notice.body)
    assert notice.headers[SIGNATURE_HEADER] == sign(notice.body, "tok_7")


@pytest.mark.parametrize("vector", sample("signature_vectors"), ids=lambda vector: vector["token"])
def test_the_signature_is_the_published_one(vector: dict[str, str]) -> None:
    assert sign(vector["raw_body"].encode(), vector["token"]) == vector["x_authenticity_token"]
    assert SPEAKER.seal is not None
    account = Account(provider="pagbank", bot_id="7", credentials={"token": vector["token"]})
    assert SPEAKER.seal(account, vector["raw_body"].encode()) == {SIGNATURE_HEADER: vector["x_authenticity_token"]}


def test_no_record_holds_a_credential() -> None:
    world = World()
    world.order(key="pay_1")
    world.show(world.book.all()[0])
    world.call("POST", "orders", ORDER, token="Bearer tok_wrong")
    assert [entry["status"] for entry in world.requests] == [201, 200, 401]
    assert "tok_" not in json.dumps(world.requests)


@pytest.mark.parametrize(
    ("status", "attempts", "state"), [(500, 4, "given_up"), (401, 4, "given_up"), (None, 4, "given_up"), (204, 1, "delivered")]
)
def test_a_notice_comes_again_three_times(status: int | None, attempts: int, state: str) -> None:
    charge = World().charge()
    slept: list[float] = []

    async def post(_url: str, _body: bytes, _headers: Mapping[str, str]) -> Reply:
        return Reply(status=status)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def scenario() -> None:
        notifier = Notifier(
            State(), post, sleep, retries={"pagbank": SPEAKER.retries}, now_ms=lambda: NOW_MS, retry_base_seconds=2.0
        )
        notice = notifier.start(charge, Outgoing(event="x", body=b"{}", headers={}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (notice.state, notice.attempts) == (state, attempts)

    asyncio.run(scenario())
    assert slept == ([60, 300, 900] if attempts > 1 else [])
