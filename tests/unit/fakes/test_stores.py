"""The fakes keep what their ports promise."""

from __future__ import annotations

import pytest

from rastro.errors import StoreUnavailable
from tests.contracts.bot_users import BotUserStoreContract
from tests.contracts.click_cache import ClickCacheContract
from tests.contracts.clicks import ClickRecordContract
from tests.contracts.funnels import FunnelStoreContract
from tests.contracts.inbox import InboxContract, InboxRaces
from tests.contracts.ledger import LedgerStoreContract
from tests.contracts.payments import PaymentStoreContract, PaymentStoreRaces, PaymentsWithLedger
from tests.contracts.queue import EventQueueContract, QueueWithContent
from tests.contracts.records import CLICK, FUNNEL, event
from tests.contracts.rollup import RollupStoreContract
from tests.contracts.sales_book import BookWithSales, SalesBookContract
from tests.contracts.secrets import SecretsContract
from tests.fakes.stores import (
    InMemoryBotUserStore,
    InMemoryClickCache,
    InMemoryClickStore,
    InMemoryFunnelStore,
    InMemoryInbox,
    InMemoryLedgerStore,
    InMemoryPaymentStore,
    InMemoryQueue,
    InMemoryRollupStore,
    InMemorySalesBook,
    InMemorySecrets,
)


class TestInMemoryClickStore(ClickRecordContract):
    @pytest.fixture
    def store(self) -> InMemoryClickStore:
        return InMemoryClickStore()


class TestInMemoryRollupStore(RollupStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryRollupStore:
        return InMemoryRollupStore()


class TestInMemorySalesBook(SalesBookContract):
    @pytest.fixture
    def stores(self) -> BookWithSales:
        payments = InMemoryPaymentStore()
        return BookWithSales(InMemorySalesBook(payments), payments)


class TestInMemoryClickCache(ClickCacheContract):
    @pytest.fixture
    def cache(self) -> InMemoryClickCache:
        return InMemoryClickCache()


class TestInMemoryBotUserStore(BotUserStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryBotUserStore:
        return InMemoryBotUserStore()


class TestInMemoryPaymentStore(PaymentStoreContract, PaymentStoreRaces):
    @pytest.fixture
    def stores(self) -> PaymentsWithLedger:
        payments = InMemoryPaymentStore()
        return PaymentsWithLedger(payments, payments.ledger)


class TestInMemoryLedgerStore(LedgerStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryLedgerStore:
        return InMemoryLedgerStore()


class TestInMemoryFunnelStore(FunnelStoreContract):
    @pytest.fixture
    def store(self) -> InMemoryFunnelStore:
        return InMemoryFunnelStore()


class TestInMemoryInbox(InboxContract, InboxRaces):
    @pytest.fixture
    def inbox(self) -> InMemoryInbox:
        return InMemoryInbox()


class TestInMemoryQueue(EventQueueContract):
    @pytest.fixture
    def watched(self) -> QueueWithContent:
        queue = InMemoryQueue()
        return QueueWithContent(queue, lambda: [*queue.events, *queue.lost_clicks])


class TestInMemorySecrets(SecretsContract):
    @pytest.fixture
    def store(self) -> InMemorySecrets:
        return InMemorySecrets(**{"bots/7/token": "7:abc"})


def test_a_fake_that_is_switched_off_answers_like_a_store_that_is_down() -> None:
    clicks, funnels, queue = InMemoryClickStore(), InMemoryFunnelStore(), InMemoryQueue()
    clicks.unavailable = funnels.unavailable = queue.unavailable = True
    with pytest.raises(StoreUnavailable):
        clicks.put(CLICK)
    with pytest.raises(StoreUnavailable):
        funnels.get(FUNNEL.slug)
    assert queue.send([event()]) == [event()]
