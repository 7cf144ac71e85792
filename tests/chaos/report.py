"""Both halves for people, as Markdown tables, and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.chaos.crashes.campaign import Findings as Crashes
from tests.chaos.crashes.fate import Trouble
from tests.chaos.fire.buyers import TRICKS
from tests.chaos.fire.verdict import Findings as Fire

CRASHES = (
    "function",
    "runs",
    "effects",
    "points",
    "dies",
    "overtaken",
    "dies again",
    "lost",
    "doubled",
    "told again",
    "doubtful",
)
FIRE = ("fault", "when (s)", "hits", "journeys", "lost", "doubled", "redirect errors", "killed over")
ORDINARY = ("payload dropped", "never pays")
"""What buyers do that is no fault."""


def crash_table(crashes: Crashes) -> str:
    """Return what the enumeration came to, a function a row."""
    rows: list[Sequence[object]] = []
    for function, tally in crashes.tallies.items():
        plays = [tally.plays[trouble] for trouble in (Trouble.DIES, Trouble.OVERTAKEN)]
        came_to = (tally.lost, tally.doubled, tally.told_again, tally.doubtful)
        rows.append((function, tally.runs, tally.effects, tally.points, *plays, tally.twice, *came_to))
    sums = [sum(int(str(row[column])) for row in rows) for column in range(1, len(CRASHES))]
    return _table([CRASHES, *rows, ("all", *sums)])


def fire_table(fire: Fire) -> str:
    """Return what the fire came to, a fault a row."""
    rows: list[Sequence[object]] = [FIRE]
    for row in fire.rows:
        when = f"{row.spell.begin:.0f} to {row.spell.end:.0f}"
        hits = "" if row.spell.hits is None else row.spell.hits
        came_to = (row.journeys, row.lost, row.doubled, row.redirect_errors, row.unanswered)
        rows.append((row.spell.fault.name, when, hits, *came_to))
    for trick in tricks():
        played = [verdict for verdict in fire.verdicts if verdict.buyer.trick == trick]
        lost, doubled = sum(bool(verdict.lost) for verdict in played), sum(bool(verdict.doubled) for verdict in played)
        rows.append((trick, "throughout", "", len(played), lost, doubled, "", ""))
    return _table(rows)


def tricks() -> list[str]:
    """Return the faults of banks, buyers and Telegram that come with a buyer's number."""
    return [trick for trick in TRICKS.values() if trick not in ORDINARY]


def fire_summary(fire: Fire) -> str:
    """Return in words what stands beside the table."""
    figures = fire_figures(fire)
    return (
        f"{figures['faults']:.0f} kinds of fault, {figures['journeys']:.0f} journeys ({figures['paid']:.0f} paid) at "
        f"{figures['load_per_second']:.1f} a second: lost {figures['lost']:.0f}, doubled {figures['doubled']:.0f}.\n"
        f"Apart from that: {figures['doubled_recorded']:.0f} Purchases that Graph has twice and whose row says so; "
        f"{figures['told_again']:.0f} buyers told twice,\nsince who told them died or had no answer; "
        f"{figures['unreachable']:.0f} unreachable, on record; {figures['late_taps']:.0f} taps that Telegram brought after the "
        f"money had\ncome; {figures['another_way']:.0f} links found in another way than without faults; "
        f"{figures['spare_charges']:.0f} charges made and shown to nobody.\n"
        f"The redirect answered anything but a way on {figures['redirect_errors']:.0f} times, was killed over "
        f"{figures['redirect_killed_over']:.0f} requests, and sent {figures['without_token']:.0f} people on without a token."
    )


def fire_figures(fire: Fire) -> Mapping[str, float]:
    """Return the figures of the fire."""
    return {
        "faults": len({spell.fault.name for spell in fire.spells if spell.hits != 0}) + len(tricks()),
        "journeys": len(fire.verdicts),
        "paid": sum(verdict.buyer.paid for verdict in fire.verdicts),
        "load_per_second": round(fire.under_load / fire.load_seconds, 2),
        "lost": fire.lost,
        "doubled": fire.doubled,
        "doubled_recorded": sum(verdict.doubtful > 0 for verdict in fire.verdicts),
        "told_again": sum(verdict.told_again > 0 for verdict in fire.verdicts),
        "unreachable": sum(verdict.unreachable for verdict in fire.verdicts),
        "late_taps": sum(verdict.late_taps for verdict in fire.verdicts),
        "another_way": sum(verdict.another_way for verdict in fire.verdicts),
        "spare_charges": fire.spare_charges,
        "redirect_errors": fire.redirect_errors,
        "redirect_killed_over": fire.unanswered,
        "without_token": fire.without_token,
    }


def figures(crashes: Crashes, fire: Fire) -> Mapping[str, float]:
    """Return the figures of both halves; what is lost or doubled counts in either."""
    of_fire = fire_figures(fire)
    return {
        **of_fire,
        "crash_points": crashes.points,
        "crash_plays": crashes.plays,
        "lost": of_fire["lost"] + crashes.lost,
        "doubled": of_fire["doubled"] + crashes.doubled,
    }


def problems(crashes: Crashes, fire: Fire) -> list[str]:
    """Return a line for everything that must not be."""
    return [str(play) for play in crashes.problems] + fire_problems(fire)


def fire_problems(fire: Fire) -> list[str]:
    """Return a line for every buyer of whom something was lost or doubled."""
    found = []
    for verdict in fire.verdicts:
        what = "; ".join((*verdict.lost, *verdict.doubled))
        if what:
            buyer = verdict.buyer
            found.append(f"buyer {buyer.number} ({buyer.provider}, {buyer.trick or 'ordinary'}, {buyer.began_at:.0f} s): {what}")
    return found


def remarks(fire: Fire) -> list[str]:
    """Return a line for every visitor whom the redirect gave no way on: they tried again, and none of their sales is lost."""
    return [
        f"at {passage.at:.0f} s the redirect answered {passage.status} after {passage.seconds:.1f} s"
        for passage in fire.errors(excused=False)
    ]


def _table(rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table with aligned columns, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(_padded(cell, width, right=cell.isdecimal()) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _padded(cell: str, width: int, *, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)
