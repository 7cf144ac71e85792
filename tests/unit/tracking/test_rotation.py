"""A funnel's visitors spread over its bots, and each comes back to the same one while it lives."""

from collections import Counter
from dataclasses import replace

import pytest

from rastro.model import BotId, Funnel, FunnelBot, VisitorId
from rastro.tracking.rotation import bot_for
from tests.fakes.world import FUNNEL, NOW_MS

VISITORS = [VisitorId(f"visitor-{number}") for number in range(2000)]


def _funnel(*, bots: int = 4, banned: tuple[int, ...] = ()) -> Funnel:
    made = (
        FunnelBot(bot_id=BotId(f"700000000{n}"), username=f"bot{n}_bot", banned_at_ms=NOW_MS if n in banned else None)
        for n in range(bots)
    )
    return replace(FUNNEL, bots=tuple(made))


def test_visitors_spread_evenly() -> None:
    funnel = _funnel()
    counts = Counter(bot_for(funnel, visitor).bot_id for visitor in VISITORS)
    assert len(counts) == 4
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_a_visitor_has_the_same_bot_whatever_the_order_of_the_bots() -> None:
    funnel = _funnel()
    turned = replace(funnel, bots=funnel.bots[::-1])
    assert [bot_for(funnel, visitor) for visitor in VISITORS] == [bot_for(turned, visitor) for visitor in VISITORS]


def test_a_ban_moves_only_the_banned_bots_visitors_and_spreads_them() -> None:
    before, after = _funnel(), _funnel(banned=(2,))
    moved = [visitor for visitor in VISITORS if bot_for(before, visitor).bot_id != bot_for(after, visitor).bot_id]
    assert {bot_for(before, visitor).bot_id for visitor in moved} == {"7000000002"}
    counts = Counter(bot_for(after, visitor).bot_id for visitor in moved)
    assert len(counts) == 3
    assert "7000000002" not in {bot_for(after, visitor).bot_id for visitor in VISITORS}


@pytest.mark.parametrize("visitor", [None, VISITORS[0]])
@pytest.mark.parametrize("banned", [(0,), (0, 1), (0, 1, 2)])
def test_nobody_is_led_to_a_banned_bot(visitor: VisitorId | None, banned: tuple[int, ...]) -> None:
    for sent_by in (None, BotId("7000000000"), BotId("42")):
        assert bot_for(_funnel(banned=banned), visitor, sent_by=sent_by).banned_at_ms is None


def test_where_all_are_banned_the_link_still_leads_to_one() -> None:
    funnel = _funnel(banned=(0, 1, 2, 3))
    assert len({bot_for(funnel, visitor).bot_id for visitor in VISITORS}) == 4
    assert bot_for(funnel, None) == funnel.bots[0]


def test_whom_a_bot_sent_goes_back_to_it_unless_it_is_banned() -> None:
    for visitor in VISITORS[:20]:
        assert bot_for(_funnel(), visitor, sent_by=BotId("7000000003")).bot_id == "7000000003"
        assert bot_for(_funnel(banned=(3,)), visitor, sent_by=BotId("7000000003")).bot_id != "7000000003"
