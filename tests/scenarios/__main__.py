"""``python -m tests.scenarios``: play the matrix on a stack of its own, print it, and write its figures."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.results import write_figures
from stack.errors import StackError
from stack.progress import Told
from stack.signals import Ended, end_on_signals
from tests.scenarios import report
from tests.scenarios.journeys import JOURNEYS, Journey
from tests.scenarios.matrix import funnels_of, play_all
from tests.scenarios.stage import own_stage
from tests.scenarios.verdict import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"


def main() -> int:
    """Run the command and return its exit code: 1 when a journey is not as expected."""
    chosen = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    end_on_signals()
    journeys = [(number, journey) for number, journey in enumerate(JOURNEYS) if chosen.only in journey.name]
    if not journeys:
        console.print(f"No journey has “{escape(chosen.only)}” in its name.")
        return 1
    console.print(f"[bold]The scenario matrix[/]: {len(journeys)} journeys on a local stack of their own")
    try:
        outcomes = _play(console, journeys)
    except StackError as exc:
        console.print(f"\n[bold red]{escape(str(exc))}[/]")
        return 1
    except Ended:
        console.print("\nStopped; nothing is left running.")
        return 130
    printed = report.printed(outcomes)
    console.print(f"\n{printed}\n", markup=False)
    wrong = report.problems(outcomes)
    for line in wrong:
        console.print(f"[red]✗[/] {escape(line)}")
    if not chosen.only:
        results = write_figures("scenarios", report.figures(outcomes), "make scenarios")
        console.print(f"Figures written to bench/results/{results.name}")
    if chosen.write_docs:
        PAGE.write_text(f"# The scenario matrix\n\nPrinted by `make scenarios`.\n\n{printed}\n", encoding="utf-8")
        console.print(f"Page written to docs/{PAGE.name}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write-docs", action="store_true", help="write the table to docs/scenarios.md too")
    what.add_argument("--only", default="", metavar="TEXT", help="play only journeys with this in their name; writes nothing")
    return parser.parse_args()


def _play(console: Console, journeys: list[tuple[int, Journey]]) -> list[Outcome]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with own_stage(Told(console), funnels_of(journeys)) as stage:
        started_at = time.monotonic()
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Playing", total=len(journeys))

            def done(outcome: Outcome) -> None:
                mark = "[red]✗[/]" if outcome.problems else "[green]✓[/]"
                seconds = time.monotonic() - started_at
                progress.console.print(f"  {mark} {escape(outcome.journey.name)} [dim]{seconds:.1f} s[/]")
                progress.advance(task)

            outcomes = play_all(stage, journeys, done)
    return [outcomes[journey.name] for _, journey in journeys]


if __name__ == "__main__":
    sys.exit(main())
