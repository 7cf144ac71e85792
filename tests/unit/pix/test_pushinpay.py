"""PushinPay, by its published shapes and what integrators captured."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
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
from rastro.pix.pushinpay import ONBOARDING, PushinPay
from tests.fakes.scripted_api import Reply, ScriptedApi

DATA = Path(__file__).parents[2] / "data" / "pushinpay"
TOKEN = "whsec"
NOW = 1_790_000_000_000
PAYMENT_ID = PaymentId("01JZX3T7C9M4E2R8W6Y0QADBFH")
OTHER_ID = PaymentId("01JZX3T7C9M4E2R8W6Y0QADBFJ")
CHARGE_ID = "a101f8ca-2a0a-4e37-8012-e9037a7062b4"
PATH = f"/api/transactions/{CHARGE_ID}"
URL = "https://pay.example.com/pix/pushinpay/7"
REQUEST = ChargeRequest(payment_id=PAYMENT_ID, amount_cents=1799, description="Curso", expires_in_seconds=1800, callback_url=URL)
REFERENCE = ChargeReference(payment_id=PAYMENT_ID, charge_id=CHARGE_ID)
FORM = "application/x-www-form-urlencoded"


def _sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


CREATED = _sample("create")["response_200"] | {"id": CHARGE_ID}


def _account(api: ScriptedApi | None = None, **credentials: str) -> PushinPay:
    given = {"token": "42|api-token", "webhook_token": TOKEN} | credentials
    return PushinPay(ProviderContext(credentials=given, now_ms=lambda: NOW), (api or ScriptedApi()).session())


def _callback(
    document: Any, *, token: str | None = TOKEN, query: str = "", content_type: str = "application/json"
) -> CallbackRequest:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"content-type": content_type} | ({} if token is None else {"x-pushinpay-token": token})
    return CallbackRequest(body=body, headers=headers, raw_query=query)


def _webhook_url(payment_id: PaymentId = PAYMENT_ID, **credentials: str) -> str:
    """Return the URL that a charge of a payment is made with."""
    api = ScriptedApi({"POST /api/pix/cashIn": (200, CREATED)})
    request = ChargeRequest(payment_id=payment_id, amount_cents=1799, description="", expires_in_seconds=1800, callback_url=URL)
    _account(api, **credentials).create_charge(request)
    return str(api.body("POST /api/pix/cashIn")["webhook_url"])


def _query(payment_id: PaymentId = PAYMENT_ID, **credentials: str) -> str:
    return urlsplit(_webhook_url(payment_id, **credentials)).query


def _transaction(**changes: Any) -> dict[str, Any]:
    paid: dict[str, Any] = CREATED | _sample("webhook_paid_json")
    return paid | {"value": 1799, "webhook_url": _webhook_url()} | changes


def _asked(transaction: Any) -> ScriptedApi:
    return ScriptedApi({f"GET {PATH}": (200, transaction)})


def test_the_token_of_the_account_is_authentic() -> None:
    _account().authenticate(_callback(_sample("webhook_paid_json")))


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN.upper(), "é"])
def test_another_token_is_refused(token: str | None) -> None:
    with pytest.raises(NotAuthentic):
        _account().authenticate(_callback(b"{}", token=token))


@pytest.mark.parametrize("token", [None, "", "x"])
def test_an_unset_token_fails_closed(token: str | None) -> None:
    with pytest.raises(SecretMissing):
        _account(webhook_token="").authenticate(_callback(b"{}", token=token))


def test_the_captured_json_notice_is_a_claim() -> None:
    (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json"), query=_query()))
    assert (notice.kind, notice.proven) == (NoticeKind.PAID, False)
    assert (notice.payment_id, notice.charge_id, notice.amount_cents) == (PAYMENT_ID, CHARGE_ID, 100)
    assert (notice.payer_name, notice.end_to_end_id) == ("João Silva", "E12345678202302051234567890123456")


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", "application/json", "", "text/plain"])
def test_the_form_notice_is_read_whatever_it_says_it_is(content_type: str) -> None:
    body = _sample("webhook_paid_form")["raw_body"].encode()
    (notice,) = _account().parse_notices(_callback(body, content_type=content_type))
    assert (notice.kind, notice.proven, notice.payment_id) == (NoticeKind.PAID, False, None)
    assert (notice.charge_id, notice.amount_cents) == ("9ff86d3c-0000-4a6b-9b7e-000000000001", 1799)
    assert notice.payer_name == "João Silva"


@pytest.mark.parametrize("content_type", [FORM, "application/json", ""])
def test_the_json_notice_is_read_whatever_it_says_it_is(content_type: str) -> None:
    (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json"), content_type=content_type))
    assert notice.charge_id == CHARGE_ID


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("paid", NoticeKind.PAID),
        ("PAID", NoticeKind.PAID),
        ("canceled", NoticeKind.EXPIRED),
        ("expired", NoticeKind.EXPIRED),
        ("refunded", NoticeKind.REFUNDED),
        ("created", NoticeKind.IGNORED),
        ("pending", NoticeKind.IGNORED),
        ("something new", NoticeKind.IGNORED),
        (None, NoticeKind.IGNORED),
        ({}, NoticeKind.IGNORED),
    ],
)
def test_a_status_that_is_not_known_is_ignored_though_it_names_a_payer(status: Any, kind: NoticeKind) -> None:
    (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json") | {"status": status}))
    assert notice.kind is kind


@pytest.mark.parametrize("charge_id", [None, "", 7, {}, "../x", "a/refund", "a" * 65, "é"])
def test_a_notice_without_a_usable_charge_is_ignored(charge_id: Any) -> None:
    (notice,) = _account().parse_notices(_callback({"id": charge_id, "status": "paid"}))
    assert notice.kind is NoticeKind.IGNORED


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b"7", b"\xff", b"[" * 100_000, b"id=1&x", b"id=%ff%fe&\xff=2", b"&".join([b"a=1"] * 1000), b"<a b=c>"],
)
@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_a_body_that_is_no_notice_is_refused_or_ignored(body: bytes, content_type: str) -> None:
    try:
        (notice,) = _account().parse_notices(_callback(body, content_type=content_type))
    except InvalidInput:
        return
    assert (body, notice.kind) == (b"<a b=c>", NoticeKind.IGNORED)


@pytest.mark.parametrize("body", [b"", b"{}", b"  ", b'{"id": "' + b"x" * 1_000_000 + b'"}', b"id=" + b"x" * 1_000_000])
@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_an_empty_and_a_huge_body_are_ignored(body: bytes, content_type: str) -> None:
    (notice,) = _account().parse_notices(_callback(body, content_type=content_type))
    assert notice.kind is NoticeKind.IGNORED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "status", "value", "webhook_url", "end_to_end_id", "payer_name", "paid_at"]


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.text(max_size=40))
def test_fields_of_any_shape_break_neither_parser_nor_query(fields: dict[str, Any], query: str) -> None:
    assert len(_account().parse_notices(_callback({"status": "paid"} | fields, query=query))) == 1
    for notice in _account(_asked({"status": "paid"} | fields | {"id": CHARGE_ID})).query(REFERENCE):
        assert notice.charge_id == CHARGE_ID


def test_a_charge_is_made_in_cents_with_our_payment_id_in_its_url() -> None:
    api = ScriptedApi({"POST /api/pix/cashIn": (200, CREATED)})
    charge = _account(api).create_charge(REQUEST)
    assert charge == Charge(charge_id=CHARGE_ID, brcode=CREATED["qr_code"], expires_at_ms=NOW + 1_800_000)
    body = api.body("POST /api/pix/cashIn")
    assert (set(body), body["value"]) == ({"value", "webhook_url"}, 1799)
    parts = urlsplit(body["webhook_url"])
    assert (f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(parts.query)["payment_id"]) == (URL, [PAYMENT_ID])
    (sent,) = api.sent
    published = _sample("create")
    assert sent.url == published["url"]
    assert set(published["headers"]) <= set(sent.headers)
    assert (sent.headers["Authorization"], sent.headers["Accept"]) == ("Bearer 42|api-token", "application/json")


def test_the_url_of_a_charge_tells_none_of_the_account() -> None:
    assert "api-token" not in _webhook_url()
    assert TOKEN not in _webhook_url()


def test_a_charge_id_is_the_same_in_either_case() -> None:
    api = ScriptedApi({"POST /api/pix/cashIn": (200, CREATED | {"id": CHARGE_ID.upper()})})
    assert _account(api).create_charge(REQUEST).charge_id == CHARGE_ID
    (notice,) = _account().parse_notices(_callback({"id": CHARGE_ID.upper(), "status": "paid"}))
    assert notice.charge_id == CHARGE_ID
    (paid,) = _account(_asked(_transaction(id=CHARGE_ID.upper()))).query(ChargeReference(charge_id=CHARGE_ID.upper()))
    assert (paid.charge_id, paid.payment_id) == (CHARGE_ID, PAYMENT_ID)


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}),
        (502, b"<html>"),
        (429, {"message": "Too Many Attempts."}),
        (302, b"<html>"),
        (200, b""),
        (200, []),
        (200, {}),
        (200, CREATED | {"qr_code": {}}),
        (200, CREATED | {"id": None}),
        requests.ConnectTimeout(),
        requests.ReadTimeout(),
    ],
)
def test_no_usable_answer_may_be_tried_again(reply: Reply) -> None:
    with pytest.raises(ProviderUnavailable):
        _account(ScriptedApi(always=reply)).create_charge(REQUEST)


@pytest.mark.parametrize("reply", [(422, _sample("create")["response_422"]), (401, {"message": "Unauthenticated."}), (404, {})])
def test_a_refusal_is_final_and_tells_no_secret(reply: Reply) -> None:
    with pytest.raises(ProviderError) as caught:
        _account(ScriptedApi(always=reply)).create_charge(REQUEST)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(secret in str(caught.value) for secret in ("api-token", "example.com", PAYMENT_ID))


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"payment_id={PAYMENT_ID}",
        f"payment_id={PAYMENT_ID}&mac=",
        f"payment_id={PAYMENT_ID}&mac={'0' * 32}",
        f"payment_id={PAYMENT_ID}&mac=%C3%A9",
        "mac=0",
        "a=1&" * 1000,
    ],
)
def test_a_payment_id_without_our_mac_is_nobodys(query: str) -> None:
    (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json"), query=query))
    assert (notice.payment_id, notice.charge_id) == (None, CHARGE_ID)


def test_a_mac_is_good_for_its_payment_and_its_account_only() -> None:
    mac = parse_qs(_query())["mac"][0]
    swapped = urlencode({"payment_id": OTHER_ID, "mac": mac})
    twice = f"{_query()}&payment_id={OTHER_ID}"
    for query in (swapped, twice, f"{_query()}&mac={mac}", _query(token="another")):
        (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json"), query=query))
        assert notice.payment_id is None


def test_no_mac_is_made_or_taken_without_the_accounts_token() -> None:
    with pytest.raises(SecretMissing):
        _account(token="").create_charge(REQUEST)
    with pytest.raises(SecretMissing):
        _account(token="").parse_notices(_callback(_sample("webhook_paid_json"), query=_query()))


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"status": "paid"}, [NoticeKind.PAID]),
        ({"status": "refunded"}, [NoticeKind.PAID, NoticeKind.REFUNDED]),
        ({"status": "canceled"}, [NoticeKind.EXPIRED]),
        ({"status": "expired"}, [NoticeKind.EXPIRED]),
        ({"status": "created"}, []),
        ({"status": "something new"}, []),
        ({"status": None}, []),
    ],
)
def test_a_query_tells_what_became_of_a_charge(changes: dict[str, Any], kinds: list[NoticeKind]) -> None:
    told = _account(_asked(_transaction(**changes))).query(REFERENCE)
    assert [notice.kind for notice in told] == kinds
    assert all(notice.proven and notice.payment_id == PAYMENT_ID and notice.charge_id == CHARGE_ID for notice in told)


def test_a_paid_charge_tells_amount_time_and_payer() -> None:
    (paid,) = _account(_asked(_transaction(paid_at="2026-10-03T14:35:10.000000Z"))).query(REFERENCE)
    assert (paid.amount_cents, paid.payer_name, paid.occurred_at_ms) == (1799, "João Silva", 1_791_038_110_000)
    assert paid.end_to_end_id == "E12345678202302051234567890123456"
    (paid,) = _account(_asked(_transaction(value="1799", payer_name={}, end_to_end_id={}))).query(REFERENCE)
    assert (paid.amount_cents, paid.payer_name, paid.end_to_end_id, paid.occurred_at_ms) == (1799, None, None, None)


def test_a_refund_is_of_the_whole_payment() -> None:
    paid, refunded = _account(_asked(_transaction(status="refunded"))).query(REFERENCE)
    assert (paid.amount_cents, refunded.amount_cents, refunded.partial, refunded.refund_id) == (1799, 1799, False, None)


def test_the_charge_of_one_payment_never_pays_another() -> None:
    """Who knows the static token and has seen another charge's URL may claim that this charge is that payment."""
    (notice,) = _account().parse_notices(_callback(_sample("webhook_paid_json"), query=_query(OTHER_ID)))
    assert notice.payment_id == OTHER_ID, "the URL is authentic: it was made for another charge"
    asked = ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id)
    (paid,) = _account(_asked(_transaction())).query(asked)
    assert paid.payment_id == PAYMENT_ID


