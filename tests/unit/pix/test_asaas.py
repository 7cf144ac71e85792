"""Asaas, by its published and captured payloads."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.asaas import ONBOARDING, Asaas
from rastro.pix.onboarding import Onboards, onboarding
from rastro.pix.provider import (
    CallbackRequest,
    Charge,
    ChargeReference,
    ChargeRequest,
    NoticeKind,
    ProviderContext,
    open_provider,
)
from tests.fakes.scripted_api import Reply, ScriptedApi

DATA = Path(__file__).parents[2] / "data" / "asaas"
TOKEN = "whsec_9f3k2m8q1x7z5v0b4n6c2d8e1r7t3y5u"
NOW = 1_790_000_000_000  # 2026-09-21 11:13:20 in Brasília
PAYMENT_ID = PaymentId("01JZX3T7C9M4E2R8W6Y0QADBFH")
OTHER_ID = PaymentId("01JZX3T7C9M4E2R8W6Y0QADBFJ")
CHARGE_ID = "pay_9epqnj151bnvrjgb"
PATH = f"/v3/payments/{CHARGE_ID}"
PIX_ID = "c1f17d02-1a78-493a-8af8-a7e267bee75e"
REQUEST = ChargeRequest(payment_id=PAYMENT_ID, amount_cents=4990, description="Curso", expires_in_seconds=1800)
REFERENCE = ChargeReference(payment_id=PAYMENT_ID, charge_id=CHARGE_ID)
CODE = {"encodedImage": "aW1n", "payload": "000201…", "expirationDate": "2027-09-21 23:59:59"}
NO_CHARGES = {"object": "list", "hasMore": False, "totalCount": 0, "limit": 100, "offset": 0, "data": []}
PIX = {
    "id": PIX_ID,
    "endToEndIdentifier": "E23114447202507080022abcdefghijk",
    "effectiveDate": "2025-07-07 21:22:10",
    "externalAccount": {"name": "Ana da Silva", "cpfCnpj": "***.911.111-**"},
}


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


def _payment(**changes: Any) -> dict[str, Any]:
    received: dict[str, Any] = _sample("webhook_payment_received_pix_real_sandbox")["payment"]
    return received | {"externalReference": PAYMENT_ID, "value": 49.9} | changes


def _account(api: ScriptedApi | None = None, **credentials: str) -> Asaas:
    given = {"api_key": "$aact_prod_key", "customer_id": "cus_000005219613", "webhook_token": TOKEN} | credentials
    return Asaas(ProviderContext(credentials=given, now_ms=lambda: NOW), (api or ScriptedApi()).session())


def _callback(document: Any, token: str | None = TOKEN) -> CallbackRequest:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return CallbackRequest(body=body, headers={} if token is None else {"asaas-access-token": token})


def test_the_token_of_the_webhook_is_authentic() -> None:
    _account().authenticate(_callback(_sample("webhook_minimal_doc")))


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN.upper(), TOKEN + " ", "é"])
def test_another_token_is_refused(token: str | None) -> None:
    with pytest.raises(NotAuthentic):
        _account().authenticate(_callback(b"{}", token))


@pytest.mark.parametrize("token", [None, "", "x"])
def test_an_unset_token_fails_closed(token: str | None) -> None:
    with pytest.raises(SecretMissing):
        _account(webhook_token="").authenticate(_callback(b"{}", token))


@pytest.mark.parametrize(
    ("name", "kind", "payment_id", "charge_id"),
    [
        ("webhook_minimal_doc", NoticeKind.PAID, None, "pay_080225913252"),
        ("webhook_payment_overdue_real_sandbox", NoticeKind.EXPIRED, "company_13_plan_3", "pay_49jucioh5v3tw85o"),
        # A loose PIX: Asaas made a charge for it, nobody asked for one.
        ("webhook_payment_received_pix_real_sandbox", NoticeKind.IGNORED, None, None),
    ],
)
def test_a_published_notice_claims_what_its_event_says(
    name: str, kind: NoticeKind, payment_id: str | None, charge_id: str | None
) -> None:
    (notice,) = _account().parse_notices(_callback(_sample(name)))
    assert (notice.kind, notice.payment_id, notice.charge_id) == (kind, payment_id, charge_id)
    assert notice.proven is (kind is NoticeKind.IGNORED)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("PAYMENT_RECEIVED", NoticeKind.PAID),
        ("PAYMENT_CONFIRMED", NoticeKind.PAID),
        ("PAYMENT_OVERDUE", NoticeKind.EXPIRED),
        ("PAYMENT_DELETED", NoticeKind.EXPIRED),
        ("PAYMENT_REFUNDED", NoticeKind.REFUNDED),
        ("PAYMENT_PARTIALLY_REFUNDED", NoticeKind.REFUNDED),
        ("PAYMENT_CHARGEBACK_REQUESTED", NoticeKind.DISPUTED),
        ("PAYMENT_CREATED", NoticeKind.IGNORED),
        ("PAYMENT_UPDATED", NoticeKind.IGNORED),
        ("PAYMENT_REFUND_IN_PROGRESS", NoticeKind.IGNORED),
        ("TRANSFER_DONE", NoticeKind.IGNORED),
        ("SOMETHING_NEW", NoticeKind.IGNORED),
        (None, NoticeKind.IGNORED),
        (7, NoticeKind.IGNORED),
    ],
)
def test_every_notice_of_a_charge_is_only_a_claim_and_every_other_is_ignored(event: Any, kind: NoticeKind) -> None:
    (notice,) = _account().parse_notices(_callback({"event": event, "payment": _payment()}))
    assert notice.kind is kind
    assert notice.proven is (kind is NoticeKind.IGNORED)


@pytest.mark.parametrize(
    "payment", [None, {}, [], "pay_1", {"id": None}, {"id": "../x"}, {"id": "a" * 65}, {"id": 7}, {"id": "pay_1/refund"}]
)
def test_a_notice_without_a_usable_charge_is_ignored(payment: Any) -> None:
    (notice,) = _account().parse_notices(_callback({"event": "PAYMENT_RECEIVED", "payment": payment}))
    assert notice.kind is NoticeKind.IGNORED


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff", b"id=pay_1&event=PAYMENT_RECEIVED", b"[" * 100_000])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        _account().parse_notices(_callback(body))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"event": "' + b"x" * 1_000_000 + b'"}'])
def test_an_empty_and_a_huge_body_are_ignored(body: bytes) -> None:
    (notice,) = _account().parse_notices(_callback(body))
    assert notice.kind is NoticeKind.IGNORED


@pytest.mark.parametrize(
    ("value", "amount_cents"),
    [
        (1, 100),
        (49.9, 4990),
        ("49.90", 4990),
        (0.29, 29),
        (1234567.89, 123456789),
        (0, None),
        (-5, None),
        (0.001, None),
        ("x", None),
    ],
)
def test_an_amount_is_reais_to_the_cent(value: Any, amount_cents: int | None) -> None:
    (notice,) = _account().parse_notices(_callback({"event": "PAYMENT_RECEIVED", "payment": _payment(value=value)}))
    assert notice.amount_cents == amount_cents


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "status", "externalReference", "value", "refunds", "pixTransaction", "deleted"]


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.sampled_from(["PAYMENT_RECEIVED", "PAYMENT_REFUNDED"]))
def test_fields_of_any_shape_break_neither_parser_nor_query(fields: dict[str, Any], event: str) -> None:
    assert len(_account().parse_notices(_callback({"event": event, "payment": fields}))) == 1
    payment = _payment(**{**fields, "id": CHARGE_ID})
    for notice in _account(ScriptedApi({f"GET {PATH}": (200, payment)})).query(REFERENCE):
        assert notice.payment_id == PAYMENT_ID


def _created(**changes: Any) -> ScriptedApi:
    replies: dict[str, Reply] = {
        "GET /v3/payments": (200, NO_CHARGES),
        "POST /v3/payments": (200, _payment(status="PENDING", pixTransaction=None)),
        f"GET {PATH}/pixQrCode": (200, CODE),
    }
    return ScriptedApi(replies | changes)


def test_a_charge_is_made_for_the_sellers_customer_under_our_payment_id() -> None:
    api = _created()
    charge = _account(api).create_charge(REQUEST)
    assert charge == Charge(charge_id=CHARGE_ID, brcode=CODE["payload"], expires_at_ms=NOW + 1_800_000)
    assert api.calls() == ["GET /v3/payments", "POST /v3/payments", f"GET {PATH}/pixQrCode"]
    assert api.body("POST /v3/payments") == {
        "customer": "cus_000005219613",
        "billingType": "PIX",
        "value": 49.9,
        "dueDate": "2026-09-21",
        "description": "Curso",
        "externalReference": PAYMENT_ID,
    }
    assert f"externalReference={PAYMENT_ID}" in (api.sent[0].url or "")
    assert all(sent.headers["access_token"] == "$aact_prod_key" and sent.headers["User-Agent"] for sent in api.sent)
    assert all(not sent.body for sent in api.sent if sent.method == "GET"), "Asaas refuses a GET with a body"


def test_the_published_request_has_the_fields_that_are_sent() -> None:
    api = _created()
    _account(api).create_charge(REQUEST)
    published = _sample("create_charge")["step1"]
    assert set(published["request"]) <= set(api.body("POST /v3/payments"))
    assert published["url"] == api.sent[1].url


def test_a_retry_finds_the_charge_that_is_there() -> None:
    api = _created()
    removed = _payment(id="pay_removed", status="PENDING", deleted=True)
    foreign = _payment(id="pay_foreign", externalReference=OTHER_ID)
    known = NO_CHARGES | {"data": [removed, foreign, _payment(status="PENDING"), "nonsense"]}
    api.replies["GET /v3/payments"] = (200, known)
    assert _account(api).create_charge(REQUEST).charge_id == CHARGE_ID
    assert api.calls() == ["GET /v3/payments", f"GET {PATH}/pixQrCode"]


def test_a_charge_shortly_before_midnight_is_due_on_the_day_on_which_it_expires() -> None:
    api = _created()
    before_midnight = 1_790_045_400_000  # 23:50 in Brasília
    context = ProviderContext(credentials={"api_key": "k", "customer_id": "cus_1"}, now_ms=lambda: before_midnight)
    Asaas(context, api.session()).create_charge(REQUEST)
    assert api.body("POST /v3/payments")["dueDate"] == "2026-09-22"


def test_a_code_that_ends_sooner_than_we_asked_ends_then() -> None:
    api = _created(**{f"GET {PATH}/pixQrCode": (200, CODE | {"expirationDate": "2026-09-21 11:20:00"})})
    assert _account(api).create_charge(REQUEST).expires_at_ms == NOW + 400_000


@pytest.mark.parametrize("amount_cents", [1, 29, 110, 999, 4990, 123_456_789, 10_000_000_001])
def test_an_amount_goes_out_as_exact_reais(amount_cents: int) -> None:
    api = _created()
    request = ChargeRequest(payment_id=PAYMENT_ID, amount_cents=amount_cents, description="", expires_in_seconds=1800)
    _account(api).create_charge(request)
    sent = api.sent[1].body or b""
    text = sent.decode() if isinstance(sent, bytes) else sent
    whole, cents = divmod(amount_cents, 100)
    assert f'"value": {whole}.{cents:02d}'.rstrip("0").rstrip(".") in text


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}),
        (502, b"<html>"),
        (429, {"errors": [{"code": "rate_limit", "description": "…"}]}),
        (200, b""),
        (200, b"<html>"),
        (200, []),
        (200, {}),
        requests.ConnectTimeout(),
        requests.ConnectionError(),
    ],
)
@pytest.mark.parametrize("call", ["GET /v3/payments", "POST /v3/payments", f"GET {PATH}/pixQrCode"])
def test_no_usable_answer_may_be_tried_again(call: str, reply: Reply) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(_created(**{call: reply})).create_charge(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_final_and_tells_no_secret(status: int) -> None:
    errors = {"errors": [{"code": "invalid_customer", "description": "Customer inválido de Ana da Silva."}]}
    with pytest.raises(ProviderError) as caught:
        _account(_created(**{"POST /v3/payments": (status, errors)})).create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(secret in str(caught.value) for secret in ("$aact", "Ana", "asaas.com", PAYMENT_ID))


def _asked(payment: Any, pix: Reply = (200, PIX)) -> ScriptedApi:
    return ScriptedApi({f"GET {PATH}": (200, payment), f"GET /v3/pix/transactions/{PIX_ID}": pix})


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"status": "RECEIVED"}, [NoticeKind.PAID]),
        ({"status": "CONFIRMED"}, [NoticeKind.PAID]),
        ({"status": "REFUND_REQUESTED"}, [NoticeKind.PAID]),
        ({"status": "REFUND_IN_PROGRESS"}, [NoticeKind.PAID]),
        ({"status": "REFUNDED"}, [NoticeKind.PAID, NoticeKind.REFUNDED]),
        ({"status": "CHARGEBACK_REQUESTED"}, [NoticeKind.PAID, NoticeKind.DISPUTED]),
        ({"status": "CHARGEBACK_DISPUTE"}, [NoticeKind.PAID, NoticeKind.DISPUTED]),
        ({"status": "AWAITING_CHARGEBACK_REVERSAL"}, [NoticeKind.PAID, NoticeKind.DISPUTED]),
        ({"status": "OVERDUE"}, [NoticeKind.EXPIRED]),
        ({"status": "PENDING", "deleted": True}, [NoticeKind.EXPIRED]),
        ({"status": "PENDING"}, []),
        # Nobody paid by PIX: a button of the panel was pressed.
        ({"status": "RECEIVED_IN_CASH"}, []),
        ({"status": "AWAITING_RISK_ANALYSIS"}, []),
        ({"status": "SOMETHING_NEW"}, []),
        ({"status": None}, []),
    ],
)
def test_a_query_tells_what_became_of_a_charge(changes: dict[str, Any], kinds: list[NoticeKind]) -> None:
    told = _account(_asked(_payment(**changes))).query(REFERENCE)
    assert [notice.kind for notice in told] == kinds
    assert all(notice.proven and notice.payment_id == PAYMENT_ID and notice.charge_id == CHARGE_ID for notice in told)


def test_who_paid_and_when_comes_from_the_pix() -> None:
    (paid,) = _account(_asked(_payment())).query(REFERENCE)
    assert (paid.amount_cents, paid.end_to_end_id, paid.payer_name) == (4990, PIX["endToEndIdentifier"], "Ana da Silva")
    assert paid.occurred_at_ms == 1_751_934_130_000  # 21:22:10 in Brasília


@pytest.mark.parametrize("pix", [(404, {}), (403, {}), (500, {}), (200, []), (200, b"<html>"), requests.ReadTimeout()])
def test_a_payment_is_not_lost_with_its_pix(pix: Reply) -> None:
    (paid,) = _account(_asked(_payment(), pix)).query(REFERENCE)
    assert (paid.kind, paid.amount_cents) == (NoticeKind.PAID, 4990)
    assert (paid.end_to_end_id, paid.payer_name, paid.occurred_at_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "refunds", "amount_cents", "partial"),
    [
        ("RECEIVED", [{"status": "DONE", "value": 10.5}], 1050, True),
        ("RECEIVED", [{"status": "DONE", "value": 10.5}, {"status": "PENDING", "value": 5}], 1050, True),
        ("RECEIVED", [{"status": "DONE", "value": 10.5}, {"status": "DONE", "value": "0.40"}], 1090, True),
        ("RECEIVED", [{"status": "DONE", "value": 49.9}], 4990, False),
        ("RECEIVED", [{"status": "CANCELLED", "value": 49.9}], None, False),
        ("RECEIVED", ["nonsense", {"status": "DONE"}], None, False),
        ("REFUNDED", [{"status": "DONE", "value": 49.9}], 4990, False),
        ("REFUNDED", None, 4990, False),
    ],
)
def test_what_was_given_back_is_told_in_all(status: str, refunds: Any, amount_cents: int | None, *, partial: bool) -> None:
    told = _account(_asked(_payment(status=status, refunds=refunds))).query(REFERENCE)
    given_back = [notice for notice in told if notice.kind is NoticeKind.REFUNDED]
    assert [(notice.amount_cents, notice.partial, notice.refund_id) for notice in given_back] == (
        [] if amount_cents is None else [(amount_cents, partial, None)]
    )


def test_a_notice_that_names_another_payment_than_its_charge_pays_nothing() -> None:
    """Who knows the static token may claim anything: the charge of B is not the payment A."""
    api = _asked(_payment(externalReference=OTHER_ID))
    (notice,) = _account(api).parse_notices(_callback({"event": "PAYMENT_RECEIVED", "payment": _payment()}))
    asked = ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id)
    assert _account(api).query(asked) == []


def test_a_loose_pix_pays_nothing_when_asked_for_either() -> None:
    assert _account(_asked(_payment(externalReference=None))).query(ChargeReference(charge_id=CHARGE_ID)) == []


def test_a_charge_that_is_not_there_tells_nothing() -> None:
    api = ScriptedApi({"GET /v3/payments": (200, NO_CHARGES)})
    assert _account(api).query(REFERENCE) == []
    assert _account(api).query(ChargeReference()) == []
    assert _account(api).query(ChargeReference(charge_id="../../v3/customers")) == []
    assert api.calls() == [f"GET {PATH}", "GET /v3/payments"]


def test_an_answer_about_another_charge_is_no_answer() -> None:
    with pytest.raises(ProviderUnavailable):
        _account(_asked(_payment(id="pay_other"))).query(REFERENCE)


def test_a_charge_is_found_by_our_id_alone_the_paid_one_first() -> None:
    charges = [_payment(id="pay_1", status="PENDING"), _payment(), _payment(id="pay_3", externalReference=OTHER_ID)]
    api = ScriptedApi({"GET /v3/payments": (200, NO_CHARGES | {"data": charges})})
    (paid,) = _account(api).query(ChargeReference(payment_id=PAYMENT_ID))
    assert (paid.kind, paid.charge_id) == (NoticeKind.PAID, CHARGE_ID)
    (paid,) = _account(api).query(ChargeReference(payment_id=PAYMENT_ID, charge_id=CHARGE_ID.upper()))
    assert paid.charge_id == CHARGE_ID, "an id that Asaas does not know so written"


def test_money_is_given_back_once_for_each_refund_id() -> None:
    api = ScriptedApi({f"GET {PATH}": (200, _payment()), f"POST {PATH}/refund": (200, {})})
    _account(api).refund(REFERENCE, 990, "r1")
    assert api.body(f"POST {PATH}/refund") == {"value": 9.9, "description": "Reembolso r1"}
    made = [{"status": "DONE", "value": 9.9, "description": "Reembolso r1"}]
    again = ScriptedApi({f"GET {PATH}": (200, _payment(refunds=made))})
    _account(again).refund(REFERENCE, 990, "r1")
    assert again.calls() == [f"GET {PATH}"]
    cancelled = [{"status": "CANCELLED", "value": 9.9, "description": "Reembolso r1"}]
    once_more = ScriptedApi({f"GET {PATH}": (200, _payment(refunds=cancelled)), f"POST {PATH}/refund": (200, {})})
    _account(once_more).refund(REFERENCE, 990, "r1")
    assert once_more.calls()[-1] == f"POST {PATH}/refund"


def test_a_refund_of_a_charge_that_is_not_there_is_refused() -> None:
    with pytest.raises(ProviderError, match="no such charge"):
        _account(ScriptedApi({"GET /v3/payments": (200, NO_CHARGES)})).refund(REFERENCE, 990, "r1")


CUSTOMER = "GET /v3/customers/cus_000005219613"


def test_good_credentials_are_told_by_their_customer() -> None:
    api = ScriptedApi({CUSTOMER: (200, {"object": "customer", "id": "cus_000005219613", "deleted": False})})
    _account(api).check()
    assert api.calls() == [CUSTOMER]


@pytest.mark.parametrize(
    ("replies", "credentials", "reason"),
    [
        ({CUSTOMER: (401, {})}, {}, "401"),
        ({}, {}, "no customer"),
        ({CUSTOMER: (200, {"id": "cus_000005219613", "deleted": True})}, {}, "removed"),
        ({}, {"customer_id": ""}, "not set"),
        ({}, {"customer_id": "12345678900 / Ana"}, "no customer"),
    ],
)
def test_bad_credentials_are_told_apart(replies: dict[str, Reply], credentials: dict[str, str], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        _account(ScriptedApi(replies), **credentials).check()


URL = "https://pay.example.com/pix/asaas/7"


def _webhooks(*webhooks: dict[str, Any]) -> ScriptedApi:
    replies: dict[str, Reply] = {
        "GET /v3/webhooks": (200, NO_CHARGES | {"data": list(webhooks)}),
        "POST /v3/webhooks": (200, {}),
        "PUT /v3/webhooks/w-1": (200, {}),
    }
    return ScriptedApi(replies)


def test_a_callback_is_registered_with_every_event_that_we_know() -> None:
    api = _webhooks({"id": "w-0", "url": "https://other.example.com/"})
    assert _account(api).register_callback(URL) is True
    sent = api.body("POST /v3/webhooks")
    assert (sent["url"], sent["authToken"], sent["enabled"], sent["interrupted"]) == (URL, TOKEN, True, False)
    assert (sent["apiVersion"], sent["sendType"], "email" in sent) == (3, "SEQUENTIALLY", False)
    for event in sent["events"]:
        (notice,) = _account().parse_notices(_callback({"event": event, "payment": _payment()}))
        assert notice.kind is not NoticeKind.IGNORED


def test_a_callback_that_is_there_is_brought_up_to_date() -> None:
    api = _webhooks({"id": "w-1", "url": URL, "interrupted": True})
    assert _account(api, webhook_email="loja@example.com").register_callback(URL) is True
    assert api.calls() == ["GET /v3/webhooks", "PUT /v3/webhooks/w-1"]
    assert api.body("PUT /v3/webhooks/w-1")["email"] == "loja@example.com"


def test_a_callback_is_not_registered_without_a_token() -> None:
    with pytest.raises(SecretMissing):
        _account(_webhooks(), webhook_token="").register_callback(URL)


def test_a_sandbox_is_reached_with_and_without_the_version_in_its_address() -> None:
    for api_url in ("https://api-sandbox.asaas.com/v3", "https://api-sandbox.asaas.com/v3/", "https://api-sandbox.asaas.com"):
        api = ScriptedApi()
        _account(api, api_url=api_url).query(ChargeReference(charge_id=CHARGE_ID))
        assert api.sent[0].url == f"https://api-sandbox.asaas.com{PATH}"


def test_the_registry_opens_it_and_knows_how_it_is_moved_in() -> None:
    account = open_provider("asaas", ProviderContext(credentials={}, now_ms=lambda: NOW))
    assert isinstance(account, Asaas)
    assert isinstance(account, Onboards)
    assert onboarding("asaas") is ONBOARDING
    assert any(URL in step for step in ONBOARDING.steps(URL))
