"""The HTTP routes of a local stack under load: locust sends, and what the records have is compared with the answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.load_backends import pending_payment
from rastro.model import PaymentStatus
from rastro.stores.dynamodb import Table
from rastro.stores.payments import DynamoPaymentStore
from stack.local import LocalStack, Tempo
from stack.progress import Progress
from stack.seed import PAGE_FUNNEL, STAGE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient

ROOT = Path(__file__).parent.parent
USERS = 8
WARM_SECONDS = 5
PAYMENTS_A_SECOND = 25
"""How many payments are prepared for each second: more than the emulator lets through."""
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What locust saw of a route; times in milliseconds."""

    name: str
    requests: int
    failures: int
    percentiles_ms: Mapping[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of the load."""

    seconds: float
    routes: Sequence[Route]
    clicks_answered: int
    clicks_stored: int
    notices_answered: int
    payments_paid: int

    @property
    def right(self) -> bool:
        """Say whether nothing failed and every answer is in the records."""
        failed = sum(route.failures for route in self.routes)
        return failed == 0 and self.clicks_answered == self.clicks_stored and self.notices_answered == self.payments_paid


def load(seconds: int, progress: Progress) -> Loaded:
    """Start a stack, load it for so long after a short warming-up, and stop it."""
    with LocalStack(progress=progress, tempo=Tempo(reconcile_every_seconds=None)) as stack:
        payments = _prepare(stack, (seconds + WARM_SECONDS) * PAYMENTS_A_SECOND)
        _locust(_known(stack, payments[: WARM_SECONDS * PAYMENTS_A_SECOND]), WARM_SECONDS)
        clicks, paid = _count(stack, "click"), _count(stack, "payment", PaymentStatus.PAID)
        began = time.monotonic()
        routes = _locust(_known(stack, payments[WARM_SECONDS * PAYMENTS_A_SECOND :]), seconds)
        lasted = time.monotonic() - began
        answered = {route.name: route.requests - route.failures for route in routes}
        return Loaded(
            seconds=lasted,
            routes=routes,
            clicks_answered=answered.get("GET /go/{slug}", 0),
            clicks_stored=_count(stack, "click") - clicks,
            notices_answered=answered.get("POST /pix/{provider}/{bot_id}", 0),
            payments_paid=_count(stack, "payment", PaymentStatus.PAID) - paid,
        )


def _prepare(stack: LocalStack, count: int) -> list[str]:
    """Write payments that wait for their money, and return their ids."""
    dynamodb: DynamoDBClient = stack.client("dynamodb")
    store = DynamoPaymentStore(Table(dynamodb, stack.tables["payment"]))
    now_ms = int(time.time() * 1000)
    made = []
    for number in range(count):
        payment = pending_payment(f"load{number:08d}")
        store.save(replace(payment, version=0, created_at_ms=now_ms, updated_at_ms=now_ms))
        made.append(str(payment.payment_id))
    return made


def _known(stack: LocalStack, payments: Sequence[str]) -> dict[str, Any]:
    """Return what the visitors know."""
    ssm: SSMClient = stack.client("ssm")
    name = f"/rastro/{STAGE}/providers/openpix/{stack.demo['bot_id']}"
    account = json.loads(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    return {
        "api": stack.api,
        "slug": stack.demo["slug"],
        "page_slug": PAGE_FUNNEL.slug,
        "bot_id": stack.demo["bot_id"],
        "webhook_secret": stack.demo["webhook_secret"],
        "pix_secret": account["webhook_secret"],
        "payments": list(payments),
    }


def _locust(known: Mapping[str, Any], seconds: int) -> list[Route]:
    """Run locust for so long and return what it saw; it ends once every request has its answer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load.json"
        path.write_text(json.dumps(known), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "locust", "--locustfile", str(ROOT / "bench" / "load_visitors.py")),
            *("--headless", "--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"),
            *("--stop-timeout", "30s", "--json", "--loglevel", "ERROR", "--exit-code-on-error", "0"),
        ]
        environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        finished = subprocess.run(
            command,
            check=False,
            env=environ | {"RASTRO_LOAD_FILE": str(path)},
            cwd=folder,
            capture_output=True,
            text=True,
        )
    if finished.returncode != 0:
        raise RuntimeError(f"locust failed:\n{finished.stderr}")
    return [route_of(entry) for entry in json.loads(finished.stdout)]


def route_of(entry: Mapping[str, Any]) -> Route:
    """Read locust's statistics of one route."""
    times = sorted((float(ms), int(count)) for ms, count in entry["response_times"].items())
    return Route(
        name=str(entry["name"]),
        requests=int(entry["num_requests"]),
        failures=int(entry["num_failures"]),
        percentiles_ms={share: percentile(times, share) for share in PERCENTILES},
    )


def percentile(times: Sequence[tuple[float, int]], share: int) -> float:
    """Return the time within which this share (in 100) of the answers came, of times in order with how often each was."""
    total = sum(count for _, count in times)
    seen = 0
    for ms, count in times:
        seen += count
        if seen * 100 >= total * share:
            return ms
    return 0.0


def _count(stack: LocalStack, table: str, status: str | None = None) -> int:
    """Count the records of a table, of one status or all."""
    dynamodb: DynamoDBClient = stack.client("dynamodb")
    wanted: dict[str, Any] = {}
    if status is not None:
        wanted = {
            "FilterExpression": "#status = :status",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": {"S": status}},
        }
    pages = dynamodb.get_paginator("scan").paginate(TableName=stack.tables[table], Select="COUNT", **wanted)
    return sum(page["Count"] for page in pages)
