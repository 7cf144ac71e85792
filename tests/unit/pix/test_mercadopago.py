"""Mercado Pago, by the payloads of its documentation and the signature vectors of its SDK."""

import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.mercadopago import CLOCK_SKEW_MS, ONBOARDING, REPLAY_WINDOW_MS, MercadoPago
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, NoticeKind, ProviderContext, open_provider

DATA = Path(__file__).parents[2] / "data" / "mercadopago"
VECTORS = json.loads((DATA / "signature_vectors.json").read_text())["sample"]
SIGNED_AT_MS = 1_742_505_638_000
NOW = SIGNED_AT_MS + 60_000
PAYMENT_ID = PaymentId("01JQ4S4KY8HWQ6NA5PXB65B3D3")
CREDENTIALS = {"access_token": "APP_USR-1", "webhook_secret": "your_secret_key_here", "payer_email": "loja@example.com"}
REQUEST = ChargeRequest(
    payment_id=PAYMENT_ID,
    amount_cents=4990,
    description="Curso",
    expires_in_seconds=1800,
    callback_url="https://api.example.com/pix/mercadopago/7",
)


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())["sample"]


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


def _account(*answers: tuple[int, object] | Exception, now_ms: int = NOW, **credentials: str) -> tuple[MercadoPago, Wire]:
    wire, session = Wire(*(answers or ((500, b""),))), requests.Session()
    session.mount("https://", wire)
    context = ProviderContext(credentials=CREDENTIALS | credentials, now_ms=lambda: now_ms)
    return MercadoPago(context, session), wire


def _signed_callback(vector: dict[str, Any], body: bytes = b"{}") -> CallbackRequest:
    headers = {"x-signature": vector["x_signature"]}
    if vector["x_request_id"] is not None:
        headers["x-request-id"] = vector["x_request_id"]
    data_id = vector["data_id"]
    query = "type=payment" if data_id is None else f"data.id={data_id}&type=payment"
    return CallbackRequest(body=body, headers=headers, raw_query=query)


def _payment(**changes: object) -> dict[str, Any]:
    payment: dict[str, Any] = dict(_sample("create_payment_pix")["response"]["body"])
    return payment | {"external_reference": PAYMENT_ID} | changes


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.get("why") or vector["manifest"])
def test_a_signature_is_judged_as_the_sdk_judges_it(vector: dict[str, Any]) -> None:
    account, _ = _account(webhook_secret=vector["secret"])
    if vector["valid"]:
        account.authenticate(_signed_callback(vector))
    else:
        with pytest.raises(NotAuthentic):
            account.authenticate(_signed_callback(vector))


def test_an_id_in_capitals_is_authentic_where_its_lower_case_was_signed() -> None:
    vector = {**VECTORS[0], "data_id": VECTORS[0]["data_id"].upper()}
    _account()[0].authenticate(_signed_callback(vector))


@pytest.mark.parametrize("ts", ["1742505638", "1742505638683"])
@pytest.mark.parametrize(
    ("late_ms", "authentic"),
    [
        (0, True),
        (4 * 24 * 3_600_000, True),
        (REPLAY_WINDOW_MS - 1000, True),
        (REPLAY_WINDOW_MS + 1000, False),
        (-CLOCK_SKEW_MS + 1000, True),
        (-CLOCK_SKEW_MS - 1000, False),
    ],
)
def test_the_time_that_was_signed_counts_in_seconds_and_in_milliseconds(ts: str, late_ms: int, *, authentic: bool) -> None:
    manifest = f"id:1;request-id:r;ts:{ts};"
    signature = hmac.digest(CREDENTIALS["webhook_secret"].encode(), manifest.encode(), "sha256").hex()
    vector = {"x_signature": f"ts={ts},v1={signature}", "x_request_id": "r", "data_id": "1"}
    account, _ = _account(now_ms=SIGNED_AT_MS + late_ms)
    if authentic:
        account.authenticate(_signed_callback(vector))
    else:
        with pytest.raises(NotAuthentic):
            account.authenticate(_signed_callback(vector))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-signature": ""},
        {"x-signature": "ts=,v1="},
        {"x-signature": "ts=9" * 40},
        {"x-signature": "ts=١٢٣,v1=é"},
        {"x-signature": "ts=-1,v1=00"},
    ],
)
def test_a_header_that_is_no_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthentic):
        _account()[0].authenticate(CallbackRequest(body=b"{}", headers=headers, raw_query="data.id=1&type=payment"))


