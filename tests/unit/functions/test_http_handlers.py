"""What the three HTTP functions answer, on a deployment in memory."""

import base64
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from functions.payment_webhook import app as payment_webhook
from functions.payment_webhook.app import Dependencies as PaymentDependencies
from functions.redirect import app as redirect
from functions.redirect.app import Dependencies as RedirectDependencies
from functions.redirect.settings import Settings
from functions.telegram_webhook import app as telegram_webhook
from functions.telegram_webhook.app import Dependencies as TelegramDependencies
from rastro.gateway import HttpRequest, HttpResponse
from rastro.model import FunnelMode, Payment, PaymentStatus
from rastro.pix.accounts import PixAccounts
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import AD_QUERY, BOT, FUNNEL, IPHONE, SLUG, World

SETTINGS = Settings.from_environment(
    {
        "SECRETS_PREFIX": "/rastro/test",
        "CLICK_TABLE": "click",
        "BOT_USER_TABLE": "bot_user",
        "FUNNEL_TABLE": "funnel",
        "CAPI_QUEUE_URL": "http://queue",
        "TRUSTED_ADDRESS_HEADER": "x-viewer",
        "TRUSTED_COUNTRY_HEADER": "X-Viewer-Country",
        "PUBLIC_URL": "https://go.example.com/",
    }
)
PAGE = replace(FUNNEL, mode=FunnelMode.PAGE)
SECRETS = {
    f"bots/{BOT}/webhook-secret": "telegram-secret",
    f"providers/openpix/{BOT}": json.dumps({"app_id": "app", "webhook_secret": "pix-secret"}),
}


def _request(
    method: str,
    path: str,
    parameters: dict[str, str],
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    **more: Any,
) -> HttpRequest:
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"user-agent": IPHONE} | (headers or {}),
        "pathParameters": parameters,
        "requestContext": {"domainName": "api.example.com", "http": {"method": method, "path": path, "sourceIp": "10.0.0.1"}},
        "isBase64Encoded": body is not None,
    }
    if body is not None:
        event["body"] = base64.b64encode(body).decode()
    return HttpRequest(event | more)


def _go(world: World, slug: str = SLUG, settings: Settings = SETTINGS, **more: Any) -> HttpResponse:
    request = _request("GET", f"/go/{slug}", {"slug": slug}, **more)
    return redirect.handle(RedirectDependencies(settings=settings, redirect=world.redirect), request)


def test_the_redirect_answers_302_that_nobody_keeps() -> None:
    world = World()
    answer = _go(world, query=AD_QUERY, headers={"x-viewer": "177.1.2.3:443", "x-forwarded-for": "8.8.8.8"})
    assert answer.status == 302
    assert answer.headers["location"].startswith("https://t.me/pao_bot?start=")
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.cookies) == 3
    (click,) = world.clicks.clicks.values()
    assert click.click_ip == "177.1.2.3"
    assert click.event_source_url == "https://go.example.com/go/curso"


def test_cookies_are_read_as_a_list_and_as_a_header() -> None:
    world = World()
    cookies = [header.split(";")[0] for header in _go(world).cookies]
    as_list = _go(world, cookies=cookies).cookies
    as_header = _go(world, headers={"cookie": "; ".join(cookies)}).cookies
    assert as_list[0] == as_header[0]


@pytest.mark.parametrize("address", ["not an address", "8.8.8.8, 177.1.2.3", "8.8.8.8,177.1.2.3:443", "", "[", "1.2.3.4:x:y"])
def test_a_broken_address_is_none(address: str) -> None:
    world = World()
    _go(world, headers={"x-viewer": address})
    (click,) = world.clicks.clicks.values()
    assert click.click_ip is None


FORGERIES = dict.fromkeys(
    (
        *("x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"),
        *("fastly-client-ip", "cloudfront-viewer-address", "x-cluster-client-ip", "x-original-forwarded-for", "via"),
    ),
    "8.8.8.8",
)


@pytest.mark.parametrize(
    ("trusted_header", "headers", "address"),
    [
        ("", {}, "10.0.0.1"),  # what API Gateway saw
        ("", {"x-viewer": "8.8.8.8"}, "10.0.0.1"),
        ("x-viewer", {"x-viewer": "177.1.2.3:443"}, "177.1.2.3"),
        ("X-Viewer", {"X-VIEWER": "2804:14c::1"}, "2804:14c::1"),
        ("x-viewer", {"x-viewer": "[2804:14c::1]:443"}, "2804:14c::1"),
        ("x-viewer", {}, None),  # who came past the proxy is nobody, not whom they say they are
    ],
)
def test_a_forged_address_never_wins(trusted_header: str, headers: dict[str, str], address: str | None) -> None:
    world = World()
    _go(world, settings=replace(SETTINGS, trusted_address_header=trusted_header), headers=FORGERIES | headers)
    (click,) = world.clicks.clicks.values()
    assert click.click_ip == address


