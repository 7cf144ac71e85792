"""PagBank, by orders and notices of its sandbox, its documentation and known answers of its signature."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.onboarding import Onboards
from rastro.pix.pagbank import ITEM_NAME_MAX_LENGTH, ONBOARDING, PagBank
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, NoticeKind, ProviderContext, open_provider

DATA = Path(__file__).parents[2] / "data" / "pagbank"
NOW = 1_767_645_534_000  # 2026-01-05T17:38:54-03:00
TOKEN = "kat-token"
CREDENTIALS = {
    "token": TOKEN,
    "customer_name": "Loja de Teste",
    "customer_email": "loja@example.com",
    "customer_tax_id": "44.720.743/0001-01",
}
CALLBACK_URL = "https://api.example.com/pix/pagbank/7"
PAYMENT_ID = PaymentId("01JQ4S4KY8HWQ6NA5PXB65B3D3")
ORDER_ID = "ORDE_D7449312-9F5C-42AE-8FF1-BA3639707242"
REQUEST = ChargeRequest(
    payment_id=PAYMENT_ID,
    amount_cents=9900,
    description="Curso",
    expires_in_seconds=1800,
    callback_url=CALLBACK_URL,
)
PAID, EXPIRED, REFUNDED = NoticeKind.PAID, NoticeKind.EXPIRED, NoticeKind.REFUNDED


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


VECTORS = _sample("signature_vectors")


class Wire(requests.adapters.BaseAdapter):
    """Answers requests one after the other, the last one for ever; keeps what was sent."""

    def __init__(self, *answers: tuple[int, object] | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        pass


def _account(*answers: tuple[int, object] | Exception, now_ms: int = NOW, **credentials: str) -> tuple[PagBank, Wire]:
    wire, session = Wire(*(answers or ((500, b""),))), requests.Session()
    session.mount("https://", wire)
    return PagBank(ProviderContext(credentials=CREDENTIALS | credentials, now_ms=lambda: now_ms), session), wire


def _callback(body: bytes, signature: str | None = None) -> CallbackRequest:
    return CallbackRequest(body=body, headers={} if signature is None else {"x-authenticity-token": signature})


def _signed(body: bytes, token: str = TOKEN) -> CallbackRequest:
    return _callback(body, hashlib.sha256(token.encode() + b"-" + body).hexdigest())


def _order(*charges: object, **changes: object) -> dict[str, Any]:
    """Return an order of ours as the sandbox writes one that was paid, with other charges."""
    order: dict[str, Any] = dict(_sample("webhook_paid_real_sandbox"))
    return order | {"reference_id": PAYMENT_ID, "charges": list(charges)} | changes


def _charge(status: str, **changes: object) -> dict[str, Any]:
    charge: dict[str, Any] = dict(_sample("webhook_paid_real_sandbox")["charges"][0])
    return charge | {"status": status} | changes


def _summed(value: object = 5780, **summary: object) -> dict[str, Any]:
    return {"value": value, "currency": "BRL", "summary": summary}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["token"])
def test_a_published_signature_is_authentic(vector: dict[str, str]) -> None:
    account, _ = _account(token=vector["token"])
    account.authenticate(_callback(vector["raw_body"].encode(), vector["x_authenticity_token"]))
    account.authenticate(_callback(vector["raw_body"].encode(), f" {vector['x_authenticity_token'].upper()}"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["token"])
@pytest.mark.parametrize("signature", [None, "", "00", "é", "0" * 64])
def test_another_signature_and_none_are_refused(vector: dict[str, str], signature: str | None) -> None:
    with pytest.raises(NotAuthentic):
        _account(token=vector["token"])[0].authenticate(_callback(vector["raw_body"].encode(), signature))


@pytest.mark.parametrize("body", [b'{"id":"ORDE_KAT" }', b'{"id":"ORDE_KAT"}\n', b"", b'{"id":"ORDE_2"}'])
def test_the_signature_of_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(NotAuthentic):
        _account()[0].authenticate(_callback(body, VECTORS[1]["x_authenticity_token"]))


def test_the_signature_of_another_account_is_refused() -> None:
    with pytest.raises(NotAuthentic):
        _account(token="another")[0].authenticate(_signed(b"{}"))


def test_an_unset_token_fails_closed() -> None:
    """Everybody can make the hash of a hyphen and a body."""
    with pytest.raises(SecretMissing):
        _account(token="")[0].authenticate(_signed(b'{"id":"ORDE_1"}', token=""))


def test_a_hash_that_is_carried_on_from_a_seen_one_signs_nothing_readable() -> None:
    """SHA-256 of token and body lets a stranger append to a body, but not without the padding of the hash in between."""
    body = json.dumps(_order(_charge("WAITING"))).encode()
    padding = b"\x80" + b"\x00" * 40 + (8 * len(body)).to_bytes(8, "big")
    with pytest.raises(InvalidInput):
        _account()[0].parse_notices(_signed(body + padding + json.dumps(_order(_charge("PAID"))).encode()))


@pytest.mark.parametrize(
    ("name", "payment_id", "charge_id", "amount_cents", "occurred_at_ms"),
    [
        ("webhook_paid_real_sandbox", "6967092abd5e8adcd09d9196", ORDER_ID, 5780, 1_768_490_001_885),
        ("webhook_paid_shape", "our-id", "ORDE_1", 25_000, 1_790_251_200_000),
    ],
)
def test_a_sampled_notice_names_payment_amount_and_time(
    name: str, payment_id: str, charge_id: str, amount_cents: int, occurred_at_ms: int
) -> None:
    (notice,) = _account()[0].parse_notices(_signed(json.dumps(_sample(name)).encode()))
    assert (notice.kind, notice.proven, notice.partial) == (PAID, True, False)
    assert (notice.payment_id, notice.charge_id) == (payment_id, charge_id)
    assert (notice.amount_cents, notice.occurred_at_ms) == (amount_cents, occurred_at_ms)


def test_a_paid_notice_has_its_payer_and_end_to_end_id() -> None:
    (notice,) = _account()[0].parse_notices(_signed(json.dumps(_sample("webhook_paid_real_sandbox")).encode()))
    assert (notice.payer_name, notice.end_to_end_id) == ("API-PIX Payer Mock", "1e42c1a12e9b466da34eff4ecc6a64c0")


STATES: list[tuple[list[dict[str, Any]], list[tuple[NoticeKind, int, bool]]]] = [
    ([], []),
    ([_charge("WAITING")], []),
    ([_charge("IN_ANALYSIS")], []),
    ([_charge("AUTHORIZED")], []),
    ([_charge("DECLINED")], []),
    ([_charge("paid")], []),
    ([_charge("SOMETHING_NEW")], []),
    ([_charge("PAID")], [(PAID, 5780, False)]),
    ([_charge("PAID", amount={"value": "5780"})], [(PAID, 5780, False)]),
    ([_charge("PAID", amount=_summed(paid=5000, refunded=0))], [(PAID, 5000, False)]),
    ([_charge("DECLINED"), _charge("PAID")], [(PAID, 5780, False)]),
    ([_charge("CANCELED"), _charge("PAID")], [(PAID, 5780, False)]),
    ([_charge("PAID", amount=_summed(paid=5780, refunded=780))], [(PAID, 5780, False), (REFUNDED, 780, True)]),
    ([_charge("PAID", amount=_summed(paid=5780, refunded="780"))], [(PAID, 5780, False), (REFUNDED, 780, True)]),
    ([_charge("CANCELED", amount=_summed(paid=5780, refunded=5780))], [(PAID, 5780, False), (REFUNDED, 5780, False)]),
    ([_charge("CANCELED", amount=_summed(paid=0, refunded=5780))], [(PAID, 5780, False), (REFUNDED, 5780, False)]),
    ([_charge("CANCELED", amount={"value": 5780})], [(PAID, 5780, False), (REFUNDED, 5780, False)]),
    ([_charge("CANCELED", amount=_summed(paid=0, refunded=0), paid_at=None)], []),
]


@pytest.mark.parametrize(("charges", "told"), STATES)
def test_the_charges_of_an_order_say_what_became_of_it(
    charges: list[dict[str, Any]], told: list[tuple[NoticeKind, int, bool]]
) -> None:
    account, wire = _account((200, _order(*charges)))
    notices = account.query(ChargeReference(charge_id=ORDER_ID))
    assert [(notice.kind, notice.amount_cents, notice.partial) for notice in notices] == told
    assert all(notice.proven and notice.payment_id == PAYMENT_ID and notice.charge_id == ORDER_ID for notice in notices)
    assert all(notice.refund_id is None for notice in notices)
    (sent,) = wire.sent
    assert (sent.method, sent.url) == ("GET", f"https://api.pagseguro.com/orders/{ORDER_ID}")
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(("charges", "told"), STATES)
def test_a_notice_says_the_same_and_what_was_given_back_first(
    charges: list[dict[str, Any]], told: list[tuple[NoticeKind, int, bool]]
) -> None:
    notices = _account()[0].parse_notices(_signed(json.dumps(_order(*charges)).encode()))
    said = [(notice.kind, notice.amount_cents, notice.partial) for notice in notices if notice.kind is not NoticeKind.IGNORED]
    assert said == told[::-1]
    assert len(notices) == max(1, len(told))
    assert all(notice.proven for notice in notices)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "CHEC_1"},
        {"id": "CHAR_1"},
        {"id": "CBKS_1"},
        {"id": 7},
        {"reference_id": None},
        {"reference_id": ""},
        {"charges": {"status": "PAID"}},
        {"charges": ["PAID"]},
    ],
    ids=repr,
)
def test_what_is_no_paid_order_of_ours_is_ignored(changes: dict[str, object]) -> None:
    (notice,) = _account()[0].parse_notices(_signed(json.dumps(_order(_charge("PAID")) | changes).encode()))
    assert notice.kind is NoticeKind.IGNORED


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff", b"notificationCode=1&notificationType=transaction"])
def test_a_body_that_is_no_order_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        _account()[0].parse_notices(_signed(body))


OVER_MS = 1_768_493_585_000  # the expiration_date of the sampled order


@pytest.mark.parametrize(
    ("charges", "now_ms", "expired"),
    [
        ([], OVER_MS - 1, False),
        ([], OVER_MS, True),
        ([_charge("DECLINED")], OVER_MS, True),
        ([_charge("CANCELED", amount={}, paid_at=None)], OVER_MS, True),
        ([_charge("WAITING")], OVER_MS, False),
        ([_charge("IN_ANALYSIS")], OVER_MS, False),
    ],
)
def test_an_order_expires_with_its_code(charges: list[dict[str, Any]], now_ms: int, *, expired: bool) -> None:
    told = _account((200, _order(*charges)), now_ms=now_ms)[0].query(ChargeReference(charge_id=ORDER_ID))
    assert [(notice.kind, notice.payment_id) for notice in told] == ([(EXPIRED, PAYMENT_ID)] if expired else [])


@pytest.mark.parametrize("codes", [None, [], [{}], [{"expiration_date": "soon"}]])
def test_an_order_without_an_expiry_never_expires(codes: object) -> None:
    account, _ = _account((200, _order(qr_codes=codes)), now_ms=2 * OVER_MS)
    assert account.query(ChargeReference(charge_id=ORDER_ID)) == []


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (ChargeReference(), (200, {})),
        (ChargeReference(payment_id=PAYMENT_ID), (200, {})),
        (ChargeReference(charge_id="QRCO_1"), (200, {})),
        (ChargeReference(charge_id="ORDE_1/../../public-keys"), (200, {})),
        (ChargeReference(charge_id=ORDER_ID), (404, {})),
        (ChargeReference(charge_id=ORDER_ID, payment_id=PaymentId("another")), (200, _order(_charge("PAID")))),
        (ChargeReference(charge_id=ORDER_ID), (200, _order(_charge("PAID"), reference_id=None))),
    ],
)
def test_a_query_for_what_is_not_there_or_not_of_the_payment_finds_nothing(
    reference: ChargeReference, answer: tuple[int, object]
) -> None:
    assert _account(answer)[0].query(reference) == []


@pytest.mark.parametrize("answer", [(200, []), (200, {}), (200, b"<html>"), (200, _order(id="ORDE_2")), (500, {}), (429, {})])
def test_an_answer_that_is_not_the_order_may_be_asked_for_again(answer: tuple[int, object]) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(answer)[0].query(ChargeReference(charge_id=ORDER_ID))


def test_an_order_is_asked_for_under_our_payment_id() -> None:
    answer = _sample("create_order_real_sandbox")["response_201"]
    account, wire = _account((201, answer))
    charge = account.create_charge(REQUEST)
    assert (charge.charge_id, charge.brcode) == (answer["id"], answer["qr_codes"][0]["text"])
    assert charge.expires_at_ms == NOW + 1_800_000
    (sent,) = wire.sent
    assert (sent.method, sent.url) == ("POST", "https://api.pagseguro.com/orders")
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["x-idempotency-key"] == PAYMENT_ID
    body = json.loads(sent.body or b"")
    assert body == {
        "reference_id": PAYMENT_ID,
        "customer": {"name": "Loja de Teste", "email": "loja@example.com", "tax_id": "44720743000101"},
        "items": [{"name": "Curso", "quantity": 1, "unit_amount": 9900}],
        "qr_codes": [{"amount": {"value": 9900}, "expiration_date": "2026-01-05T18:08:54-03:00"}],
        "notification_urls": [CALLBACK_URL],
    }
    assert set(body) == set(_sample("create_order")["request"]) | {"notification_urls"}


def test_a_long_name_is_cut_and_no_address_is_made_up() -> None:
    account, wire = _account((201, _sample("create_order_real_sandbox")["response_201"]))
    account.create_charge(
        ChargeRequest(payment_id=PAYMENT_ID, amount_cents=100, description="é" * 500, expires_in_seconds=60),
    )
    body = json.loads(wire.sent[0].body or b"")
    assert len(body["items"][0]["name"]) == ITEM_NAME_MAX_LENGTH
    assert "notification_urls" not in body


def test_an_order_that_an_earlier_try_made_ends_when_that_one_said() -> None:
    answer = _sample("create_order_real_sandbox")["response_201"]
    code = answer["qr_codes"][0] | {"expiration_date": "2026-01-05T17:58:54.000-03:00"}
    assert _account((201, answer | {"qr_codes": [code]}))[0].create_charge(REQUEST).expires_at_ms == NOW + 20 * 60_000


def test_a_key_that_is_refused_with_another_body_leads_to_another_order() -> None:
    answer = _sample("create_order_real_sandbox")["response_201"]
    account, wire = _account((409, {"error_messages": []}), (201, answer))
    assert account.create_charge(REQUEST).charge_id == answer["id"]
    keys = [str(sent.headers["x-idempotency-key"]) for sent in wire.sent]
    assert keys == [PAYMENT_ID, f"{PAYMENT_ID}-{NOW + 1_800_000}"]


def test_a_code_that_is_not_of_pix_is_refused() -> None:
    """So it comes for an account without an active PIX key; no bank takes it."""
    answer = _sample("create_order_real_sandbox")["response_201"]
    code = answer["qr_codes"][0] | {"text": "00020101021226600016BR.COM.PAGSEGURO0136EB8F98695802BR63044C8B"}
    with pytest.raises(ProviderError, match="PIX key") as caught:
        _account((201, answer | {"qr_codes": [code]}))[0].create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("name", ["customer_name", "customer_email", "customer_tax_id"])
def test_without_a_customer_of_the_shops_nobody_is_made_up(name: str) -> None:
    account, wire = _account(now_ms=NOW, **{name: " "})
    for ask in (lambda: account.create_charge(REQUEST), account.check):
        with pytest.raises(SecretMissing, match=name):
            ask()
    assert wire.sent == []


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (502, b"<html>"),
        (429, {}),
        (201, b""),
        (201, b"<html>"),
        (201, []),
        (201, {"id": ORDER_ID}),
        (201, {"id": ORDER_ID, "qr_codes": [{"text": ""}]}),
        (201, {"id": "QRCO_1", "qr_codes": [{"text": "00020126br.gov.bcb.pix"}]}),
        requests.ConnectTimeout(),
        requests.ConnectionError(),
    ],
    ids=repr,
)
def test_no_usable_answer_may_be_tried_again(answer: tuple[int, object] | Exception) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(answer)[0].create_charge(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_refusal_is_final_and_tells_no_secret(status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        _account((status, {"error_messages": [{"parameter_name": "customer.tax_id"}]}))[0].create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(secret in str(caught.value) for secret in (*CREDENTIALS.values(), "http", "tax_id"))


def test_money_is_given_back_by_the_charge_of_the_order_once_for_each_id() -> None:
    account, wire = _account((200, _order(_charge("PAID"))), (201, _charge("PAID")))
    account.refund(ChargeReference(charge_id=ORDER_ID), 780, "refund-1")
    _, sent = wire.sent
    assert sent.url == "https://api.pagseguro.com/charges/CHAR_E5D959D7-67DE-4AFD-B261-F06E62F54D0E/cancel"
    assert json.loads(sent.body or b"") == {"amount": {"value": 780}}
    assert sent.headers["x-idempotency-key"] == "refund-1"


def test_what_was_given_back_whole_is_not_given_back_again() -> None:
    gone = (200, _order(_charge("CANCELED", amount=_summed(paid=5780, refunded=5780))))
    account, wire = _account(gone, (400, {"error_messages": [{"code": "40002"}]}))
    account.refund(ChargeReference(charge_id=ORDER_ID), 5780, "refund-1")
    assert [sent.method for sent in wire.sent] == ["GET"]
    with pytest.raises(ProviderError):
        _account(gone, (400, {}))[0].refund(ChargeReference(charge_id=ORDER_ID), 780, "refund-2")


@pytest.mark.parametrize(
    "answer", [(404, {}), (200, _order()), (200, _order(_charge("WAITING"))), (200, _order(_charge("PAID", id=None)))]
)
def test_what_was_not_paid_cannot_be_given_back(answer: tuple[int, object]) -> None:
    account, wire = _account(answer)
    with pytest.raises(ProviderError):
        account.refund(ChargeReference(charge_id=ORDER_ID), 5780, "refund-1")
    assert len(wire.sent) == 1


def test_a_good_token_is_told_that_there_is_no_such_order() -> None:
    account, wire = _account((404, {"error_messages": [{"description": "Order not found"}]}))
    account.check()
    assert (wire.sent[0].url or "").endswith("/orders/ORDE_00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(("status", "reason"), [(401, "401"), (403, "has not opened")])
def test_another_token_is_refused_with_a_plain_reason(status: int, reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        _account((status, {"error_messages": []}))[0].check()


def test_nothing_has_to_be_registered_since_each_order_carries_its_address() -> None:
    account, wire = _account()
    assert isinstance(account, Onboards)
    assert account.register_callback(CALLBACK_URL) is True
    assert wire.sent == []
    assert any(CALLBACK_URL in step for step in ONBOARDING.steps(CALLBACK_URL))
    assert {field.name for field in ONBOARDING.fields} == {*CREDENTIALS, "api_url"}
    assert [field.name for field in ONBOARDING.fields if field.secret] == ["token"]


def test_the_registry_opens_it() -> None:
    context = ProviderContext(credentials={}, now_ms=lambda: NOW)
    assert isinstance(open_provider("pagbank", context), PagBank)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
CHARGE_FIELDS = ["id", "paid_at", "amount", "payment_method"]
ORDER_FIELDS = ["id", "reference_id", "charges", "qr_codes"]


@given(
    st.sampled_from(["PAID", "CANCELED", "WAITING"]),
    st.dictionaries(st.sampled_from(CHARGE_FIELDS), json_values),
    st.dictionaries(st.sampled_from(["value", "summary"]), json_values),
    st.dictionaries(st.sampled_from(ORDER_FIELDS), json_values),
)
def test_fields_of_any_shape_never_break_the_parser(
    status: str, charge: dict[str, Any], amount: dict[str, Any], order: dict[str, Any]
) -> None:
    document = _order(_charge(status, **({"amount": amount} | charge))) | order
    notices = _account()[0].parse_notices(_signed(json.dumps(document).encode()))
    assert 1 <= len(notices) <= 2


@given(
    st.sampled_from(["PAID", "CANCELED", "DECLINED"]),
    st.dictionaries(st.sampled_from(CHARGE_FIELDS), json_values),
    st.dictionaries(st.sampled_from(ORDER_FIELDS[1:]), json_values),
)
def test_fields_of_any_shape_never_break_a_query(status: str, charge: dict[str, Any], order: dict[str, Any]) -> None:
    document = _order(_charge(status, **charge)) | order
    notices = _account((200, document), now_ms=OVER_MS)[0].query(ChargeReference(charge_id=ORDER_ID))
    assert all(notice.payment_id for notice in notices)
