from __future__ import annotations

import pytest

from bench.sizes import item_bytes, measured

LIMIT_OF_A_QUEUE_MESSAGE = 262_144


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"slug": "curso"}, 4 + 5),
        ({"name": "violão"}, 4 + 7),  # bytes, not characters
        ({"n": 7}, 1 + 2),
        ({"n": 1_764_000_000_000}, 1 + 3),  # trailing zeros do not count: 1764 is two bytes, and one for its exponent
        ({"n": 1_764_123_456_789}, 1 + 8),
        ({"n": 0}, 1 + 2),
        ({"paused": True}, 6 + 1),
        ({"slugs": ["a", "bc"]}, 5 + 3 + (1 + 1) + (1 + 2)),
        ({"texts": {"hi": "oi"}}, 5 + 3 + 1 + 2 + 2),
    ],
)
def test_an_item_is_counted_as_dynamodb_counts_it(item: dict[str, object], size: int) -> None:
    assert item_bytes(item) == size


def test_what_a_record_does_not_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        item_bytes({"price": 9.7})


def test_the_records_of_a_typical_sale_are_measured_as_they_are_stored() -> None:
    sizes = measured()

    assert 500 < sizes.click < 2048
    assert sizes.cached_click > sizes.click_json > sizes.click / 2
    assert sizes.payment > sizes.bot_user / 2
    assert sizes.purchase_message < LIMIT_OF_A_QUEUE_MESSAGE