@pytest.mark.parametrize(
    ("trusted_header", "headers", "says"),
    [
        ("X-Viewer-Country", {"x-viewer-country": "PT"}, "não está disponível no seu país"),
        ("X-Viewer-Country", {"x-viewer-country": "pt"}, "não está disponível no seu país"),
        ("X-Viewer-Country", {"x-viewer-country": "BR"}, "Abrir no Telegram"),
        ("X-Viewer-Country", {"x-viewer-country": "XX"}, "Abrir no Telegram"),
        ("X-Viewer-Country", {"x-viewer-country": "Portugal"}, "Abrir no Telegram"),
        ("X-Viewer-Country", {"cloudfront-viewer-country": "PT", "cf-ipcountry": "PT"}, "Abrir no Telegram"),
        ("", {"x-viewer-country": "PT", "": "PT"}, "Abrir no Telegram"),
    ],
)
def test_a_country_counts_from_the_trusted_header_only(trusted_header: str, headers: dict[str, str], says: str) -> None:
    world = World(replace(PAGE, countries=("BR",)))
    answer = _go(world, settings=replace(SETTINGS, trusted_country_header=trusted_header), headers=headers)
    assert answer.status == 200
    assert says in answer.body
    assert (not world.clicks.clicks, not answer.cookies) == ("disponível" in says, "disponível" in says)


def test_a_paused_funnel_has_a_page_of_its_own() -> None:
    answer = _go(World(replace(FUNNEL, paused=True)))
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert "Estamos em uma pausa" in answer.body
    assert not answer.cookies


def test_the_page_has_the_clicks_link_cookies_and_page_view() -> None:
    world = World(PAGE)
    answer = _go(world, query=AD_QUERY)
    (click,) = world.clicks.clicks.values()
    assert answer.status == 200
    assert f'href="https://t.me/pao_bot?start={click.tracking_token}"' in answer.body
    assert f'"event":"{click.pageview_event_id}","pixels":["1000000000000001","1000000000000002"]' in answer.body
    assert len(answer.cookies) == 3
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "https://connect.facebook.net" in answer.headers["content-security-policy"]


def test_every_page_has_a_policy_nonce_of_its_own() -> None:
    world = World(PAGE)
    policies = {_go(world).headers["content-security-policy"] for _ in range(5)}
    assert len(policies) == 5


def test_a_preview_shows_the_funnel_and_no_token() -> None:
    answer = _go(World(PAGE), headers={"user-agent": "TelegramBot (like TwitterBot)"})
    assert answer.status == 200
    assert 'content="Curso de Pão"' in answer.body
    assert 'href="https://t.me/pao_bot"' in answer.body
    assert "<script" not in answer.body
    assert not answer.cookies


@pytest.mark.parametrize("headers", [{"sec-purpose": "prefetch"}, {"x-moz": "prefetch"}])
def test_a_prefetch_gets_an_answer_without_a_token(headers: dict[str, str]) -> None:
    answer = _go(World(PAGE), headers=headers)
    assert (answer.status, answer.body, answer.cookies) == (204, "", ())


@pytest.mark.parametrize("slug", ["nada", "a b", "../x", "bot#7000000001", "x" * 65, ""])
def test_an_unknown_slug_gets_an_honest_page(slug: str) -> None:
    answer = _go(World(), slug=slug)
    assert answer.status == 404
    assert "Link não encontrado" in answer.body
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_nothing_foresaw_still_redirects() -> None:
    world = World()

    def fall_over(_click: object) -> None:
        raise ZeroDivisionError

    world.clicks.put = fall_over  # type: ignore[assignment, method-assign] # a fault that no port declares
    answer = _go(world)
    assert (answer.status, answer.headers["location"]) == (302, "https://t.me/pao_bot")


def test_the_beacon_takes_json_and_refuses_anything_else() -> None:
    world = World(PAGE)
    wired = RedirectDependencies(settings=SETTINGS, redirect=world.redirect)
    nonce = world.visit("").nonce

    def seen(body: bytes) -> int:
        return redirect.handle(wired, _request("POST", f"/go/{SLUG}/seen", {"slug": SLUG}, body=body)).status

    assert seen(json.dumps({"n": nonce, "fbp": None, "fbc": "fb.1.1790000000000.x"}).encode()) == 204
    assert seen(json.dumps({"n": "x", "fbp": None, "fbc": None}).encode()) == 403
    for body in (b"", b"[]", b"{", b"{}", b'{"n": 1}', b" " * 9000):
        assert seen(body) == 400


def test_status_says_whether_the_start_arrived() -> None:
    world = World(PAGE)
    wired = RedirectDependencies(settings=SETTINGS, redirect=world.redirect)
    passage = world.visit()
    request = _request("GET", f"/go/{SLUG}/status", {"slug": SLUG}, query=f"n={passage.nonce}")
    assert passage.click
    assert json.loads(redirect.handle(wired, request).body) == {"started": False, "code": passage.click.tracking_token}
    world.start(passage.click.tracking_token)
    assert json.loads(redirect.handle(wired, request).body)["started"] is True
    assert redirect.handle(wired, _request("GET", f"/go/{SLUG}/status", {"slug": SLUG}, query="n=x")).status == 403


