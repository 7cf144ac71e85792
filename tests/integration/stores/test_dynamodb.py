"""The tables behind their ports on the emulator, where several write at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import DynamoFunnelStore
from rastro.stores.inbox import DynamoInbox
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.rollup import DynamoRollupStore
from rastro.stores.sales_book import DynamoSalesBook
from tests.contracts.bot_users import BotUserStoreContract, BotUserStoreRaces
from tests.contracts.clicks import ClickRecordContract, ClickStoreRaces
from tests.contracts.funnels import FunnelStoreContract
from tests.contracts.inbox import InboxContract, InboxRaces
from tests.contracts.ledger import LedgerStoreContract, LedgerStoreRaces
from tests.contracts.payments import PaymentStoreContract, PaymentStoreRaces, PaymentsWithLedger
from tests.contracts.rollup import RollupStoreContract
from tests.contracts.sales_book import BookWithSales, SalesBookContract

pytestmark = pytest.mark.integration

MakeTable = Callable[[str], Table]


class TestDynamoClickStore(ClickRecordContract, ClickStoreRaces):
    @pytest.fixture
    def store(self, table: MakeTable) -> DynamoClickStore:
        return DynamoClickStore(table("ClickTable"))


class TestDynamoBotUserStore(BotUserStoreContract, BotUserStoreRaces):
    @pytest.fixture
    def store(self, table: MakeTable) -> DynamoBotUserStore:
        return DynamoBotUserStore(table("BotUserTable"))


class TestDynamoPaymentStore(PaymentStoreContract, PaymentStoreRaces):
    @pytest.fixture
    def stores(self, table: MakeTable) -> PaymentsWithLedger:
        ledger = table("EventTable")
        return PaymentsWithLedger(DynamoPaymentStore(table("PaymentTable"), ledger), DynamoLedgerStore(ledger))


class TestDynamoLedgerStore(LedgerStoreContract, LedgerStoreRaces):
    @pytest.fixture
    def store(self, table: MakeTable) -> DynamoLedgerStore:
        return DynamoLedgerStore(table("EventTable"))


class TestDynamoFunnelStore(FunnelStoreContract):
    @pytest.fixture
    def store(self, table: MakeTable) -> DynamoFunnelStore:
        return DynamoFunnelStore(table("FunnelTable"))


class TestDynamoRollupStore(RollupStoreContract):
    @pytest.fixture
    def store(self, table: MakeTable) -> DynamoRollupStore:
        return DynamoRollupStore(table("RollupTable"))


class TestDynamoSalesBook(SalesBookContract):
    @pytest.fixture
    def stores(self, table: MakeTable) -> BookWithSales:
        payments, ledger = table("PaymentTable"), table("EventTable")
        return BookWithSales(DynamoSalesBook(payments, ledger), DynamoPaymentStore(payments, ledger))


class TestDynamoInbox(InboxContract, InboxRaces):
    @pytest.fixture
    def inbox(self, table: MakeTable) -> DynamoInbox:
        return DynamoInbox(table("InboxTable"))
