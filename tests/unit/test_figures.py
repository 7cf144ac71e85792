from __future__ import annotations

import pytest

from rastro.figures import CAMPAIGN_NAME_MAX, campaign_name, hour_begins_ms, hour_of
from rastro.model import Campaign
from tests.fakes.world import NOW_MS


@pytest.mark.parametrize(
    ("campaign", "name"),
    [
        (Campaign(), ""),
        (Campaign(utm_campaign="natal", campaign_code="N1", utm_source="facebook"), "natal"),
        (Campaign(campaign_code="N1", utm_source="facebook"), "N1"),
        (Campaign(utm_source="facebook", utm_medium="cpc"), "facebook"),
        (Campaign(utm_campaign="", utm_id="120"), "120"),
        (Campaign(utm_campaign="promoção 🍞"), "promoção 🍞"),
        (Campaign(utm_campaign="\x1b[31mred\x07\u202e", campaign_code="N1"), "[31mred"),
        (Campaign(utm_campaign=" \n\t ", campaign_code="N1"), "N1"),
        (Campaign(utm_campaign="x" * 1000), "x" * CAMPAIGN_NAME_MAX),
    ],
)
def test_a_campaign_is_called_by_the_first_name_that_can_be_shown(campaign: Campaign, name: str) -> None:
    assert campaign_name(campaign) == name


def test_an_hour_is_that_of_utc() -> None:
    hour = hour_of(NOW_MS)
    assert hour == "2026-09-21T14"
    assert hour_begins_ms(hour) <= NOW_MS < hour_begins_ms(hour) + 3_600_000
