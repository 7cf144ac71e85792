from __future__ import annotations

from typing import Any

import pytest

from rastro.errors import InvalidInput
from rastro.stores.images import change_of
from rastro.stores.items import click_item, click_of
from rastro.stores.wire import encode_item
from tests.contracts.records import CLICK, click

ARN = "arn:aws:dynamodb:sa-east-1:123456789012:table/rastro-ClickTable-ABC/stream/2026-11-24T00:00:00.000"


def _record(**images: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventName": "MODIFY",
        "eventSourceARN": ARN,
        "dynamodb": {"SequenceNumber": "4421584500000000017450439091", **images},
    }


def test_a_change_has_both_images_and_its_table() -> None:
    change = change_of(_record(OldImage=encode_item(click_item(CLICK)), NewImage=encode_item(click_item(click(2)))))
    assert change.old is not None
    assert change.new is not None
    assert (click_of(change.old), click_of(change.new)) == (CLICK, click(2))
    assert (change.table, change.sequence_number) == ("rastro-ClickTable-ABC", "4421584500000000017450439091")


def test_a_new_record_has_no_old_image() -> None:
    assert change_of(_record(NewImage=encode_item(click_item(CLICK)))).old is None


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": {}},
        {"dynamodb": None, "eventSourceARN": ARN},
        _record(NewImage={"a": {"?": 1}}),
        _record(NewImage={"a": 1}),
    ],
)
def test_what_cannot_be_read_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        change_of(record)
