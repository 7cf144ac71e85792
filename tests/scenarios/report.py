"""The matrix for people, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from tests.scenarios.journeys import Linked
from tests.scenarios.verdict import Outcome, Recovered, Sale

HEADINGS = ("journey", "old system", "options 1 to 3", "Rastro")
LEGEND = """\
✅ the sale has its click; ❌ it has none, though there was one to find; ⚠️ it has a wrong one; — there is none to find. Beside
Rastro's mark stands how it knows (`link_source`), or why there is nothing to know (`reason`). Two sales have two marks.

“Old system” takes the token that comes with `/start` and looks it up in Redis; “options 1 to 3” are those of the problem report,
in the reading that is kindest to them: the redirect knows a person again by browser and by fbclid. Both are small models that
follow the same journey (`tests/scenarios/before.py`). Rastro is the real thing, played over HTTP on the local stack; its mark
takes in the bot user, the payment and the Purchase as Meta's counterpart accepted it.\
"""


def printed(outcomes: Sequence[Outcome]) -> str:
    """Return what the command prints and the documentation shows."""
    return f"{table(outcomes)}\n\n{LEGEND}\n\n{_summary(outcomes)}"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the matrix as a Markdown table with aligned columns."""
    rows = [HEADINGS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["| " + " | ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def figures(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """Return the figures of the matrix; a journey that broke counts as wrong."""
    journeys = [outcome.journey for outcome in outcomes]
    with_click = sum(isinstance(expected, Linked) for journey in journeys for expected in journey.sales)
    without = sum(len(journey.sales) for journey in journeys) - with_click
    sales = [sale for outcome in outcomes for sale in outcome.sales]
    right = [sale for sale in sales if sale.right_click and sale.right_account]
    linked = sum(isinstance(sale.expected, Linked) for sale in right)
    return {
        "journeys": len(journeys),
        "with_evidence_linked_share": round(linked / with_click, 4) if with_click else 1.0,
        "invented_or_foreign": sum(len(sale.foreign) for sale in sales),
        "right_reason_share": round((len(right) - linked) / without, 4) if without else 1.0,
    }


def _summary(outcomes: Sequence[Outcome]) -> str:
    values = figures(outcomes)
    return (
        f"{values['journeys']:.0f} journeys. Of the sales with a click to find, {values['with_evidence_linked_share']:.0%} have "
        f"it, by the\nright way; of the others, {values['right_reason_share']:.0%} say rightly why they have none. "
        f"{values['invented_or_foreign']:.0f} values are invented or another person's."
    )


def problems(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a line for everything that is not as it must be."""
    return [f"{outcome.journey.name}: {problem}" for outcome in outcomes for problem in outcome.problems]


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    if outcome.broke is not None or not outcome.sales:
        return outcome.journey.name, "?", "?", f"{Recovered.LOST.value} broke off"
    return (
        outcome.journey.name,
        " ".join(sale.old_system.value for sale in outcome.sales),
        " ".join(sale.options.value for sale in outcome.sales),
        ", ".join(_mark(sale) for sale in outcome.sales),
    )


def _mark(sale: Sale) -> str:
    account = str(sale.reason or sale.source)
    if sale.problems:
        mark = Recovered.WRONG if sale.foreign else Recovered.LOST
        return f"{mark.value} {account}"
    return f"{Recovered.RIGHT.value if isinstance(sale.expected, Linked) else Recovered.NOTHING_TO_FIND.value} {account}"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))
