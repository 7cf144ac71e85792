"""Plays the chosen journeys once a session, together, on a stack of their own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stack.progress import Silent
from tests.scenarios.journeys import JOURNEYS
from tests.scenarios.matrix import funnels_of, play_all
from tests.scenarios.stage import own_stage
from tests.scenarios.verdict import Outcome


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Mapping[str, Outcome]:
    """What became of each journey whose test was chosen, by its name."""
    chosen = {
        item.callspec.id for item in request.session.items if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }
    journeys = [(number, journey) for number, journey in enumerate(JOURNEYS) if journey.id in chosen]
    with own_stage(Silent(), funnels_of(journeys)) as stage:
        return play_all(stage, journeys)
