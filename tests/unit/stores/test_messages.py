from __future__ import annotations

import json

import pytest

from rastro.errors import InvalidInput
from rastro.stores.messages import event_message, lost_click_message, parse_message
from tests.contracts.records import CLICK, event, page_view


def test_an_event_comes_back_as_it_was() -> None:
    assert parse_message(event_message(event())) == event()
    assert parse_message(event_message(page_view(1))) == page_view(1)


def test_a_lost_click_comes_back_as_it_was() -> None:
    assert parse_message(lost_click_message(CLICK)) == CLICK


def test_an_event_has_the_shape_that_others_read() -> None:
    assert json.loads(event_message(page_view(1))) == {
        "kind": "event",
        "pixel_id": "1000000000000001",
        "event_name": "PageView",
        "event_id": "pageview_1",
        "event_time_s": 1_764_000_000,
        "payload": {"event_name": "PageView"},
    }


def test_a_message_holds_no_character_that_the_queue_refuses() -> None:
    assert event_message(event(payload={"url": "https://example.com/\uffff\x00ã"})).isascii()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "7",
        '{"kind": "other"}',
        '{"kind": "event"}',
        event_message(page_view(1)).replace('{"event_name":"PageView"}', "3"),
        '{"kind": "lost_click", "click": {}}',
        "\x00",
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput):
        parse_message(body)
