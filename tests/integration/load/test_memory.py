"""The short form of what ``make load`` runs for 50,000 invocations: what a container remembers does not grow with who comes."""

from __future__ import annotations

import pytest

from bench.load_memory import FUNCTIONS, measure

pytestmark = pytest.mark.integration

INVOCATIONS = 5_000
GROWN_AT_MOST_MB = 0.5
"""A hundred bytes for each of the 4,500 invocations between the two readings are about as much."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_memory_of_a_function_stays_flat(function: str) -> None:
    growth = measure(function, INVOCATIONS)

    assert growth.grown_mb < GROWN_AT_MOST_MB
    assert sum(growth.answers.values()) == INVOCATIONS
    assert not any(status.startswith("5") for status in growth.answers)
    assert growth.answers["200"] >= INVOCATIONS // 3
