from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools.metrics import Metrics as PowertoolsMetrics

from rastro.metrics import VALUES_AT_MOST, Metrics


class _Setup:
    def __init__(self) -> None:
        self.written: list[str] = []
        self.metrics = Metrics(
            namespace="Rastro/test", service="redirect", write=self.written.append, now_ms=lambda: 1_790_000_000_000
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written]


@pytest.fixture
def setup() -> _Setup:
    return _Setup()


def test_a_line_is_the_one_that_powertools_would_write(setup: _Setup, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = PowertoolsMetrics(namespace="Rastro/test", service="redirect")
    for name, unit, value in (("sale", "Count", 2), ("sale", "Count", 3), ("waiting", "Seconds", 61.5)):
        setup.metrics.add_metric(name, unit, value)
        theirs.add_metric(name, unit, value)
    setup.metrics.flush_metrics()
    theirs.flush_metrics()
    expected = json.loads(capsys.readouterr().out)
    expected["_aws"]["Timestamp"] = 1_790_000_000_000
    assert setup.lines == [expected]


def test_every_line_ends_and_stands_alone(setup: _Setup) -> None:
    setup.metrics.add_metric("sale", "Count", 1)
    setup.metrics.flush_metrics()
    assert [text.count("\n") for text in setup.written] == [1]
    assert setup.written[0].endswith("\n")


def test_what_was_written_is_not_written_again(setup: _Setup) -> None:
    setup.metrics.add_metric("sale", "Count", 1)
    setup.metrics.flush_metrics()
    setup.metrics.flush_metrics()
    assert len(setup.written) == 1


def test_what_was_cleared_is_not_written(setup: _Setup) -> None:
    setup.metrics.add_metric("sale", "Count", 1)
    setup.metrics.clear_metrics()
    setup.metrics.flush_metrics()
    assert setup.written == []


def test_a_value_apart_has_its_own_dimension_and_leaves_the_others_where_they_are(setup: _Setup) -> None:
    setup.metrics.add_metric("sale", "Count", 1)
    setup.metrics.write_apart("reason", "Count", 1, {"reason": "direct_entry"})
    (line,) = setup.lines
    assert (line["reason"], line["service"]) == ([1.0], "redirect")
    assert set(setup.metrics.metric_set) == {"sale"}


def test_a_dimension_is_told_by_its_name(setup: _Setup) -> None:
    setup.metrics.write_apart("linked", "Count", 1, {"source": "fbclid"})
    (line,) = setup.lines
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["source", "service"]]
    assert (line["source"], line["linked"]) == ("fbclid", [1.0])


def test_more_than_a_line_takes_becomes_another_line(setup: _Setup) -> None:
    for _ in range(VALUES_AT_MOST + 1):
        setup.metrics.add_metric("sale", "Count", 1)
    for number in range(VALUES_AT_MOST):
        setup.metrics.add_metric(f"metric_{number}", "Count", 1)
    setup.metrics.flush_metrics()
    most = [max(len(line[name["Name"]]) for name in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in setup.lines]
    names = [len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in setup.lines]
    assert (most, names) == ([100, 1, 1], [1, 100, 1])
