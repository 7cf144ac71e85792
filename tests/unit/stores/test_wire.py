from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.stores.wire import decode_item, encode_item

_leaves = st.one_of(st.text(), st.integers(min_value=-(10**37), max_value=10**37), st.booleans())
_values = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=8)
_items = st.dictionaries(st.text(min_size=1), _values)


@given(_items)
def test_an_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert decode_item(encode_item(item)) == item


def test_the_notation_is_dynamodbs() -> None:
    item = {"text": "a", "number": 1, "yes": True, "list": ["a", 2], "map": {"b": 3}}
    assert encode_item(item) == {
        "text": {"S": "a"},
        "number": {"N": "1"},
        "yes": {"BOOL": True},
        "list": {"L": [{"S": "a"}, {"N": "2"}]},
        "map": {"M": {"b": {"N": "3"}}},
    }


@pytest.mark.parametrize("value", [1.5, None, b"bytes", object()])
def test_what_no_record_holds_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode_item({"value": value})


def test_a_kind_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="none of ours"):
        decode_item({"value": {"SS": ["a"]}})