def test_the_signature_of_another_account_and_of_another_payment_is_refused() -> None:
    vector = VECTORS[2]
    with pytest.raises(NotAuthentic):
        _account(webhook_secret="another")[0].authenticate(_signed_callback(vector))
    with pytest.raises(NotAuthentic):
        _account()[0].authenticate(_signed_callback({**vector, "data_id": "123456780"}))


def test_an_unset_secret_fails_closed() -> None:
    manifest = f"id:1;ts:{SIGNED_AT_MS};"
    signature = hmac.digest(b"", manifest.encode(), "sha256").hex()
    vector = {"x_signature": f"ts={SIGNED_AT_MS},v1={signature}", "x_request_id": None, "data_id": "1"}
    with pytest.raises(SecretMissing):
        _account(webhook_secret="")[0].authenticate(_signed_callback(vector))


BODY = json.dumps(_sample("webhook_payment_updated")["request"]["body"]).encode()


@pytest.mark.parametrize(
    ("body", "raw_query", "charge_id"),
    [
        (BODY, "data.id=1234567890&type=payment", "1234567890"),
        (BODY, "", "1234567890"),
        (b"", "data.id=55&type=payment", "55"),
        # The number of the query is the one that was signed.
        (BODY, "data.id=55&type=payment&data.id=66", "55"),
        (b'{"type": "payment", "action": "payment.created", "data": {"id": 77}}', "", "77"),
        (BODY, "data.id=ORD01J&type=order", None),
        (b'{"type": "payment", "data": {}}', "", None),
        (b'{"type": ["payment"], "data": {"id": "1"}}', "", None),
        (b'{"type": "plan", "data": {"id": "1"}}', "", None),
        (b'{"topic": "payment", "resource": "1"}', "topic=payment&id=1", None),
        (b"{}", "", None),
        (b"", "", None),
        (json.dumps({"type": "test", "pad": "x" * 100_000}).encode(), "data.id=1&type=test", None),
    ],
)
def test_a_notice_names_a_payment_and_proves_nothing(body: bytes, raw_query: str, charge_id: str | None) -> None:
    (notice,) = _account()[0].parse_notices(CallbackRequest(body=body, headers={}, raw_query=raw_query))
    assert (notice.kind is not NoticeKind.IGNORED) is (charge_id is not None)
    assert notice.charge_id == charge_id
    assert notice.kind is NoticeKind.IGNORED or (notice.kind is NoticeKind.CHANGED and not notice.proven)


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff", b"a=1&b=2"])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        _account()[0].parse_notices(CallbackRequest(body=body, headers={}))


APPROVED: dict[str, object] = {
    "status": "approved",
    "date_approved": "2026-05-25T13:05:00.000-03:00",
    "date_last_updated": "2026-05-26T13:05:00.000-03:00",
}
PAID, EXPIRED, REFUNDED, DISPUTED = NoticeKind.PAID, NoticeKind.EXPIRED, NoticeKind.REFUNDED, NoticeKind.DISPUTED


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "pending"}, []),
        ({"status": "in_process"}, []),
        ({"status": "authorized"}, []),
        ({"status": "rejected"}, []),
        ({"status": "something_new"}, []),
        (APPROVED, [(PAID, 10_000, False)]),
        (APPROVED | {"transaction_amount": "100.00"}, [(PAID, 10_000, False)]),
        (APPROVED | {"transaction_details": {"total_paid_amount": 99.9}}, [(PAID, 9_990, False)]),
        (APPROVED | {"transaction_amount_refunded": 25.5}, [(PAID, 10_000, False), (REFUNDED, 2_550, True)]),
        (
            APPROVED | {"status": "refunded", "transaction_amount_refunded": 100},
            [(PAID, 10_000, False), (REFUNDED, 10_000, False)],
        ),
        (APPROVED | {"status": "refunded"}, [(PAID, 10_000, False), (REFUNDED, 10_000, False)]),
        (APPROVED | {"status": "in_mediation"}, [(PAID, 10_000, False), (DISPUTED, None, False)]),
        (APPROVED | {"status": "charged_back"}, [(PAID, 10_000, False), (DISPUTED, None, False)]),
        (
            APPROVED | {"status": "charged_back", "transaction_amount_refunded": 1},
            [(PAID, 10_000, False), (REFUNDED, 100, True), (DISPUTED, None, False)],
        ),
        ({"status": "cancelled", "status_detail": "expired"}, [(EXPIRED, None, False)]),
        ({"status": "expired"}, [(EXPIRED, None, False)]),
    ],
)
def test_a_query_tells_what_became_of_a_payment(changes: dict[str, object], told: list[Any]) -> None:
    account, wire = _account((200, _payment(**changes)))
    notices = account.query(ChargeReference(charge_id="1234567890"))
    assert [(notice.kind, notice.amount_cents, notice.partial) for notice in notices] == told
    assert all(notice.proven and notice.payment_id == PAYMENT_ID and notice.charge_id == "1234567890" for notice in notices)
    assert all(notice.refund_id is None for notice in notices)
    (sent,) = wire.sent
    assert (sent.method, sent.url) == ("GET", "https://api.mercadopago.com/v1/payments/1234567890")
    assert sent.headers["Authorization"] == "Bearer APP_USR-1"


