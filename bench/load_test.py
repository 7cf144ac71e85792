"""``make load``: the HTTP routes under load, a queue of 100,000 events drained, and the memory of containers that live long.

``python -m bench.load_test [ROUTES] [QUEUE] [MEMORY]`` runs the parts that are named, all of them without a name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import load_memory, load_queue, load_routes
from bench.results import RESULTS, write_figures
from stack.progress import Told

ROUTE_SECONDS = 30
QUEUE_EVENTS = 100_000
INVOCATIONS = 50_000
GROWN_AT_MOST_MB = 1.0
"""Some twenty bytes for each invocation between the two readings, the allocator's noise. One dictionary entry for each funnel
that does not exist, asked for by a fifth of the visits, is 1.9 MB."""

Figures = dict[str, float]


def routes(console: Console) -> tuple[Figures, bool]:
    """Load the routes."""
    loaded = load_routes.load(ROUTE_SECONDS, Told(console))
    table = Table(title=f"The routes through the local gateway, {load_routes.USERS} visitors without a pause")
    table.add_column("route", no_wrap=True)
    for heading in ("requests", "a second", "50 (ms)", "95 (ms)", "99 (ms)", "failed"):
        table.add_column(heading, justify="right")
    figures: Figures = {}
    for route in loaded.routes:
        rate = route.requests / loaded.seconds
        times = [route.percentiles_ms[share] for share in load_routes.PERCENTILES]
        table.add_row(route.name, f"{route.requests:,}", f"{rate:.1f}", *(f"{ms:.0f}" for ms in times), str(route.failures))
        name = _figure_name(route.name)
        figures |= {f"{name}_per_second": round(rate, 1), f"{name}_p95_ms": times[1]}
    console.print(table)
    console.print(f"clicks answered {loaded.clicks_answered:,}, stored {loaded.clicks_stored:,}")
    console.print(f"notices answered {loaded.notices_answered:,}, payments paid {loaded.payments_paid:,}")
    requests = sum(route.requests for route in loaded.routes)
    figures |= {
        "requests": requests,
        "requests_per_second": round(requests / loaded.seconds, 1),
        "failed": sum(route.failures for route in loaded.routes),
        "clicks_lost": loaded.clicks_answered - loaded.clicks_stored,
        "notices_lost": loaded.notices_answered - loaded.payments_paid,
    }
    return figures, loaded.right


def queue(console: Console) -> tuple[Figures, bool]:
    """Drain the queue."""
    drained = load_queue.drain(QUEUE_EVENTS)
    rate = drained.events / drained.seconds
    console.print(
        f"{drained.events:,} events in {drained.messages:,} messages drained in {drained.seconds:.1f} s, {rate:,.0f} a second; "
        f"Graph has {drained.accepted:,}, and {drained.purchases_accepted:,} Purchases of {drained.purchases:,}"
    )
    figures: Figures = {
        "queue_events": drained.events,
        "queue_events_per_second": round(rate),
        "queue_lost": drained.events - drained.accepted,
        "queue_purchases_doubled": drained.purchases_accepted - drained.purchases,
    }
    return figures, drained.right


def memory(console: Console) -> tuple[Figures, bool]:
    """Run each function behind the API so often."""
    table = Table(title=f"Memory of a container over {INVOCATIONS:,} invocations")
    table.add_column("function", no_wrap=True)
    for heading in (f"at {INVOCATIONS // load_memory.SETTLED_AFTER:,} (MB)", f"at {INVOCATIONS:,} (MB)", "grown (MB)"):
        table.add_column(heading, justify="right")
    figures: Figures = {"invocations": INVOCATIONS}
    flat = True
    for function in load_memory.FUNCTIONS:
        growth = load_memory.measure(function, INVOCATIONS)
        table.add_row(function, f"{growth.first_mb:.1f}", f"{growth.last_mb:.1f}", f"{growth.grown_mb:.2f}")
        figures |= {f"{function}_mb": round(growth.last_mb, 1), f"{function}_grown_mb": round(growth.grown_mb, 2)}
        flat = flat and growth.grown_mb <= GROWN_AT_MOST_MB
    console.print(table)
    return figures, flat


PARTS: Mapping[str, Callable[[Console], tuple[Figures, bool]]] = {"routes": routes, "queue": queue, "memory": memory}


def main(names: list[str]) -> int:
    """Run the parts and write their figures; 1 where something failed, was lost, doubled or grew."""
    console = Console(width=max(Console().width, 110))
    figures: Figures = {}
    right = True
    for name in names or PARTS:
        found, is_right = PARTS[name](console)
        figures |= found
        right = right and is_right
    if not names:
        console.print(f"written to {write_figures('load', figures, 'make load').relative_to(Path.cwd())}")
    return 0 if right else 1


def _figure_name(route: str) -> str:
    method, _, path = route.partition(" ")
    words = [part for part in path.split("/") if part and not part.startswith("{")]
    return "_".join((*words, method.lower()))


if __name__ == "__main__":
    RESULTS.mkdir(exist_ok=True)
    sys.exit(main([name.lower() for name in sys.argv[1:]]))
