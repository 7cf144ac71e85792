"""No address that we call comes from outside: whatever is written into a click, an update or a notice, we call whom we know."""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from rastro.errors import InvalidInput, ProviderError
from rastro.model import BotId, PaymentId
from rastro.pix.provider import ChargeReference, PixProvider
from tests.contracts.providers import LAB_URL, Market, providers, samples, sessions
from tests.fakes.world import BASE_URL, BOT, World
from tests.security.hostile import VALUES
from tests.unit.functions.mutations import mutated, mutated_headers, mutated_query

ROOT = Path(__file__).parents[2]
WAYS_OUT = {
    "rastro/meta/client.py",
    "rastro/telegram/client.py",
    "rastro/pix/http.py",
    "rastro/stores/aws_connections.py",
    "rastro/stores/aws_environment.py",
    "rastro/stores/aws_json.py",
}
"""The modules of the layer that call somebody: Meta, Telegram, a provider, AWS."""
_CALLS_OUT = frozenset(("request", "post", "get", "put", "delete", "patch", "send", "urlopen"))
NASTY = (
    "//evil.example/x",
    "@evil.example",
    "evil.example#",
    "..",
    "../../admin",
    "?a=b",
    "%2e%2e%2f",
    "\\\\evil.example",
    ":80",
    " ",
)


class Watched(BaseAdapter):
    """Keeps every address that is called, before the provider's API in memory."""

    def __init__(self, inner: BaseAdapter | None = None) -> None:
        super().__init__()
        self._inner = inner
        self.urls: list[str] = []

    def send(self, request: requests.PreparedRequest, *more: object, **options: object) -> requests.Response:
        self.urls.append(request.url or "")
        if self._inner is None:
            raise requests.ConnectionError("nobody is called there")
        return self._inner.send(request, *more, **options)  # type: ignore[arg-type]

    def close(self) -> None:
        """Nothing is open."""


class WatchedMarket(Market):
    """A market whose accounts cannot reach any network, and whose calls are kept."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.elsewhere = Watched()
        self.known = Watched(self.api)

    def account(self, name: str = "", bot_id: BotId = BOT) -> PixProvider:
        account = super().account(name, bot_id)
        for session in sessions(account):
            session.mount("http://", self.elsewhere)
            session.mount("https://", self.elsewhere)
            session.mount(LAB_URL, self.known)
        return account

    def check(self) -> None:
        """Hold that every call went to the configured address, below the provider's own path."""
        assert self.elsewhere.urls == []
        for url in self.known.urls:
            parts = urlsplit(url)
            assert f"{parts.scheme}://{parts.netloc}" == LAB_URL
            assert parts.path.startswith(f"/{self.name}/")
            assert ".." not in parts.path.split("/")


@pytest.mark.parametrize("name", providers())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_notice_names_no_address_that_is_called(name: str, data: st.DataObject) -> None:
    market = WatchedMarket(name)
    market.buy()
    (claim,) = market.claims_paid()
    body = data.draw(mutated([claim.body, *samples(name).values()]))
    nasty = data.draw(st.sampled_from([*NASTY, *VALUES.values()]))
    charge_id = market.charge.charge_id
    body = data.draw(st.sampled_from([body, body.replace(charge_id.encode(), nasty.encode(errors="replace"))]))
    sealed = market.sealed(body, claim)
    headers = data.draw(mutated_headers({key.lower(): value for key, value in sealed.headers.items()}))
    query = data.draw(mutated_query(market.request(claim).raw_query))
    market.deliver(sealed, headers=headers, rawQueryString=query)
    market.check()


@pytest.mark.parametrize("name", providers())
def test_an_id_of_a_charge_stays_one_part_of_a_path(name: str) -> None:
    market = WatchedMarket(name)
    market.buy()
    for value in (value.encode(errors="replace").decode() for value in (*NASTY, *VALUES.values())):
        for reference in (
            ChargeReference(charge_id=value),
            ChargeReference(payment_id=PaymentId(value)),
            ChargeReference(end_to_end_id=value),
            ChargeReference(payment_id=market.payment.payment_id, charge_id=value, end_to_end_id=value),
        ):
            try:
                found = market.account().query(reference)
            except (ProviderError, InvalidInput):
                continue
            assert not found, "nobody paid"
    market.check()


def test_the_address_that_providers_are_given_is_our_own_and_the_bots() -> None:
    world = World()
    world.start(world.click(f"utm_source={BASE_URL}.evil.example").tracking_token)
    world.buy()
    (asked,) = world.provider.asked
    assert asked.callback_url == f"{BASE_URL}/pix/openpix/{BOT}"


def test_only_the_known_modules_open_connections() -> None:
    """In every other module of the layer and of the functions nothing is called that could take an address."""
    found = set()
    for path in [*(ROOT / "layers/common/rastro").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS_OUT:
                owner = ast.unparse(node.func.value).lower()
                if "session" in owner or owner in ("requests", "urllib.request") or "connection" in owner:
                    found.add(str(path.relative_to(ROOT / "layers/common" if "layers" in path.parts else ROOT)))
    assert found <= WAYS_OUT
    assert {"rastro/meta/client.py", "rastro/telegram/client.py", "rastro/pix/http.py"} <= found
