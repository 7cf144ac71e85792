from __future__ import annotations

import pytest

from bench.prices import ASSUMED_RATIO, REGIONS, SA_EAST_1, US_EAST_1, Item


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_everything_that_is_paid_for_has_a_price_and_where_it_was_found(region: str) -> None:
    prices = REGIONS[region]

    assert set(prices) == set(Item)
    assert all(price.usd > 0 and price.source for price in prices.values())
    assert all(bool(price.seen) is not price.assumed for price in prices.values())


def test_a_price_that_was_not_found_is_assumed_from_the_other_region_and_says_so() -> None:
    assumed = [item for item, price in SA_EAST_1.items() if price.assumed]

    assert assumed
    assert all(SA_EAST_1[item].usd == pytest.approx(US_EAST_1[item].usd * ASSUMED_RATIO) for item in assumed)
    assert not any(price.assumed for price in US_EAST_1.values())
