"""What locust saw becomes figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.load_routes import Loaded, Route, percentile, route_of
from bench.load_test import _figure_name

TIMES = [(10.0, 50), (20.0, 45), (300.0, 4), (5000.0, 1)]
RIGHT = Loaded(
    seconds=10.0,
    routes=[Route(name="GET /go/{slug}", requests=5, failures=0, percentiles_ms={})],
    clicks_answered=5,
    clicks_stored=5,
    notices_answered=2,
    payments_paid=2,
)


@pytest.mark.parametrize(("share", "ms"), [(1, 10.0), (50, 10.0), (51, 20.0), (95, 20.0), (99, 300.0), (100, 5000.0)])
def test_a_percentile_is_the_time_within_which_so_many_came(share: int, ms: float) -> None:
    assert percentile(TIMES, share) == ms


def test_of_no_answers_every_percentile_is_nothing() -> None:
    assert percentile([], 99) == 0.0


def test_a_route_is_read_from_what_locust_writes() -> None:
    entry = {"name": "GET /go/{slug}", "method": "GET", "num_requests": 3, "num_failures": 1, "response_times": {"12": 2, "7": 1}}
    assert route_of(entry) == Route(name="GET /go/{slug}", requests=3, failures=1, percentiles_ms={50: 12.0, 95: 12.0, 99: 12.0})


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("GET /go/{slug}", "go_get"),
        ("POST /go/{slug}/seen", "go_seen_post"),
        ("POST /telegram/{bot_id}", "telegram_post"),
        ("POST /pix/{provider}/{bot_id}", "pix_post"),
    ],
)
def test_a_figure_is_named_by_its_route(route: str, name: str) -> None:
    assert _figure_name(route) == name


FAILED = Route(name="GET /go/{slug}", requests=5, failures=1, percentiles_ms={})


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RIGHT, clicks_stored=4),
        replace(RIGHT, payments_paid=1),
        replace(RIGHT, payments_paid=3),
        replace(RIGHT, routes=[FAILED]),
    ],
)
def test_what_failed_or_was_answered_and_is_not_in_the_records_is_wrong(wrong: Loaded) -> None:
    assert RIGHT.right
    assert not wrong.right
