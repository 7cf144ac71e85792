from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.sales_book import DynamoSalesBook
from tests.contracts.sales_book import BookWithSales, SalesBookContract
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoSalesBook(SalesBookContract):
    @pytest.fixture
    def stores(self, dynamodb: DynamoDBClient) -> BookWithSales:
        payments, ledger = make_table(dynamodb, "PaymentTable"), make_table(dynamodb, "EventTable")
        return BookWithSales(DynamoSalesBook(payments, ledger), DynamoPaymentStore(payments, ledger))
