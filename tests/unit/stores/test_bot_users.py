from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rastro.stores.bot_users import DynamoBotUserStore
from tests.contracts.bot_users import BotUserStoreContract
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoBotUserStore(BotUserStoreContract):
    @pytest.fixture
    def store(self, dynamodb: DynamoDBClient) -> DynamoBotUserStore:
        return DynamoBotUserStore(make_table(dynamodb, "BotUserTable"))
