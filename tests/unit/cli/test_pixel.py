"""``rastro pixel`` as its operator uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rastro.errors import StoreUnavailable
from rastro.meta.answer import TransportFailure
from rastro.model import DAY_MS, EventName, LedgerRow, LedgerStatus, PixelId
from tests.fakes.world import NOW_MS, World
from tests.unit.cli.conftest import Operator
from tests.unit.meta.test_meanings import ROW

PIXEL = PixelId("1000000000000001")
CHECK = ("pixel", "check", PIXEL, "--test-event-code", "TEST1")


def _park(world: World) -> None:
    """Park a Purchase and a page view that is too old by now."""
    purchase = replace(ROW, event=replace(ROW.event, pixel_id=PIXEL), status=LedgerStatus.PARKED, parked_at_ms=NOW_MS)
    view = replace(
        purchase.event,
        event_name=EventName.PAGE_VIEW,
        event_id="view",
        event_time_s=(NOW_MS - 8 * DAY_MS) // 1000,
        payment_id=None,
    )
    world.ledger.record(purchase)
    world.ledger.record(replace(purchase, event=view))


def _statuses(world: World) -> set[LedgerStatus]:
    return {row.status for row in world.ledger.rows.values()}


def test_resume_queues_everything_that_is_parked(operator: Operator, world: World) -> None:
    _park(world)
    assert operator("pixel", "resume", PIXEL) == 0
    assert "2 eventos voltaram à fila" in operator.out
    assert "1 deles passaram dos 7 dias" in operator.out
    assert _statuses(world) == {LedgerStatus.QUEUED}


def test_resume_shows_without_writing(operator: Operator, world: World) -> None:
    _park(world)
    assert operator("pixel", "resume", PIXEL, "--dry-run") == 0
    assert "2 eventos voltariam à fila" in operator.out
    assert _statuses(world) == {LedgerStatus.PARKED}
    document = operator.json("pixel", "resume", PIXEL, "--dry-run")
    assert document["by_event_name"] == {"Purchase": 1, "PageView": 1}


def test_resume_that_breaks_off_says_how_far_it_came(operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _park(world)
    parked = list(world.ledger.parked(PIXEL))

    def break_off(_pixel_id: PixelId) -> Iterator[LedgerRow]:
        yield parked[0]
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(world.ledger, "parked", break_off)
    assert operator("pixel", "resume", PIXEL) == 1
    assert "Parou depois de 1 eventos" in operator.err


def test_check_sends_one_test_event_of_nobody(operator: Operator) -> None:
    assert operator(*CHECK) == 0
    assert "a Meta aceitou o evento de teste" in operator.out
    ((pixel_id, (event,), code),) = operator.graph.sent
    assert (pixel_id, code, event["event_name"], event["event_time"]) == (PIXEL, "TEST1", "PageView", NOW_MS // 1000)
    assert set(event["user_data"]) == {"external_id"}


@pytest.mark.parametrize(
    ("code", "subcode", "outcome", "says"),
    [
        (190, 463, "park", "O token venceu."),
        (200, None, "park", "não tem permissão"),
        (100, 33, "park", "O pixel não existe, ou o token não tem acesso a ele."),
        (803, None, "reject", "não conhece nenhum objeto"),
        (100, 2804050, "reject", "não traz dados da pessoa"),
        (80004, None, "retry_slowly", "limitou as chamadas"),
        (2, None, "retry", "fora do ar"),
    ],
)
def test_check_names_what_is_wrong(operator: Operator, code: int, subcode: int | None, outcome: str, says: str) -> None:
    operator.graph.refuse(code, subcode)
    assert operator(*CHECK) == 1
    assert says in operator.out
    assert operator(*CHECK, "--json") == 1
    document = json.loads(operator.out)
    assert (document["ok"], document["outcome"], document["error"]["code"]) == (False, outcome, code)


def test_check_of_a_pixel_without_a_token_says_where_it_belongs(operator: Operator) -> None:
    operator.graph.has_token = False
    assert operator(*CHECK) == 1
    assert f"pixels/{PIXEL}/token" in operator.out


@pytest.mark.parametrize("failure", TransportFailure)
def test_check_without_an_answer_claims_nothing_of_the_pixel(operator: Operator, failure: TransportFailure) -> None:
    operator.graph.outcome = failure
    assert operator(*CHECK) == 1
    assert "nada se sabe do pixel" in operator.out


def test_check_without_a_test_code_asks_for_it_and_sends_nothing(operator: Operator) -> None:
    assert operator("pixel", "check", PIXEL) == 2
    assert "Eventos de teste" in operator.err
    assert (operator.opened, operator.graph.sent) == ([], [])


@pytest.mark.parametrize("command", ["check", "resume"])
def test_an_id_that_is_none_is_refused(operator: Operator, command: str) -> None:
    assert operator("pixel", command, "../1") == 2
    assert operator.opened == []
