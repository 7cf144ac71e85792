"""Metrics as lines of the log, in CloudWatch's embedded metric format.

Powertools writes the same lines; a click counts one thing, and its way of writing it was a fifteenth of what a click costs
(``docs/performance.md``).
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

VALUES_AT_MOST = 100
"""How many values of one metric, and how many metrics, a line takes."""


class Metrics:
    """What an invocation has counted and measured so far, each metric by the name of its service."""

    def __init__(self, *, namespace: str, service: str, write: Callable[[str], object], now_ms: Callable[[], int]) -> None:
        """Take where the metrics live, whose they are, where lines go and the clock."""
        self.namespace = namespace
        self._service = service
        self._write = write
        self._now_ms = now_ms
        self.metric_set: dict[str, tuple[str, list[float]]] = {}
        """The unit and the values of each metric."""

    def add_metric(self, name: str, unit: str, value: float) -> None:
        """Add a value; what is more than a line takes is written at once."""
        _, values = self.metric_set.setdefault(name, (unit, []))
        values.append(float(value))
        if len(values) == VALUES_AT_MOST or len(self.metric_set) == VALUES_AT_MOST:
            self.flush_metrics()

    def flush_metrics(self) -> None:
        """Write what there is and forget it."""
        if self.metric_set:
            self._write(self._line(self.metric_set, {}))
            self.clear_metrics()

    def clear_metrics(self) -> None:
        """Forget what there is."""
        self.metric_set.clear()

    def write_apart(self, name: str, unit: str, value: float, dimensions: Mapping[str, str]) -> None:
        """Write one value under dimensions of its own, apart from the others."""
        self._write(self._line({name: (unit, [float(value)])}, dimensions))

    def _line(self, metrics: Mapping[str, tuple[str, list[float]]], dimensions: Mapping[str, str]) -> str:
        whose = {**dimensions, "service": self._service}
        described = {
            "Namespace": self.namespace,
            "Dimensions": [list(whose)],
            "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in metrics.items()],
        }
        line: dict[str, Any] = {"_aws": {"Timestamp": self._now_ms(), "CloudWatchMetrics": [described]}, **whose}
        line |= {name: values for name, (_, values) in metrics.items()}
        return json.dumps(line) + "\n"
