"""``make campaign``: run the fault campaign, print what became of every purchase, and write its figures."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from bench.results import write_figures
from rastro.observability import logger
from tests.campaign.campaign import Campaign
from tests.campaign.laboratory import running_lab
from tests.campaign.verdict import Findings

PURCHASES = 10_000


def main() -> int:
    """Run the command and return its exit code: 1 when a purchase is not where it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--purchases", type=int, default=PURCHASES, help="how many (default: %(default)s)")
    purchases = parser.parse_args().purchases
    console = Console(highlight=False)
    logger.setLevel("CRITICAL")  # each of the thousand faults is a line of the log
    console.print(f"[bold]The fault campaign[/]: {purchases:,} purchases, Graph failing in every way, senders dying")
    with running_lab() as lab_url:
        findings = Campaign(lab_url, purchases).run()
    console.print(printed(findings))
    problems = findings.problems()
    for problem in problems:
        console.print(f"[red]✗[/] {problem}")
    if purchases == PURCHASES:
        console.print(f"Figures written to bench/results/{write_figures('campaign', findings.figures(), 'make campaign').name}")
    return 1 if problems else 0


def printed(findings: Findings) -> Table:
    """Return the findings as a table."""
    table = Table(show_header=False)
    for name, value in findings.figures().items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    table.add_section()
    for fault, requests in sorted(findings.requests_by_fault.items()):
        table.add_row(f"requests, fault: {fault}", f"{requests:,}")
    for point, times in sorted(findings.killed.items()):
        table.add_row(f"killed: {point}", f"{times:,}")
    for outcome, times in sorted(findings.outcomes.items()):
        table.add_row(f"outcome: {outcome}", f"{times:,}")
    table.add_row("messages received twice at once", f"{findings.duplicates:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
