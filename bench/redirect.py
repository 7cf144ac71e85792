"""``make bench-redirect``: what a click costs, warm and cold, beside the limit, boto3 and Flask, and what a crowd waits.

``python -m bench.redirect [WARM] [COLD] [VISITORS]`` runs the parts that are named, all of them without a name. Only a run of all
writes the figures, and their tables into ``docs/performance.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import imports, redirect_cold, redirect_tables, redirect_visitors, redirect_warm
from bench.lambda_runtime import emulator_path
from bench.redirect_tables import LIMITS, PERCENTILES, Shown
from bench.redirect_warm import BOTO3, CLUSTER, FLASK, FLASK_THREADS, LIMIT, OURS, WHAT
from bench.results import write_figures
from stack.progress import Told

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
Figures = dict[str, float]


def warm(console: Console) -> Figures:
    """Measure a click in a warm container."""
    under = "AWS's runtime interface emulator" if emulator_path() else "our end of Lambda's Runtime API"
    console.print(
        f"Warm clicks under {under}: {redirect_warm.ROUNDS} rounds of {redirect_warm.CLICKS_A_ROUND} (a minute or two) …"
    )
    runs = redirect_warm.measure()
    flask = min((FLASK, FLASK_THREADS), key=lambda name: redirect_warm.microseconds(runs, name))
    figures = {
        "warm_cpu_ratio_to_limit": redirect_warm.ratio(runs, OURS, LIMIT),
        "warm_cpu_ratio_to_boto3": redirect_warm.ratio(runs, OURS, BOTO3),
        "cpu_ratio_to_flask": redirect_warm.ratio(runs, OURS, flask),
        "warm_cpu_ratio_to_limit_on_a_cluster": redirect_warm.ratio(runs, CLUSTER, LIMIT),
        "warm_wall_ratio_to_limit": redirect_warm.ratio(runs, OURS, LIMIT, lambda each: each.wall),
        "warm_wall_ratio_to_boto3": redirect_warm.ratio(runs, OURS, BOTO3, lambda each: each.wall),
        **{f"warm_cpu_us_{name}": redirect_warm.microseconds(runs, name) for name in WHAT},
        **{f"warm_wall_us_{name}": redirect_warm.microseconds(runs, name, lambda each: each.wall) for name in WHAT},
    }
    _print(console, redirect_tables.warm(figures))
    return figures


def cold(console: Console) -> Figures:
    """Measure the start of each function, and the first click of a new container."""
    console.print(f"Cold starts, {imports.ROUNDS} of each function (a minute or two) …")
    runs = imports.measure(imports.ROUNDS)
    starts = redirect_cold.measure()
    figures = imports.figures(runs) | {
        "init_ratio_to_everything": imports.ratio(runs, "redirect"),
        "init_wall_ratio_to_everything": imports.ratio(runs, "redirect", lambda init: init.wall),
        "first_answer_ratio_to_boto3": starts["redirect"].answered / starts["boto3"].answered,
        **{f"cold_init_ms_{name}": start.init * 1000 for name, start in starts.items()},
        **{f"cold_answered_ms_{name}": start.answered * 1000 for name, start in starts.items()},
        **{f"cold_cpu_ms_{name}": start.answered_cpu * 1000 for name, start in starts.items()},
    }
    for table in (redirect_tables.inits, redirect_tables.imports, redirect_tables.first_click):
        _print(console, table(figures))
    return figures


def visitors(console: Console) -> Figures:
    """Send crowds through the local gateway, in good times and bad."""
    met = redirect_visitors.measure(Told(console))
    figures: Figures = {}
    for (situation, count), crowd in met.items():
        of = f"{situation}_{count}"
        figures |= {f"{of}_p{share}_ms": crowd.milliseconds(share) for share in PERCENTILES}
        figures |= {f"{of}_slowest_ms": crowd.milliseconds(100), f"{of}_per_second": len(crowd.waits) / crowd.seconds}
    _print(console, redirect_tables.visitors(figures))
    clicks = sum(len(crowd.waits) for crowd in met.values())
    return {"error_rate": sum(crowd.failed for crowd in met.values()) / clicks, "clicks_through_the_gateway": clicks} | figures


PARTS: Mapping[str, Callable[[Console], Figures]] = {"WARM": warm, "COLD": cold, "VISITORS": visitors}


def main() -> None:
    """Measure, print and write the figures; exits with 1 where one is over its limit."""
    console = Console(width=max(Console().width, 120))
    wanted = [name for name in PARTS if name in sys.argv[1:]] or list(PARTS)
    figures: Figures = {}
    for name in wanted:
        figures |= PARTS[name](console)
    figures = {name: round(figure, 3) for name, figure in figures.items()}
    _print(console, redirect_tables.ratios(figures))
    if len(wanted) == len(PARTS):
        console.print(f"written to {write_figures('redirect', figures, 'make bench-redirect').name} and {PAGE.name}")
        PAGE.write_text(redirect_tables.filled(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    sys.exit(any(figures[name] > most for name, most in LIMITS.items() if name in figures))


def _print(console: Console, shown: Shown) -> None:
    table = Table(title=shown.title)
    for place, heading in enumerate(shown.headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=not place)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
