"""The kept figures of ``make load`` are those of a run in which nothing failed, and the page tells the same."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bench.load_memory import FUNCTIONS, ROOT
from bench.load_test import GROWN_AT_MOST_MB, INVOCATIONS, QUEUE_EVENTS

FIGURES: Mapping[str, float] = json.loads((ROOT / "bench" / "results" / "load.json").read_text(encoding="utf-8"))["figures"]
PAGE = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["failed", "clicks_lost", "notices_lost", "queue_lost", "queue_purchases_doubled"])
def test_nothing_failed_was_lost_or_doubled(name: str) -> None:
    assert FIGURES[name] == 0


def test_the_run_was_a_whole_one() -> None:
    assert (FIGURES["queue_events"], FIGURES["invocations"]) == (QUEUE_EVENTS, INVOCATIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_memory_stayed_flat_and_the_page_says_by_how_much(function: str) -> None:
    assert FIGURES[f"{function}_grown_mb"] <= GROWN_AT_MOST_MB
    assert f"{FIGURES[f'{function}_grown_mb']:.2f} MB" in PAGE


def test_the_page_says_how_many_requests_there_were() -> None:
    assert f"{FIGURES['requests']:,.0f}, none" in PAGE
