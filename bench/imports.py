"""What each function costs to import, as Lambda loads it, beside a handler that imports every library of the first card.

A cold start is mostly imports. Each run is a fresh process under AWS's runtime interface client. The candidates take turns, so
that a machine whose speed drifts slows all of them alike; a ratio is the median of the rounds' ratios, and of processor time, as
other programs on the machine stretch the clock's.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.lambda_runtime import Runtime
from bench.results import write_figures

ROUNDS = 11
FUNCTIONS = ("redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler", "rollup")
YARDSTICKS = {
    "everything": "bench.contestants.everything.handler",
    "nothing": "bench.contestants.nothing.handler",
}
ENVIRONMENT = {
    "AWS_REGION": "sa-east-1",
    "AWS_DEFAULT_REGION": "sa-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "STAGE": "bench",
    "SECRETS_PREFIX": "/rastro/bench",
    "BOT_USER_TABLE": "bot_user",
    "PAYMENT_TABLE": "payment",
    "CLICK_TABLE": "click",
    "FUNNEL_TABLE": "funnel",
    "EVENT_TABLE": "event",
    "INBOX_TABLE": "inbox",
    "CAPI_QUEUE_URL": "http://127.0.0.1:9/queue",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Rastro",
}
OWN, STANDARD, REST = "own", "standard", "others"
PARTS: Mapping[str, str] = {
    OWN: "our own",
    STANDARD: "standard library",
    "redis": "redis",
    "requests": "requests",
    "powertools": "Powertools",
    "boto3": "boto3",
    REST: "others",
}
"""What imported modules belong to, by the name in the figures."""
_PACKAGES: Mapping[str, str] = {
    "rastro": OWN,
    "functions": OWN,
    "redis": "redis",
    "requests": "requests",
    "urllib3": "requests",
    "idna": "requests",
    "certifi": "requests",
    "charset_normalizer": "requests",
    "aws_lambda_powertools": "powertools",
    "jmespath": "powertools",
    "boto3": "boto3",
    "botocore": "boto3",
    "s3transfer": "boto3",
}
_LINE = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*([\w.]+)$")


@dataclass(frozen=True, slots=True)
class Init:
    """The time until a function asks for its first event, in seconds: by the clock, and of the processor."""

    wall: float
    cpu: float


Runs = Mapping[str, Sequence[Init]]


def main() -> None:
    """Measure, print and write the figures."""
    runs = measure(ROUNDS)
    table = Table(title=f"INIT under the runtime interface client, median of {ROUNDS}")
    for heading in ("function", "ms", "CPU ms", "of a handler that imports everything"):
        table.add_column(heading, justify="left" if heading == "function" else "right")
    for name in runs:
        init = median(runs, name)
        table.add_row(name, f"{init.wall * 1000:.0f}", f"{init.cpu * 1000:.0f}", f"{ratio(runs, name):.2f}")
    Console().print(table)
    ratios = {f"init_ratio_{name}": round(ratio(runs, name), 3) for name in FUNCTIONS}
    Console().print(f"written to {write_figures('imports', ratios, 'make bench').name}")


def measure(rounds: int) -> Runs:
    """Return every round of each function and yardstick."""
    handlers = YARDSTICKS | {name: f"functions.{name}.app.lambda_handler" for name in FUNCTIONS}
    runs: dict[str, list[Init]] = {name: [] for name in handlers}
    environ = environment()
    for _ in range(1 + rounds):
        for name, handler in handlers.items():
            with Runtime(handler, environ) as function:
                runs[name].append(Init(function.init_seconds, function.init_cpu_seconds))
    # The first round compiles what the others load.
    return {name: inits[1:] for name, inits in runs.items()}


def median(runs: Runs, name: str) -> Init:
    """Return what a start took, in the middle."""
    return Init(statistics.median(run.wall for run in runs[name]), statistics.median(run.cpu for run in runs[name]))


def ratio(runs: Runs, name: str, of: Callable[[Init], float] = lambda init: init.cpu) -> float:
    """Return the median over the rounds of what a start took of what importing everything did."""
    return statistics.median(of(one) / of(whole) for one, whole in zip(runs[name], runs["everything"], strict=True))


def figures(runs: Runs) -> dict[str, float]:
    """Return what was measured under the names of figures, in milliseconds, with what each function spends its imports on."""
    profiles = {name: import_profile(f"functions.{name}.app") for name in FUNCTIONS}
    return {
        **{f"init_ratio_{name}": ratio(runs, name) for name in runs},
        **{f"init_ms_{name}": median(runs, name).wall * 1000 for name in runs},
        **{f"init_cpu_ms_{name}": median(runs, name).cpu * 1000 for name in runs},
        **{f"import_ms_{name}_{part}": spent.get(part, 0) / 1000 for name, spent in profiles.items() for part in PARTS},
    }


def import_profile(module: str) -> Mapping[str, int]:
    """Return the microseconds that importing a module takes, by what the imported modules belong to."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    told = subprocess.run(command, check=True, env=environment(), stderr=subprocess.PIPE, text=True)
    return profile_of(told.stderr.splitlines())


def profile_of(lines: Sequence[str]) -> Mapping[str, int]:
    """Add up what ``-X importtime`` said."""
    spent: dict[str, int] = defaultdict(int)
    for line in lines:
        found = _LINE.match(line)
        if found is not None:
            package = found[2].partition(".")[0]
            default = STANDARD if package in sys.stdlib_module_names else REST
            spent[_PACKAGES.get(package, default)] += int(found[1])
    return spent


def environment() -> dict[str, str]:
    """Return a function's environment.

    Bytecode is kept, as in the layer, and no proxy stands between the function and the servers of this machine.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.lower().endswith("_proxy")
    }
    return inherited | ENVIRONMENT
