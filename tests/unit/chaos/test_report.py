"""The faults are many, each by a name of its own, and the page of the documentation shows them."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.crashes.deployment import FUNCTIONS
from tests.chaos.fire.weather import FAULTS
from tests.chaos.report import tricks

PAGE = (Path(__file__).parents[3] / "docs" / "chaos.md").read_text(encoding="utf-8")


def test_there_are_more_than_thirty_kinds_each_by_its_own_name() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) > 30


def test_the_page_shows_every_fault_and_every_function() -> None:
    names = [*(fault.name for fault in FAULTS), *tricks(), *FUNCTIONS]
    assert [name for name in names if f"| {name} " not in PAGE] == []