@pytest.mark.parametrize(
    "webhook_url",
    ["https://other.example.com/", f"{URL}?payment_id={OTHER_ID}", f"{URL}?payment_id={OTHER_ID}&mac=0", "http://[", "x"],
)
def test_a_charge_that_names_no_payment_of_ours_is_told_of_by_its_id_alone(webhook_url: str) -> None:
    """The record of payments knows the charge by its id, or does not know it at all."""
    (paid,) = _account(_asked(_transaction(webhook_url=webhook_url))).query(REFERENCE)
    assert (paid.payment_id, paid.charge_id) == (None, CHARGE_ID)


def test_the_charges_of_an_old_token_are_found_by_their_id() -> None:
    account = _account(_asked(_transaction()), token="a new one")
    (notice,) = account.parse_notices(_callback(_sample("webhook_paid_json"), query=_query()))
    (paid,) = account.query(ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id))
    assert (paid.payment_id, paid.charge_id) == (None, CHARGE_ID)


@pytest.mark.parametrize("webhook_url", [None, "", {}])
def test_without_a_url_in_the_answer_the_authentic_payment_id_of_the_notice_counts(webhook_url: Any) -> None:
    (paid,) = _account(_asked(_transaction(webhook_url=webhook_url))).query(REFERENCE)
    assert paid.payment_id == PAYMENT_ID


