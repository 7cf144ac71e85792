"""Plays many journeys at a time: first those that leave Redis alone, then those that empty it, then those without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum

from rastro.model import Funnel
from tests.scenarios.funnels import funnel_of
from tests.scenarios.journeys import Journey
from tests.scenarios.player import Player
from tests.scenarios.stage import JourneyBroke, Stage
from tests.scenarios.steps import FlushCache, FunnelName, WithoutCache
from tests.scenarios.verdict import Outcome, judge

AT_ONCE = 6


class Wave(IntEnum):
    """What a journey does to the cache that all share."""

    LEAVES_CACHE = 0
    EMPTIES_CACHE = 1
    WITHOUT_CACHE = 2


def wave_of(journey: Journey) -> Wave:
    """Return the wave in which a journey is played."""
    if any(isinstance(step, WithoutCache) for step in journey.steps):
        return Wave.WITHOUT_CACHE
    return Wave.EMPTIES_CACHE if any(isinstance(step, FlushCache) for step in journey.steps) else Wave.LEAVES_CACHE


def funnels_of(journeys: Sequence[tuple[int, Journey]]) -> list[Funnel]:
    """Return the funnels that numbered journeys are played in."""
    return [
        funnel_of(number, name, journey.provider)
        for number, journey in journeys
        for name in FunnelName
        if name is FunnelName.FIRST or any(getattr(step, "funnel", None) is name for step in journey.steps)
    ]


def play_all(
    stage: Stage, journeys: Sequence[tuple[int, Journey]], done: Callable[[Outcome], None] = lambda _outcome: None
) -> Mapping[str, Outcome]:
    """Play numbered journeys, tell of each that is done, and return the outcomes by the journeys' names."""
    outcomes: dict[str, Outcome] = {}

    def finish(future: Future[Outcome]) -> None:
        outcome = future.result()
        outcomes[outcome.journey.name] = outcome
        done(outcome)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="journey") as pool:
        for wave in Wave:
            of_wave = [(number, journey) for number, journey in journeys if wave_of(journey) is wave]
            if wave is Wave.WITHOUT_CACHE and of_wave:
                stage.stack.redis_stop()
            futures = [pool.submit(play_one, stage, number, journey) for number, journey in of_wave]
            for future in futures:
                future.add_done_callback(finish)
            for future in futures:
                future.result()
            if wave is Wave.WITHOUT_CACHE and of_wave:
                stage.stack.redis_start()
    return outcomes


def play_one(stage: Stage, number: int, journey: Journey) -> Outcome:
    """Play a journey to its end, and judge it."""
    player = Player(stage, number, journey.provider)
    try:
        player.play(journey.steps)
        return judge(journey, player)
    except JourneyBroke as exc:
        return Outcome(journey=journey, sales=(), broke=str(exc))
