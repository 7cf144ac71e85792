from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.scenarios.journeys import JOURNEYS, Journey
from tests.scenarios.verdict import Outcome

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.id)
def test_journey_ends_as_expected(journey: Journey, outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes[journey.name].problems == ()
