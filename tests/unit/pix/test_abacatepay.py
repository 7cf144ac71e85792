"""AbacatePay, by the payloads of its documentation and of its published types."""

import base64
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.abacatepay import ONBOARDING, PUBLIC_KEY, WEBHOOK_EVENTS, AbacatePay
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, NoticeKind, ProviderContext, open_provider

DATA = Path(__file__).parents[2] / "data" / "abacatepay"
VECTOR = json.loads((DATA / "signature_vector.json").read_text())["sample"]
NOW = 1_790_000_000_000
PAYMENT_ID = PaymentId("01JQ4S4KY8HWQ6NA5PXB65B3D3")
SECRET = "the secret/of+the webhook"
CREDENTIALS = {"api_key": "abc_prod_1", "webhook_secret": SECRET}
REQUEST = ChargeRequest(payment_id=PAYMENT_ID, amount_cents=4990, description="Curso", expires_in_seconds=1800)
CALLBACK_URL = "https://api.example.com/pix/abacatepay/7"
PAID, EXPIRED, REFUNDED, DISPUTED = NoticeKind.PAID, NoticeKind.EXPIRED, NoticeKind.REFUNDED, NoticeKind.DISPUTED
IGNORED = NoticeKind.IGNORED


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())["sample"]


class Wire(requests.adapters.BaseAdapter):
    """Answers by the last part of the path; keeps what was sent."""

    def __init__(self, answers: Mapping[str, tuple[int, object] | Exception]) -> None:
        super().__init__()
        self.answers = answers
        self.sent: list[tuple[str, str, dict[str, str], Any]] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        name = url.path.removeprefix("/v2/")
        assert request.headers["Authorization"] == "Bearer abc_prod_1"
        body = json.loads(request.body) if request.body else None
        self.sent.append((str(request.method), name, dict(parse_qsl(url.query)), body))
        answer = self.answers.get(name, (404, {"data": None, "success": False, "error": "Not found"}))
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, content = answer
        response._content = content if isinstance(content, bytes) else json.dumps(content).encode()
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        pass


def _account(answers: Mapping[str, tuple[int, object] | Exception] | None = None, **credentials: str) -> tuple[AbacatePay, Wire]:
    wire, session = Wire(answers or {}), requests.Session()
    session.mount("https://api.abacatepay.com/", wire)
    context = ProviderContext(credentials=CREDENTIALS | credentials, now_ms=lambda: NOW)
    return AbacatePay(context, session), wire


def _data(data: object) -> tuple[int, object]:
    return 200, {"data": data, "success": True, "error": None}


def _callback(
    body: bytes = b"{}", *, secret: str | None = SECRET, signature: str | None = None, header: str | None = None
) -> CallbackRequest:
    headers = {"x-webhook-signature": signature, "x-webhook-secret": header}
    return CallbackRequest(
        body=body,
        headers={name: value for name, value in headers.items() if value is not None},
        raw_query="" if secret is None else urlencode({"webhookSecret": secret}),
    )


def _sign(body: bytes) -> str:
    return base64.b64encode(hmac.digest(PUBLIC_KEY.encode(), body, "sha256")).decode()


def test_the_published_key_is_the_one_of_the_vector() -> None:
    assert VECTOR["public_shared_key"] == PUBLIC_KEY
    body = VECTOR["raw_body"].encode()
    _account()[0].authenticate(_callback(body, signature=VECTOR["x_webhook_signature"]))


@pytest.mark.parametrize(
    "request_",
    [
        _callback(),
        _callback(secret=None, header=SECRET),
        _callback(header=SECRET, signature=_sign(b"{}")),
        _callback(b"", signature=_sign(b"")),
    ],
    ids=["the query", "the header", "both and signed", "empty"],
)
def test_the_secret_of_the_webhook_is_authentic(request_: CallbackRequest) -> None:
    _account()[0].authenticate(request_)


@pytest.mark.parametrize(
    "request_",
    [
        _callback(secret=None),
        _callback(secret=None, signature=_sign(b"{}")),
        _callback(secret=""),
        _callback(secret="another account's"),
        _callback(secret=SECRET.upper()),
        _callback(secret="é"),
        _callback(header="another"),
        _callback(secret="another", header=SECRET),
        _callback(signature=""),
        _callback(signature=_sign(b"{ }")),
        _callback(signature="é"),
        CallbackRequest(body=b"{}", headers={}, raw_query=f"{urlencode({'webhookSecret': SECRET})}&webhookSecret=x"),
        CallbackRequest(body=b"{}", headers={}, raw_query=urlencode({"WEBHOOKSECRET": SECRET})),
    ],
)
def test_anything_else_is_refused(request_: CallbackRequest) -> None:
    with pytest.raises(NotAuthentic):
        _account()[0].authenticate(request_)


