import pytest

from lab.errors import ControlError
from lab.faults import MODES, FaultBoard

ALL = {
    "http_500",
    "html_502",
    "timeout",
    "accept_then_timeout",
    "reset",
    "slow",
    "throttle",
    "token_error",
    "invalid_event",
    "blocked_user",
    "retry_after",
}


def test_every_mode_of_the_contract_fits_some_service() -> None:
    assert {mode for modes in MODES.values() for mode in modes} == ALL


@pytest.mark.parametrize(
    ("service", "mode"), [("graph", "blocked_user"), ("pix", "invalid_event"), ("graph", "nonsense"), ("pix", None)]
)
def test_a_mode_that_does_not_fit_is_refused_with_the_list(service: str, mode: str | None) -> None:
    with pytest.raises(ControlError, match="there is http_500, html_502") as refused:
        FaultBoard().put(service, {"mode": mode})
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "document",
    [
        {"mode": "http_500", "count": 0},
        {"mode": "http_500", "count": True},
        {"mode": "http_500", "share": 1.5},
        {"mode": "http_500", "delay_ms": -1},
        {"mode": "http_500", "delay": 3},
    ],
)
def test_a_senseless_fault_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ControlError):
        FaultBoard().put("graph", document)


def test_an_unknown_service_is_not_found() -> None:
    with pytest.raises(ControlError, match="graph, telegram, pix") as refused:
        FaultBoard().put("smtp", {"mode": "http_500"})
    assert refused.value.status == 404


def test_a_count_ends_the_fault_after_so_many_requests() -> None:
    board = FaultBoard()
    board.put("graph", {"mode": "http_500", "count": 2})
    assert [board.draw("graph") is not None for _ in range(4)] == [True, True, False, False]
    assert board.show()["graph"] == {"mode": "http_500", "count": 2, "hits": 2, "active": False}


def test_a_share_hits_about_that_part_and_the_same_requests_in_every_run() -> None:
    runs = []
    for _ in range(2):
        board = FaultBoard()
        board.put("pix", {"mode": "reset", "share": 0.25})
        runs.append([board.draw("pix") is not None for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 200 < sum(runs[0]) < 300


def test_a_fault_hits_its_own_service_until_it_is_ended() -> None:
    board = FaultBoard()
    board.put("telegram", {"mode": "retry_after"})
    assert board.draw("graph") is None
    assert board.draw("telegram") is not None
    board.end("telegram")
    assert board.draw("telegram") is None


def test_a_request_that_the_mode_does_not_concern_uses_up_nothing() -> None:
    board = FaultBoard()
    board.put("telegram", {"mode": "blocked_user", "count": 1})
    assert board.draw("telegram", lambda _mode: False) is None
    assert board.draw("telegram") is not None


def test_an_event_found_invalid_stays_invalid_and_its_neighbours_valid() -> None:
    board = FaultBoard()
    board.put("graph", {"mode": "invalid_event", "share": 0.1})
    keys = [f"Purchase#{number}" for number in range(1000)]
    first = [board.makes_invalid(key) for key in keys]
    assert 70 < sum(first) < 130
    assert [board.makes_invalid(key) for key in reversed(keys)] == first[::-1]
    assert board.draw("graph") is None, "it hits events, not requests"


def test_a_count_of_invalid_events_is_one_of_events() -> None:
    board = FaultBoard()
    board.put("graph", {"mode": "invalid_event", "count": 1})
    assert [board.makes_invalid(key) for key in ("a", "b", "a", "b")] == [True, False, True, False]
