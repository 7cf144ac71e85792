from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from rastro.model import Turn
from rastro.stores.dynamodb import Condition, Table
from rastro.stores.inbox import DynamoInbox
from tests.contracts.inbox import InboxContract, take
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestDynamoInbox(InboxContract):
    @pytest.fixture
    def inbox(self, dynamodb: DynamoDBClient) -> DynamoInbox:
        return DynamoInbox(make_table(dynamodb, "InboxTable"))


class Forgetful(Table):
    """A table whose first write arrives and whose answer does not: the client makes it again and is refused."""

    lost = True

    def put(self, item: Mapping[str, object], condition: Condition | None = None) -> None:
        super().put(item, condition)
        if self.lost:
            self.lost = False
            super().put(item, condition)


def test_a_turn_whose_answer_was_lost_is_still_ones_own(dynamodb: DynamoDBClient) -> None:
    table = make_table(dynamodb, "InboxTable")
    inbox = DynamoInbox(Forgetful(dynamodb, table.name))
    assert take(inbox, 1) is Turn.TAKEN
    assert take(inbox, 2) is Turn.BUSY