@pytest.mark.parametrize("given_secret", [None, "", SECRET])
def test_an_unset_secret_fails_closed(given_secret: str | None) -> None:
    with pytest.raises(SecretMissing):
        _account(webhook_secret="")[0].authenticate(_callback(secret=given_secret, signature=_sign(b"{}")))


@pytest.mark.parametrize(
    ("document", "kind", "payment_id", "charge_id", "amount_cents"),
    [
        (_sample("webhook_v2_transparent_completed"), PAID, "pedido-456", "char_xyz789", 5000),
        (_sample("webhook_v2_transparent_completed_types_shape"), PAID, None, "pix_char_abc123", 4000),
        (_sample("webhook_v2_transparent_refunded"), REFUNDED, "pedido-456", "char_xyz789", 5000),
        (_sample("webhook_v2_transparent_disputed"), DISPUTED, "pedido-456", "char_xyz789", 5000),
        (_sample("webhook_v1_billing_paid"), PAID, "pedido-123", "bill_abc123", 10_000),
        (_sample("webhook_v1_billing_paid_pixqrcode_shape"), PAID, None, "pix_char_abc123", 4000),
        (json.loads(VECTOR["raw_body"]), PAID, "pedido-456", "char_xyz789", 5000),
        ({"event": "TRANSPARENT.COMPLETED", "data": {"transparent": {"externalId": 7}}}, PAID, "7", None, None),
        ({"event": "transparent.completed", "data": {"transparent": {"amount": 100}}}, IGNORED, None, None, None),
        ({"event": "transparent.created", "data": {"transparent": {"id": "x"}}}, IGNORED, None, None, None),
        ({"event": "payout.completed", "data": {"id": "x"}}, IGNORED, None, None, None),
        ({"event": ["transparent.completed"]}, IGNORED, None, None, None),
        ({"event": "transparent.completed", "pad": "x" * 100_000}, IGNORED, None, None, None),
        ({}, IGNORED, None, None, None),
    ],
)
def test_a_notice_is_read_in_every_shape_and_proves_nothing(
    document: dict[str, Any], kind: NoticeKind, payment_id: str | None, charge_id: str | None, amount_cents: int | None
) -> None:
    (notice,) = _account()[0].parse_notices(_callback(json.dumps(document).encode()))
    assert (notice.kind, notice.payment_id, notice.charge_id) == (kind, payment_id, charge_id)
    assert notice.amount_cents == amount_cents
    assert kind is IGNORED or not notice.proven


def test_an_empty_body_is_ignored() -> None:
    (notice,) = _account()[0].parse_notices(_callback(b""))
    assert notice.kind is IGNORED


def test_a_masked_tax_number_goes_nowhere() -> None:
    (notice,) = _account()[0].parse_notices(_callback(json.dumps(_sample("webhook_v2_transparent_completed")).encode()))
    assert notice.payer_name == "Maria Santos"
    assert "***" not in repr(notice)


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff", b"event=transparent.completed"])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        _account()[0].parse_notices(_callback(body))


def _charge(status: str = "PAID", **changes: object) -> dict[str, Any]:
    charge: dict[str, Any] = dict(_sample("create_charge_v2")["response_200"]["data"])
    return charge | {"status": status, "metadata": {"payment_id": PAYMENT_ID}} | changes


def _checked(status: str) -> tuple[int, object]:
    return _data(_sample("get_status_v2")["response"]["data"] | {"id": "pix_char_abc123xyz", "status": status})


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("PENDING", []),
        ("FAILED", []),
        ("REDEEMED", []),
        ("APPROVED", []),
        ("SOMETHING_NEW", []),
        ("PAID", [(PAID, 1_730_745_508_573)]),
        ("REFUNDED", [(PAID, None), (REFUNDED, 1_730_745_508_573)]),
        ("UNDER_DISPUTE", [(PAID, None), (DISPUTED, 1_730_745_508_573)]),
        ("EXPIRED", [(EXPIRED, 1_730_745_508_573)]),
        ("CANCELLED", [(EXPIRED, 1_730_745_508_573)]),
    ],
)
def test_a_query_tells_what_became_of_a_charge(status: str, told: list[Any]) -> None:
    account, wire = _account({"transparents/check": _checked(status), "transparents/get": _data(_charge(status))})
    notices = account.query(ChargeReference(charge_id="pix_char_abc123xyz"))
    assert [(notice.kind, notice.occurred_at_ms) for notice in notices] == told
    for notice in notices:
        assert (notice.payment_id, notice.charge_id, notice.amount_cents) == (PAYMENT_ID, "pix_char_abc123xyz", 10_000)
        assert notice.proven
        assert not notice.partial
        assert notice.refund_id is None
    assert wire.sent[0] == ("GET", "transparents/check", {"id": "pix_char_abc123xyz"}, None)
    assert [name for _, name, _, _ in wire.sent] == ["transparents/check", *(["transparents/get"] if told else [])]


