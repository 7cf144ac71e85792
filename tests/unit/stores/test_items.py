from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from rastro.model import Attribution, Campaign, Click, Payment, Reason
from rastro.stores import items
from tests.contracts.records import (
    BARE_BOT_USER,
    BARE_CLICK,
    BARE_PAYMENT,
    BOT_USER,
    CAMPAIGN,
    CLICK,
    FUNNEL,
    PAYMENT,
    event,
    row,
)

ROUND_TRIPS: list[tuple[Any, Any, Any]] = [
    (CLICK, items.click_item, items.click_of),
    (BARE_CLICK, items.click_item, items.click_of),
    (CAMPAIGN, items.campaign_item, items.campaign_of),
    (BOT_USER, items.bot_user_item, items.bot_user_of),
    (BARE_BOT_USER, items.bot_user_item, items.bot_user_of),
    (PAYMENT, items.payment_item, items.payment_of),
    (BARE_PAYMENT, items.payment_item, items.payment_of),
    (FUNNEL, items.funnel_item, items.funnel_of),
    (event(), items.event_item, items.event_of),
    (row(), items.ledger_item, items.ledger_row_of),
]


@pytest.mark.parametrize(("record", "to_item", "of_item"), ROUND_TRIPS)
def test_a_record_comes_back_as_it_was(record: Any, to_item: Any, of_item: Any) -> None:
    assert of_item(to_item(record)) == record


@pytest.mark.parametrize(("record", "to_item", "of_item"), ROUND_TRIPS)
def test_an_attribute_that_no_field_knows_is_ignored(record: Any, to_item: Any, of_item: Any) -> None:
    assert of_item(to_item(record) | {"of_a_later_version": 1, "expires_at": 2}) == record


@pytest.mark.parametrize(("record", "to_item", "of_item"), ROUND_TRIPS)
def test_what_is_none_is_absent(record: Any, to_item: Any, of_item: Any) -> None:
    assert None not in to_item(record).values()


def test_the_records_of_these_tests_leave_no_field_out() -> None:
    whole = (CAMPAIGN, replace(CLICK, claimed_by="7#1"), replace(BOT_USER, reason=Reason.DIRECT_ENTRY), PAYMENT, FUNNEL, event())
    missing = {f"{type(each).__name__}.{field.name}" for each in whole for field in fields(each) if not getattr(each, field.name)}
    assert missing == {"BotUser.version", "Payment.version"}


def test_no_two_fields_of_one_item_have_the_same_name() -> None:
    # A campaign and an attribution stand on the item itself.
    for owner in (Click, Payment, Attribution):
        nested: list[type] = [Campaign] if owner is not Payment else [Campaign, Attribution]
        names = [field.name for kind in (owner, *nested) for field in fields(kind)]
        assert len(names) - names.count("campaign") == len(set(names) - {"campaign"})