def test_a_paid_payment_has_its_time_payer_and_end_to_end_id() -> None:
    code = {"bank_info": {"payer": {"long_name": "MARIA DA SILVA"}}}
    end_to_end_id = "E00416968202605251605abcDEF12345"
    payment = _payment(
        **APPROVED,
        transaction_details={"transaction_id": f"PIX{end_to_end_id}"},
        point_of_interaction={"transaction_data": code},
    )
    (notice,) = _account((200, payment))[0].query(ChargeReference(charge_id="1"))
    assert notice.occurred_at_ms == 1_779_725_100_000
    assert (notice.payer_name, notice.end_to_end_id) == ("MARIA DA SILVA", end_to_end_id)
    payment["transaction_details"] = {"transaction_id": "10022214"}
    (notice,) = _account((200, payment))[0].query(ChargeReference(charge_id="1"))
    assert notice.end_to_end_id is None


@pytest.mark.parametrize(
    ("reference", "payment"),
    [
        (ChargeReference(charge_id="1"), APPROVED | {"external_reference": None}),
        (ChargeReference(charge_id="1"), APPROVED | {"external_reference": ""}),
        (ChargeReference(charge_id="1", payment_id=PaymentId("another")), APPROVED),
    ],
    ids=["a PIX without a charge", "an empty reference", "another payment of ours"],
)
def test_a_payment_that_is_not_the_one_asked_for_proves_nothing(reference: ChargeReference, payment: dict[str, object]) -> None:
    assert _account((200, _payment(**payment)))[0].query(reference) == []


def test_a_payment_of_unknown_number_is_looked_up_by_our_id() -> None:
    found = {
        "results": [{"status": "approved"}, _payment(status="cancelled"), _payment(**APPROVED), _payment(external_reference="x")]
    }
    account, wire = _account((200, found))
    (notice,) = account.query(ChargeReference(payment_id=PAYMENT_ID))
    assert notice.kind is NoticeKind.PAID
    url = urlsplit(wire.sent[0].url or "")
    assert (url.path, parse_qs(url.query)) == ("/v1/payments/search", {"external_reference": [PAYMENT_ID]})


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (ChargeReference(charge_id="1"), (404, {"message": "Payment not found"})),
        (ChargeReference(payment_id=PAYMENT_ID), (200, {"results": []})),
        (ChargeReference(payment_id=PAYMENT_ID), (200, {"results": None})),
        (ChargeReference(payment_id=PAYMENT_ID), (404, {})),
        (ChargeReference(), (200, {})),
    ],
)
def test_a_query_for_a_payment_that_is_not_there_finds_nothing(reference: ChargeReference, answer: tuple[int, object]) -> None:
    assert _account(answer)[0].query(reference) == []


def test_a_number_never_leaves_its_place_in_the_path() -> None:
    account, wire = _account((404, {}))
    account.query(ChargeReference(charge_id="../users/me?x=1#"))
    assert (wire.sent[0].url or "").endswith("/v1/payments/..%2Fusers%2Fme%3Fx%3D1%23")


def test_a_charge_is_asked_for_under_our_payment_id() -> None:
    sample = _sample("create_payment_pix")
    account, wire = _account((201, sample["response"]["body"]))
    charge = account.create_charge(REQUEST)
    code = sample["response"]["body"]["point_of_interaction"]["transaction_data"]
    assert (charge.charge_id, charge.brcode, charge.expires_at_ms) == ("1234567890", code["qr_code"], NOW + 1_800_000)
    (sent,) = wire.sent
    assert sent.headers["X-Idempotency-Key"] == PAYMENT_ID
    assert sent.headers["Authorization"] == "Bearer APP_USR-1"
    body = json.loads(sent.body or b"")
    assert body == {
        "transaction_amount": 49.9,
        "description": "Curso",
        "payment_method_id": "pix",
        "external_reference": PAYMENT_ID,
        # 31 minutes: the provider takes no fewer than 30.
        "date_of_expiration": "2025-03-20T18:52:38.000-03:00",
        "payer": {"email": "loja@example.com"},
        "notification_url": "https://api.example.com/pix/mercadopago/7?source_news=webhooks",
    }
    assert set(sample["request"]["body"]) - set(body) == set()


