"""The standard of BACEN, by its own examples, with a PSP that adds nothing to it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import InvalidInput, ProviderError, ProviderUnavailable
from rastro.model import PaymentId
from rastro.pix.bacen import BacenPix
from rastro.pix.bearer import Grant
from rastro.pix.http import JsonApi
from rastro.pix.provider import CallbackRequest, Charge, ChargeReference, ChargeRequest, Notice, NoticeKind
from rastro.pix.values import epoch_ms

DATA = Path(__file__).parents[2] / "data" / "bacen"
PAYMENT = PaymentId("01K9ZV3M5T7QW8E2R4Y6X0ABCD")
CREATED_MS = epoch_ms("2020-09-09T20:15:00.358Z") or 0
NOW_MS = CREATED_MS + 1000
ORDER = ChargeRequest(payment_id=PAYMENT, amount_cents=4990, description="Curso de Pão", expires_in_seconds=1800)
PIX = {"endToEndId": "E" + "1" * 31, "valor": "49.90", "horario": "2020-09-09T20:16:00.000Z"}


def sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


class Psp(requests.adapters.BaseAdapter):
    """Answers in turn what it is told to, by method and path; keeps what it was asked."""

    def __init__(self, answers: Mapping[str, list[tuple[int, object]]]) -> None:
        super().__init__()
        self.answers = {name: list(each) for name, each in answers.items()}
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code, body = self.answers[f"{request.method} {request.path_url}"].pop(0)
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


class Bank(BacenPix):
    """A PSP that grants a token and adds nothing."""

    def __init__(self, psp: Psp, now_ms: int = NOW_MS) -> None:
        session = requests.Session()
        session.mount("https://", psp)
        api = JsonApi(session, provider="bank", base_url="https://bank.example.com")
        self.grants = 0
        super().__init__(api, provider="bank", pix_key="a key", now_ms=lambda: now_ms)

    def fetch_token(self) -> Grant:
        self.grants += 1
        return Grant(token=f"token-{self.grants}", lifetime_seconds=3600)

    def authenticate(self, request: CallbackRequest) -> None: ...


def bank(now_ms: int = NOW_MS, **answers: list[tuple[int, object]]) -> tuple[Bank, Psp]:
    """Return a bank that answers; ``PUT_cob`` stands for ``PUT /cob/{PAYMENT}``."""
    psp = Psp({f"{name.split('_')[0]} /cob/{PAYMENT}": each for name, each in answers.items()})
    return Bank(psp, now_ms), psp


def told(document: object) -> list[Notice]:
    return list(Bank(Psp({})).parse_notices(CallbackRequest(body=json.dumps(document).encode(), headers={})))


def kinds(notices: list[Notice]) -> list[str]:
    return [notice.kind for notice in notices]


def cob(**changed: Any) -> dict[str, Any]:
    return {
        "calendario": {"criacao": "2020-09-09T20:15:00.358Z", "expiracao": 1800},
        "txid": PAYMENT,
        "status": "ATIVA",
        "pixCopiaECola": "00020101021226830014br.gov.bcb.pix",
    } | changed


def test_a_charge_is_made_under_the_payment_id() -> None:
    account, psp = bank(PUT_cob=[(201, cob())])
    assert account.create_charge(ORDER) == Charge(
        charge_id=PAYMENT, brcode="00020101021226830014br.gov.bcb.pix", expires_at_ms=CREATED_MS + 1_800_000
    )
    (asked,) = psp.asked
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert json.loads(asked.body or b"") == {
        "calendario": {"expiracao": 1800},
        "valor": {"original": "49.90"},
        "chave": "a key",
        "solicitacaoPagador": "Curso de Pão",
    }


@pytest.mark.parametrize(("amount_cents", "written"), [(1, "0.01"), (100, "1.00"), (123_456, "1234.56"), (10**9, "10000000.00")])
def test_amounts_are_written_in_reais_with_two_places(amount_cents: int, written: str) -> None:
    account, psp = bank(PUT_cob=[(201, cob())])
    account.create_charge(
        ChargeRequest(payment_id=PAYMENT, amount_cents=amount_cents, description="x" * 200, expires_in_seconds=60)
    )
    sent = json.loads(psp.asked[0].body or b"")
    assert sent["valor"]["original"] == written
    assert len(sent["solicitacaoPagador"]) == 140


@pytest.mark.parametrize("status", [400, 409])
def test_the_second_order_of_a_charge_returns_the_first(status: int) -> None:
    account, _ = bank(PUT_cob=[(status, {})], GET_cob=[(200, cob(pixCopiaECola="the first"))])
    assert account.create_charge(ORDER).brcode == "the first"


def test_a_refused_order_stays_refused() -> None:
    account, _ = bank(PUT_cob=[(400, {})], GET_cob=[(404, {})])
    with pytest.raises(ProviderError, match="refused the call with 400") as caught:
        account.create_charge(ORDER)
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("answer", [(500, {}), (429, {}), (201, b"<html>"), (201, []), (201, {}), (201, cob(pixCopiaECola=""))])
def test_no_usable_answer_may_be_tried_again(answer: tuple[int, object]) -> None:
    with pytest.raises(ProviderUnavailable):
        bank(PUT_cob=[answer])[0].create_charge(ORDER)


def test_a_payment_id_that_is_no_txid_is_not_sent() -> None:
    with pytest.raises(ProviderError, match="26 to 35"):
        Bank(Psp({})).create_charge(
            ChargeRequest(payment_id=PaymentId("9326"), amount_cents=1, description="", expires_in_seconds=60)
        )


@pytest.mark.parametrize("calendar", [{}, None, {"criacao": "never", "expiracao": 60}, {"criacao": "2020-09-09T20:15:00Z"}])
def test_a_charge_without_an_end_ends_as_we_asked(calendar: object) -> None:
    account, _ = bank(PUT_cob=[(201, cob(calendario=calendar))])
    assert account.create_charge(ORDER).expires_at_ms == NOW_MS + 1_800_000


def test_a_token_that_is_refused_is_renewed_once() -> None:
    account, psp = bank(PUT_cob=[(401, {}), (201, cob()), (401, {}), (401, {})], GET_cob=[(401, {}), (401, {})])
    account.create_charge(ORDER)
    assert [asked.headers["Authorization"] for asked in psp.asked] == ["Bearer token-1", "Bearer token-2"]
    with pytest.raises(ProviderError):
        account.create_charge(ORDER)


def test_a_notice_may_tell_of_several_payments() -> None:
    first, second = told(sample("webhook_pix"))
    assert first == Notice(
        kind=NoticeKind.PAID,
        payment_id=PaymentId("c3e0e7a4e7f1469a9f782d3d4999343c"),
        charge_id="c3e0e7a4e7f1469a9f782d3d4999343c",
        amount_cents=11_000,
        occurred_at_ms=CREATED_MS,
        end_to_end_id="E12345678202009091221kkkkkkkkkkk",
    )
    assert second.payment_id == "971122d8f37211eaadc10242ac120002"


def entry(**changed: Any) -> dict[str, Any]:
    return {**PIX, "txid": PAYMENT} | changed


RETURN = {
    "id": "r1",
    "rtrId": "D" + "2" * 31,
    "valor": "9.90",
    "horario": {"solicitacao": "2020-09-10T00:00:00Z", "liquidacao": "2020-09-10T00:00:05Z"},
    "status": "DEVOLVIDO",
}


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        (None, ["paid"]),
        ([], ["paid"]),
        ("DEVOLVIDO", ["paid"]),
        ([RETURN], ["paid", "refunded"]),
        (RETURN, ["paid", "refunded"]),
        ([RETURN, RETURN | {"id": "r2"}], ["paid", "refunded", "refunded"]),
        ([RETURN | {"status": "EM_PROCESSAMENTO"}], ["paid"]),
        ([RETURN | {"status": "NAO_REALIZADO"}], ["paid"]),
        ([RETURN | {"status": "ALGO_NOVO"}], ["paid"]),
        ([RETURN | {"natureza": "ORIGINAL"}], ["paid", "refunded"]),
        ([RETURN | {"natureza": "MED_FRAUDE"}], ["paid", "disputed", "refunded"]),
        ([RETURN | {"natureza": "MED_OPERACIONAL", "status": "EM_PROCESSAMENTO"}], ["paid", "disputed"]),
        ([RETURN | {"natureza": ["MED_FRAUDE"], "status": {}}], ["paid"]),
        ([None, 7], ["paid"]),
    ],
)
def test_what_was_given_back_follows_what_was_paid(returns: object, expected: list[str]) -> None:
    assert kinds(told({"pix": [entry(devolucoes=returns)]})) == expected


def test_a_return_has_its_own_id_amount_and_time() -> None:
    _, refunded = told({"pix": [entry(devolucoes=[RETURN], pagador={"nome": "Ana"})]})
    assert refunded == Notice(
        kind=NoticeKind.REFUNDED,
        payment_id=PAYMENT,
        charge_id=PAYMENT,
        amount_cents=990,
        occurred_at_ms=epoch_ms("2020-09-10T00:00:05Z"),
        end_to_end_id=PIX["endToEndId"],
        refund_id="r1",
        partial=True,
    )
    _, whole = told({"pix": [entry(devolucoes=[RETURN | {"valor": "49.90", "id": None, "horario": None}])]})
    assert (whole.partial, whole.refund_id, whole.occurred_at_ms) == (False, RETURN["rtrId"], None)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("49.90", 4990), (49.9, 4990), (49, 4900), ("0.01", 1), ("49,90", None), ("-1.00", None), ("1e9", None), (True, None)],
)
def test_amounts_are_exact_or_unknown(amount: object, expected: int | None) -> None:
    (notice,) = told({"pix": [entry(valor=amount)]})
    assert notice.amount_cents == expected


def test_a_payer_has_a_name_only_where_the_bank_says_it() -> None:
    (notice,) = told({"pix": [entry(infoPagador="de: Ana", pagador={"nome": "Ana da Silva", "cpf": "67784666004"})]})
    assert notice.payer_name == "Ana da Silva"
    (notice,) = told({"pix": [entry(infoPagador="Ana da Silva")]})
    assert notice.payer_name is None


def test_an_id_of_ours_is_known_in_other_case() -> None:
    (notice,) = told({"pix": [entry(txid=PAYMENT.lower())]})
    assert (notice.payment_id, notice.charge_id) == (PAYMENT, PAYMENT.lower())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"pix": []},
        {"pix": None},
        {"pix": "pix"},
        {"evento": "teste_webhook"},
        {"pix": [PIX]},
        {"pix": [entry(txid="***")]},
        {"pix": [entry(txid="a" * 25)]},
        {"pix": [entry(txid="a" * 36)]},
        {"pix": [entry(txid="../../v2/cob/aaaaaaaaaaaaaaaa")]},
        {"pix": [entry(txid=7)]},
        {"pix": [None, 7, [entry()]]},
    ],
)
def test_what_names_no_charge_of_ours_is_ignored(document: object) -> None:
    assert kinds(told(document)) == ["ignored"]


@pytest.mark.parametrize("body", [b"not json", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        Bank(Psp({})).parse_notices(CallbackRequest(body=body, headers={}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["txid", "endToEndId", "valor", "horario", "devolucoes", "pagador", "infoPagador", "gnExtras"])
returns = st.sampled_from(["id", "rtrId", "valor", "horario", "status", "natureza"])


@given(st.dictionaries(fields, json_values), st.dictionaries(returns, json_values))
def test_fields_of_any_shape_never_break_the_parser(pix: dict[str, Any], back: dict[str, Any]) -> None:
    assert told({"pix": [pix, entry() | pix | {"devolucoes": [back]}, pix | {"txid": PAYMENT}]})


@pytest.mark.parametrize(
    ("changed", "now_ms", "expected"),
    [
        ({}, CREATED_MS + 1_799_999, []),
        ({}, CREATED_MS + 1_800_000, ["expired"]),
        ({"calendario": {"criacao": "2020-09-09T20:15:00.358Z", "expiracao": "1800"}}, CREATED_MS + 1_800_000, ["expired"]),
        ({"calendario": {}}, CREATED_MS + 10**12, []),
        ({"pix": [PIX]}, CREATED_MS + 1_800_000, []),
        ({"status": "REMOVIDA_PELO_USUARIO_RECEBEDOR"}, NOW_MS, ["expired"]),
        ({"status": "REMOVIDA_PELO_PSP"}, NOW_MS, ["expired"]),
        ({"status": "ALGO_NOVO"}, CREATED_MS + 10**12, []),
        ({"status": "CONCLUIDA"}, NOW_MS, ["paid"]),
        ({"status": "CONCLUIDA", "pix": [PIX]}, CREATED_MS + 10**12, ["paid"]),
        ({"status": "CONCLUIDA", "pix": [PIX | {"devolucoes": [RETURN]}]}, NOW_MS, ["paid", "refunded"]),
    ],
)
def test_a_query_tells_what_became_of_a_charge(changed: dict[str, Any], now_ms: int, expected: list[str]) -> None:
    account, _ = bank(now_ms, GET_cob=[(200, cob(**changed))])
    notices = list(account.query(ChargeReference(payment_id=PAYMENT)))
    assert kinds(notices) == expected
    assert {notice.payment_id for notice in notices} <= {PAYMENT}
    assert all(notice.proven for notice in notices)


def test_a_paid_charge_tells_amount_time_and_id_of_its_payment() -> None:
    document = sample("cobResponse2")
    account = Bank(Psp({f"GET /cob/{document['txid']}": [(200, document)]}))
    (paid,) = account.query(ChargeReference(charge_id=document["txid"]))
    assert (paid.amount_cents, paid.occurred_at_ms) == (11_000, CREATED_MS)
    assert paid.end_to_end_id == "E1234567820200909122120200808008"
    assert paid.payment_id == document["txid"]


def test_an_open_charge_of_the_standard_is_open() -> None:
    document = sample("cobResponse1")
    account = Bank(Psp({f"GET /cob/{document['txid']}": [(200, document)]}))
    assert account.query(ChargeReference(charge_id=document["txid"])) == []


def test_a_payment_of_another_system_is_asked_for_by_its_charge() -> None:
    txid = "7978c0c97ea847e78e8849634473c1f1"
    account = Bank(Psp({f"GET /cob/{txid}": [(200, cob(status="CONCLUIDA"))]}))
    (paid,) = account.query(ChargeReference(payment_id=PaymentId("9326"), charge_id=txid))
    assert paid.payment_id == "9326"


def test_what_is_not_there_tells_nothing() -> None:
    assert bank(GET_cob=[(404, {})])[0].query(ChargeReference(payment_id=PAYMENT)) == []
    assert Bank(Psp({})).query(ChargeReference(end_to_end_id="E" + "1" * 31)) == []


@pytest.mark.parametrize("answer", [(500, {}), (200, []), (200, {}), (200, b"<html>"), (200, {"status": 7})])
def test_a_query_without_a_usable_answer_may_be_tried_again(answer: tuple[int, object]) -> None:
    with pytest.raises(ProviderUnavailable):
        bank(GET_cob=[answer])[0].query(ChargeReference(payment_id=PAYMENT))


PAID = ChargeReference(payment_id=PAYMENT, end_to_end_id="E" + "1" * 31)


@pytest.mark.parametrize(
    ("refund_id", "sent"),
    [("r1", "r1"), ("A" * 35, "A" * 35), ("refund_01", None), ("A" * 36, None), ("", None)],
)
def test_a_refund_goes_under_an_id_that_the_standard_takes(refund_id: str, sent: str | None) -> None:
    psp = AnyReturn(201, sample("devolucaoResponse1"))
    Bank(psp).refund(PAID, 1234, refund_id)
    (asked,) = psp.asked
    start, _, written = (asked.path_url or "").rpartition("/")
    assert (asked.method, start) == ("PUT", f"/pix/E{'1' * 31}/devolucao")
    assert json.loads(asked.body or b"") == {"valor": "12.34"}
    assert written == (sent or hashlib.sha256(refund_id.encode()).hexdigest()[:32])


class AnyReturn(Psp):
    """Answers every call with the same."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__({})
        self._answer = status, body

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.answers = {f"{request.method} {request.path_url}": [self._answer]}
        return super().send(request)


