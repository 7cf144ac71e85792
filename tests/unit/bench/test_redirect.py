"""What was measured of the redirect becomes figures."""

from __future__ import annotations

import json

import pytest

from bench.imports import OWN, STANDARD, profile_of
from bench.redirect_visitors import Crowd
from bench.redirect_warm import BOTO3, LIMIT, OURS, Round, event_number, microseconds, ratio


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
