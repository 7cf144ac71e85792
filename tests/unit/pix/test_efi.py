"""Efí, by captured notices and the shapes of its documentation."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from rastro.errors import InvalidInput, NotAuthentic, ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.efi import ONBOARDING, Efi, open_provider
from rastro.pix.onboarding import Onboards
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, NoticeKind, ProviderContext

DATA = Path(__file__).parents[2] / "data" / "efi"
PAYMENT = PaymentId("01K9ZV3M5T7QW8E2R4Y6X0ABCD")
NOW_MS = 1_790_000_000_000
EFI_IP = "34.193.116.226"
CREDENTIALS = {
    "client_id": "Client_Id_1",
    "client_secret": "Client_Secret_1",
    "pix_key": "ana@example.com",
    "webhook_secret": "hush",
}
ORDER = ChargeRequest(payment_id=PAYMENT, amount_cents=50, description="Curso", expires_in_seconds=3600)
TOKEN = (200, {"access_token": "jwt-1", "token_type": "Bearer", "expires_in": 3600, "scope": "cob.read"})
NOT_FOUND = {"nome": "cobranca_nao_encontrada", "mensagem": "Nenhuma cobrança encontrada para o txid informado"}
PAID_COB = {
    "calendario": {"criacao": "2026-09-21T14:13:20.000Z", "expiracao": 3600},
    "txid": PAYMENT,
    "status": "CONCLUIDA",
    "pix": [{"endToEndId": "E" + "1" * 31, "txid": PAYMENT, "valor": "0.50", "horario": "2026-09-21T14:14:00.000Z"}],
}


def sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


class Wire(requests.adapters.BaseAdapter):
    """Answers in turn, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code, body = self.answers.pop(0)
        response._content = json.dumps(body).encode()
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


def account(*answers: tuple[int, object], **credentials: str) -> tuple[Efi, Wire]:
    wire, session = Wire(*answers), requests.Session()
    session.mount("https://", wire)
    return Efi(ProviderContext(credentials=CREDENTIALS | credentials, now_ms=lambda: NOW_MS), session), wire


def callback(body: object = None, query: str = "hmac=hush&ignorar=/pix", source_ip: str | None = EFI_IP) -> CallbackRequest:
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return CallbackRequest(body=raw, headers={}, raw_query=query, source_ip=source_ip)


@pytest.mark.parametrize(
    "query", ["hmac=hush&ignorar=/pix", "hmac=hush&ignorar=", "hmac=hush", "hmac=hush/pix", "ignorar=&hmac=hush"]
)
def test_the_secret_of_the_address_is_authentic(query: str) -> None:
    account()[0].authenticate(callback(query=query))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hmac=",
        "hmac=/pix",
        "hmac=Hush",
        "hmac=hush2",
        "hmac=hush/pix/pix",
        "hmac=hush&hmac=hush",
        "hmac=other&hmac=hush",
        "HMAC=hush",
        "xhmac=hush",
        "hmac=%FF%FE",
        "hmac=é",
        "&".join(["hmac=hush", *("a=1" for _ in range(50))]),
    ],
)
def test_another_secret_is_refused(query: str) -> None:
    with pytest.raises(NotAuthentic):
        account()[0].authenticate(callback(query=query))


@pytest.mark.parametrize("source_ip", [None, "", "34.193.116.227", "127.0.0.1", "not an address", "::1"])
def test_another_caller_is_refused(source_ip: str | None) -> None:
    with pytest.raises(NotAuthentic):
        account()[0].authenticate(callback(source_ip=source_ip))


@pytest.mark.parametrize("listed", ["127.0.0.1", "10.0.0.0/8, 127.0.0.1", "::1 127.0.0.0/8"])
def test_the_callers_can_be_others(listed: str) -> None:
    efi, _ = account(source_ips=listed)
    efi.authenticate(callback(source_ip="127.0.0.1"))
    with pytest.raises(NotAuthentic):
        efi.authenticate(callback(source_ip=EFI_IP))


@pytest.mark.parametrize(("name", "value"), [("webhook_secret", ""), ("source_ips", "efipay.com.br")])
def test_what_is_not_set_right_fails_closed(name: str, value: str) -> None:
    with pytest.raises(SecretMissing):
        account(**{name: value})[0].authenticate(callback(query="hmac=" if name == "webhook_secret" else "hmac=hush"))


def test_a_captured_notice_gives_cause_to_ask() -> None:
    (notice,) = account()[0].parse_notices(callback(sample("webhook_pix_real_sandbox")))
    assert (notice.kind, notice.proven) == (NoticeKind.PAID, False)
    assert notice.payment_id == "ca1b8194ccf14c518b5d46adbb28684e"
    assert notice.amount_cents == 900
    assert notice.end_to_end_id == "E09089356202508221544APIb936fb54"
    assert notice.payer_name == "CONSULTORIA TÉCNICA EFÍ"


