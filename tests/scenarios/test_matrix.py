from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.scenarios.journeys import JOURNEYS, Journey
from tests.scenarios.verdict import Outcome

pytestmark = pytest.mark.integration


UNSTEADY = "click-table-throttled-at-the-click-redis-emptied-right-after-it"
"""Passes in `make scenarios` and alone; within a whole test run the refused click has not always come back in time."""


def _marked(journey: Journey) -> object:
    marks = [pytest.mark.xfail(reason="the click that comes back by the queue may be late", strict=False)]
    return pytest.param(journey, marks=marks if journey.id == UNSTEADY else [], id=journey.id)


@pytest.mark.parametrize("journey", [_marked(journey) for journey in JOURNEYS])
def test_journey_ends_as_expected(journey: Journey, outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes[journey.name].problems == ()
