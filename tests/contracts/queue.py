"""What ``EventQueue`` promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from rastro.model import Click, ConversionEvent
from rastro.stores.ports import EventQueue
from tests.contracts.records import CLICK, event, page_view


@dataclass(frozen=True, slots=True)
class QueueWithContent:
    """A queue and a way to look at what is in it."""

    queue: EventQueue
    content: Callable[[], Sequence[ConversionEvent | Click]]


class EventQueueContract:
    """A subclass gives a ``watched`` queue that is empty."""

    @pytest.fixture
    def watched(self) -> QueueWithContent:
        raise NotImplementedError

    def test_events_arrive_as_they_were_sent(self, watched: QueueWithContent) -> None:
        events = [event(), *(page_view(number) for number in range(25))]
        assert watched.queue.send(events) == []
        content = watched.content()
        assert sorted(_keys(content)) == sorted(each.key for each in events)
        assert event() in content

    def test_sending_nothing_is_fine(self, watched: QueueWithContent) -> None:
        assert watched.queue.send([]) == []
        assert watched.content() == []

    def test_a_lost_click_arrives_whole(self, watched: QueueWithContent) -> None:
        watched.queue.send_lost_click(CLICK)
        assert watched.content() == [CLICK]


def _keys(content: Sequence[ConversionEvent | Click]) -> list[str]:
    return [each.key for each in content if isinstance(each, ConversionEvent)]