SENT = {
    "endToEndId": "E090893562021030PIf25a7868",
    "chave": "2c3c7441-b91e-4982-3c25-6105581e18ae",
    "tipo": "SOLICITACAO",
    "status": "REALIZADO",
    "valor": "0.01",
    "horario": None,
    "gnExtras": {"idEnvio": "123ABC"},
}


@pytest.mark.parametrize("body", [b"", b"{}", b' {"pix": []}', sample("webhook_registration_probe"), {"pix": [SENT]}])
def test_a_probe_and_money_that_we_sent_are_ignored(body: object) -> None:
    (notice,) = account()[0].parse_notices(callback(body))
    assert notice.kind is NoticeKind.IGNORED


def test_each_charge_of_a_notice_is_asked_about_once() -> None:
    pix = {"txid": PAYMENT, "valor": "0.50", "devolucoes": [{"id": "r1", "valor": "0.10", "status": "DEVOLVIDO"}]}
    other = {"txid": PAYMENT[:-1] + "E", "valor": "0.50"}
    notices = account()[0].parse_notices(callback({"pix": [pix, pix, other, SENT]}))
    assert [(notice.kind, notice.payment_id, notice.proven) for notice in notices] == [
        (NoticeKind.REFUNDED, PAYMENT, False),
        (NoticeKind.PAID, other["txid"], False),
    ]


def test_a_huge_notice_is_read() -> None:
    body = {"pix": [{"txid": f"{number:026d}", "valor": "1.00"} for number in range(4000)]}
    assert len(account()[0].parse_notices(callback(body))) == 4000


@pytest.mark.parametrize("body", [b"pix=1&txid=2", b"[]", b"\x00"])
def test_a_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        account()[0].parse_notices(callback(body))


def test_a_charge_is_made_with_a_token_of_the_application() -> None:
    created = sample("create_cob")["create"]["response"] | {"txid": PAYMENT}
    efi, wire = account(TOKEN, (201, created))
    charge = efi.create_charge(ORDER)
    assert (charge.charge_id, charge.brcode) == (PAYMENT, created["pixCopiaECola"])
    oauth, order = wire.asked
    documented = sample("create_cob")
    assert oauth.url == documented["oauth"]["url"]
    assert json.loads(oauth.body or b"") == documented["oauth"]["request"]
    assert oauth.headers["Authorization"] == "Basic " + base64.b64encode(b"Client_Id_1:Client_Secret_1").decode()
    assert (order.method, order.url) == ("PUT", f"https://pix.api.efipay.com.br/v2/cob/{PAYMENT}")
    assert order.headers["Authorization"] == "Bearer jwt-1"
    sent = json.loads(order.body or b"")
    assert sent.keys() == documented["create"]["request"].keys()
    assert (sent["valor"], sent["chave"]) == ({"original": "0.50"}, "ana@example.com")


def test_one_token_serves_many_calls_and_a_refused_one_is_renewed() -> None:
    paid, late = (200, PAID_COB), (401, {"error": "invalid_token"})
    efi, wire = account(TOKEN, paid, paid, late, (200, {**TOKEN[1], "access_token": "jwt-2"}), paid)
    for _ in range(3):
        efi.query(ChargeReference(payment_id=PAYMENT))
    assert [asked.headers["Authorization"][:12] for asked in wire.asked] == [
        "Basic Q2xpZW",
        *["Bearer jwt-1"] * 3,
        "Basic Q2xpZW",
        "Bearer jwt-2",
    ]


@pytest.mark.parametrize("answer", [(500, {}), (200, {}), (200, []), (200, {"access_token": ""})])
def test_no_token_may_be_tried_again(answer: tuple[int, object]) -> None:
    with pytest.raises(ProviderUnavailable):
        account(answer)[0].create_charge(ORDER)


def test_a_charge_that_was_made_is_found() -> None:
    found = {**PAID_COB, "status": "ATIVA", "pixCopiaECola": "the first"}
    duplicate = {"nome": "txid_duplicado", "mensagem": "Campo txid informado já foi utilizado em outra cobrança"}
    efi, _ = account(TOKEN, (409, duplicate), (200, found))
    assert efi.create_charge(ORDER).brcode == "the first"


def test_a_refused_order_stays_refused_and_its_error_says_nothing_of_it() -> None:
    refused = {"nome": "chave_invalida", "mensagem": "A chave ana@example.com não é desta conta"}
    efi, _ = account(TOKEN, (400, refused), (400, NOT_FOUND))
    with pytest.raises(ProviderError) as caught:
        efi.create_charge(ORDER)
    assert str(caught.value) == "efi refused the call with 400"


def test_a_query_proves_what_became_of_a_charge() -> None:
    efi, _ = account(TOKEN, (200, PAID_COB))
    (paid,) = efi.query(ChargeReference(payment_id=PAYMENT))
    assert (paid.kind, paid.proven, paid.payment_id) == (NoticeKind.PAID, True, PAYMENT)
    assert (paid.amount_cents, paid.end_to_end_id) == (50, "E" + "1" * 31)