def test_the_first_charge_of_a_repeated_creation_still_finds_its_payment() -> None:
    first = "b202f8ca-2a0a-4e37-8012-e9037a7062b5"
    (notice,) = _account().parse_notices(_callback({"id": first, "status": "paid"}, query=_query()))
    api = ScriptedApi({f"GET /api/transactions/{first}": (200, _transaction(id=first))})
    (paid,) = _account(api).query(ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id))
    assert (paid.payment_id, paid.charge_id) == (PAYMENT_ID, first)


def test_a_charge_that_is_not_there_tells_nothing() -> None:
    api = ScriptedApi()
    assert _account(api).query(REFERENCE) == []
    assert _account(api).query(ChargeReference(payment_id=PAYMENT_ID)) == []
    assert _account(api).query(ChargeReference(charge_id="../x")) == []
    assert api.calls() == [f"GET {PATH}"]


def test_an_answer_about_another_charge_is_no_answer() -> None:
    with pytest.raises(ProviderUnavailable):
        _account(_asked(_transaction(id="b202f8ca-2a0a-4e37-8012-e9037a7062b5"))).query(REFERENCE)


def test_a_payment_is_given_back_whole_and_once() -> None:
    api = ScriptedApi({f"GET {PATH}": (200, _transaction()), f"POST {PATH}/refund": (200, {})})
    _account(api).refund(REFERENCE, 1799, "r1")
    assert api.calls()[-1] == f"POST {PATH}/refund"
    again = _asked(_transaction(status="refunded"))
    _account(again).refund(REFERENCE, 1799, "r1")
    assert again.calls() == [f"GET {PATH}"]


