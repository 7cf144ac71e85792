from __future__ import annotations

import json
from typing import Any

import pytest

from rastro.errors import StoreUnavailable
from rastro.observability import cache_failed, count, logger, measure_seconds, metrics, observed, short_hash


@pytest.fixture(autouse=True)
def _no_metrics_of_other_tests() -> None:
    metrics.clear_metrics()


class Context:
    aws_request_id = "request-1"


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_metrics_of_an_invocation_are_written_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    @observed
    def handler(_event: dict[str, Any], _context: object) -> str:
        count("sale", 2)
        count("refund", 0)
        return "done"

    assert handler({}, Context()) == "done"
    (written,) = _lines(capsys)
    assert written["sale"] == [2.0]
    assert "refund" not in written
    assert written["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Rastro"


def test_metrics_are_written_although_the_handler_fails(capsys: pytest.CaptureFixture[str]) -> None:
    @observed
    def handler(_event: dict[str, Any], _context: object) -> None:
        count("failure")
        raise LookupError

    with pytest.raises(LookupError):
        handler({}, Context())
    assert [line["failure"] for line in _lines(capsys)] == [[1.0]]


def test_an_invocation_without_metrics_writes_none(capsys: pytest.CaptureFixture[str]) -> None:
    observed(lambda _event, _context: None)({}, Context())

    assert _lines(capsys) == []


def test_a_trace_is_short_and_does_not_tell_its_value() -> None:
    trace = short_hash("IwAR_AbC-1")

    assert len(trace) == 12
    assert "IwAR" not in trace
    assert trace == short_hash("IwAR_AbC-1") != short_hash("iwar_abc-1")


def test_the_request_id_stands_on_every_line() -> None:
    observed(lambda _event, _context: None)({}, Context())

    assert logger.get_current_keys()["request_id"] == "request-1"


def test_a_duration_is_written_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    @observed
    def handler(_event: dict[str, Any], _context: object) -> None:
        measure_seconds("waiting", 61.5)

    handler({}, Context())
    (written,) = _lines(capsys)
    assert written["waiting"] == [61.5]
    assert written["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "waiting", "Unit": "Seconds"}]


def test_a_cache_that_is_left_alone_is_counted_but_fills_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    failed, left_alone = StoreUnavailable("the cache failed"), StoreUnavailable("the cache is left alone")
    failed.__cause__ = TimeoutError()

    @observed
    def handler(_event: dict[str, Any], _context: object) -> None:
        cache_failed(failed)
        cache_failed(left_alone)

    handler({}, Context())
    written = _lines(capsys)
    assert [line["cache_failed"] for line in written if "_aws" in line] == [[1.0, 1.0]]
