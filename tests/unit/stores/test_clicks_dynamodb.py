from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from tests.contracts.clicks import ClickRecordContract
from tests.contracts.records import BARE_CLICK, CLICK, NOW_MS, click
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Table:
    return make_table(dynamodb, "ClickTable")


class TestDynamoClickStore(ClickRecordContract):
    @pytest.fixture
    def store(self, table: Table) -> DynamoClickStore:
        return DynamoClickStore(table)


def test_a_click_lives_for_ninety_days(table: Table) -> None:
    DynamoClickStore(table).put(CLICK)
    item = table.get({"tracking_token": CLICK.tracking_token})
    assert item is not None
    assert item["expires_at"] == NOW_MS // 1000 + 90 * 86_400


def test_a_campaign_stands_on_the_item_itself_and_none_is_absent(table: Table) -> None:
    DynamoClickStore(table).put(BARE_CLICK)
    DynamoClickStore(table).put(CLICK)
    bare, whole = (table.get({"tracking_token": each.tracking_token}) for each in (BARE_CLICK, CLICK))
    assert bare is not None
    assert whole is not None
    assert set(bare) == {"tracking_token", "slug", "clicked_at_ms", "pageview_event_id", "expires_at"}
    assert (whole["utm_campaign"], whole["campaign_code"], whole["fbclid"]) == ("promoção de maio", "MAIO-24", CLICK.fbclid)


def test_the_clicks_of_one_fbclid_are_spread_over_partitions(table: Table) -> None:
    store = DynamoClickStore(table)
    for number in range(30):
        store.put(click(number))
    items = [table.get({"tracking_token": click(number).tracking_token}) for number in range(30)]
    assert len({item["fbclid_key"] for item in items if item}) == 4
