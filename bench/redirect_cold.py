"""What the first click of a new container takes: INIT, and the answer after it, beside a bare handler with boto3's client.

Imports that a function puts off until its first request would be missing from its INIT; here they are not.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.lambda_runtime import Runtime
from bench.redirect_warm import event_number, servers

ROUNDS = 11
HANDLERS: Mapping[str, tuple[str, str]] = {
    "redirect": ("functions.redirect.app.lambda_handler", "the redirect"),
    "limit": ("bench.contestants.limit.handler", "limit: bare handler, hand-signed write"),
    "botocore_signer": ("bench.contestants.botocore_signer.handler", "bare handler with botocore's signer"),
    "boto3": ("bench.contestants.boto3_clients.handler", "bare handler with boto3's client"),
    "nothing": ("bench.contestants.nothing.handler", "a handler that does nothing"),
}
"""Each with what it is."""


@dataclass(frozen=True, slots=True)
class Cold:
    """A container's start, in seconds by the clock and of the processor: until it asked for an event, and until its answer."""

    init: float
    init_cpu: float
    answered: float
    answered_cpu: float


def measure(rounds: int = ROUNDS) -> Mapping[str, Cold]:
    """Return the medians."""
    runs: dict[str, list[Cold]] = {name: [] for name in HANDLERS}
    with servers() as environ:
        for number in range(1 + rounds):
            for name, (handler, _) in HANDLERS.items():
                runs[name].append(_start(handler, environ, number))
    # The first round compiles what the others load.
    return {
        name: Cold(
            statistics.median(run.init for run in starts[1:]),
            statistics.median(run.init_cpu for run in starts[1:]),
            statistics.median(run.answered for run in starts[1:]),
            statistics.median(run.answered_cpu for run in starts[1:]),
        )
        for name, starts in runs.items()
    }


def _start(handler: str, environ: Mapping[str, str], number: int) -> Cold:
    event = json.dumps(event_number(number)).encode()
    with Runtime(handler, environ) as function:
        began = time.perf_counter()
        function.invoke(event)
        waited = time.perf_counter() - began
        init, init_cpu = function.init_seconds, function.init_cpu_seconds
        return Cold(init, init_cpu, init + waited, function.cpu_seconds)
