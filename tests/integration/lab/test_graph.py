import json

import pytest

from tests.integration.lab.running import RunningLab, event

pytestmark = pytest.mark.integration


def test_accepted_events_are_listed_with_duplicates(lab: RunningLab) -> None:
    assert lab.graph(event(), event("e2")).json()["events_received"] == 2
    lab.graph(event())
    entries = lab.control("GET", "graph/events")
    assert [(entry["pixel_id"], entry["event"]["event_id"]) for entry in entries] == [("111", "e1"), ("111", "e2"), ("111", "e1")]
    assert entries[0]["batch_id"] == entries[1]["batch_id"] != entries[2]["batch_id"]
    (first, second) = lab.control("GET", "graph/requests")
    assert (first["status"], first["version"], first["events"], second["events"]) == (200, "v26.0", 2, 1)
    assert first["body"]["events_received"] == 2
    assert "pixel-token" not in json.dumps([first, second])


def test_a_form_of_the_official_sdk_is_accepted(lab: RunningLab) -> None:
    form = {"data": json.dumps([json.dumps(event())]), "access_token": "pixel-token"}
    assert lab.graph(json=None, headers={}, data=form).status_code == 200
    assert (
        lab.graph(json=None, headers={}, data={"data": form["data"]}, params={"access_token": "pixel-token"}).status_code == 200
    )
    assert [request["token_in_query"] for request in lab.control("GET", "graph/requests")] == [False, True]


def test_refusals_have_graphs_codes(lab: RunningLab) -> None:
    refused = lab.graph(event(), event(event_time=1))
    assert (refused.status_code, refused.json()["error"]["error_subcode"]) == (400, 2804003)
    assert lab.graph(event(), token="wrong").status_code == 401
    assert lab.graph(data=b"no JSON", json=None).json()["error"]["code"] == 100
    assert lab.control("GET", "graph/events") == []
    assert [request["status"] for request in lab.control("GET", "graph/requests")] == [400, 401, 400]
