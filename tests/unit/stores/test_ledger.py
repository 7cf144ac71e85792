from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.stores.ledger import DynamoLedgerStore
from tests.contracts.ledger import LedgerStoreContract
from tests.contracts.records import NOW_MS, row
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoLedgerStore(LedgerStoreContract):
    @pytest.fixture
    def store(self, dynamodb: DynamoDBClient) -> DynamoLedgerStore:
        return DynamoLedgerStore(make_table(dynamodb, "EventTable"))


def test_a_row_outlives_the_messages_that_carry_its_event(dynamodb: DynamoDBClient) -> None:
    table = make_table(dynamodb, "EventTable")
    DynamoLedgerStore(table).record(row())
    item = table.get({"event_key": row().event.key})
    assert item is not None
    assert item["expires_at"] >= NOW_MS // 1000 + 30 * 86_400
