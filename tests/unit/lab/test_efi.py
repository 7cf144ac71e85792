"""Efí as the lab plays it, held against captured calls and the documentation; and the product's Efí against the lab's."""

import base64
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from lab.faults import Fault
from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Outgoing, PixCounterpart, Surroundings
from lab.pix.efi import SPEAKER, Efi
from lab.pix.notices import callback_url
from lab.state import Account, Config, State
from lab.wire import Answer, Call
from rastro.errors import NotAuthentic, ProviderError
from rastro.model import PaymentId
from rastro.pix.efi import Efi as OurEfi
from rastro.pix.provider import CallbackRequest, ChargeReference, ChargeRequest, Notice, NoticeKind, ProviderContext

DATA = Path(__file__).parents[2] / "data"
NOW_MS = 1_795_000_000_123
TXID = "01K9ZV3M5T7QW8E2R4Y6X0ABCD"
API = "http://api.example.com"
ACCOUNT = Account(
    provider="efi",
    bot_id="7",
    credentials={"client_id": "id-1", "client_secret": "secret-1", "pix_key": "ana@example.com", "webhook_secret": "hush"},
)
OTHER = Account(
    provider="efi",
    bot_id="8",
    credentials={"client_id": "id-2", "client_secret": "secret-2", "pix_key": "bia@example.com", "webhook_secret": "hush"},
)
ORDER: dict[str, Any] = {
    "calendario": {"expiracao": 600},
    "valor": {"original": "49.90"},
    "chave": "ana@example.com",
    "solicitacaoPagador": "Curso",
}


def sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["sample"]


def missing(given: Any, wanted: Any, where: str = "") -> list[str]:
    """Return which keys of a sample an answer lacks."""
    if isinstance(wanted, list) and isinstance(given, list):
        return [path for mine, theirs in zip(given, wanted, strict=False) for path in missing(mine, theirs, f"{where}[]")]
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            path
            for name, entry in wanted.items()
            for path in ([f"{where}.{name}"] if name not in given else missing(given[name], entry, f"{where}.{name}"))
        ]
    return []


