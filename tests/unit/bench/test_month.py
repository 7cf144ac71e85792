"""A small month through the system: what the report tells is what the month itself counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from bench.month import FUNNELS, Month
from bench.report import Filling, compare, period_of
from rastro.sales.report import Facts, Reporter
from rastro.stores.rollup import DynamoRollupStore
from rastro.stores.sales_book import DynamoSalesBook
from tests.contracts.tables import make_table
from tests.fakes.stores import InMemoryFunnelStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAYS = 3


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield boto3.client("dynamodb", aws_access_key_id="test", aws_secret_access_key="test", region_name="sa-east-1")


def test_the_report_of_a_month_equals_its_recount(dynamodb: DynamoDBClient) -> None:
    tables = {name: make_table(dynamodb, name) for name in ("RollupTable", "PaymentTable", "EventTable")}
    month = Month(clicks=1_500, payments=400, days=DAYS)
    filling = Filling(month, tables, days=DAYS)
    assert list(filling.steps()) == [1, 2, 3]
    assert filling.repeated > 0
    reporter = Reporter(
        rollup=DynamoRollupStore(tables["RollupTable"]),
        book=DynamoSalesBook(tables["PaymentTable"], tables["EventTable"]),
        funnels=InMemoryFunnelStore(*FUNNELS),
    )
    facts = reporter.read(period_of(DAYS), lambda *_: None)
    assert list(compare(month, facts)) == []
    assert facts.total().clicks == 1_500
    assert facts.total().unlinked_cents.total() > 0


def test_a_difference_is_found() -> None:
    month = Month(clicks=50, payments=5, days=1)
    list(month.happenings())
    assert "clicks: told 0, true 50" in set(compare(month, Facts(period_of(1))))
