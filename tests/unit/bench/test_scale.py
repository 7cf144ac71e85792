"""The pages that quote the model quote it as it comes out today."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.load import Model, shards
from bench.scale import PAGES, TABLES, current_model, figures, filled, table_of


@pytest.fixture(scope="module")
def model() -> Model:
    return current_model()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_what_the_script_prints(page: Path, model: Model) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == filled(text, model), "run `make scale`"


def test_every_table_has_its_place_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name in TABLES if text.count(f"<!-- scale: {name} -->") != 1] == []


def test_a_table_is_put_into_its_place_and_nothing_else_is_touched(model: Model) -> None:
    page = "before\n<!-- scale: shards -->\nold\n<!-- /scale -->\nafter <!-- not ours -->\n"
    once = filled(page, model)

    assert once.startswith("before\n<!-- scale: shards -->\n\n| stream")
    assert once.endswith("|\n\n<!-- /scale -->\nafter <!-- not ours -->\n")
    assert filled(once, model) == once


def test_a_place_of_an_unknown_table_is_told(model: Model) -> None:
    with pytest.raises(KeyError, match="nothing"):
        filled("<!-- scale: nothing -->\n<!-- /scale -->", model)


def test_a_table_has_a_head_and_its_numbers_stand_right() -> None:
    assert table_of(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"


def test_figures_are_numbers_under_names(model: Model) -> None:
    found = figures(model)

    assert found["usd_a_month_10_us_east_1"] < found["usd_a_month_10_sa_east_1"]
    assert all(isinstance(value, int | float) for value in found.values())


def test_the_outbox_keeps_up_with_every_shard_as_the_page_says(model: Model) -> None:
    assert all(shard.taken > shard.brings for shard in shards(model))