class World:
    """The lab's Efí with two accounts, and whatever it sends."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.sent: list[tuple[Charge, Outgoing]] = []
        self.requests: list[dict[str, Any]] = []
        ids = count(1)
        new_id: Callable[[], str] = lambda: f"{next(ids):032x}"  # noqa: E731 - typed
        self.book = ChargeBook(now_ms=lambda: self.now_ms, new_id=new_id)
        surroundings = Surroundings(
            state=State(Config(api=API, accounts=(ACCOUNT, OTHER))),
            book=self.book,
            notifier=self,
            now_ms=lambda: self.now_ms,
            new_id=new_id,
            lab_url=lambda: "http://lab",
        )
        self.efi = Efi(surroundings)
        self.counterpart = PixCounterpart("efi", self.efi, now_ms=lambda: self.now_ms, requests=self.requests)

    def start(self, charge: Charge, outgoing: Outgoing) -> object:
        self.sent.append((charge, outgoing))
        return None

    def ask(self, method: str, path: str, authorization: str, **fields: Any) -> Answer:
        headers = {"authorization": authorization, **fields.pop("headers", {})}
        call = Call(method=method, path=path, headers=headers, fields=fields)
        answer = self.counterpart.work(call)
        self.counterpart.record(call, answer, None)
        return answer

    def token(self, account: Account = ACCOUNT) -> str:
        pair = f"{account.credentials['client_id']}:{account.credentials['client_secret']}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        token: str = self.ask("POST", "oauth/token", basic, grant_type="client_credentials").body["access_token"]
        return f"Bearer {token}"

    def call(self, method: str, path: str, account: Account = ACCOUNT, **fields: Any) -> Answer:
        return self.ask(method, path, self.token(account), **fields)

    def charge(self) -> Charge:
        assert self.call("PUT", f"v2/cob/{TXID}", **ORDER).status == 201
        return self.book.all()[0]

    def paid(self) -> Charge:
        charge = self.charge()
        self.book.pay(charge, amount_cents=None, payer_name="Ana da Silva")
        return charge


def test_a_charge_is_answered_in_the_providers_shape() -> None:
    answer = World().call("PUT", f"v2/cob/{TXID}", **ORDER)
    assert answer.status == 201
    assert missing(answer.body, sample("efi/create_cob")["create"]["response"]) == []
    assert answer.body["calendario"] == {"criacao": "2026-11-18T11:06:40.123Z", "expiracao": 600}
    assert (answer.body["txid"], answer.body["status"], answer.body["valor"]) == (TXID, "ATIVA", {"original": "49.90"})
    assert "540549.90" in answer.body["pixCopiaECola"]


def test_a_charge_is_made_once_and_then_shown() -> None:
    world = World()
    charge = world.charge()
    again = world.call("PUT", f"v2/cob/{TXID}", **ORDER)
    assert (again.status, again.body["nome"]) == (409, "txid_duplicado")
    shown = world.call("GET", f"v2/cob/{TXID}")
    assert (shown.status, shown.body["pixCopiaECola"]) == (200, charge.brcode)


def test_a_charge_is_shown_to_its_own_account_only() -> None:
    world = World()
    world.charge()
    for account, txid in ((OTHER, TXID), (ACCOUNT, "A" * 26)):
        answer = world.call("GET", f"v2/cob/{txid}", account)
        assert (answer.status, answer.body["nome"]) == (400, "cobranca_nao_encontrada")


def test_a_paid_charge_has_its_payment_and_what_was_given_back() -> None:
    world = World()
    charge = world.paid()
    world.book.refund(charge, refund_id="r1", amount_cents=990)
    shown = world.call("GET", f"v2/cob/{TXID}").body
    assert missing(shown, sample("bacen/cobResponse2")) == [".devedor", ".valor.modalidadeAlteracao"]
    assert (shown["status"], shown["pix"][0]["valor"], shown["pix"][0]["devolucoes"][0]["valor"]) == (
        "CONCLUIDA",
        "49.90",
        "9.90",
    )
    alone = world.call("GET", f"v2/pix/{charge.end_to_end_id}")
    assert (alone.status, alone.body) == (200, shown["pix"][0])


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer nobody",
        "Basic aWQtMTpzZWNyZXQtMQ==",
        "Basic aWQtMTpzZWNyZXQtMg==",
        "Basic aWQtOTpzZWNyZXQtMQ==",
        "Basic !",
        "id-1:secret-1",
    ],
)
def test_only_the_application_gets_a_token_and_only_a_token_gets_on(authorization: str) -> None:
    world = World()
    right = authorization == "Basic aWQtMTpzZWNyZXQtMQ=="
    assert world.ask("POST", "oauth/token", authorization, grant_type="client_credentials").status == (200 if right else 401)
    assert world.ask("GET", f"v2/cob/{TXID}", authorization).status == 401


def test_a_token_ends_after_an_hour() -> None:
    world = World()
    token = world.token()
    world.now_ms += 3_599_999
    assert world.ask("GET", f"v2/cob/{TXID}", token).status == 400
    world.now_ms += 1
    assert world.ask("GET", f"v2/cob/{TXID}", token).status == 401


def test_another_grant_is_refused() -> None:
    answer = World().ask("POST", "oauth/token", "Basic aWQtMTpzZWNyZXQtMQ==", grant_type="password")
    assert (answer.status, answer.body["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("txid", "change", "name"),
    [
        ("A" * 25, {}, "valor_invalido"),
        ("A" * 36, {}, "valor_invalido"),
        ("A" * 25 + "-", {}, "valor_invalido"),
        (TXID, {"calendario": {"expiracao": 0}}, "valor_invalido"),
        (TXID, {"calendario": {"expiracao": "600"}}, "valor_invalido"),
        (TXID, {"calendario": None}, "valor_invalido"),
        (TXID, {"valor": {"original": 49.9}}, "valor_invalido"),
        (TXID, {"valor": {"original": 4990}}, "valor_invalido"),
        (TXID, {"valor": {"original": "49.9"}}, "valor_invalido"),
        (TXID, {"valor": {"original": "49,90"}}, "valor_invalido"),
        (TXID, {"valor": {"original": "0.00"}}, "valor_invalido"),
        (TXID, {"valor": {}}, "valor_invalido"),
        (TXID, {"chave": "bia@example.com"}, "chave_invalida"),
        (TXID, {"chave": None}, "chave_invalida"),
        (TXID, {"solicitacaoPagador": "x" * 141}, "valor_invalido"),
    ],
)
def test_a_wrong_order_is_refused(txid: str, change: dict[str, Any], name: str) -> None:
    answer = World().call("PUT", f"v2/cob/{txid}", **(ORDER | change))
    assert (answer.status, answer.body["nome"], list(answer.body)) == (400, name, ["nome", "mensagem"])


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "v2/cob"), ("POST", f"v2/cob/{TXID}"), ("PUT", f"v1/cob/{TXID}"), ("GET", "v2/loc/1")]
)
def test_what_the_lab_does_not_speak_is_not_found(method: str, path: str) -> None:
    assert World().call(method, path).status == 404


def test_a_notice_has_the_shape_of_a_captured_one() -> None:
    world = World()
    (outgoing,) = world.efi.paid(world.paid())
    captured = sample("efi/webhook_pix_real_sandbox")
    notice = json.loads(outgoing.body)
    assert missing(notice, captured) == [".pix[].gnExtras.pagador.cnpj"]
    assert missing(captured, notice) == [".pix[].gnExtras.pagador.cpf"]
    assert (notice["pix"][0]["valor"], notice["pix"][0]["horario"]) == ("49.90", "2026-11-18T11:06:40.123Z")
    assert notice["pix"][0]["gnExtras"]["pagador"]["nome"] == "Ana da Silva"
    assert outgoing.headers["Content-Type"] == "application/json;charset=utf-8"


def test_a_notice_of_a_return_has_the_standards_shape() -> None:
    world = World()
    charge = world.paid()
    (outgoing,) = world.efi.refunded(charge, world.book.refund(charge, refund_id="r1", amount_cents=990))
    (pix,) = json.loads(outgoing.body)["pix"]
    assert missing(pix, sample("bacen/pixResponse1")) == []
    (back,) = pix["devolucoes"]
    assert (back["id"], back["valor"], back["status"]) == ("r1", "9.90", "DEVOLVIDO")


def test_the_end_of_a_charge_and_a_dispute_are_not_told() -> None:
    world = World()
    charge = world.charge()
    world.book.expire(charge)
    assert world.efi.expired(charge) == []
    assert world.call("GET", f"v2/cob/{TXID}").body["status"] == "ATIVA"
    assert world.efi.disputed(charge) == []


@pytest.mark.parametrize(
    ("registered", "called"),
    [
        (None, f"{API}/pix/efi/7?hmac=hush&ignorar=/pix"),
        ("https://x/pix/efi/7?hmac=s&ignorar=", "https://x/pix/efi/7?hmac=s&ignorar=/pix"),
        ("https://x/pix/efi/7?hmac=s", "https://x/pix/efi/7?hmac=s/pix"),
        ("https://x/pix/efi/7", "https://x/pix/efi/7/pix"),
        ("http://127.0.0.1:8700/pix/efi/7?a=", "http://127.0.0.1:8700/pix/efi/7?a=/pix"),
    ],
)
def test_a_notice_goes_to_the_address_with_pix_at_its_end(registered: str | None, called: str) -> None:
    world = World()
    charge = world.paid()
    if registered:
        answer = world.call(
            "PUT", "v2/webhook/ana%40example.com", webhookUrl=registered, headers={"x-skip-mtls-checking": "true"}
        )
        assert answer.status == 201
        assert world.call("GET", "v2/webhook/ana%40example.com").body["webhookUrl"] == registered
    (outgoing,) = world.efi.paid(charge)
    assert callback_url(API, charge, outgoing) == called


@pytest.mark.parametrize(
    ("key", "url", "skip", "name"),
    [
        ("ana@example.com", "https://x/", "false", "webhook_invalido"),
        ("ana@example.com", "http://go.example.com/", "true", "valor_invalido"),
        ("ana@example.com", None, "true", "valor_invalido"),
        ("bia@example.com", "https://x/", "true", "chave_invalida"),
    ],
)
def test_a_wrong_webhook_is_refused(key: str, url: str | None, skip: str, name: str) -> None:
    answer = World().call("PUT", f"v2/webhook/{key}", webhookUrl=url, headers={"x-skip-mtls-checking": skip})
    assert (answer.status, answer.body["nome"]) == (400, name)


def test_a_key_without_a_webhook_says_so() -> None:
    answer = World().call("GET", "v2/webhook/ana@example.com")
    assert (answer.status, answer.body["nome"]) == (400, "webhook_nao_encontrado")


def test_a_refund_is_made_once_and_told() -> None:
    world = World()
    charge = world.paid()
    path = f"v2/pix/{charge.end_to_end_id}/devolucao"
    assert world.call("GET", f"{path}/r1").body["nome"] == "devolucao_nao_encontrada"
    made = world.call("PUT", f"{path}/r1", valor="9.90")
    assert (made.status, missing(made.body, sample("bacen/devolucaoResponse1"))) == (201, [])
    assert made.body["status"] == "EM_PROCESSAMENTO"
    again = world.call("PUT", f"{path}/r1", valor="9.90")
    assert (again.status, again.body["nome"]) == (409, "devolucao_id_duplicado")
    assert world.call("PUT", f"{path}/r2", valor="40.01").status == 400
    assert world.call("PUT", f"{path}/r-2", valor="40.00").status == 400
    assert world.call("PUT", f"{path}/r2", valor=40).status == 400
    assert world.call("PUT", "v2/pix/E0/devolucao/r1", valor="9.90").body["nome"] == "pix_nao_encontrado"
    assert world.call("GET", f"{path}/r1").body["status"] == "DEVOLVIDO"
    assert [outgoing.event for _, outgoing in world.sent] == ["devolucao"]


def test_faults_read_as_the_providers() -> None:
    counterpart, call = World().counterpart, Call(method="GET", path="")
    assert counterpart.faulty(Fault(mode="http_500"), call).body["nome"] == "erro_aplicacao"
    assert counterpart.faulty(Fault(mode="token_error"), call).body["error"] == "invalid_token"
    assert counterpart.faulty(Fault(mode="throttle"), call).status == 429


def test_it_tries_ten_times_more_until_a_2xx() -> None:
    minutes = [seconds / 60 for seconds in SPEAKER.retries.waits_seconds]
    assert minutes == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 52560]
    assert [status for status in (200, 204, 302, 401, 429, 500) if SPEAKER.retries.accepts(status)] == [200, 204]


def test_no_record_holds_a_secret() -> None:
    world = World()
    world.charge()
    assert "secret-1" not in repr(world.requests)


class Wire(requests.adapters.BaseAdapter):
    """Takes the product's calls to the lab without a socket."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        call = Call(
            method=request.method or "",
            path=urlsplit(request.url or "").path.removeprefix("/efi/"),
            headers={name.lower(): str(value) for name, value in request.headers.items()},
            fields=json.loads(request.body or b"{}"),
        )
        answer = self._world.counterpart.work(call)
        response = requests.Response()
        response.status_code, response._content = answer.status, json.dumps(answer.body).encode()
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


