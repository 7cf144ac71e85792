"""The enumeration: each journey once without trouble, and then once for every point and every trouble at it."""

from __future__ import annotations

import contextlib
import functools
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from unittest.mock import patch

from rastro.pix.brcode import qr_png
from rastro.sales import shop
from tests.chaos.crashes.fate import Blow, Run, Trouble
from tests.chaos.crashes.journeys import JOURNEYS, Buyer, Journey
from tests.chaos.crashes.reality import Reality
from tests.chaos.crashes.records import Safeguards
from tests.chaos.crashes.verdict import Outcome, Undisturbed, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A play that was made, and what it came to."""

    journey: Journey
    blows: tuple[Blow, ...]
    function: str
    """The one that the (last) blow hit."""
    effect: str
    outcome: Outcome

    def __str__(self) -> str:
        """Return it as a line for people."""
        (*_, blow) = self.blows
        where = f"{self.function} {blow.trouble} {blow.point.side} {self.effect} (effect {blow.point.effect})"
        return f"{self.journey.name}: {where}: {'; '.join(self.outcome.problems)}"


@dataclass(slots=True)
class Tally:
    """The plays of one function."""

    runs: int = 0
    effects: int = 0
    points: int = 0
    plays: Counter[Trouble] = field(default_factory=Counter)
    twice: int = 0
    """Plays in which it died a second time."""
    lost: int = 0
    doubled: int = 0
    told_again: int = 0
    doubtful: int = 0

    def add(self, play: Play) -> None:
        """Count a play."""
        if len(play.blows) > 1:
            self.twice += 1
        else:
            self.plays[play.blows[0].trouble] += 1
        self.lost += bool(play.outcome.lost)
        self.doubled += bool(play.outcome.doubled)
        self.told_again += play.outcome.told_again
        self.doubtful += play.outcome.doubtful


@dataclass(slots=True)
class Findings:
    """What all plays came to."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    problems: list[Play] = field(default_factory=list)
    effects: set[str] = field(default_factory=set)
    """Every kind of effect that the journeys came by."""
    events_again: int = 0
    plays: int = 0
    again: list[Play] = field(default_factory=list)
    """The plays with a second death."""

    def tally(self, function: str) -> Tally:
        """Return the tally of a function."""
        return self.tallies.setdefault(function, Tally())

    def add(self, play: Play) -> None:
        """Count a play."""
        self.plays += 1
        self.tally(play.function).add(play)
        self.events_again += play.outcome.events_again
        if len(play.blows) > 1:
            self.again.append(play)
        if play.outcome.problems:
            self.problems.append(play)

    @property
    def points(self) -> int:
        """Return how many points there are: before and after each effect."""
        return sum(tally.points for tally in self.tallies.values())

    @property
    def lost(self) -> int:
        """Return in how many plays something was lost."""
        return sum(tally.lost for tally in self.tallies.values())

    @property
    def doubled(self) -> int:
        """Return in how many plays something came about twice."""
        return sum(tally.doubled for tally in self.tallies.values())


def enumerate_points(
    journeys: Iterable[Journey] = tuple(JOURNEYS.values()),
    *,
    troubles: Sequence[Trouble] = tuple(Trouble),
    twice: bool = False,
    safeguards: Safeguards | None = None,
) -> Findings:
    """Play every journey once for each point and each trouble; ``twice``: and let what comes after a death die as well.

    A second death is enumerated over every effect of the next run of the same function.
    """
    findings = Findings()
    # Half of a play would be drawing the same few codes again.
    with patch.object(shop, "qr_png", functools.cache(qr_png)):
        for journey in journeys:
            for play in _plays(journey, findings, troubles, safeguards, twice=twice):
                findings.add(play)
    return findings


def _plays(
    journey: Journey, findings: Findings, troubles: Sequence[Trouble], safeguards: Safeguards | None, *, twice: bool
) -> Iterator[Play]:
    dry, known = play(journey, (), safeguards), Undisturbed.of(play(journey, (), None))
    for run in dry.fate.runs:
        tally = findings.tally(run.function)
        tally.runs += 1
        tally.effects += len(run.effects)
        findings.effects.update(run.effects)
        tally.points += len(run.points())
        for point in run.points():
            for trouble in troubles:
                blow = Blow(point, trouble)
                at = play(journey, (blow,), safeguards)
                yield _told(journey, (blow,), at, known)
                following = _next(at, run) if twice and trouble is Trouble.DIES else None
                for second in following.points() if following else ():
                    blows = (blow, Blow(second))
                    yield _told(journey, blows, play(journey, blows, safeguards), known)


def _next(at: Reality, died: Run) -> Run | None:
    """Return the run of the same function that came after the one that died."""
    return next((run for run in at.fate.runs[died.number + 1 :] if run.function == died.function), None)


def play(journey: Journey, blows: tuple[Blow, ...] = (), safeguards: Safeguards | None = None) -> Reality:
    """Play a journey with its blows."""
    at = Reality(journey.funnel, blows, safeguards, notices_are_proof=journey.notices_are_proof)
    with contextlib.redirect_stdout(io.StringIO()):  # metrics by client are written at once
        at.play(journey.live(Buyer(at)))
    return at


def _told(journey: Journey, blows: tuple[Blow, ...], at: Reality, known: Undisturbed) -> Play:
    if len(at.fate.dealt) != len(blows):
        raise AssertionError(f"{journey.name}: a blow met nothing: {blows}")
    run, _ = at.fate.dealt[-1]
    point = blows[-1].point
    return Play(
        journey=journey, blows=blows, function=run.function, effect=run.effects[point.effect], outcome=judge(journey, at, known)
    )
