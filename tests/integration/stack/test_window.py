"""The window over real HTTP: who may look through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from stack.trail import Records, Trails
from stack.window import CacheSwitch, View, Window
from tests.fakes.world import World

pytestmark = pytest.mark.integration
LAB = "http://127.0.0.1:8703"
CACHE: dict[str, bool] = {}


@pytest.fixture
def window() -> Iterator[Window]:
    CACHE.update(runs=True)
    world = World()
    records = Records(
        clicks=world.clicks, bot_users=world.bot_users, payments=world.payments, funnels=world.funnels, ledger=world.ledger
    )
    switch = CacheSwitch(runs=lambda: CACHE["runs"], start=lambda: CACHE.update(runs=True), stop=lambda: CACHE.update(runs=False))

    def nobody() -> None:
        raise AssertionError("nobody is ill")

    opened = Window(View(Trails(records, now_ms=lambda: 1), nobody, switch), lab=LAB)  # type: ignore[arg-type]
    opened.start()
    yield opened
    opened.stop()


def _ask(window: Window, method: str, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, f"{window.url}{path}", headers=named, data=b'{"running": false}', timeout=10)


@pytest.mark.parametrize("origin", [LAB, "http://localhost:8703"])
def test_the_page_of_the_lab_may_look_and_switch(window: Window, origin: str) -> None:
    seen = _ask(window, "GET", "/funnels", Origin=origin)
    assert (seen.status_code, seen.json()[0]["slug"]) == (200, "curso")
    assert seen.headers["Access-Control-Allow-Origin"] == origin
    preflight = _ask(window, "OPTIONS", "/cache", Origin=origin)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, PUT, POST")
    assert _ask(window, "PUT", "/cache", Origin=origin).json() == {"running": False}
    assert CACHE == {"runs": False}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Origin": "http://127.0.0.1:8704"}),
        ("GET", {"Origin": "https://evil.example"}),
        ("GET", {"Host": "evil.example"}),
        ("PUT", {"Origin": "https://evil.example"}),
        ("PUT", {}),
        ("OPTIONS", {"Origin": "null"}),
    ],
)
def test_no_other_page_may(window: Window, method: str, headers: dict[str, str]) -> None:
    answer = _ask(window, method, "/cache", **headers)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert CACHE == {"runs": True}


def test_a_program_on_this_machine_may_look(window: Window) -> None:
    assert _ask(window, "GET", "/funnels").status_code == 200


def test_a_body_that_is_no_json_is_refused(window: Window) -> None:
    answer = requests.put(f"{window.url}/cache", headers={"Origin": LAB}, data=b"{", timeout=10)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
