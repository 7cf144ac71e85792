"""The fakes keep the promises of what they stand for."""

from __future__ import annotations

import pytest

from tests.contracts.personal import CacheWithPeople, PersonalCacheContract, PersonalRecordsContract, PersonalStores
from tests.fakes.personal import InMemoryPersonalCache, InMemoryPersonalRecords
from tests.fakes.stores import (
    InMemoryBotUserStore,
    InMemoryClickCache,
    InMemoryClickStore,
    InMemoryInbox,
    InMemoryLedgerStore,
    InMemoryPaymentStore,
)


class TestInMemoryPersonalRecords(PersonalRecordsContract):
    @pytest.fixture
    def stores(self) -> PersonalStores:
        ledger = InMemoryLedgerStore()
        clicks, bot_users, payments = InMemoryClickStore(), InMemoryBotUserStore(), InMemoryPaymentStore(ledger)
        inbox = InMemoryInbox()
        records = InMemoryPersonalRecords(clicks=clicks, bot_users=bot_users, payments=payments, ledger=ledger, inbox=inbox)
        return PersonalStores(records=records, clicks=clicks, bot_users=bot_users, payments=payments, ledger=ledger, inbox=inbox)


class TestInMemoryPersonalCache(PersonalCacheContract):
    @pytest.fixture
    def both(self) -> CacheWithPeople:
        cache = InMemoryClickCache()
        return CacheWithPeople(cache=cache, personal=InMemoryPersonalCache(cache))
