"""Each paid sale is counted once, when nobody looks for its link any more; and the longest wait for Meta is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.model import Confidence, LedgerStatus
from rastro.observability import metrics
from rastro.sales.settle import count_sale
from tests.fakes.world import FUNNEL, World


def counted(world: World) -> list[bool]:
    return [payment.attribution.certain for payment in world.counted]


def test_a_sale_with_a_link_is_counted_when_it_is_paid_and_not_again() -> None:
    world = World()
    world.start(world.click().tracking_token)
    payment = world.buy()
    for _ in range(3):
        world.notice(payment)
    world.now_ms += 3_600_000
    world.reconciler.run(lambda: True)
    assert counted(world) == [True]


def test_a_sale_without_a_link_is_counted_when_its_purchase_is_let_go() -> None:
    world = World()
    world.start()
    world.notice(world.buy())
    assert counted(world) == [], "its link may still be found"
    world.now_ms += 901_000
    world.reconciler.run(lambda: True)
    world.reconciler.run(lambda: True)
    assert counted(world) == [False]


def test_a_sale_whose_link_is_found_meanwhile_counts_as_linked() -> None:
    world = World()
    world.start()
    payment = world.buy()
    click = world.click()
    world.notice(payment)
    world.bot_users.bot_users = {
        key: replace(bot_user, fbclid=click.fbclid) for key, bot_user in world.bot_users.bot_users.items()
    }
    world.now_ms += 901_000
    world.reconciler.run(lambda: True)
    assert counted(world) == [True]


def test_a_sale_that_no_pixel_hears_of_is_counted_at_once() -> None:
    world = World(replace(FUNNEL, pixels=()))
    world.start()
    world.notice(world.buy())
    assert counted(world) == [False]


def test_a_sale_is_counted_by_its_link() -> None:
    world = World()
    world.start(world.click().tracking_token)
    world.notice(world.buy())
    metrics.clear_metrics()

    count_sale(world.counted[0])
    count_sale(replace(world.counted[0], attribution=replace(world.counted[0].attribution, link_confidence=Confidence.NONE)))

    assert set(metrics.metric_set) == {"sale_linked", "sale_unlinked"}
    metrics.clear_metrics()


@pytest.mark.parametrize("status", [LedgerStatus.QUEUED, LedgerStatus.SENDING, LedgerStatus.PARKED])
def test_a_purchase_that_waits_says_for_how_long(status: LedgerStatus) -> None:
    world = World()
    world.start(world.click().tracking_token)
    world.notice(world.buy())
    world.ledger.rows = {key: replace(row, status=status) for key, row in world.ledger.rows.items()}
    world.now_ms += 3_700_000
    assert world.reconciler.run(lambda: True).longest_wait_ms == 3_700_000


def test_where_none_waits_nothing_is_said() -> None:
    world = World()
    world.start(world.click().tracking_token)
    world.notice(world.buy())
    world.ledger.rows = {key: replace(row, status=LedgerStatus.ACCEPTED) for key, row in world.ledger.rows.items()}
    world.now_ms += 3_700_000
    assert world.reconciler.run(lambda: True).longest_wait_ms is None
