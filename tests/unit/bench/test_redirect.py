"""What was measured of the redirect becomes figures."""

from __future__ import annotations

import json

import pytest

from bench.imports import OWN, STANDARD, Init, median, profile_of
from bench.imports import ratio as ratio_of_start
from bench.redirect import PAGE
from bench.redirect_tables import LIMITS, TABLES, filled
from bench.redirect_visitors import Crowd
from bench.redirect_warm import BOTO3, LIMIT, OURS, Round, event_number, microseconds, ratio
from bench.results import RESULTS


def test_a_ratio_is_the_median_of_the_rounds_ratios_so_a_slow_round_counts_for_both() -> None:
    runs = {
        OURS: [Round(2e-3, 1e-3), Round(4e-3, 9e-3), Round(1e-3, 1e-3)],
        LIMIT: [Round(1e-3, 1e-3), Round(1e-3, 9e-3), Round(1e-3, 2e-3)],
        BOTO3: [Round(1e-3, 2e-3), Round(1e-3, 18e-3), Round(1e-3, 4e-3)],
    }
    assert (ratio(runs, OURS, LIMIT), ratio(runs, OURS, BOTO3)) == (1.0, 0.5)
    assert ratio(runs, OURS, LIMIT, lambda each: each.wall) == 2.0
    assert microseconds(runs, OURS) == pytest.approx(1000)


def test_every_click_has_an_fbclid_of_its_own_and_only_a_returning_visitor_brings_cookies() -> None:
    one, other = event_number(1), event_number(2, returning=True)
    assert one["rawQueryString"] != other["rawQueryString"]
    assert (one["cookies"], bool(other["cookies"])) == ([], True)
    assert json.dumps(one)


def test_a_crowds_percentiles_are_in_milliseconds() -> None:
    crowd = Crowd(visitors=2, seconds=1.0, waits=[0.03, 0.01, 0.02, 0.04], failed=0)
    assert [crowd.milliseconds(share) for share in (50, 75, 100)] == pytest.approx([20, 30, 40])


def test_imports_are_added_up_by_what_they_belong_to() -> None:
    lines = [
        "import time: self [us] | cumulative | imported package",
        "import time:       100 |        100 |   json.decoder",
        "import time:        20 |        120 | json",
        "import time:         7 |          7 |     urllib3.util",
        "import time:         3 |         10 | requests",
        "import time:         1 |          1 | rastro.model",
        "import time:         2 |          2 | typing_extensions",
        "something else",
    ]
    assert profile_of(lines) == {STANDARD: 120, "requests": 10, OWN: 1, "others": 2}


def test_a_starts_ratio_is_of_the_same_round() -> None:
    runs = {
        "everything": [Init(4.0, 2.0), Init(8.0, 20.0), Init(4.0, 2.0)],
        "redirect": [Init(2.0, 1.0), Init(2.0, 10.0), Init(2.0, 1.0)],
    }
    assert ratio_of_start(runs, "redirect") == 0.5
    assert ratio_of_start(runs, "redirect", lambda init: init.wall) == 0.5
    assert median(runs, "redirect") == Init(2.0, 1.0)


def test_a_page_has_its_tables_filled_and_nothing_else_touched() -> None:
    figures = dict.fromkeys(LIMITS, 0.25)
    page = "before\n<!-- redirect: ratios -->\nold\n<!-- /redirect -->\nafter\n"
    once = filled(page, figures)
    assert once.startswith("before\n<!-- redirect: ratios -->\n\n| figure | measured | at most |\n| --- | ---: | ---: |\n")
    assert once.endswith("| 0.25 | 0.0 |\n\n<!-- /redirect -->\nafter\n")
    assert filled(once, figures) == once


def test_the_page_holds_what_was_measured_last() -> None:
    figures = json.loads((RESULTS / "redirect.json").read_text(encoding="utf-8"))["figures"]
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page, figures), "run `make bench-redirect`"
    assert [name for name in TABLES if page.count(f"<!-- redirect: {name} -->") != 1] == []


def test_what_was_measured_last_is_within_its_limits() -> None:
    figures = json.loads((RESULTS / "redirect.json").read_text(encoding="utf-8"))["figures"]
    assert {name: figures[name] for name, most in LIMITS.items() if figures[name] > most} == {}