@pytest.mark.parametrize(
    ("api", "charge", "reason"),
    [
        (_asked(_transaction()), REFERENCE, "whole payments only"),
        (ScriptedApi(), REFERENCE, "no such charge"),
        (ScriptedApi(), ChargeReference(payment_id=PAYMENT_ID), "no such charge"),
    ],
)
def test_what_cannot_be_given_back_is_refused(api: ScriptedApi, charge: ChargeReference, reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        _account(api).refund(charge, 990, "r1")


def test_a_good_token_is_told_that_nobody_has_such_a_charge() -> None:
    _account(ScriptedApi(always=(404, {"error": "PIX não encontrado", "status": "not_found"}))).check()
    with pytest.raises(ProviderError, match="401"):
        _account(ScriptedApi(always=(401, {"message": "Unauthenticated."}))).check()
    with pytest.raises(ProviderUnavailable):
        _account(ScriptedApi(always=(429, {}))).check()


def test_the_registry_opens_it_and_knows_how_it_is_moved_in() -> None:
    account = open_provider("pushinpay", ProviderContext(credentials={}, now_ms=lambda: NOW))
    assert isinstance(account, PushinPay)
    assert isinstance(account, Onboards)
    assert account.register_callback(URL) is False
    assert onboarding("pushinpay") is ONBOARDING
    assert any(URL in step for step in ONBOARDING.steps(URL))


def test_a_sandbox_is_reached_with_and_without_the_prefix_in_its_address() -> None:
    for api_url in ("https://api-sandbox.pushinpay.com.br/api", "https://api-sandbox.pushinpay.com.br/"):
        api = ScriptedApi()
        _account(api, api_url=api_url).query(REFERENCE)
        assert api.sent[0].url == f"https://api-sandbox.pushinpay.com.br{PATH}"
