"""What befalls the runs of the functions: each effect is a place at which a run can die, or be overtaken by its own repetition.

Between two effects a function changes nothing that anybody else could see, so the points before and after each effect are all the
points at which a death can make a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Killed(BaseException):
    """End a run as nothing that it could catch would: the process is gone."""


class Side(StrEnum):
    """On which side of an effect."""

    BEFORE = "before"
    AFTER = "after"


class Trouble(StrEnum):
    """What happens at a point."""

    DIES = "dies"
    OVERTAKEN = "overtaken"
    """What the run was called with comes again, to another container, and is dealt with while this one stands still."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a journey: the run by its number, the effect by its number in the run."""

    run: int
    effect: int
    side: Side


@dataclass(frozen=True, slots=True)
class Blow:
    """Trouble at a point."""

    point: Point
    trouble: Trouble = Trouble.DIES


@dataclass(slots=True)
class Run:
    """One invocation of a function, with the effects that it set about."""

    number: int
    function: str
    again: Callable[[], object]
    """Has the same come again, to another container."""
    effects: list[str] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    """Which of the effects came about: a store may refuse one."""
    dead: bool = False

    @property
    def last_effect(self) -> str | None:
        """Return what it did last."""
        return self.effects[max(self.done)] if self.done else None

    def points(self) -> list[Point]:
        """Return every point of it: before each effect that it set about, and after each that came about."""
        return [
            Point(self.number, place, side)
            for place in range(len(self.effects))
            for side in Side
            if side is Side.BEFORE or place in self.done
        ]


class Fate:
    """Deals the blows of one play, each once, and keeps the runs."""

    def __init__(self, blows: Sequence[Blow] = ()) -> None:
        """Take the blows; the run numbers of a later one count the runs that an earlier one brought about."""
        self._blows = {blow.point: blow.trouble for blow in blows}
        self.runs: list[Run] = []
        self.dealt: list[tuple[Run, Trouble]] = []

    def begin(self, function: str, again: Callable[[], object]) -> Run:
        """Write down a new run."""
        run = Run(len(self.runs), function, again)
        self.runs.append(run)
        return run

    def effect(self, run: Run, name: str, do: Callable[[], T]) -> T:
        """Have an effect, unless the run dies before; what is dead does nothing, not even in its ``finally``."""
        if run.dead:
            raise Killed(name)
        place = len(run.effects)
        run.effects.append(name)
        self._meet(run, Point(run.number, place, Side.BEFORE))
        result = do()
        run.done.add(place)
        self._meet(run, Point(run.number, place, Side.AFTER))
        return result

    def _meet(self, run: Run, point: Point) -> None:
        trouble = self._blows.pop(point, None)
        if trouble is None:
            return
        self.dealt.append((run, trouble))
        if trouble is Trouble.OVERTAKEN:
            run.again()
            return
        run.dead = True
        raise Killed(run.effects[-1])
