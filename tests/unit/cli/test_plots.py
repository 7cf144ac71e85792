from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro_cli.plots import Bar, Frame, Series, Slice, bars, columns, keys_of, whole

FRAME = Frame(name="x", width=400, height=200, title="Receita & mais", description="Colunas por dia.")


def drawn(labels: Sequence[str], *values: Sequence[int]) -> ET.Element:
    series = [Series(name=f"s{number}", values=each, colour=number) for number, each in enumerate(values)]
    return ET.fromstring(columns(FRAME, labels, series, str, str))  # noqa: S314 - our own


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=5, max_size=5), max_size=7))
def test_columns_stay_in_their_frame_and_are_as_high_as_their_values(values: list[list[int]]) -> None:
    root = drawn([str(number) for number in range(5)], *values)
    rects = [{name: float(rect.get(name, "0")) for name in ("x", "y", "width", "height")} for rect in root.iter("rect")]
    assert len(rects) == sum(value > 0 for each in values for value in each)
    for rect in rects:
        assert 0 <= rect["x"] <= rect["x"] + rect["width"] <= FRAME.width
        assert 0 <= rect["y"] <= rect["y"] + rect["height"] <= FRAME.height
    total = sum(map(sum, values))
    if total:
        heights = sum(rect["height"] for rect in rects)
        largest = max(sum(each[number] for each in values) for number in range(5))
        # The axis ends at a round number that is not far above the largest column.
        assert total / largest * 80 <= heights <= total / largest * 165


def test_columns_are_named_and_tell_their_values() -> None:
    root = drawn(["01/09"], [7], [3])
    assert root.get("aria-labelledby") == "x-t x-d"
    assert [title.text for title in root.iter("title")] == ["Receita & mais", "01/09 · s0: 7", "01/09 · s1: 3"]


@pytest.mark.parametrize(("days", "most"), [(1, 1), (7, 7), (31, 9), (400, 9)])
def test_days_are_named_as_far_as_there_is_room_the_last_one_always(days: int, most: int) -> None:
    root = drawn([f"d{number}" for number in range(days)], [1] * days)
    named = [text.text for text in root.iter("text") if (text.text or "").startswith("d")]
    assert 1 <= len(named) <= most
    assert named[-1] == f"d{days - 1}"


@pytest.mark.parametrize(
    ("largest", "axis"),
    [(0, ["0", "1"]), (1, ["0", "1"]), (7, ["0", "2", "4", "6", "8"]), (190_000, ["0", "50000", "100000", "150000", "200000"])],
)
def test_an_axis_has_round_numbers_from_nothing_on(largest: int, axis: list[str]) -> None:
    root = drawn(["day"], [largest])
    assert [text.text for text in root.iter("text")][:-1] == axis


def test_what_stands_on_a_plot_is_text() -> None:
    evil = '<b onclick="x">'
    markup = (
        bars([Bar(name=evil, value=evil, part=0.5, note=evil)])
        + whole([Slice(name=evil, value=evil, part=1, colour=0)])
        + keys_of([Series(name=evil, values=[], colour=0)])
        + columns(FRAME, [evil], [Series(name=evil, values=[1], colour=0)], str, str)
    )
    assert "<b " not in markup
    assert markup.count("&lt;b onclick=") == 9


@pytest.mark.parametrize(("part", "width"), [(0, "0.00"), (1e-9, "0.60"), (0.5, "50.00"), (1, "100.00"), (2, "100.00")])
def test_a_bar_is_as_long_as_its_part_and_never_invisible(part: float, width: str) -> None:
    assert f'width="{width}" height="6"/></svg>' in bars([Bar(name="a", value="1", part=part)])
