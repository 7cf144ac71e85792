from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rastro.stores import keys

DAY_MS = 86_400_000


@given(st.text(), st.text())
def test_a_reader_asks_the_shard_that_a_writer_chose(fbclid: str, record_id: str) -> None:
    shard = keys.shard_of(record_id, keys.FBCLID_SHARDS)
    assert keys.fbclid_key(fbclid, shard) in keys.fbclid_keys(fbclid)


def test_the_key_of_the_longest_fbclid_fits_an_index() -> None:
    assert len(keys.fbclid_key("ã" * 2048, 3).encode()) <= 1024


def test_an_fbclid_is_kept_apart_from_one_in_another_case() -> None:
    assert not set(keys.fbclid_keys("IwAR")) & set(keys.fbclid_keys("iwar"))


def test_a_day_ends_at_midnight_utc() -> None:
    assert keys.day_shard(DAY_MS - 1, "p").startswith("1970-01-01#")
    assert keys.day_shard(DAY_MS, "p").startswith("1970-01-02#")


def test_the_caches_keys_are_those_of_the_contract() -> None:
    assert keys.click_cache_key("T") == "tracking:T"
    assert keys.fbclid_cache_key("F") == "tracking:fbclid:F"
    assert keys.visitor_cache_key("V") == "tracking:visitor:V"
