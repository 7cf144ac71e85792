from itertools import count
from typing import Any

import pytest

from lab.faults import Fault, FaultBoard
from lab.graph import Graph
from lab.state import Config, State
from lab.wire import Answer, Call

NOW_MS = 1_795_000_000_000
EVENT = {
    "event_name": "PageView",
    "event_time": NOW_MS // 1000,
    "event_id": "pv_1",
    "action_source": "chat",
    "user_data": {"external_id": "a"},
}


class World:
    def __init__(self) -> None:
        self.board = FaultBoard()
        ids = count()
        state = State(Config(api="http://api", pixels={"111": "token-1"}))
        self.graph = Graph(state, self.board, now_ms=lambda: NOW_MS, new_id=lambda: f"{next(ids):032x}")

    def post(self, *events: dict[str, Any], pixel_id: str = "111", token: str = "token-1", **more: Any) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        call = Call(
            method="POST", path=f"v26.0/{pixel_id}/events", headers=headers, **({"fields": {"data": list(events)}} | more)
        )
        answer = self.graph.work(call)
        self.graph.record(call, answer, None)
        return answer


def error(answer: Answer) -> tuple[int, int, int | None]:
    body = answer.body["error"]
    return answer.status, body["code"], body.get("error_subcode")


def test_accepted_events_are_kept_with_pixel_time_and_batch() -> None:
    world = World()
    answer = world.post(EVENT, EVENT | {"event_id": "pv_2"})
    assert answer.status == 200
    assert answer.body["events_received"] == 2
    assert answer.body["messages"] == []
    first, second = world.graph.events
    assert first == {"pixel_id": "111", "event": EVENT, "received_at_ms": NOW_MS, "batch_id": answer.body["fbtrace_id"]}
    assert second["batch_id"] == first["batch_id"]


def test_the_same_event_twice_is_kept_twice() -> None:
    world = World()
    world.post(EVENT)
    world.post(EVENT)
    assert [entry["event"]["event_id"] for entry in world.graph.events] == ["pv_1", "pv_1"]


def test_one_wrong_event_keeps_all_out() -> None:
    world = World()
    assert error(world.post(EVENT, EVENT | {"event_time": 1})) == (400, 100, 2804003)
    assert world.graph.events == []
    assert world.graph.requests[0]["events"] == 2


def test_tokens_and_pixels_are_told_apart_by_code() -> None:
    world = World()
    assert error(world.post(EVENT, token="wrong")) == (401, 190, None)
    assert error(world.post(EVENT, token="")) == (400, 104, None)
    assert error(world.post(EVENT, pixel_id="999")) == (400, 100, 33)


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {}, "fields": {"data": [EVENT], "access_token": "token-1"}},
        {"headers": {}, "query": {"access_token": "token-1"}},
    ],
)
def test_a_token_may_come_in_body_or_query_and_the_query_is_flagged(more: dict[str, Any]) -> None:
    world = World()
    call = Call(method="POST", path="v26.0/111/events", **({"fields": {"data": [EVENT]}} | more))
    answer = world.graph.work(call)
    world.graph.record(call, answer, None)
    assert answer.status == 200
    assert world.graph.requests[0]["token_in_query"] is ("query" in more)


def test_no_record_holds_a_token() -> None:
    world = World()
    world.post(EVENT)
    world.post(EVENT, token="")
    assert "token-1" not in repr(world.graph.requests) + repr(world.graph.events)


def test_a_test_event_code_is_kept_with_its_events() -> None:
    world = World()
    world.post(fields={"data": [EVENT], "test_event_code": "TEST7"})
    assert world.graph.events[0]["test_event_code"] == "TEST7"
    assert world.graph.requests[0]["test_event_code"] == "TEST7"


def test_what_is_not_the_events_edge_is_an_unknown_path() -> None:
    world = World()
    call = Call(method="POST", path="v26.0/111/activities", headers={"authorization": "Bearer token-1"})
    assert error(world.graph.work(call)) == (400, 2500, None)


def test_an_invalid_event_refuses_its_batch_and_lets_its_neighbours_in_alone() -> None:
    world = World()
    world.board.put("graph", {"mode": "invalid_event", "count": 1})
    other = EVENT | {"event_id": "pv_2"}
    assert error(world.post(EVENT, other)) == (400, 100, 2804007)
    assert world.post(other).status == 200
    assert world.post(EVENT).status == 400
    world.board.end("graph")
    assert world.post(EVENT).status == 200


def test_throttling_comes_as_400_with_the_minutes_to_wait() -> None:
    answer = World().graph.faulty(Fault(mode="throttle", delay_ms=90_000), Call(method="POST", path=""))
    assert error(answer)[:2] == (400, 80004)
    assert '"estimated_time_to_regain_access": 2' in answer.headers["X-Business-Use-Case-Usage"]


def test_an_ended_token_and_an_outage_have_codes_of_their_own() -> None:
    graph = World().graph
    assert error(graph.faulty(Fault(mode="token_error"), Call(method="POST", path="")))[:2] == (401, 190)
    outage = graph.faulty(Fault(mode="http_500"), Call(method="POST", path=""))
    assert (outage.status, outage.body["error"]["is_transient"]) == (500, True)
