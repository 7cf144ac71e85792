"""Every crash point of every journey, and what would be lost or doubled without each safeguard."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from rastro.observability import logger
from tests.chaos.crashes.campaign import enumerate_points, play
from tests.chaos.crashes.deployment import FUNCTIONS
from tests.chaos.crashes.effects import EFFECTS
from tests.chaos.crashes.fate import Trouble
from tests.chaos.crashes.journeys import JOURNEYS
from tests.chaos.crashes.mutations import MUTATIONS, Mutation
from tests.chaos.crashes.verdict import Undisturbed, judge

SALE = JOURNEYS["an ad, a sale, a refund"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: each of the thousand deaths has its lines."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("name", JOURNEYS)
def test_nothing_is_lost_or_doubled_wherever_a_function_dies_or_is_overtaken(name: str) -> None:
    findings = enumerate_points([JOURNEYS[name]])
    assert [str(play) for play in findings.problems] == []
    assert findings.plays == 2 * findings.points > 40


def test_nothing_is_lost_or_doubled_where_the_next_try_dies_too() -> None:
    findings = enumerate_points([JOURNEYS["the refund is heard of first"]], troubles=(Trouble.DIES,), twice=True)
    assert [str(play) for play in findings.problems] == []
    assert findings.plays > findings.points


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_that_nothing_disturbs_is_whole(name: str) -> None:
    at = play(JOURNEYS[name])
    assert judge(JOURNEYS[name], at, Undisturbed.of(at)).problems == ()
    (payment,) = at.records.payments.payments.values()
    assert payment.attribution.complete or "no click" in name


def test_the_journeys_come_by_every_function_and_every_port() -> None:
    findings = enumerate_points(JOURNEYS.values(), troubles=())
    assert set(findings.tallies) == set(FUNCTIONS)
    assert all(tally.points > 0 for tally in findings.tallies.values())
    ports = {effect.partition(".")[0] for effect in findings.effects}
    assert ports == set(EFFECTS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_safeguard_switched_off_is_noticed(mutation: Mutation) -> None:
    findings = enumerate_points([SALE], troubles=(mutation.shown_by,), safeguards=mutation.safeguards)
    assert getattr(findings, mutation.leads_to) > 0
