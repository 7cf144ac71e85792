from __future__ import annotations

from dataclasses import replace

import pytest

from bench.load import (
    Model,
    Settings,
    Traffic,
    Work,
    duration_ms,
    kept_usd_a_month,
    limits,
    load,
    monthly_cost,
    per_click,
    redirect_usd_a_million,
    shards,
    snapstart_usd_a_month,
    units,
)
from bench.prices import REGIONS, US_EAST_1, Item, Price
from bench.sizes import Sizes

SIZES = Sizes(
    click=1000,
    click_json=1000,
    cached_click=2000,
    bot_user=1000,
    payment=1000,
    ledger_row=1000,
    page_view_message=1000,
    purchase_message=1000,
)
NOBODY_COMES = Traffic(starts=0, charges=0, sales=0)
MODEL = Model(sizes=SIZES, work=Work(sender_cpu_ms_a_event=0.1), traffic=NOBODY_COMES)
DOLLAR = dict.fromkeys(Item, Price(1.0, "a test", "now"))


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (1024, 1), (1025, 2), (2048, 2), (5000, 5)])
def test_an_item_is_written_in_units_of_a_kibibyte(size: int, expected: int) -> None:
    assert units(size) == expected


@pytest.mark.parametrize(
    ("memory_mb", "expected"),
    [(1769, 6 + 2), (3538, 6 + 2), (884.5, 6 + 4), (176.9, 6 + 20)],  # more than one processor helps one request nothing
)
def test_less_memory_stretches_the_work_and_not_the_waiting(memory_mb: float, expected: float) -> None:
    assert duration_ms(wait_ms=6, cpu_ms=2, memory_mb=memory_mb) == pytest.approx(expected)  # type: ignore[arg-type] # halves


def test_a_click_that_nobody_follows_up_is_a_record_two_index_entries_and_an_event() -> None:
    each = per_click(MODEL)

    assert (each.click_writes, each.writes, each.events, each.reads) == (3, 3, 1, 0)
    assert each.cache_ecpu == 1 + 2 + 3


def test_who_comes_and_buys_adds_their_writes() -> None:
    each = per_click(replace(MODEL, traffic=Traffic(starts=1, updates_a_start=3, saves_a_start=2, charges=1, sales=1)))

    assert each.click_writes == 2 + 2
    assert each.bot_user_writes == (1 + 2) + (1 + 4)
    assert each.turn_writes == 6
    assert each.payment_writes == (2 + 3 + 3) + (3 + 3)
    assert each.ledger_writes == 5
    assert each.events == 4


def test_every_pixel_has_its_own_events() -> None:
    assert per_click(replace(MODEL, traffic=replace(NOBODY_COMES, pixels=3))).events == 3


def test_load_grows_with_the_clicks() -> None:
    one, thousand = load(MODEL, 1), load(MODEL, 1000)

    assert thousand.redirect_concurrency == pytest.approx(1000 * one.redirect_concurrency) == pytest.approx(8)
    assert thousand.click_writes == 3000
    assert thousand.click_partitions == 1
    assert load(MODEL, 1001).click_partitions == 2
    assert thousand.bots == 0, "nobody comes"


def test_the_cache_keeps_clicks_for_their_lifetime_or_until_it_is_full() -> None:
    settings = Settings(cache_gigabytes=1, cache_ttl_seconds=1000)

    assert load(replace(MODEL, settings=settings), 1).cache_keeps_seconds == 1000
    assert load(replace(MODEL, settings=settings), 10_000).cache_keeps_seconds == pytest.approx(50)


def test_limits_come_in_the_order_in_which_they_are_met() -> None:
    found = limits(Model(sizes=SIZES, work=Work(sender_cpu_ms_a_event=0.1)))

    assert [limit.clicks for limit in found] == sorted(limit.clicks for limit in found)
    assert found[0].name.startswith("Telegram")
    assert all(limit.moved_by for limit in found)


@pytest.mark.parametrize(
    ("moved_by", "changed"),
    [
        ("more bots on the funnel", Settings(bots=10)),
        ("`CacheMaxEcpuPerSecond`", Settings(cache_ecpu=60_000)),
        ("`ApiRateLimit`", Settings(api_rate=9_000)),
        ("`MaxSenderConcurrency`", Settings(sender_concurrency=50)),
    ],
)
def test_a_limit_is_moved_by_what_it_says(moved_by: str, changed: Settings) -> None:
    model = Model(sizes=SIZES, work=Work(sender_cpu_ms_a_event=0.1))

    def met(settings: Settings) -> float:
        return next(each.clicks for each in limits(replace(model, settings=settings)) if each.moved_by.startswith(moved_by))

    assert met(changed) > met(Settings())


def test_the_outbox_takes_what_a_shard_brings_at_its_busiest() -> None:
    assert all(shard.taken > shard.brings for shard in shards(MODEL) if shard.table in {"click", "bot user"})


def test_cost_is_what_is_used_times_its_price() -> None:
    cost = monthly_cost(MODEL, 1, DOLLAR)

    assert cost["HTTP API"] == pytest.approx(2.628)  # a click a second is 2.628 million a month of 730 hours
    assert cost["DynamoDB: requests"] == pytest.approx(3 * 2.628)
    assert cost["SQS"] == pytest.approx(0.3 * 2.628)
    assert cost["NAT gateway"] == pytest.approx(2 * 730)


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_ten_times_the_clicks_cost_at_most_ten_times_as_much(region: str) -> None:
    few, many = (sum(monthly_cost(MODEL, rate, REGIONS[region]).values()) for rate in (100, 1000))

    assert few < many <= 10 * few


def test_a_million_clicks_are_billed_by_the_started_millisecond() -> None:
    # 128 MB: 6 + 2 * 1769 / 128 = 33.6 ms, billed as 34; 34,000 s of an eighth of a GB
    expected = 0.20 + 34_000 / 8 * 0.0000133334

    assert redirect_usd_a_million(MODEL, 128, US_EAST_1) == pytest.approx(expected)


def test_what_is_kept_started_costs_by_the_hour_and_a_snapshot_by_version_and_restore() -> None:
    assert kept_usd_a_month(1024, 2, DOLLAR) == 2 * 730 * 3600
    assert snapstart_usd_a_month(2048, 10, DOLLAR) == 2 * 730 * 3600 + 2 * 10
