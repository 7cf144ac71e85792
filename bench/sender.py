"""``make bench-sender``: events a second of our sender and of Meta's own SDK, to the same server, in one run.

Each round runs every sender in turn, each in a process of its own; the figures are medians. The server is on this machine and
answers at once, so what is compared is work, not waiting. Each request of a real Graph waits for its answer; the last column
shows what that makes of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.graph_server import FAR_PIXEL, FAR_SECONDS
from bench.results import write_figures

ROUNDS = 5
EVENTS: Mapping[str, int] = {
    "ours": 40_000,
    "ours_from_record": 20_000,
    "ours_with_ledger": 10_000,
    "sdk_single": 1_500,
    "sdk_batch": 3_000,
    "sdk_request_of_50": 15_000,
}
"""So many that each sender is at it for a second or so."""
FAR_EVENTS: Mapping[str, int] = {"ours": 20_000, "sdk_single": 20, "sdk_request_of_50": 1_000}
WHAT: Mapping[str, str] = {
    "ours": "ours: 1,000 a request, from its queue",
    "ours_from_record": "ours, with the outbox's work before",
    "ours_with_ledger": "ours, Purchases; ledger in memory",
    "sdk_single": "SDK, an event a request",
    "sdk_batch": "SDK's BatchProcessor, 50 a request",
    "sdk_request_of_50": "SDK, EventRequest of 50",
}
NEAR_PIXEL = "1000000000000001"


def main() -> None:
    """Measure, print and write the figures."""
    console = Console(width=max(Console().width, 100))
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in EVENTS}
    far: dict[str, list[float]] = {name: [] for name in FAR_EVENTS}
    with _server(console) as url:
        for number in range(ROUNDS):
            for name, events in EVENTS.items():
                runs[name].append(_run(name, url, NEAR_PIXEL, events))
            for name, events in FAR_EVENTS.items():
                far[name].append(events / _run(name, url, FAR_PIXEL, events)["seconds"])
            console.print(f"round {number + 1} of {ROUNDS} done")
    rate = {name: statistics.median(EVENTS[name] / run["seconds"] for run in runs[name]) for name in EVENTS}
    cpu_ms = {name: statistics.median(run["cpu_seconds"] * 1000 / EVENTS[name] for run in runs[name]) for name in EVENTS}
    memory_mb = {name: statistics.median(run["memory_mb"] for run in runs[name]) for name in EVENTS}
    far_rate = {name: statistics.median(rates) for name, rates in far.items()}
    console.print(_table(rate, cpu_ms, memory_mb, far_rate))
    console.print(f"CPU is for an event; the last column is events/s when Graph answers after {FAR_SECONDS * 1000:.0f} ms.")
    figures = {
        **{f"ratio_to_{name}": round(rate["ours"] / rate[name], 1) for name in EVENTS if name.startswith("sdk")},
        **{f"ratio_to_{name}_far": round(far_rate["ours"] / far_rate[name], 1) for name in FAR_EVENTS if name != "ours"},
        "cpu_ms_per_event": round(cpu_ms["ours"], 4),
        **{f"events_per_second_{name}": round(value) for name, value in rate.items()},
        **{f"cpu_ms_per_event_{name}": round(value, 4) for name, value in cpu_ms.items()},
        **{f"memory_mb_{name}": round(value, 1) for name, value in memory_mb.items()},
    }
    console.print(f"written to {write_figures('sender', figures, 'make bench-sender').name}")


@contextmanager
def _server(console: Console) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.graph_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise AssertionError("unreachable")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
        used = json.loads(process.stdout.readline())
        console.print(f"the server used {used['cpu_seconds']:.1f} s of processor in all")


def _run(name: str, url: str, pixel_id: str, events: int) -> dict[str, float]:
    """Run a sender in an interpreter of its own; no proxy stands between it and the server."""
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment |= {"LOG_LEVEL": "CRITICAL", "POWERTOOLS_SERVICE_NAME": "bench", "POWERTOOLS_METRICS_NAMESPACE": "Rastro"}
    command = [sys.executable, "-m", "bench.senders", name, url, pixel_id, str(events)]
    finished = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures


def _table(
    rate: Mapping[str, float], cpu_ms: Mapping[str, float], memory_mb: Mapping[str, float], far_rate: Mapping[str, float]
) -> Table:
    table = Table(title=f"To one Graph on this machine, median of {ROUNDS} rounds")
    table.add_column("sender", no_wrap=True)
    for heading in ("events/s", "ours/it", "CPU ms", "MB", f"at {FAR_SECONDS * 1000:.0f} ms"):
        table.add_column(heading, justify="right")
    for name, what in WHAT.items():
        ratio, far_away = f"{rate['ours'] / rate[name]:.1f}", f"{far_rate[name]:,.0f}" if name in far_rate else "-"
        table.add_row(what, f"{rate[name]:,.0f}", ratio, f"{cpu_ms[name]:.3f}", f"{memory_mb[name]:.0f}", far_away)
    return table


if __name__ == "__main__":
    main()
