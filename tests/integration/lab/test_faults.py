import socket
import time
from typing import Any

import pytest
import requests

from tests.integration.lab.running import RunningLab, event

pytestmark = pytest.mark.integration


def fault(lab: RunningLab, service: str, mode: str, **more: Any) -> None:
    lab.control("PUT", f"faults/{service}", {"mode": mode} | more)


def test_an_outage_hits_as_often_as_it_should(lab: RunningLab) -> None:
    fault(lab, "graph", "http_500", count=1)
    assert [lab.graph(event()).status_code for _ in range(2)] == [500, 200]
    fault(lab, "graph", "html_502")
    answer = lab.graph(event())
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    lab.control("DELETE", "faults/graph")
    assert lab.graph(event()).status_code == 200
    assert [request.get("fault") for request in lab.control("GET", "graph/requests")] == ["http_500", None, "html_502", None]


def test_a_timeout_does_nothing_and_accept_then_timeout_does_it_all(lab: RunningLab) -> None:
    for mode, accepted in (("timeout", []), ("accept_then_timeout", ["e1"])):
        fault(lab, "graph", mode)
        with pytest.raises(requests.ReadTimeout):
            lab.graph(event(), timeout=0.3)
        assert [entry["event"]["event_id"] for entry in lab.control("GET", "graph/events")] == accepted


def test_a_timeout_hangs_up_when_its_time_is_over(lab: RunningLab) -> None:
    fault(lab, "graph", "timeout", delay_ms=200)
    started_at = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        lab.graph(event())
    assert 0.15 < time.monotonic() - started_at < 5


def test_a_reset_is_a_reset_on_the_wire(lab: RunningLab) -> None:
    fault(lab, "graph", "reset")
    host, port = lab.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /graph/v26.0/111/events HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    assert lab.control("GET", "graph/events") == []


def test_a_slow_answer_is_whole_in_the_end(lab: RunningLab) -> None:
    fault(lab, "graph", "slow", delay_ms=300)
    started_at = time.monotonic()
    assert lab.graph(event()).json()["events_received"] == 1
    assert time.monotonic() - started_at > 0.25


def test_throttling_has_each_services_own_face(lab: RunningLab) -> None:
    for service in ("graph", "telegram", "pix"):
        fault(lab, service, "throttle", delay_ms=2000)
    graph = lab.graph(event())
    assert (graph.status_code, graph.json()["error"]["code"]) == (400, 80004)
    assert "estimated_time_to_regain_access" in graph.headers["X-Business-Use-Case-Usage"]
    telegram = lab.bot("getMe")
    assert (telegram.status_code, telegram.json()["parameters"]) == (429, {"retry_after": 2})
    pix = requests.get(f"{lab.url}/openpix/api/v1/charge/x", headers={"Authorization": "app-1"}, timeout=5)
    assert (pix.status_code, pix.headers["Retry-After"]) == (429, "2")


def test_a_dead_token_has_each_services_own_face(lab: RunningLab) -> None:
    for service in ("graph", "telegram", "pix"):
        fault(lab, service, "token_error")
    graph = lab.graph(event())
    assert (graph.status_code, graph.json()["error"]["code"]) == (401, 190)
    assert lab.bot("getMe").json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    pix = requests.get(f"{lab.url}/openpix/api/v1/charge/x", headers={"Authorization": "app-1"}, timeout=5)
    assert (pix.status_code, set(pix.json())) == (401, {"error"})


def test_faults_of_telegram(lab: RunningLab) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    fault(lab, "telegram", "blocked_user", count=1)
    assert lab.bot("getMe").status_code == 200
    assert lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"}).status_code == 403
    fault(lab, "telegram", "retry_after", delay_ms=7000)
    refused = lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"}).json()
    assert refused["parameters"] == {"retry_after": 7}
    assert refused["description"] == "Too Many Requests: retry after 7"
    calls = lab.control("GET", "telegram/calls")
    assert [(call["method"], call["ok"], call.get("fault")) for call in calls] == [
        ("getMe", True, None),
        ("sendMessage", False, "blocked_user"),
        ("sendMessage", False, "retry_after"),
    ]


def test_an_invalid_event_is_the_same_one_however_the_batch_is_split(lab: RunningLab) -> None:
    fault(lab, "graph", "invalid_event", share=0.2)
    events = [event(f"e{number}") for number in range(40)]
    assert lab.graph(*events).json()["error"]["code"] == 100
    alone = [lab.graph(one).status_code for one in events]
    assert alone == [lab.graph(one).status_code for one in events]
    assert 2 <= alone.count(400) <= 16


def test_an_accepted_charge_that_nobody_heard_of_is_there(lab: RunningLab) -> None:
    fault(lab, "pix", "accept_then_timeout", count=1, delay_ms=100)
    with pytest.raises(requests.ConnectionError):
        lab.charge("pay_1")
    (shown,) = lab.control("GET", "pix/charges")
    assert lab.charge("pay_1")["identifier"] == shown["charge_id"]


@pytest.mark.parametrize(("service", "mode"), [("graph", "retry_after"), ("pix", "blocked_user"), ("telegram", "invalid_event")])
def test_a_mode_of_another_service_is_refused_with_the_list(lab: RunningLab, service: str, mode: str) -> None:
    error = lab.control("PUT", f"faults/{service}", {"mode": mode}, status=400)["error"]
    assert "http_500" in error
    assert lab.control("GET", "faults") == {"graph": None, "telegram": None, "pix": None}


def test_an_unknown_service_has_no_faults(lab: RunningLab) -> None:
    lab.control("PUT", "faults/smtp", {"mode": "http_500"}, status=404)
    lab.control("DELETE", "faults/smtp", status=404)
