from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rastro.stores.dynamodb import Table
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from tests.contracts.payments import PaymentStoreContract, PaymentsWithLedger
from tests.contracts.records import PAYMENT
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Table:
    return make_table(dynamodb, "PaymentTable")


class TestDynamoPaymentStore(PaymentStoreContract):
    @pytest.fixture
    def stores(self, dynamodb: DynamoDBClient, table: Table) -> PaymentsWithLedger:
        ledger = make_table(dynamodb, "EventTable")
        return PaymentsWithLedger(DynamoPaymentStore(table, ledger), DynamoLedgerStore(ledger))


def test_a_payment_with_nothing_left_to_do_leaves_the_sparse_index(table: Table) -> None:
    store = DynamoPaymentStore(table)
    saved = store.save(PAYMENT)
    before = table.get({"payment_id": PAYMENT.payment_id})
    store.save(replace(saved, due_at_ms=None))
    after = table.get({"payment_id": PAYMENT.payment_id})
    assert before is not None
    assert after is not None
    assert "unsettled_shard" in before
    assert "unsettled_shard" not in after


def test_a_payment_stands_under_its_day(table: Table) -> None:
    DynamoPaymentStore(table).save(PAYMENT)
    item = table.get({"payment_id": PAYMENT.payment_id})
    assert item is not None
    assert item["day_shard"].rpartition("#")[0] == "2025-11-24"
