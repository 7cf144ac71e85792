from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.figures import hour_begins_ms
from rastro.model import DAY_MS
from rastro.sales.rollup import mark_of
from rastro.stores.keys import COUNTS_LIFETIME_MS, SEEN_LIFETIME_MS
from rastro.stores.rollup import DynamoRollupStore
from tests.contracts.rollup import ADS, HOUR, RollupStoreContract
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoRollupStore(RollupStoreContract):
    @pytest.fixture
    def store(self, dynamodb: DynamoDBClient) -> DynamoRollupStore:
        return DynamoRollupStore(make_table(dynamodb, "RollupTable"))


def test_marks_end_with_the_clicks_and_counts_stay_for_years(dynamodb: DynamoDBClient) -> None:
    table = make_table(dynamodb, "RollupTable")
    store = DynamoRollupStore(table)
    store.add(HOUR, {ADS: {mark_of("a")}})
    store.close(HOUR, {ADS: 1})
    lifetimes = [item["expires_at"] * 1000 - hour_begins_ms(HOUR) for item in table.part("rollup_hour", HOUR)]
    assert lifetimes == [COUNTS_LIFETIME_MS, SEEN_LIFETIME_MS]
    assert 2 * 365 * DAY_MS < COUNTS_LIFETIME_MS


def test_no_item_holds_more_than_dynamodb_takes(dynamodb: DynamoDBClient) -> None:
    table = make_table(dynamodb, "RollupTable")
    store = DynamoRollupStore(table)
    store.add(HOUR, {ADS: {mark_of(str(number)) for number in range(7_000)}})
    store.add(HOUR, {ADS: {mark_of("x")}})
    assert max(len(item["groups"].encode()) for item in table.part("rollup_hour", HOUR)) < 400_000
