"""Plots as markup of a page: small, drawn here, without a script. Whatever they show stands beside them as text, too.

What is given as text is escaped here; colours are the classes ``c0`` to ``c6`` of the page's style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = 7
"""How many colours there are; the last is that of everything else."""
_TICKS = 4
_STEPS = (1, 2, 2.5, 5, 10)
_LABEL_WIDTH = 46
_MARGIN = 14
_CHARACTER_WIDTH = 6.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One layer of stacked columns."""

    name: str
    values: Sequence[int]
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a list of bars."""

    name: str
    value: str
    part: float
    """How long it is, of 1."""
    note: str = ""
    colour: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One part of a whole."""

    name: str
    value: str
    part: float
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How large a plot is drawn, and what it is called."""

    name: str
    """Tells its elements' ids from those of other plots."""
    width: int
    height: int
    title: str
    description: str


def bars(lines: Sequence[Bar]) -> str:
    """Return a list of bars, each below its name and its value."""
    items = (
        f'<li><div class="bar-line"><span>{escape(line.name)}</span><strong>{escape(line.value)}</strong></div>'
        f'<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100" height="6"/>'
        f'<rect class="c{line.colour}" width="{_length(line.part)}" height="6"/></svg>'
        + (f"<small>{escape(line.note)}</small>" if line.note else "")
        + "</li>"
        for line in lines
    )
    return f'<ol class="bars">{"".join(items)}</ol>'


def whole(parts: Sequence[Slice]) -> str:
    """Return one bar of several parts, and below it what each is."""
    drawn, begin = [], 0.0
    for part in parts:
        drawn.append(f'<rect class="c{part.colour}" x="{begin:.2f}" width="{max(part.part * 100, 0):.2f}" height="10"/>')
        begin += part.part * 100
    keys = (
        f'<li><span class="key c{part.colour}"></span><span>{escape(part.name)}</span><strong>{escape(part.value)}</strong></li>'
        for part in parts
    )
    return (
        '<svg class="whole" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="100" height="10"/>{"".join(drawn)}</svg><ul class="keys lines">{"".join(keys)}</ul>'
    )


def keys_of(series: Sequence[Series]) -> str:
    """Return what each colour stands for."""
    items = (f'<li><span class="key c{each.colour}"></span><span>{escape(each.name)}</span></li>' for each in series)
    return f'<ul class="keys">{"".join(items)}</ul>'


def columns(
    frame: Frame, labels: Sequence[str], series: Sequence[Series], written: Callable[[int], str], tip: Callable[[int], str]
) -> str:
    """Return columns stacked by series; ``written`` writes a value at the axis, ``tip`` where a column is pointed at."""
    totals = [sum(each.values[number] for each in series) for number in range(len(labels))]
    ticks = _ticks(max(totals, default=0))
    left = 12 + round(max(len(written(tick)) for tick in ticks) * _CHARACTER_WIDTH)
    top, bottom = 10, frame.height - 26
    slot = (frame.width - left - _MARGIN) / max(len(labels), 1)
    gap = min(slot * 0.2, 8)

    def y(value: int) -> float:
        return bottom - (bottom - top) * value / ticks[-1]

    lines = "".join(
        f'<line class="grid" x1="{left}" x2="{frame.width}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text class="axis" x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{escape(written(tick))}</text>'
        for tick in ticks
    )
    drawn = []
    for number, label in enumerate(labels):
        x, below = left + slot * number + gap / 2, 0
        for each in series:
            value = each.values[number]
            if value <= 0:
                continue
            high = y(below) - y(below + value)
            drawn.append(
                f'<rect class="c{each.colour}" x="{x:.1f}" y="{y(below + value):.1f}" width="{slot - gap:.1f}" '
                f'height="{high:.2f}"><title>{escape(f"{label} · {each.name}: {tip(value)}")}</title></rect>'
            )
            below += value
    every = max(1, math.ceil(_LABEL_WIDTH / slot))
    named = "".join(
        f'<text class="axis" x="{left + slot * (number + 0.5):.1f}" y="{frame.height - 8}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for number, label in enumerate(labels)
        if (len(labels) - 1 - number) % every == 0
    )
    return (
        f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img" aria-labelledby="{frame.name}-t {frame.name}-d">'
        f'<title id="{frame.name}-t">{escape(frame.title)}</title><desc id="{frame.name}-d">{escape(frame.description)}</desc>'
        f"{lines}{''.join(drawn)}{named}</svg>"
    )


def _ticks(largest: int) -> list[int]:
    """Return round values from 0 to the first that is not below the largest."""
    rough = max(largest, 1) / _TICKS
    size = 10 ** math.floor(math.log10(rough))
    step = max(1, math.ceil(next(size * each for each in _STEPS if size * each >= rough)))
    return [step * number for number in range(math.ceil(max(largest, 1) / step) + 1)]


def _length(part: float) -> str:
    """Return how long a bar is; what is there at all is seen."""
    return f"{min(max(part * 100, 0.6 if part > 0 else 0), 100):.2f}"
