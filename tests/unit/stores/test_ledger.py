from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rastro.model import ConversionEvent
from rastro.stores.ledger import DynamoLedgerStore
from tests.contracts.ledger import LedgerStoreContract
from tests.contracts.records import NOW_MS, page_view, row
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoLedgerStore(LedgerStoreContract):
    @pytest.fixture
    def store(self, dynamodb: DynamoDBClient) -> DynamoLedgerStore:
        return DynamoLedgerStore(make_table(dynamodb, "EventTable"))


@pytest.mark.parametrize(("event", "days"), [(row().event, 90), (page_view(1), 7)], ids=["purchase", "funnel event"])
def test_a_row_is_kept_as_long_as_it_can_matter(dynamodb: DynamoDBClient, event: ConversionEvent, days: int) -> None:
    table = make_table(dynamodb, "EventTable")
    DynamoLedgerStore(table).record(replace(row(), event=event))
    item = table.get({"event_key": event.key})
    assert item is not None
    assert item["expires_at"] == NOW_MS // 1000 + days * 86_400