def test_a_refund_finds_the_payment_by_its_charge() -> None:
    path = f"/pix/E{'1' * 31}/devolucao/r1"
    psp = Psp({f"GET /cob/{PAYMENT}": [(200, cob(status="CONCLUIDA", pix=[PIX]))], f"PUT {path}": [(201, {})]})
    Bank(psp).refund(ChargeReference(payment_id=PAYMENT), 4990, "r1")
    assert psp.answers[f"PUT {path}"] == []


def test_an_unpaid_charge_is_not_refunded() -> None:
    account, _ = bank(GET_cob=[(200, cob())])
    with pytest.raises(ProviderError, match="no PIX is known"):
        account.refund(ChargeReference(payment_id=PAYMENT), 4990, "r1")


@pytest.mark.parametrize(
    ("found", "refused"),
    [((200, RETURN), False), ((200, RETURN | {"status": "NAO_REALIZADO"}), True), ((404, {}), True)],
)
def test_a_refund_that_was_made_is_not_made_twice(found: tuple[int, object], refused: bool) -> None:  # noqa: FBT001 - a case
    path = f"/pix/E{'1' * 31}/devolucao/r1"
    account = Bank(Psp({f"PUT {path}": [(409, {})], f"GET {path}": [found]}))
    if not refused:
        account.refund(PAID, 4990, "r1")
        return
    with pytest.raises(ProviderError):
        account.refund(PAID, 4990, "r1")