def test_a_charge_that_names_another_payment_proves_nothing() -> None:
    account, _ = _account({"transparents/check": _checked("PAID"), "transparents/get": _data(_charge())})
    assert account.query(ChargeReference(payment_id=PaymentId("another"), charge_id="pix_char_abc123xyz")) == []


@pytest.mark.parametrize("answer", [(403, {"error": "no permission"}), (404, {}), _data({"id": "pix_char_abc123xyz"})])
def test_a_key_that_may_not_read_the_charge_leaves_the_pair_that_was_asked_for(answer: tuple[int, object]) -> None:
    account, _ = _account({"transparents/check": _checked("PAID"), "transparents/get": answer})
    (notice,) = account.query(ChargeReference(payment_id=PAYMENT_ID, charge_id="pix_char_abc123xyz"))
    assert (notice.kind, notice.payment_id, notice.amount_cents) == (PAID, PAYMENT_ID, None)
    assert account.query(ChargeReference(charge_id="pix_char_abc123xyz")) == []


@pytest.mark.parametrize("checked", [(404, {}), (400, {"error": "invalid id"}), (200, {"data": None, "error": "Not found"})])
def test_an_id_of_another_kind_is_looked_up_by_ours(checked: tuple[int, object]) -> None:
    listed = [_charge("PAID", metadata={}), _charge("EXPIRED"), _charge("PAID", externalId=PAYMENT_ID)]
    account, wire = _account({"transparents/check": checked, "transparents/list": _data(listed)})
    (notice,) = account.query(ChargeReference(payment_id=PAYMENT_ID, charge_id="char_xyz789"))
    assert (notice.kind, notice.payment_id, notice.charge_id) == (PAID, PAYMENT_ID, "pix_char_abc123xyz")
    assert wire.sent[1] == ("GET", "transparents/list", {"externalId": PAYMENT_ID}, None)


def test_charges_of_a_list_that_was_not_filtered_are_not_ours() -> None:
    account, _ = _account({"transparents/list": _data([_charge(metadata={"payment_id": "x"}), _charge(metadata=None), 7])})
    assert account.query(ChargeReference(payment_id=PAYMENT_ID)) == []


def test_a_charge_that_is_not_there_is_nothing() -> None:
    assert _account()[0].query(ChargeReference(charge_id="pix_char_x")) == []
    assert _account()[0].query(ChargeReference()) == []
    with pytest.raises(ProviderError):
        _account({"transparents/check": (401, {})})[0].query(ChargeReference(charge_id="pix_char_x"))
    with pytest.raises(ProviderUnavailable):
        _account({"transparents/check": (503, b"")})[0].query(ChargeReference(payment_id=PAYMENT_ID, charge_id="x"))


def test_a_charge_is_asked_for_under_our_payment_id() -> None:
    sample = _sample("create_charge_v2")
    account, wire = _account({"transparents/create": (200, sample["response_200"])})
    charge = account.create_charge(REQUEST)
    assert (charge.charge_id, charge.expires_at_ms) == ("pix_char_abc123xyz", 1_730_749_108_573)
    assert charge.brcode == sample["response_200"]["data"]["brCode"]
    data = {
        "amount": 4990,
        "expiresIn": 1800,
        "description": "Curso",
        "externalId": PAYMENT_ID,
        "metadata": {"payment_id": PAYMENT_ID},
    }
    assert wire.sent == [("POST", "transparents/create", {}, {"method": "PIX", "data": data})]
    assert set(sample["request"]["data"]) - set(data) == {"customer"}


def test_without_an_expiry_it_is_our_own() -> None:
    account, _ = _account({"transparents/create": _data(_charge(expiresAt=None))})
    assert account.create_charge(REQUEST).expires_at_ms == NOW + 1_800_000


def test_a_repeated_id_that_is_refused_leads_to_the_charge_that_is_there() -> None:
    refused: tuple[int, object] = (400, {"error": "externalId already used"})
    account, _ = _account({"transparents/create": refused, "transparents/list": _data([_charge("PENDING")])})
    assert account.create_charge(REQUEST).charge_id == "pix_char_abc123xyz"
    with pytest.raises(ProviderError):
        _account({"transparents/create": refused, "transparents/list": _data([])})[0].create_charge(REQUEST)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (502, b"<html>"),
        (429, {}),
        (200, b""),
        (200, b"<html>"),
        (200, []),
        (200, {"data": []}),
        _data({"id": "x"}),
        _data({"brCode": "000201"}),
        requests.ConnectTimeout(),
        requests.ConnectionError(),
    ],
    ids=repr,
)
def test_no_usable_answer_may_be_tried_again(answer: tuple[int, object] | Exception) -> None:
    with pytest.raises(ProviderUnavailable):
        _account({"transparents/create": answer})[0].create_charge(REQUEST)


