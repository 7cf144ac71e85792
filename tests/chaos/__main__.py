"""``make chaos``: kill every function at every point, then play the journeys under fire, and print what became of them."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.results import write_figures
from rastro.observability import logger
from stack.errors import StackError
from stack.progress import Told
from stack.signals import Ended
from tests.chaos import report
from tests.chaos.crashes.campaign import Findings as Crashes
from tests.chaos.crashes.campaign import enumerate_points
from tests.chaos.crashes.fate import Trouble
from tests.chaos.crashes.journeys import JOURNEYS
from tests.chaos.fire.campaign import run_under_fire
from tests.chaos.fire.verdict import Findings as Fire
from tests.chaos.fire.weather import FAULTS, Fault

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "chaos.md"
AS_PRINTED = "## As printed\n"
BUYERS_A_SECOND = 4.0


def main() -> int:
    """Run the command and return its exit code: 1 when anything was lost or doubled."""
    chosen = _arguments()
    console = Console(highlight=False, width=160)
    logger.setLevel(logging.CRITICAL)  # each fault is a line of the log
    faults = [fault for fault in FAULTS if chosen.only.lower() in fault.name.lower()]
    try:
        crashes = _crashes(console, thorough=chosen.thorough)
        fire = _fire(console, faults, chosen.rate)
    except StackError as exc:
        console.print(f"\n{exc}", style="bold red", markup=False)
        return 1
    except Ended:
        console.print("\nStopped; nothing is left running.")
        return 130
    printed = f"{report.crash_table(crashes)}\n\n{report.fire_table(fire)}\n\n{report.fire_summary(fire)}"
    console.print(f"\n{printed}\n", markup=False)
    for line in report.remarks(fire):
        console.print(f"! {line}", style="yellow", markup=False)
    wrong = report.problems(crashes, fire)
    for line in wrong:
        console.print(f"✗ {line}", style="red", markup=False)
    if not chosen.only:
        results = write_figures("chaos", report.figures(crashes, fire), "make chaos")
        console.print(f"Figures written to bench/results/{results.name}")
    if chosen.write_docs:
        kept = PAGE.read_text(encoding="utf-8").partition(AS_PRINTED)[0]
        PAGE.write_text(f"{kept}{AS_PRINTED}\n{printed}\n", encoding="utf-8")
        console.print(f"Tables written to docs/{PAGE.name}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only faults with this in their name; writes no figures")
    parser.add_argument("--rate", type=float, default=BUYERS_A_SECOND, help="buyers a second (default: %(default)s)")
    parser.add_argument("--thorough", action="store_true", help="let the next try die as well, everywhere: some minutes more")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/chaos.md too")
    return parser.parse_args()


def _crashes(console: Console, *, thorough: bool) -> Crashes:
    began = time.monotonic()
    console.print("[bold]Every crash point[/] of every journey, in memory …")
    crashes = enumerate_points()
    again = JOURNEYS.values() if thorough else (next(iter(JOURNEYS.values())),)
    for play in enumerate_points(again, troubles=(Trouble.DIES,), twice=True).again:
        crashes.add(play)
    console.print(
        f"  {crashes.points:,} points, {crashes.plays:,} plays in {time.monotonic() - began:.0f} s: "
        f"lost {crashes.lost}, doubled {crashes.doubled}"
    )
    return crashes


def _fire(console: Console, faults: Sequence[Fault], rate: float) -> Fire:
    console.print(f"[bold]Under fire[/]: {len(faults)} faults in two lanes, {rate:g} buyers a second")
    return run_under_fire(Told(console), faults, rate=rate, tell=lambda line: console.print(f"  {line}", markup=False))


if __name__ == "__main__":
    sys.exit(main())