def test_a_charge_that_an_earlier_try_made_keeps_its_own_expiry() -> None:
    payment = _payment(date_of_expiration="2025-03-20T18:30:00.000-03:00")
    assert _account((201, payment))[0].create_charge(REQUEST).expires_at_ms == 1_742_506_200_000


def test_a_key_that_is_refused_with_another_body_leads_to_the_payment_that_is_there() -> None:
    account, wire = _account((409, {"message": "key used"}), (200, {"results": [_payment()]}))
    assert account.create_charge(REQUEST).charge_id == "1234567890"
    assert [sent.method for sent in wire.sent] == ["POST", "GET"]


def test_without_an_address_of_the_seller_nobody_is_made_up() -> None:
    account, wire = _account(payer_email="")
    with pytest.raises(SecretMissing):
        account.create_charge(REQUEST)
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
        (201, {"id": 1}),
        (201, {"point_of_interaction": {"transaction_data": {"qr_code": "000201"}}}),
        requests.ConnectTimeout(),
        requests.ConnectionError(),
    ],
    ids=repr,
)
def test_no_usable_answer_may_be_tried_again(answer: tuple[int, object] | Exception) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(answer)[0].create_charge(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_final_and_tells_no_secret(status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        _account((status, {"message": "no"}))[0].create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(secret in str(caught.value) for secret in (*CREDENTIALS.values(), "http"))


def test_a_refund_is_made_once_for_each_id() -> None:
    sample = _sample("refund_payment")
    account, wire = _account((201, sample["response"]["body"]))
    account.refund(ChargeReference(charge_id="1234567890"), 2500, "refund-1")
    (sent,) = wire.sent
    assert sent.url == sample["request"]["url"]
    assert json.loads(sent.body or b"") == sample["request"]["body"]
    assert sent.headers["X-Idempotency-Key"] == "refund-1"


def test_a_refund_finds_the_number_of_the_payment_by_our_id() -> None:
    account, wire = _account((200, {"results": [_payment(**APPROVED)]}), (201, {}))
    account.refund(ChargeReference(payment_id=PAYMENT_ID), 2500, "refund-1")
    assert (wire.sent[1].url or "").endswith("/v1/payments/1234567890/refunds")
    with pytest.raises(ProviderError):
        _account((200, {"results": []}))[0].refund(ChargeReference(payment_id=PAYMENT_ID), 2500, "refund-1")


def test_the_credentials_are_checked_and_the_panel_has_the_rest() -> None:
    account, _ = _account((200, {"id": 1, "site_id": "MLB"}))
    account.check()
    assert account.register_callback("https://api.example.com/pix/mercadopago/7") is False
    with pytest.raises(ProviderError):
        _account((401, {}))[0].check()
    steps = ONBOARDING.steps("https://api.example.com/pix/mercadopago/7")
    assert any("https://api.example.com/pix/mercadopago/7" in step for step in steps)
    assert {field.name for field in ONBOARDING.fields} == {*CREDENTIALS, "api_url"}


def test_the_registry_opens_it() -> None:
    context = ProviderContext(credentials={}, now_ms=lambda: NOW)
    assert isinstance(open_provider("mercadopago", context), MercadoPago)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "status", "external_reference", "transaction_amount", "transaction_amount_refunded", "date_approved"]


@given(
    st.sampled_from(["approved", "refunded", "charged_back", "cancelled"]),
    st.dictionaries(st.sampled_from([*FIELDS, "transaction_details", "point_of_interaction", "date_last_updated"]), json_values),
)
def test_fields_of_any_shape_never_break_a_query(status: str, changes: dict[str, Any]) -> None:
    try:
        notices = _account((200, _payment(status=status) | changes))[0].query(ChargeReference(charge_id="1"))
    except ProviderUnavailable:
        return
    assert all(notice.payment_id for notice in notices)


@given(st.text(max_size=40), st.text(max_size=40), st.dictionaries(st.sampled_from(["type", "data", "action"]), json_values))
def test_callbacks_of_any_shape_are_refused_or_read(signature: str, raw_query: str, document: dict[str, Any]) -> None:
    request = CallbackRequest(body=json.dumps(document).encode(), headers={"x-signature": signature}, raw_query=raw_query)
    account, _ = _account()
    assert len(account.parse_notices(request)) == 1
    with pytest.raises(NotAuthentic):
        account.authenticate(request)
