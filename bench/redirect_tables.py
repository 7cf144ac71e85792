"""The figures of ``make bench-redirect`` as tables, the same for a terminal and for ``docs/performance.md``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.imports import FUNCTIONS, PARTS, YARDSTICKS
from bench.redirect_cold import HANDLERS
from bench.redirect_visitors import ALONE, CROWDS, SITUATIONS
from bench.redirect_warm import OURS, WHAT

LIMITS: Mapping[str, float] = {
    "warm_cpu_ratio_to_limit": 2.0,
    "warm_cpu_ratio_to_boto3": 0.6,
    "init_ratio_to_everything": 0.5,
    "cpu_ratio_to_flask": 1.0,
    "error_rate": 0.0,
}
"""What the figures may be at most."""
MEANING: Mapping[str, str] = {
    "warm_cpu_ratio_to_limit": "processor time of a click, of the limit's",
    "warm_cpu_ratio_to_boto3": "processor time of a click, of the bare handler's with boto3",
    "init_ratio_to_everything": "processor time of the redirect's INIT, of the handler's that imports everything",
    "cpu_ratio_to_flask": "processor time of a click, of Flask's by whichever worker takes less",
    "error_rate": "clicks through the gateway that were not led on with a token, of all",
}
PERCENTILES = (50, 95, 99)
_PLACE = re.compile(r"(<!-- redirect: (\w+) -->\n).*?(<!-- /redirect -->)", re.DOTALL)

Figures = Mapping[str, float]
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A table of texts: its first column says what the others are about."""

    title: str
    headings: Sequence[str]
    rows: Rows

    @property
    def markdown(self) -> str:
        """Return it for a page."""
        lines = [self.headings, ["---", *["---:"] * (len(self.headings) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def ratios(figures: Figures) -> Shown:
    """Return the figures that have a limit."""
    rows = [
        (f"`{name}`: {MEANING[name]}", f"{figures[name]:.2f}", f"{most:.1f}") for name, most in LIMITS.items() if name in figures
    ]
    return Shown("What may be how much at most", ("figure", "measured", "at most"), rows)


def warm(figures: Figures) -> Shown:
    """Return what a click takes in a warm container."""
    rows = [
        (
            what,
            f"{figures[f'warm_cpu_us_{name}']:.0f}",
            f"{figures[f'warm_cpu_us_{OURS}'] / figures[f'warm_cpu_us_{name}']:.2f}",
            f"{figures[f'warm_wall_us_{name}']:.0f}",
        )
        for name, what in WHAT.items()
    ]
    return Shown("A warm click", ("handler", "CPU, µs", "ours of it", "by the clock, µs"), rows)


def inits(figures: Figures) -> Shown:
    """Return what the functions take to start."""
    columns = ("init_cpu_ms", "init_ms")
    rows = [
        (name, *(f"{figures[f'{column}_{name}']:.0f}" for column in columns), f"{figures[f'init_ratio_{name}']:.2f}")
        for name in (*YARDSTICKS, *FUNCTIONS)
    ]
    return Shown("INIT", ("function", "CPU, ms", "by the clock, ms", "CPU of everything's"), rows)


def imports(figures: Figures) -> Shown:
    """Return what the functions import."""
    rows = [(name, *(f"{figures[f'import_ms_{name}_{part}']:.0f}" for part in PARTS)) for name in FUNCTIONS]
    return Shown("Imports by what they belong to, ms", ("function", *PARTS.values()), rows)


def first_click(figures: Figures) -> Shown:
    """Return what the first click of a container takes."""
    rows = [
        (what, *(f"{figures[f'cold_{part}_ms_{name}']:.0f}" for part in ("init", "answered", "cpu")))
        for name, (_, what) in HANDLERS.items()
    ]
    return Shown("The first click of a container", ("handler", "INIT, ms", "to its answer, ms", "CPU, ms"), rows)


def visitors(figures: Figures) -> Shown:
    """Return what visitors waited."""
    rows = []
    for situation, what in SITUATIONS.items():
        for count in (ALONE, *CROWDS):
            of = f"{situation}_{count}"
            times = [*(figures[f"{of}_p{share}_ms"] for share in PERCENTILES), figures[f"{of}_slowest_ms"]]
            rows.append((what, str(count), f"{figures[f'{of}_per_second']:.0f}", *(f"{ms:,.0f}" for ms in times)))
    headings = ("situation", "visitors at once", "clicks a second", *(f"p{share}, ms" for share in PERCENTILES), "slowest, ms")
    return Shown("Visitors through the local gateway", headings, rows)


TABLES = {
    "ratios": ratios,
    "warm": warm,
    "inits": inits,
    "imports": imports,
    "first_click": first_click,
    "visitors": visitors,
}


def filled(page: str, figures: Figures) -> str:
    """Return a page with its tables as the figures have them."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]](figures).markdown}\n\n{found[3]}", page)
