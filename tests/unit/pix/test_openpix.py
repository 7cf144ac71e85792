"""OpenPix, by its own published payloads and signature vectors."""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.openpix import OpenPix
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, NoticeKind, ProviderContext, open_provider

DATA = Path(__file__).parents[2] / "data" / "openpix"
VECTORS = json.loads((DATA / "signature_hmac_sha1_vector.json").read_text())["sample"]
NOW = 1_790_000_000_000


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())["sample"]


class Wire(requests.adapters.BaseAdapter):
    """Answers every request with the same status and body, or fails; keeps what was sent."""

    def __init__(self, status: int = 200, body: bytes = b"{}", failure: Exception | None = None) -> None:
        super().__init__()
        self.status, self.body, self.failure = status, body, failure
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        if self.failure:
            raise self.failure
        response = requests.Response()
        response.status_code, response._content, response.request = self.status, self.body, request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        pass


def _account(wire: Wire | None = None, **credentials: str) -> OpenPix:
    session = requests.Session()
    session.mount("https://", wire or Wire())
    given_or_default = {"app_id": "the-app", "webhook_secret": "hmac-secret-key"} | credentials
    return OpenPix(ProviderContext(credentials=given_or_default, now_ms=lambda: NOW), session)


def _callback(body: bytes, signature: str | None = None) -> CallbackRequest:
    return CallbackRequest(body=body, headers={} if signature is None else {"x-openpix-signature": signature})


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_signature_is_authentic(vector: dict[str, str]) -> None:
    _account(webhook_secret=vector["key"]).authenticate(_callback(vector["raw_body"].encode(), vector["signature"]))


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("signature", [None, "", "AAAA", "é"])
def test_another_signature_is_refused(vector: dict[str, str], signature: str | None) -> None:
    with pytest.raises(NotAuthentic):
        _account().authenticate(_callback(vector["raw_body"].encode(), signature))


def test_the_signature_of_another_account_is_refused() -> None:
    body = VECTORS[0]["raw_body"].encode()
    foreign = base64.b64encode(hmac.digest(b"another secret", body, "sha1")).decode()
    with pytest.raises(NotAuthentic):
        _account().authenticate(_callback(body, foreign))


def test_an_unset_secret_fails_closed() -> None:
    body = b"{}"
    signature = base64.b64encode(hmac.digest(b"", body, "sha1")).decode()
    with pytest.raises(SecretMissing):
        _account(webhook_secret="").authenticate(_callback(body, signature))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("webhook_charge_completed", NoticeKind.PAID),
        ("webhook_transaction_received", NoticeKind.PAID),
        ("webhook_charge_expired", NoticeKind.EXPIRED),
        ("webhook_refund_received", NoticeKind.REFUNDED),
        ("webhook_test_ping", NoticeKind.IGNORED),
        ("webhook_pix_avulso_no_charge", NoticeKind.IGNORED),
    ],
)
def test_a_published_notice_means_what_its_event_says(name: str, kind: NoticeKind) -> None:
    sample = _sample(name)
    (notice,) = _account().parse_notices(_callback(json.dumps(sample).encode()))
    assert notice.kind is kind


def test_a_paid_notice_names_payment_amount_time_and_payer() -> None:
    (notice,) = _account().parse_notices(_callback(json.dumps(_sample("webhook_charge_completed")).encode()))
    assert notice.payment_id == "b05a3247-5d2b-432b-9b29-253db3125634"
    assert notice.charge_id == "79a955477ca34fffae213363d5c34070"
    assert notice.amount_cents == 10_000
    assert notice.occurred_at_ms == 1_706_175_974_824
    assert notice.end_to_end_id == "Eac490bf76a684b21a2e458d56f888091"
    assert notice.payer_name == "EDUARDO MACIEL DE MATOS"


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff"])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        _account().parse_notices(_callback(body))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["OPENPIX:CHARGE_COMPLETED", "OPENPIX:CHARGE_EXPIRED", "OPENPIX:TRANSACTION_REFUND_RECEIVED"]),
    st.dictionaries(st.sampled_from(["correlationID", "value", "paidAt", "payer", "identifier"]), json_values),
    st.dictionaries(st.sampled_from(["payer", "value", "time", "endToEndId", "partial"]), json_values),
)
def test_fields_of_any_shape_never_break_the_parser(event: str, charge: dict[str, Any], pix: dict[str, Any]) -> None:
    body = json.dumps({"event": event, "charge": charge, "pix": pix}).encode()
    assert len(_account().parse_notices(_callback(body))) == 1


REQUEST = ChargeRequest(payment_id=PaymentId("01ABC"), amount_cents=4990, description="Curso", expires_in_seconds=1800)


def test_a_charge_is_asked_for_under_our_payment_id() -> None:
    sample = _sample("create_charge")
    wire = Wire(body=json.dumps(sample["response_200"]).encode())
    charge = _account(wire).create_charge(REQUEST)
    assert charge.charge_id == sample["response_200"]["charge"]["identifier"]
    assert charge.brcode == sample["response_200"]["brCode"]
    assert charge.expires_at_ms == 1_677_355_746_141
    (sent,) = wire.sent
    assert sent.headers["Authorization"] == "the-app"
    assert json.loads(sent.body or b"") == {"correlationID": "01ABC", "value": 4990, "comment": "Curso", "expiresIn": 1800}


@pytest.mark.parametrize(
    "wire",
    [
        Wire(status=500),
        Wire(status=502, body=b"<html>"),
        Wire(status=429),
        Wire(body=b""),
        Wire(body=b"<html>"),
        Wire(body=b"[]"),
        Wire(body=b'{"charge": {}}'),
        Wire(failure=requests.ConnectTimeout()),
        Wire(failure=requests.ConnectionError()),
    ],
)
def test_no_usable_answer_may_be_tried_again(wire: Wire) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(wire).create_charge(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_final(status: int) -> None:
    with pytest.raises(ProviderError) as caught:
        _account(Wire(status=status, body=b'{"error": "no"}')).create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize(("status", "kind"), [("COMPLETED", NoticeKind.PAID), ("EXPIRED", NoticeKind.EXPIRED), ("ACTIVE", None)])
def test_a_query_tells_what_became_of_a_charge(status: str, kind: NoticeKind | None) -> None:
    wire = Wire(body=json.dumps({"charge": {"status": status, "correlationID": "01ABC", "value": 4990}}).encode())
    notices = _account(wire).query(ChargeReference(payment_id=PaymentId("01ABC")))
    assert [notice.kind for notice in notices] == ([] if kind is None else [kind])
    assert all(notice.proven for notice in notices)


def test_a_query_for_a_charge_that_is_not_there_finds_nothing() -> None:
    assert _account(Wire(status=404)).query(ChargeReference(payment_id=PaymentId("01ABC"))) == []
    assert _account(Wire()).query(ChargeReference(charge_id="79a9")) == []


def test_an_unknown_provider_is_named_with_the_known_ones() -> None:
    context = ProviderContext(credentials={}, now_ms=lambda: NOW)
    with pytest.raises(InvalidInput, match="openpix"):
        open_provider("banco-do-ze", context)
    assert isinstance(open_provider("openpix", context), OpenPix)