def our_efi(world: World, account: Account = ACCOUNT, **changed: str) -> OurEfi:
    session = requests.Session()
    session.mount("http://", Wire(world))
    credentials = {**account.credentials, "api_url": "http://lab.example.com/efi", "source_ips": "127.0.0.1", **changed}
    return OurEfi(ProviderContext(credentials=credentials, now_ms=lambda: world.now_ms), session)


def heard(ours: OurEfi, charge: Charge, outgoing: Outgoing) -> list[Notice]:
    """Return what the product makes of a notice, asking where it proves nothing."""
    query = urlsplit(callback_url(API, charge, outgoing)).query
    callback = CallbackRequest(body=outgoing.body, headers={}, raw_query=query, source_ip="127.0.0.1")
    ours.authenticate(callback)
    (notice,) = ours.parse_notices(callback)
    assert not notice.proven
    return list(
        ours.query(ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id, end_to_end_id=notice.end_to_end_id))
    )


OUR_ORDER = ChargeRequest(payment_id=PaymentId(TXID), amount_cents=4990, description="Curso", expires_in_seconds=600)


def test_a_sale_from_order_to_refund_between_product_and_lab() -> None:
    world = World()
    ours = our_efi(world)
    ours.check()
    assert ours.register_callback("http://127.0.0.1:8700/pix/efi/7")
    made = ours.create_charge(OUR_ORDER)
    assert made == ours.create_charge(OUR_ORDER)
    assert made.expires_at_ms == NOW_MS + 600_000
    reference = ChargeReference(payment_id=PaymentId(TXID))
    assert ours.query(reference) == []
    (charge,) = world.book.all()
    world.book.pay(charge, amount_cents=None, payer_name="Ana")
    (paid,) = heard(ours, charge, world.efi.paid(charge)[0])
    assert (paid.kind, paid.payment_id, paid.amount_cents) == (NoticeKind.PAID, TXID, 4990)
    assert (paid.end_to_end_id, paid.occurred_at_ms) == (charge.end_to_end_id, NOW_MS)
    ours.refund(reference, 990, "first_refund")
    ours.refund(reference, 990, "first_refund")
    ((refunded_charge, outgoing),) = world.sent
    _, refunded = heard(ours, refunded_charge, outgoing)
    assert (refunded.kind, refunded.amount_cents, refunded.partial) == (NoticeKind.REFUNDED, 990, True)
    with pytest.raises(ProviderError):
        ours.refund(reference, 4001, "second")


def test_a_charge_that_nobody_paid_expires_when_asked() -> None:
    world = World()
    ours = our_efi(world)
    ours.create_charge(OUR_ORDER)
    world.now_ms += 600_000
    (expired,) = ours.query(ChargeReference(payment_id=PaymentId(TXID)))
    assert (expired.kind, expired.payment_id) == (NoticeKind.EXPIRED, TXID)


def test_another_account_learns_nothing() -> None:
    world = World()
    charge = world.paid()
    assert our_efi(world, OTHER).query(ChargeReference(payment_id=PaymentId(TXID))) == []
    with pytest.raises(NotAuthentic):
        heard(our_efi(world, OTHER, webhook_secret="another"), charge, world.efi.paid(charge)[0])


def test_credentials_that_the_lab_does_not_know_are_refused() -> None:
    with pytest.raises(ProviderError, match="client_id"):
        our_efi(World(), client_secret="wrong").check()
