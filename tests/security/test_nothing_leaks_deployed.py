"""What all functions logged, queued and asked of Meta on the tour holds no secret, and nobody but where they have to be."""

from __future__ import annotations

import json

import pytest

from tests.security.conftest import Tour

pytestmark = pytest.mark.integration

FOR_META = ("click_ip", "click_user_agent", "fbclid", "fbp", "fbc")
"""What an event on the queue holds as it goes to Meta."""
IN_A_LOST_CLICK = (*FOR_META, "visitor_id", "tracking_token")
"""What a click holds that its table refused."""


def test_there_is_something_to_look_through(tour: Tour) -> None:
    assert len(tour.logs) > 500
    assert len(tour.queued) > 100
    assert len(tour.secrets) > 20
    kinds = {name.partition(" ")[0] for name in tour.people}
    assert {"chat_id", "visitor_id", "fbclid", "fbp", "click_ip", "click_user_agent", "tracking_token"} <= kinds


def test_no_secret_is_in_a_log(tour: Tour) -> None:
    text = "\n".join(tour.logs)
    assert [name for name, value in tour.secrets.items() if value in text] == []


def test_nobody_is_in_a_log(tour: Tour) -> None:
    text = "\n".join(tour.logs)
    assert [name for name, value in tour.people.items() if value in text] == []


def test_no_secret_is_on_a_queue(tour: Tour) -> None:
    text = "\n".join(tour.queued)
    assert [name for name, value in tour.secrets.items() if value in text] == []


def test_a_message_holds_of_a_person_what_meta_takes(tour: Tour) -> None:
    for message in tour.queued:
        allowed = IN_A_LOST_CLICK if json.loads(message)["kind"] == "lost_click" else FOR_META
        there = [name for name, value in tour.people.items() if value in message]
        assert [name for name in there if name.partition(" ")[0] not in allowed] == []


def test_the_token_of_a_pixel_is_in_no_address(tour: Tour) -> None:
    assert [name for name, value in tour.secrets.items() if value in tour.requests_to_graph] == []
