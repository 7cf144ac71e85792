"""OpenPix, as an account is moved in: our own secret as the webhooks' ``Authorization``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from rastro.errors import NotAuthentic, ProviderError, ProviderUnavailable
from rastro.pix.openpix import EVENTS, OpenPix
from rastro.pix.provider import CallbackRequest, ProviderContext
from tests.unit.pix.test_rsa import BODY, SIGNATURE

URL = "https://go.example.com/pix/openpix/7000000001"


class Webhooks(requests.adapters.BaseAdapter):
    """The webhooks of an account, as https://developers.openpix.com.br/api lists, creates and deletes them."""

    def __init__(self) -> None:
        super().__init__()
        self.hooks: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.writes: list[str] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request = self.status, request
        response._content = json.dumps(self._answer(request)).encode()
        return response

    def close(self) -> None: ...

    def add(self, **hook: Any) -> None:
        hook_id = f"id/{len(self.hooks) + len(self.writes)}="
        self.hooks[hook_id] = {"id": hook_id, "isActive": True, **hook}

    def _answer(self, request: requests.PreparedRequest) -> Mapping[str, Any]:
        parts = urlsplit(request.url or "")
        assert request.headers["Authorization"] == "the-app"
        if request.method == "GET":
            (wanted,) = parse_qs(parts.query).get("url", [None])
            return {"webhooks": [hook for hook in self.hooks.values() if wanted in {None, hook["url"]}]}
        self.writes.append(str(request.method))
        if request.method == "POST":
            self.add(**json.loads(request.body or b"")["webhook"])
            return {"webhook": {}}
        del self.hooks[unquote(parts.path.rpartition("/")[2])]
        return {"status": "OK"}


@pytest.fixture
def webhooks() -> Webhooks:
    return Webhooks()


@pytest.fixture
def account(webhooks: Webhooks) -> OpenPix:
    session = requests.Session()
    session.mount("https://", webhooks)
    credentials = {"app_id": "the-app", "webhook_secret": "our-own-secret"}
    return OpenPix(ProviderContext(credentials=credentials, now_ms=lambda: 0), session)


def test_a_webhook_an_event_is_registered_with_our_secret_once(account: OpenPix, webhooks: Webhooks) -> None:
    assert account.register_callback(URL)
    assert {hook["event"] for hook in webhooks.hooks.values()} == set(EVENTS)
    assert {(hook["url"], hook["authorization"]) for hook in webhooks.hooks.values()} == {(URL, "our-own-secret")}
    webhooks.writes.clear()
    assert account.register_callback(URL)
    assert webhooks.writes == []


@pytest.mark.parametrize("wrong", [{"authorization": "an old secret"}, {"isActive": False}])
def test_a_webhook_that_is_not_right_is_replaced_and_others_stay(
    account: OpenPix, webhooks: Webhooks, wrong: dict[str, Any]
) -> None:
    webhooks.add(**{"event": EVENTS[0], "url": URL, "authorization": "our-own-secret", **wrong})
    webhooks.add(event=EVENTS[0], url="https://another.example.com", authorization="theirs")
    account.register_callback(URL)
    assert sorted(hook["authorization"] for hook in webhooks.hooks.values()) == ["our-own-secret"] * len(EVENTS) + ["theirs"]
    assert all(hook["isActive"] for hook in webhooks.hooks.values())


@pytest.mark.parametrize("status", [401, 500])
def test_an_app_id_that_is_refused_is_told_from_an_outage(account: OpenPix, webhooks: Webhooks, status: int) -> None:
    account.check()
    webhooks.status = status
    with pytest.raises(ProviderError) as caught:
        account.check()
    assert isinstance(caught.value, ProviderUnavailable) is (status == 500)


def _callback(**headers: str) -> CallbackRequest:
    return CallbackRequest(body=BODY, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_the_senders_signature_with_our_authorization_proves_a_notice(account: OpenPix) -> None:
    account.authenticate(_callback(x_webhook_signature=SIGNATURE, authorization="our-own-secret"))


@pytest.mark.parametrize(
    "headers",
    [
        {"x_webhook_signature": SIGNATURE},
        {"x_webhook_signature": SIGNATURE, "authorization": ""},
        {"x_webhook_signature": SIGNATURE, "authorization": "another account's"},
        {"authorization": "our-own-secret"},
        {"x_webhook_signature": "AAAA", "authorization": "our-own-secret"},
    ],
)
def test_either_alone_proves_nothing(account: OpenPix, headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthentic):
        account.authenticate(_callback(**headers))
