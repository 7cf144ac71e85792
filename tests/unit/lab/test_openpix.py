import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lab.faults import Fault
from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.notices import Notifier
from lab.pix.openpix import SIGNATURE_HEADER, SPEAKER, OpenPix, sign
from lab.post import Reply
from lab.state import Account, Config, JsonObject, State
from lab.wire import Answer, Call

SAMPLES = Path(__file__).parents[2] / "data" / "openpix"
NOW_MS = 1_795_000_000_123
ACCOUNT = Account(provider="openpix", bot_id="7", credentials={"app_id": "app-1", "webhook_secret": "hush"})
OTHER = Account(provider="openpix", bot_id="8", credentials={"app_id": "app-2", "webhook_secret": "hush"})
ORDER: dict[str, Any] = {"correlationID": "pay_1", "value": 4990, "expiresIn": 600, "comment": "Curso"}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


class World:
    def __init__(self, statuses: list[int | None] | None = None) -> None:
        self.now_ms = NOW_MS
        self.statuses = list(statuses or [])
        self.posted: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.slept: list[float] = []
        ids = count(1)
        state = State(Config(api="http://api", accounts=(ACCOUNT, OTHER)))
        self.book = ChargeBook(now_ms=lambda: self.now_ms, new_id=lambda: f"{next(ids):032x}")
        retries = {"openpix": SPEAKER.retries}
        self.notifier = Notifier(
            state, self.post, self.sleep, retries=retries, now_ms=lambda: self.now_ms, retry_base_seconds=2.0
        )
        surroundings = Surroundings(
            state=state,
            book=self.book,
            notifier=self.notifier,
            now_ms=lambda: self.now_ms,
            new_id=lambda: f"{next(ids):032x}",
            lab_url=lambda: "http://lab",
        )
        self.openpix = OpenPix(surroundings)
        self.requests: list[JsonObject] = []
        self.counterpart = PixCounterpart("openpix", self.openpix, now_ms=lambda: self.now_ms, requests=self.requests)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.posted.append((url, body, headers))
        return Reply(status=self.statuses.pop(0) if self.statuses else 200)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def call(self, method: str, path: str = "api/v1/charge", app_id: str = "app-1", **fields: Any) -> Answer:
        call = Call(method=method, path=path, headers={"authorization": app_id}, fields=fields)
        answer = self.counterpart.work(call)
        self.counterpart.record(call, answer, None)
        return answer

    def charge(self) -> Charge:
        self.call("POST", **ORDER)
        return self.book.all()[0]

    def run(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def play() -> None:
            await scenario()
            await self.notifier.close()

        asyncio.run(play())


def spoken(outgoing: Sequence[Outgoing]) -> Any:
    """Return the document of the one notice that there is."""
    (one,) = outgoing
    return json.loads(one.body)


def missing(given: Any, wanted: Any, where: str = "") -> list[str]:
    """Return which keys of a sample an answer lacks."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            path
            for name, entry in wanted.items()
            for path in ([f"{where}.{name}"] if name not in given else missing(given[name], entry, f"{where}.{name}"))
        ]
    return []


def test_a_charge_is_answered_in_the_providers_shape() -> None:
    answer = World().call("POST", **ORDER)
    assert answer.status == 200
    assert missing(answer.body, sample("create_charge")["response_200"]) == []
    charge = answer.body["charge"]
    assert (charge["value"], charge["status"], charge["expiresIn"]) == (4990, "ACTIVE", 600)
    assert (charge["createdAt"], charge["expiresDate"]) == ("2026-11-18T11:06:40.123Z", "2026-11-18T11:16:40.123Z")
    assert "540549.90" in charge["brCode"]
    assert answer.body["brCode"] == charge["brCode"]


def test_the_correlation_id_makes_a_charge_once() -> None:
    world = World()
    first, again = world.call("POST", **ORDER), world.call("POST", **ORDER)
    assert first.body == again.body
    assert len(world.book.all()) == 1


def test_a_charge_is_found_by_both_ids_and_by_its_own_account_only() -> None:
    world = World()
    charge = world.charge()
    for name in (charge.charge_id, "pay_1"):
        assert world.call("GET", f"api/v1/charge/{name}").body["charge"]["identifier"] == charge.charge_id
    assert world.call("GET", "api/v1/charge/pay_1", app_id="app-2").status == 404
    assert world.call("GET", "api/v1/charge/pay_2").status == 404
    assert world.call("PUT", "api/v1/charge/pay_1").status == 405
    assert world.call("GET", "api/v1/other").status == 404


@pytest.mark.parametrize("app_id", ["", "nobody", "Bearer app-1"])
def test_the_app_id_stands_alone(app_id: str) -> None:
    answer = World().call("POST", app_id=app_id, **ORDER)
    assert (answer.status, answer.body) == (401, {"error": "appID inválido"})


@pytest.mark.parametrize(
    "change",
    [
        {"value": 0},
        {"value": -1},
        {"value": 49.9},
        {"value": "4990"},
        {"value": True},
        {"value": None},
        {"correlationID": ""},
        {"correlationID": None},
        {"comment": "x" * 141},
        {"expiresIn": 0},
    ],
)
def test_a_wrong_order_is_refused(change: dict[str, Any]) -> None:
    answer = World().call("POST", **(ORDER | change))
    assert answer.status == 400
    assert list(answer.body) == ["error"]


def test_a_deleted_charge_can_no_longer_be_paid_and_a_paid_one_not_deleted() -> None:
    world = World()
    charge = world.charge()
    assert world.call("DELETE", "api/v1/charge/pay_1").body == {"status": "OK", "id": "pay_1"}
    assert charge.status == "expired"
    world.book.pay(charge, amount_cents=None, payer_name=None)
    assert world.call("DELETE", "api/v1/charge/pay_1").status == 400


def test_a_charge_is_due_when_its_time_is_over() -> None:
    world = World()
    charge = world.charge()
    world.now_ms += 599_999
    assert world.book.due() == []
    world.now_ms += 1
    assert world.book.due() == [charge]
    world.book.expire(charge)
    assert world.book.due() == []


def test_money_that_comes_late_is_still_paid_and_never_unpaid() -> None:
    world = World()
    charge = world.charge()
    world.book.expire(charge)
    world.book.pay(charge, amount_cents=5000, payer_name="Ana")
    end_to_end_id = charge.end_to_end_id
    world.book.pay(charge, amount_cents=1, payer_name="Bruno")
    world.book.expire(charge)
    assert (charge.status, charge.paid_amount_cents, charge.payer_name) == ("paid", 5000, "Ana")
    assert charge.end_to_end_id == end_to_end_id
    assert len(end_to_end_id or "") == 32


def test_notices_have_the_providers_shapes() -> None:
    world = World()
    charge = world.charge()
    personal = {".charge.customer", ".pix.customer", ".pix.charge.customer", ".charge.fee", ".pix.charge.fee", ".pix.globalID"}
    address = {".charge.payer.address", ".pix.payer.address", ".pix.charge.payer.address"}

    def lacks(document: dict[str, Any], name: str) -> set[str]:
        return set(missing(document, sample(name))) - personal - address

    world.book.expire(charge)
    assert lacks(spoken(world.openpix.expired(charge)), "webhook_charge_expired") == set()
    world.book.pay(charge, amount_cents=None, payer_name="Ana da Silva")
    notice = spoken(world.openpix.paid(charge))
    assert lacks(notice, "webhook_charge_completed") == set()
    assert (notice["charge"]["status"], notice["charge"]["value"], notice["pix"]["value"]) == ("COMPLETED", 4990, 4990)
    assert notice["pix"]["payer"]["name"] == "Ana da Silva"
    refund = world.book.refund(charge, refund_id="r1", amount_cents=4990)
    notice = spoken(world.openpix.refunded(charge, refund))
    assert lacks(notice, "webhook_refund_received") - {".pix.pixKey"} == set()
    assert (notice["charge"]["status"], notice["pix"]["value"], notice["pix"]["partial"]) == ("COMPLETED", 4990, False)
    assert charge.status == "refunded"


@pytest.mark.parametrize("vector", sample("signature_hmac_sha1_vector"), ids=["documented", "computed"])
def test_the_signature_is_the_providers(vector: dict[str, str]) -> None:
    assert sign(vector["raw_body"].encode(), vector["key"]) == vector["signature"]


def test_a_notice_goes_to_the_accounts_bot_signed_over_its_bytes() -> None:
    world = World()
    charge = world.charge()
    world.book.pay(charge, amount_cents=None, payer_name="José")

    async def scenario() -> None:
        notices = await world.notifier.send(charge, world.openpix.paid(charge)[0], repeat=2)
        assert [notice.shown()["http_status"] for notice in notices] == [200, 200]
        assert all(notice.shown()["delivered"] for notice in notices)

    world.run(scenario)
    (url, body, headers), second = world.posted
    assert url == "http://api/pix/openpix/7"
    assert headers[SIGNATURE_HEADER] == sign(body, "hush")
    assert second[1] == body


def test_a_refused_notice_comes_again_eight_times_in_all() -> None:
    world = World([500, 401, None, 400, 500, 500, 500, 500])
    charge = world.charge()

    async def scenario() -> None:
        (notice,) = await world.notifier.send(charge, world.openpix.expired(charge)[0])
        assert (notice.state, notice.attempts, notice.http_status) == ("pending", 1, 500)
        for _ in range(50):
            await asyncio.sleep(0)
        assert (notice.state, notice.attempts) == ("given_up", 8)

    world.run(scenario)
    assert world.slept == [10, 20, 40, 80, 160, 320, 640]


def test_a_redirect_counts_as_taken() -> None:
    """The provider looks at the status only: below 400 is enough."""
    world = World([302])
    charge = world.charge()

    async def scenario() -> None:
        (notice,) = await world.notifier.send(charge, world.openpix.expired(charge)[0])
        assert notice.state == "delivered"

    world.run(scenario)


def test_a_refund_by_the_api_is_made_once_and_told() -> None:
    world = World()
    charge = world.charge()
    path = "api/v1/charge/pay_1/refund"
    assert world.call("POST", path, correlationID="r1").status == 400, "not paid yet"
    world.book.pay(charge, amount_cents=None, payer_name=None)

    async def scenario() -> None:
        assert world.call("POST", path, correlationID="r1", value=990).body["refund"]["value"] == 990
        assert world.book.all()[0].status == "paid"
        assert world.call("POST", path, correlationID="r1", value=990).status == 200
        assert charge.refunded_cents == 990
        assert world.call("POST", path, correlationID="r2", value=4001).status == 400
        assert world.call("POST", path, correlationID="r2", value=4000).status == 200
        assert world.book.all()[0].status == "refunded"
        for _ in range(5):
            await asyncio.sleep(0)

    world.run(scenario)
    assert [json.loads(body)["pix"]["partial"] for _, body, _ in world.posted] == [True, True]


def test_faults_read_as_the_providers() -> None:
    openpix, call = World().counterpart, Call(method="POST", path="")
    assert openpix.faulty(Fault(mode="http_500"), call).status == 500
    assert openpix.faulty(Fault(mode="token_error"), call).body == {"error": "appID inválido"}
    throttled = openpix.faulty(Fault(mode="throttle", delay_ms=1500), call)
    assert (throttled.status, throttled.headers) == (429, {"Retry-After": "2"})


def test_no_record_holds_the_app_id() -> None:
    world = World()
    world.charge()
    assert "app-1" not in repr(world.requests)
    assert world.requests[0]["body"] == ORDER