UPDATE = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "from": {"id": 1111, "is_bot": False, "first_name": "Ana"},
        "chat": {"id": 1111, "type": "private"},
        "date": 1,
        "text": "/start",
    },
}


def _telegram(
    world: World, secret: str | None = "telegram-secret", body: bytes | None = None, secrets: dict[str, str] | None = None
) -> int:
    store = InMemorySecrets(**(SECRETS | (secrets or {})))
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    request = _request(
        "POST", f"/telegram/{BOT}", {"bot_id": BOT}, headers=headers, body=json.dumps(UPDATE).encode() if body is None else body
    )
    return telegram_webhook.handle(TelegramDependencies(public_url="", secrets=store, queue=world.turns), request).status


def test_an_update_with_the_right_secret_is_handled() -> None:
    world = World()
    assert _telegram(world) == 200
    assert len(world.bot.said) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "telegram-secret ", "é"])
def test_an_update_with_another_secret_changes_nothing(secret: str | None) -> None:
    world = World()
    assert _telegram(world, secret) == 401
    assert (world.bot.said, world.bot_users.bot_users) == ([], {})


def test_a_bot_without_a_secret_takes_nothing() -> None:
    world = World()
    assert _telegram(world, "", secrets={f"bots/{BOT}/webhook-secret": ""}) == 401
    assert world.bot.said == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"message": {}}'])
def test_an_unreadable_update_is_not_asked_for_again(body: bytes) -> None:
    assert _telegram(World(), body=body) == 200


def test_a_record_that_is_down_asks_telegram_to_come_again() -> None:
    world = World()
    world.bot_users.unavailable = True
    assert _telegram(world) == 500
    assert world.bot.said == []


def _pix(world: World, body: bytes, *, signature: str | None = None, provider: str = "openpix", **secrets: str) -> HttpResponse:
    store = InMemorySecrets(**(SECRETS | secrets))
    accounts = PixAccounts(store, lambda: world.now_ms)
    signed = base64.b64encode(hmac.digest(b"pix-secret", body, "sha1")).decode() if signature is None else signature
    path = {"provider": provider, "bot_id": BOT}
    request = _request("POST", f"/pix/{provider}/{BOT}", path, headers={"X-OpenPix-Signature": signed}, body=body)
    return payment_webhook.handle(PaymentDependencies(provider=accounts, enquirer=world.enquirer), request)


def _paid(payment: Payment) -> bytes:
    charge = {"correlationID": payment.payment_id, "value": payment.amount_cents, "status": "COMPLETED"}
    return json.dumps({"event": "OPENPIX:CHARGE_COMPLETED", "charge": charge, "pix": {"endToEndId": "E1"}}).encode()


def test_a_signed_notice_settles_its_payment() -> None:
    world = World()
    payment = world.buy()
    assert _pix(world, _paid(payment)).status == 200
    assert world.payment(payment.payment_id).status is PaymentStatus.PAID


@pytest.mark.parametrize("signature", ["", "AAAA", "é"])
def test_a_notice_without_proof_changes_nothing(signature: str) -> None:
    world = World()
    payment = world.buy()
    assert _pix(world, _paid(payment), signature=signature).status == 401
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


@pytest.mark.parametrize("credentials", ["", "{", "[]", "{}", '{"webhook_secret": ""}'])
def test_an_account_without_a_secret_takes_nothing(credentials: str) -> None:
    world = World()
    payment = world.buy()
    body = _paid(payment)
    unsigned = base64.b64encode(hmac.digest(b"", body, "sha1")).decode()
    assert _pix(world, body, signature=unsigned, **{f"providers/openpix/{BOT}": credentials}).status == 401
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING


def test_an_unknown_provider_is_not_found() -> None:
    assert _pix(World(), b"{}", provider="banco").status == 404


@pytest.mark.parametrize("body", [b"", b"{}", b'{"event": "OPENPIX:UNKNOWN"}', b"[]", b"{", b'{"evento": "teste_webhook"}'])
def test_an_authentic_notice_of_nothing_is_answered_200(body: bytes) -> None:
    assert _pix(World(), body).status == 200


def test_a_huge_body_is_refused_before_anything_else() -> None:
    assert _pix(World(), b"x" * 300_000).status == 413


def test_a_record_that_is_down_asks_the_provider_to_come_again() -> None:
    world = World()
    payment = world.buy()
    world.payments.unavailable = True
    assert _pix(world, _paid(payment)).status == 500
    world.payments.unavailable = False
    assert _pix(world, _paid(payment)).status == 200
    assert world.payment(payment.payment_id).status is PaymentStatus.PAID