@pytest.mark.parametrize("answer", [(400, {}), (401, {}), (200, {"data": None, "success": False, "error": "Not enabled"})])
def test_a_refusal_is_final_and_tells_no_secret(answer: tuple[int, object]) -> None:
    with pytest.raises(ProviderError) as caught:
        _account({"transparents/create": answer})[0].create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(secret in str(caught.value) for secret in (*CREDENTIALS.values(), "http"))


CHARGE = ChargeReference(payment_id=PAYMENT_ID, charge_id="pix_char_abc123xyz")


def test_a_payment_is_given_back_whole() -> None:
    answers = {
        "transparents/check": _checked("PAID"),
        "transparents/get": _data(_charge()),
        "transparents/refund": _data({"id": "tran_1"}),
    }
    account, wire = _account(answers)
    account.refund(CHARGE, 10_000, "r1")
    assert wire.sent[-1] == ("POST", "transparents/refund", {}, {"id": "pix_char_abc123xyz"})
    with pytest.raises(ProviderError, match="whole"):
        account.refund(CHARGE, 9_999, "r2")
    assert sum(name == "transparents/refund" for _, name, _, _ in wire.sent) == 1


def test_a_payment_is_given_back_once() -> None:
    account, wire = _account({"transparents/check": _checked("REFUNDED")})
    account.refund(CHARGE, 10_000, "r1")
    assert [name for _, name, _, _ in wire.sent] == ["transparents/check"]
    with pytest.raises(ProviderError):
        _account({"transparents/list": _data([])})[0].refund(CHARGE, 10_000, "r1")


def test_the_webhook_is_registered_in_place_of_an_older_one() -> None:
    known = [{"id": "webh_1", "endpoint": CALLBACK_URL}, {"id": "webh_2", "endpoint": "https://other.example.com"}, 7]
    account, wire = _account(
        {"webhooks/list": _data(known), "webhooks/delete": _data({"id": "webh_1"}), "webhooks/create": _data({"id": "webh_3"})}
    )
    assert account.register_callback(CALLBACK_URL) is True
    body = {"name": "Rastro", "endpoint": CALLBACK_URL, "secret": SECRET, "events": list(WEBHOOK_EVENTS)}
    assert wire.sent[1:] == [
        ("POST", "webhooks/delete", {}, {"id": "webh_1"}),
        # The provider appends ?webhookSecret= to the address by itself.
        ("POST", "webhooks/create", {}, body),
    ]


def test_without_a_secret_no_webhook_is_touched() -> None:
    account, wire = _account(webhook_secret="")
    with pytest.raises(SecretMissing):
        account.register_callback(CALLBACK_URL)
    assert wire.sent == []


def test_the_credentials_are_checked_and_the_panel_is_explained() -> None:
    _account({"transparents/list": _data([])})[0].check()
    with pytest.raises(ProviderError):
        _account({"transparents/list": (401, {})})[0].check()
    assert any(CALLBACK_URL in step for step in ONBOARDING.steps(CALLBACK_URL))
    assert {field.name for field in ONBOARDING.fields} == {*CREDENTIALS, "api_url"}


def test_the_registry_opens_it() -> None:
    context = ProviderContext(credentials={}, now_ms=lambda: NOW)
    assert isinstance(open_provider("abacatepay", context), AbacatePay)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "externalId", "metadata", "amount", "paidAmount", "updatedAt", "status"]


@given(
    st.sampled_from(["transparent.completed", "billing.paid", "transparent.refunded"]),
    st.sampled_from(["transparent", "pixQrCode", "payerInformation", "customer"]),
    st.dictionaries(st.sampled_from(FIELDS), json_values) | json_values,
)
def test_fields_of_any_shape_never_break_the_parser(event: str, name: str, content: Any) -> None:
    body = json.dumps({"event": event, "data": {name: content}}).encode()
    assert len(_account()[0].parse_notices(_callback(body))) == 1


@given(st.sampled_from(["PAID", "REFUNDED", "EXPIRED"]), st.dictionaries(st.sampled_from(FIELDS[:-1]), json_values))
def test_fields_of_any_shape_never_break_a_query(status: str, content: dict[str, Any]) -> None:
    account, _ = _account({"transparents/check": _checked(status), "transparents/get": _data(content)})
    assert all(notice.payment_id for notice in account.query(ChargeReference(charge_id="pix_char_abc123xyz")))
