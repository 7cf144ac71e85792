from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.errors import StoreUnavailable
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.inbox import DynamoInbox
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.personal_dynamodb import DynamoPersonalRecords, TableNames
from tests.contracts.personal import PersonalRecordsContract, PersonalStores
from tests.contracts.records import CLICK, click
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMES = TableNames(
    clicks="ClickTable", bot_users="BotUserTable", payments="PaymentTable", ledger="EventTable", inbox="InboxTable"
)


def personal_stores(client: DynamoDBClient, prefix: str = "") -> PersonalStores:
    """Make the tables and open every store over them."""
    logical = (NAMES.clicks, NAMES.bot_users, NAMES.payments, NAMES.ledger, NAMES.inbox)
    clicks, bot_users, payments, ledger, inbox = (make_table(client, name, prefix) for name in logical)
    names = TableNames(clicks=clicks.name, bot_users=bot_users.name, payments=payments.name, ledger=ledger.name, inbox=inbox.name)
    return PersonalStores(
        records=DynamoPersonalRecords(client, names),
        clicks=DynamoClickStore(clicks),
        bot_users=DynamoBotUserStore(bot_users),
        payments=DynamoPaymentStore(payments, ledger),
        ledger=DynamoLedgerStore(ledger),
        inbox=DynamoInbox(inbox),
    )


class TestDynamoPersonalRecords(PersonalRecordsContract):
    @pytest.fixture
    def stores(self, dynamodb: DynamoDBClient) -> PersonalStores:
        return personal_stores(dynamodb)


def test_a_click_without_its_person_is_still_over_after_its_time(dynamodb: DynamoDBClient) -> None:
    stores = personal_stores(dynamodb)
    stores.clicks.put(CLICK)
    (before,) = dynamodb.scan(TableName="ClickTable")["Items"]
    stores.records.replace_click(CLICK, click(0, fbclid=None, fbc=None, tracking_token=CLICK.tracking_token))
    (after,) = dynamodb.scan(TableName="ClickTable")["Items"]
    assert after["expires_at"] == before["expires_at"]
    assert "fbclid_key" not in after


def test_a_table_of_several_pages_is_read_whole(dynamodb: DynamoDBClient) -> None:
    stores = personal_stores(dynamodb)
    for number in range(1, 600):  # 4 KB each: a page has 1 MB
        stores.clicks.put(click(number, bridge_for="7000000001#1111"))
    assert len(list(stores.records.clicks_of("7000000001#1111"))) == 599


def test_a_table_that_is_not_there_is_a_store_that_fails(dynamodb: DynamoDBClient) -> None:
    records = DynamoPersonalRecords(dynamodb, NAMES)
    with pytest.raises(StoreUnavailable):
        list(records.payments())