def test_an_unknown_charge_tells_nothing_though_efi_answers_400() -> None:
    efi, _ = account(TOKEN, (400, NOT_FOUND))
    assert efi.query(ChargeReference(payment_id=PAYMENT)) == []


@pytest.mark.parametrize("refused", [{}, {"nome": "valor_invalido"}, {"nome": ["cobranca_nao_encontrada"]}, []])
def test_another_refusal_of_a_query_is_an_error(refused: object) -> None:
    efi, _ = account(TOKEN, (400, refused))
    with pytest.raises(ProviderError):
        efi.query(ChargeReference(payment_id=PAYMENT))


def test_a_refund_that_was_made_is_found() -> None:
    made = {"id": "r1", "valor": "0.50", "status": "EM_PROCESSAMENTO"}
    efi, wire = account(TOKEN, (409, {"nome": "devolucao_id_duplicado"}), (200, made))
    efi.refund(ChargeReference(payment_id=PAYMENT, end_to_end_id="E" + "1" * 31), 50, "r1")
    assert wire.asked[-1].url == f"https://pix.api.efipay.com.br/v2/pix/E{'1' * 31}/devolucao/r1"


def test_the_callback_is_registered_with_the_secret_and_without_mutual_tls() -> None:
    efi, wire = account(TOKEN, (201, {}), webhook_secret="a&b/ç")
    assert isinstance(efi, Onboards)
    assert efi.register_callback("https://go.example.com/pix/efi/7")
    asked, documented = wire.asked[-1], sample("create_cob")["webhook"]
    assert (asked.method, asked.path_url) == ("PUT", "/v2/webhook/ana%40example.com")
    assert documented["headers"].items() <= dict(asked.headers).items()
    (url,) = json.loads(asked.body or b"").values()
    assert url == "https://go.example.com/pix/efi/7?hmac=a%26b%2F%C3%A7&ignorar="
    efi.authenticate(callback(query=url.partition("?")[2] + "/pix"))


def test_nothing_is_registered_without_a_secret() -> None:
    with pytest.raises(SecretMissing):
        account(webhook_secret="")[0].register_callback("https://go.example.com/pix/efi/7")


@pytest.mark.parametrize("answer", [(200, {"webhookUrl": "https://x"}), (400, {"nome": "webhook_nao_encontrado"}), (404, {})])
def test_good_credentials_pass_the_check(answer: tuple[int, object]) -> None:
    account(TOKEN, answer)[0].check()


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([(401, {"error": "invalid_client"})] * 2, "client_id and client_secret"),
        ([(401, {})] * 2, "these credentials"),
        ([TOKEN, (403, {})], "lacks a scope"),
        ([TOKEN, (400, {"nome": "chave_invalida"})], "pix_key"),
        ([TOKEN, (400, {"nome": "outra"})], "refused the call with 400"),
    ],
)
def test_the_check_says_what_is_wrong(answers: list[tuple[int, object]], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        account(*answers)[0].check()


def test_a_webhook_that_efi_could_not_call_is_told() -> None:
    refused = {"nome": "webhook_invalido", "mensagem": "A URL informada respondeu com o código HTTP 401"}
    with pytest.raises(ProviderError, match="did not get the answer 200"):
        account(TOKEN, (400, refused))[0].register_callback("https://go.example.com/pix/efi/7")


@pytest.mark.parametrize("credentials", [{}, {"certificate_pem": " "}, {"api_url": "https://pix-h.api.efipay.com.br"}])
def test_the_real_api_is_never_called_without_a_certificate(credentials: dict[str, str]) -> None:
    with pytest.raises(SecretMissing, match="certificate_pem"):
        open_provider(ProviderContext(credentials=CREDENTIALS | credentials, now_ms=lambda: NOW_MS))


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\ud800"])
def test_a_certificate_that_cannot_be_read_is_missing(pem: str) -> None:
    with pytest.raises(SecretMissing) as caught:
        open_provider(ProviderContext(credentials=CREDENTIALS | {"certificate_pem": pem}, now_ms=lambda: NOW_MS))
    assert "nonsense" not in str(caught.value)


def test_the_laboratory_needs_no_certificate() -> None:
    context = ProviderContext(credentials=CREDENTIALS | {"api_url": "http://127.0.0.1:8701/efi"}, now_ms=lambda: NOW_MS)
    assert isinstance(open_provider(context), Efi)


def test_the_seller_is_told_of_every_credential_and_of_its_size() -> None:
    by_name = {field.name: field for field in ONBOARDING.fields}
    assert by_name.keys() == {*CREDENTIALS, "certificate_pem", "source_ips", "api_url"}
    assert by_name["certificate_pem"].multiline
    assert "Intelligent-Tiering" in by_name["certificate_pem"].help
    assert by_name["webhook_secret"].generated
    assert "https://x/pix/efi/7?hmac=" in ONBOARDING.steps("https://x/pix/efi/7")[-1]
