"""What each function costs to import and wire, beside a handler that imports every library of the project.

A cold start is mostly imports. Each run is a fresh interpreter; the candidates take turns, so that a machine whose speed drifts
slows all of them alike, and the figures are ratios of medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from bench.results import write_figures

ROUNDS = 11
EVERYTHING = (
    "import boto3, redis, requests, pydantic, segno\n"
    "import aws_lambda_powertools, aws_lambda_powertools.utilities.batch, aws_lambda_powertools.utilities.parameters\n"
    "[boto3.client(name, region_name='sa-east-1') for name in ('dynamodb', 'sqs')]\n"
)
FUNCTIONS = ("redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler")
ENVIRONMENT = {
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
    "CAPI_QUEUE_URL": "http://127.0.0.1:9/queue",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Rastro",
}


def main() -> None:
    """Measure, print and write the figures."""
    candidates = {"everything": EVERYTHING, "bare": "pass\n"} | {
        name: f"from functions.{name} import app\napp.dependencies()\n" for name in FUNCTIONS
    }
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(1 + ROUNDS):
        for name, code in candidates.items():
            times[name].append(_seconds(code))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    table = Table(title=f"Import and wiring, fresh interpreter, median of {ROUNDS}")
    for heading in ("function", "ms", "of a handler that imports everything"):
        table.add_column(heading, justify="left" if heading == "function" else "right")
    for name, seconds in medians.items():
        table.add_row(name, f"{seconds * 1000:.0f}", f"{seconds / medians['everything']:.2f}")
    Console().print(table)
    figures = {f"init_ratio_{name}": round(medians[name] / medians["everything"], 3) for name in FUNCTIONS}
    Console().print(f"written to {write_figures('imports', figures, 'make bench').name}")


def _seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=_environment())
    return time.perf_counter() - started


def _environment() -> dict[str, str]:
    """Return an environment in which bytecode is kept: the first round, which is not counted, compiles what the others load."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return inherited | ENVIRONMENT
