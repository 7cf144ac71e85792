from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from rastro.explanation import Language
from rastro.sales.diagnosis import Doctor
from rastro.sales.repair import Repairer
from stack.trail import WIDTHS, Records, Trails
from stack.window import DEFAULT_WIDTH, CacheSwitch, Question, View
from tests.fakes.world import BOT, PERSON, World


@dataclass
class Cache:
    runs: bool = True
    turns: list[str] = field(default_factory=list)

    def switch(self) -> CacheSwitch:
        return CacheSwitch(runs=lambda: self.runs, start=lambda: self._turn(on=True), stop=lambda: self._turn(on=False))

    def _turn(self, *, on: bool) -> None:
        self.turns.append("start" if on else "stop")
        self.runs = on


def _doctor(world: World) -> Doctor:
    repairer = Repairer(
        payments=world.payments,
        bot_users=world.bot_users,
        clicks=world.clicks,
        funnels=world.funnels,
        ledger=world.ledger,
        linker=world.linker,
        settler=world.settler,
        now_ms=lambda: world.now_ms,
    )
    return Doctor(
        payments=world.payments,
        bot_users=world.bot_users,
        clicks=world.clicks,
        funnels=world.funnels,
        ledger=world.ledger,
        keys=lambda: world.keys,
        linker=world.linker,
        repairer=repairer,
        attribution_window_days=7,
        now_ms=lambda: world.now_ms,
    )


def _view(world: World, cache: Cache | None = None) -> View:
    records = Records(
        clicks=world.clicks, bot_users=world.bot_users, payments=world.payments, funnels=world.funnels, ledger=world.ledger
    )
    trails = Trails(records, now_ms=lambda: world.now_ms)
    return View(trails, lambda: _doctor(world), (cache or Cache()).switch())


def _question(method: str, path: str, *, body: dict[str, Any] | None = None, **query: str) -> Question:
    return Question(method=method, path=tuple(path.split("/")), query=query, body=body or {})


def _ask(view: View, method: str, path: str, *, body: dict[str, Any] | None = None, **query: str) -> tuple[int, Any]:
    return view.answer(_question(method, path, body=body, **query))


def test_a_trail_is_that_of_a_person_and_says_whether_the_cache_runs() -> None:
    world = World()
    world.start(world.click().tracking_token)
    status, trail = _ask(_view(world), "GET", "trail", bot_id=BOT, chat_id=PERSON.chat_id)
    assert (status, trail["person"]["link_source"], trail["cache"]) == (200, "start_param", {"running": True})
    assert _ask(_view(world), "GET", "trail", bot_id=BOT)[0] == 400


def test_the_doctor_answers_as_a_document_and_as_a_terminal_shows_it() -> None:
    world = World()
    world.start()
    payment = world.buy()
    status, answer = _ask(_view(world), "GET", f"doctor/{payment.payment_id}", lang="en", width="60")
    assert (status, answer["document"]["root_cause"]["reason"]) == (200, "direct_entry")
    lines = answer["terminal"].splitlines()
    assert any(payment.payment_id in line for line in lines)
    assert "\x1b[31m" in answer["terminal"]  # in colours
    assert "Portuguese" not in answer["terminal"]
    assert _ask(_view(world), "GET", "doctor/nobodys")[0] == 404


def test_the_cache_is_taken_away_and_given_back_once() -> None:
    cache = Cache()
    view = _view(World(), cache)
    answers = [_ask(view, "PUT", "cache", body={"running": running}) for running in (False, True, True)]
    assert answers == [(200, {"running": False}), (200, {"running": True}), (200, {"running": True})]
    assert cache.turns == ["stop", "start"]
    assert _ask(view, "PUT", "cache", body={"running": "yes"})[0] == 400


def test_the_funnels_and_a_mended_pixel() -> None:
    view = _view(World())
    assert [funnel["slug"] for funnel in _ask(view, "GET", "funnels")[1]] == ["curso"]
    assert _ask(view, "POST", "pixels/1000000000000001/resume") == (200, {"resumed": 0})


@pytest.mark.parametrize(("method", "path"), [("GET", "secrets"), ("PUT", "trail"), ("POST", "cache"), ("GET", "")])
def test_nothing_else_is_seen(method: str, path: str) -> None:
    assert _ask(_view(World()), method, path)[0] == 404


@pytest.mark.parametrize(
    ("given", "width"),
    [
        ({}, DEFAULT_WIDTH),
        ({"width": "52"}, 52),
        ({"width": "3"}, WIDTHS.start),
        ({"width": "9999"}, WIDTHS.stop - 1),
        ({"width": "x"}, DEFAULT_WIDTH),
    ],
)
def test_a_terminal_is_as_wide_as_can_be_read(given: dict[str, str], width: int) -> None:
    assert Question(method="GET", path=("doctor", "x"), query=given, body={}).width == width


def test_portuguese_is_spoken_unless_english_is_asked_for() -> None:
    spoken = [_question("GET", "trail", lang=lang).language for lang in ("", "en", "fr")]
    assert spoken == [Language.PT, Language.EN, Language.PT]
