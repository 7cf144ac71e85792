"""Logs and metrics, the same way everywhere.

A log line is a constant event name with key-values; a metric counts one business outcome. Neither ever carries an fbclid, an IP
address, a phone number, an e-mail, a CPF, chat text, a token or a secret: where a trace is needed there is ``short_hash``.
Powertools' tracer is left out: it pulls botocore in, on paths that need none.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

from rastro.clock import now_ms
from rastro.metrics import Metrics
from rastro.settings import metrics_namespace

_TRACE_LENGTH = 12


def _write(line: str) -> None:
    sys.stdout.write(line)  # by its name: Lambda's runtime has put another stream there


logger = Logger()
metrics = Metrics(
    namespace=metrics_namespace(),
    service=logger.service,
    write=_write,
    now_ms=now_ms,
)

Context = TypeVar("Context")
Result = TypeVar("Result")


def observed(handler: Callable[[dict[str, Any], Context], Result]) -> Callable[[dict[str, Any], Context], Result]:
    """Wrap a Lambda handler: its request id stands on every log line, and its metrics are written however it ends."""

    @functools.wraps(handler)
    def wrapper(event: dict[str, Any], context: Context) -> Result:
        logger.append_keys(request_id=getattr(context, "aws_request_id", None))
        try:
            return handler(event, context)
        finally:
            metrics.flush_metrics()

    return wrapper


def count(name: str, amount: int = 1) -> None:
    """Count a business outcome; nothing is written for an amount of 0."""
    if amount:
        metrics.add_metric(name, "Count", amount)


def measure_seconds(name: str, seconds: float) -> None:
    """Record how long something has lasted."""
    metrics.add_metric(name, "Seconds", seconds)


def count_by(name: str, dimension: str, value: str) -> None:
    """Count a business outcome by one dimension of few values; it is written at once, apart from the others."""
    metrics.write_apart(name, "Count", 1, {dimension: value})


def short_hash(value: str) -> str:
    """Return a short trace of a value that must not stand in a log.

    Only for values nobody can guess (an fbclid, a start token): a phone number or CPF is found again by trying them all.
    """
    return hashlib.sha256(value.encode()).hexdigest()[:_TRACE_LENGTH]


def cache_failed(fault: Exception) -> None:
    """Tell of a cache that failed: it costs time, nothing else; while it is left alone after that, it is only counted."""
    if fault.__cause__ is not None:
        logger.warning("cache_failed", reason=str(fault))
    count("cache_failed")
