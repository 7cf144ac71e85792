"""What clicks a second mean for every part: pure arithmetic from stated inputs, measured sizes and the figures of other benches.

Limits are AWS's and Meta's defaults by their documentation; docs/scale.md names the pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.prices import Item, Price
from bench.sizes import KIB, Sizes
from rastro.stores import keys

HOURS_A_MONTH = 730
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
MILLION = 1_000_000
GB = 1_000_000_000
WHOLE_PROCESSOR_MB = 1769

PARTITION_WRITES = 1000
NEW_TABLE_WRITES = 4000
TABLE_WRITES = 40_000
ACCOUNT_REQUESTS = 10_000
ACCOUNT_CONCURRENCY = 1000
CACHE_SLOT_ECPU = 30_000
RECENT_ECPU = 3
"""What a click takes on its funnel's one key: added, cut to the newest, its lifetime set."""
GRAPH_EVENTS_A_REQUEST = 1000
TELEGRAM_MESSAGES = 30
"""Messages a second that a bot may send."""


ANSWER_BYTES = 900
"""A redirect's answer: status, headers, three cookies."""
TELEGRAM_BYTES = 2000
"""A message to Telegram with its headers; the answer is as much again."""
LOG_BYTES = 1100
"""What an invocation leaves: Lambda's own three lines, the metrics, and the line of the HTTP API."""
INDEX_ENTRY_BYTES = 250
"""An entry of keys only, with the 100 bytes that DynamoDB adds."""
CACHE_BILLED_GIGABYTES = 0.1
"""What a Valkey cache costs at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What follows from a click: assumptions about people, to be replaced by a seller's own figures."""

    starts: float = 0.4
    updates_a_start: float = 3
    messages_a_start: float = 3.5
    charges: float = 0.04
    sales: float = 0.02
    pixels: int = 1
    saves_a_start: float = 2
    """How often a bot user is written for each ``/start``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How long each function takes: waiting (ms), and processor time (ms on a whole processor)."""

    redirect_wait_ms: float = 6
    redirect_cpu_ms: float = 2
    webhook_wait_ms: float = 180
    webhook_cpu_ms: float = 6
    outbox_wait_ms_a_batch: float = 90
    outbox_cpu_ms_a_record: float = 0.2
    graph_ms_a_request: float = 600
    sender_cpu_ms_a_event: float
    """Measured: ``make bench-sender``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The template's parameters that matter here, with their defaults."""

    redirect_mb: int = 1769
    web_mb: int = 512
    worker_mb: int = 512
    api_rate: int = 5000
    cache_gigabytes: float = 1
    cache_ecpu: int = 30_000
    cache_ttl_seconds: int = 604_800
    sender_concurrency: int = 5
    click_parallelization: int = 4
    bot_user_parallelization: int = 2
    batch_records: int = 100
    bots: int = 1
    """Bots of the busiest funnel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything that the tables are computed from."""

    sizes: Sizes
    work: Work
    traffic: Traffic = Traffic()
    settings: Settings = Settings()


def units(size: int) -> int:
    """Return the write units of an item."""
    return math.ceil(size / KIB)


def duration_ms(*, wait_ms: float, cpu_ms: float, memory_mb: int) -> float:
    """Return how long a function runs that has its memory's share of a processor."""
    return wait_ms + cpu_ms * max(1.0, WHOLE_PROCESSOR_MB / memory_mb)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerClick:
    """What one click makes, everything that follows from it included."""

    click_writes: float
    fbclid_index_writes: float
    bot_user_writes: float
    turn_writes: float
    payment_writes: float
    ledger_writes: float
    reads: float
    events: float
    queue_requests: float
    cache_ecpu: float
    updates: float
    messages: float

    @property
    def writes(self) -> float:
        """Return the write units over all tables and indexes."""
        return self.click_writes + self.bot_user_writes + self.turn_writes + self.payment_writes + self.ledger_writes


def per_click(model: Model) -> PerClick:
    """Return what one click makes.

    An index entry is one unit; changing its key takes two, one to delete and one to put. A transaction takes twice the units.
    """
    sizes, traffic = model.sizes, model.traffic
    later = traffic.saves_a_start - 1
    bot_user = units(sizes.bot_user)
    payment, row = units(sizes.payment), units(sizes.ledger_row)
    charge_saves = 2 * payment + 3 + 3  # created, pending; by_charge, by_bot_user, by_day; unsettled: put and moved once
    sale_saves = 3 * payment + 3  # paid in a transaction, delivered; unsettled: moved and removed
    updates = traffic.starts * traffic.updates_a_start
    events = traffic.pixels * (1 + traffic.starts + traffic.charges + traffic.sales)
    return PerClick(
        click_writes=units(sizes.click) * (1 + traffic.starts) + 2,  # put, and claimed by who comes; two index entries
        fbclid_index_writes=1,
        bot_user_writes=traffic.starts * (bot_user + 2 + later * (bot_user + 4)),
        turn_writes=updates * 2,
        payment_writes=traffic.charges * charge_saves + traffic.sales * sale_saves,
        ledger_writes=traffic.sales * traffic.pixels * (2 * row + 2 * row + 1),  # a transaction; claimed, settled; by_payment
        reads=updates * 4 + traffic.charges * 4 + traffic.sales * 6,
        events=events,
        queue_requests=events * 3 / 10,  # sent, received and deleted ten at a time
        cache_ecpu=units(sizes.click_json) + 2 + RECENT_ECPU,  # the click, its two pointers, the recent ones
        updates=updates,
        messages=traffic.starts * traffic.messages_a_start,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a rate of clicks asks of each part."""

    clicks: float
    redirect_concurrency: float
    webhook_concurrency: float
    outbox_concurrency: float
    sender_concurrency: float
    click_writes: float
    click_partitions: int
    events: float
    graph_requests: float
    cache_ecpu: float
    cache_gigabytes_wanted: float
    cache_keeps_seconds: float
    bots: int


def load(model: Model, clicks: float) -> Load:
    """Return what a rate of clicks (a second) asks of each part."""
    each, work, settings = per_click(model), model.work, model.settings
    redirect = duration_ms(wait_ms=work.redirect_wait_ms, cpu_ms=work.redirect_cpu_ms, memory_mb=settings.redirect_mb)
    webhook = duration_ms(wait_ms=work.webhook_wait_ms, cpu_ms=work.webhook_cpu_ms, memory_mb=settings.web_mb)
    cached = model.sizes.cached_click
    keeps = settings.cache_gigabytes * GB / (clicks * cached)
    return Load(
        clicks=clicks,
        redirect_concurrency=clicks * redirect / 1000,
        webhook_concurrency=clicks * (each.updates + model.traffic.sales) * webhook / 1000,
        outbox_concurrency=clicks * each.events / settings.batch_records * outbox_batch_ms(model) / 1000,
        sender_concurrency=clicks * each.events / GRAPH_EVENTS_A_REQUEST * sender_batch_ms(model) / 1000,
        click_writes=clicks * each.click_writes,
        click_partitions=math.ceil(clicks * (each.click_writes - 2) / PARTITION_WRITES),
        events=clicks * each.events,
        graph_requests=clicks * each.events / GRAPH_EVENTS_A_REQUEST,
        cache_ecpu=clicks * each.cache_ecpu,
        cache_gigabytes_wanted=clicks * settings.cache_ttl_seconds * cached / GB,
        cache_keeps_seconds=min(keeps, settings.cache_ttl_seconds),
        bots=math.ceil(clicks * each.messages / TELEGRAM_MESSAGES),
    )


def outbox_batch_ms(model: Model) -> float:
    """Return how long the outbox works on a full batch."""
    settings, work = model.settings, model.work
    cpu = work.outbox_cpu_ms_a_record * settings.batch_records
    return duration_ms(wait_ms=work.outbox_wait_ms_a_batch, cpu_ms=cpu, memory_mb=settings.worker_mb)


def sender_batch_ms(model: Model) -> float:
    """Return how long the sender works on a full batch."""
    cpu = model.work.sender_cpu_ms_a_event * GRAPH_EVENTS_A_REQUEST
    return duration_ms(wait_ms=model.work.graph_ms_a_request, cpu_ms=cpu, memory_mb=model.settings.worker_mb)


@dataclass(frozen=True, slots=True)
class Shard:
    """How many records a second one shard of a stream brings at most, and how many the outbox takes of it."""

    table: str
    brings: float
    taken: float


def shards(model: Model) -> list[Shard]:
    """Return the streams' shards: one a partition of the table, which takes 1,000 write units a second."""
    sizes, settings = model.sizes, model.settings
    one_at_a_time = settings.batch_records / (outbox_batch_ms(model) / 1000)
    return [
        Shard("click", PARTITION_WRITES / units(sizes.click), settings.click_parallelization * one_at_a_time),
        Shard("bot user", PARTITION_WRITES / units(sizes.bot_user), settings.bot_user_parallelization * one_at_a_time),
        Shard("payment", PARTITION_WRITES / units(sizes.payment), one_at_a_time),
        Shard("event", PARTITION_WRITES / units(sizes.ledger_row), one_at_a_time),
    ]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, at how many clicks a second it is met, and what moves it."""

    clicks: float
    name: str
    moved_by: str


def limits(model: Model) -> list[Limit]:
    """Return the limits in the order in which growing traffic meets them, with one funnel taking all of it."""
    each, traffic, settings, at_one = per_click(model), model.traffic, model.settings, load(model, 1)
    record = each.click_writes - 2  # without its index entries
    found = [
        Limit(
            settings.bots * TELEGRAM_MESSAGES / each.messages,
            f"Telegram: {TELEGRAM_MESSAGES} messages a second of a bot ({settings.bots} on the funnel)",
            "more bots on the funnel: visitors are spread over them",
        ),
        Limit(NEW_TABLE_WRITES / record, "click table: 4,000 write units a second of a new table", "warm throughput, see below"),
        Limit(
            settings.cache_ecpu / each.cache_ecpu,
            f"cache: {settings.cache_ecpu:,} ECPU a second; above it clicks go on without it",
            "`CacheMaxEcpuPerSecond`",
        ),
        Limit(
            keys.FBCLID_SHARDS * PARTITION_WRITES / each.fbclid_index_writes,
            f"one fbclid: {keys.FBCLID_SHARDS} shards of its index",
            "`FBCLID_SHARDS` in `rastro.stores.keys`",
        ),
        Limit(float(settings.api_rate), "HTTP API: clicks a second by our own limit", "`ApiRateLimit`, `ApiBurstLimit`"),
        Limit(
            settings.sender_concurrency / at_one.sender_concurrency,
            f"sender: {settings.sender_concurrency} at a time",
            "`MaxSenderConcurrency`",
        ),
        Limit(
            settings.bots * PARTITION_WRITES / (traffic.starts * traffic.saves_a_start * units(model.sizes.bot_user)),
            "one bot's people: one partition until DynamoDB splits it by chat_id",
            "more bots on the funnel; DynamoDB itself, in minutes",
        ),
        Limit(float(ACCOUNT_REQUESTS), "HTTP API: an account's requests a second", "AWS's quota L-8A5B8E43"),
        Limit(CACHE_SLOT_ECPU / RECENT_ECPU, "cache: the funnel's one key of recent clicks", "see the hot spots below"),
        Limit(TABLE_WRITES / record, "click table: an account's quota for a table", "AWS's quota of the table"),
        Limit(
            ACCOUNT_CONCURRENCY / (at_one.redirect_concurrency + at_one.webhook_concurrency),
            "Lambda: 1,000 executions of an account at once",
            "AWS's quota; a new account may have 10",
        ),
    ]
    return sorted(found, key=lambda limit: limit.clicks)


def monthly_cost(model: Model, clicks: float, prices: Mapping[Item, Price]) -> dict[str, float]:
    """Return US dollars a month by service for a rate of clicks that never ends, when a year of it is stored."""
    each, settings = per_click(model), model.settings
    usd = {item: price.usd for item, price in prices.items()}
    month = clicks * SECONDS_A_MONTH
    millions = month / MILLION
    calls = each.updates + model.traffic.sales
    cached = min(max(load(model, clicks).cache_gigabytes_wanted, CACHE_BILLED_GIGABYTES), settings.cache_gigabytes)
    ecpu = min(clicks * each.cache_ecpu, settings.cache_ecpu) * SECONDS_A_MONTH
    nat_gb = month * each.messages * 2 * TELEGRAM_BYTES / GB
    out_gb = month * (ANSWER_BYTES + each.messages * TELEGRAM_BYTES + each.events * model.sizes.page_view_message) / GB
    invocations, gb_seconds = _others(model)
    return {
        "HTTP API": millions * (1 + calls) * usd[Item.HTTP_API],
        "Lambda: redirect": millions * redirect_usd_a_million(model, settings.redirect_mb, prices),
        "Lambda: the others": (
            month * gb_seconds * usd[Item.LAMBDA_DURATION] + millions * invocations * usd[Item.LAMBDA_REQUESTS]
        ),
        "DynamoDB: requests": millions * (each.writes * usd[Item.DYNAMODB_WRITES] + each.reads * usd[Item.DYNAMODB_READS]),
        "DynamoDB: a year's records": (_stored_gb(model, clicks) * (usd[Item.DYNAMODB_STORAGE] + usd[Item.DYNAMODB_RECOVERY])),
        "SQS": millions * each.queue_requests * usd[Item.SQS],
        "Cache": cached * HOURS_A_MONTH * usd[Item.CACHE_STORAGE] + ecpu / MILLION * usd[Item.CACHE_WORK],
        "NAT gateway": HOURS_A_MONTH * (usd[Item.NAT_HOUR] + usd[Item.IPV4]) + nat_gb * usd[Item.NAT_DATA],
        "Logs": month * (1 + calls) * LOG_BYTES / GB * usd[Item.LOGS],
        "Data out": out_gb * usd[Item.TRANSFER_OUT],
    }


def _others(model: Model) -> tuple[float, float]:
    """Return the invocations and GB-seconds of the other functions for one click."""
    each, work, settings = per_click(model), model.work, model.settings
    calls = each.updates + model.traffic.sales
    batches, requests = each.events / settings.batch_records, each.events / GRAPH_EVENTS_A_REQUEST
    webhook_ms = duration_ms(wait_ms=work.webhook_wait_ms, cpu_ms=work.webhook_cpu_ms, memory_mb=settings.web_mb)
    worked_ms = batches * outbox_batch_ms(model) + requests * sender_batch_ms(model)
    gb_seconds = (calls * settings.web_mb * webhook_ms + settings.worker_mb * worked_ms) / KIB / 1000
    return calls + batches + requests, gb_seconds


def _stored_gb(model: Model, clicks: float) -> float:
    """Return the tables and indexes after a year: clicks and Purchases of 90 days, people and payments of all of it."""
    sizes, traffic, day = model.sizes, model.traffic, clicks * 86_400
    click = sizes.click + 2 * INDEX_ENTRY_BYTES
    person = sizes.bot_user + 2 * INDEX_ENTRY_BYTES
    payment = sizes.payment + 3 * INDEX_ENTRY_BYTES
    row = sizes.ledger_row + INDEX_ENTRY_BYTES
    kept = 90 * (click + traffic.sales * row) + 365 * (traffic.starts * person + traffic.charges * payment)
    return day * kept / GB


def redirect_usd_a_million(model: Model, memory_mb: int, prices: Mapping[Item, Price]) -> float:
    """Return what Lambda charges for a million clicks at a memory size."""
    ran_ms = math.ceil(duration_ms(wait_ms=model.work.redirect_wait_ms, cpu_ms=model.work.redirect_cpu_ms, memory_mb=memory_mb))
    gb_seconds = MILLION * memory_mb / KIB * ran_ms / 1000
    return prices[Item.LAMBDA_REQUESTS].usd + gb_seconds * prices[Item.LAMBDA_DURATION].usd


def kept_usd_a_month(memory_mb: int, kept: int, prices: Mapping[Item, Price]) -> float:
    """Return what executions kept started cost a month, whether they work or not."""
    return kept * memory_mb / KIB * SECONDS_A_MONTH * prices[Item.LAMBDA_KEPT].usd


def snapstart_usd_a_month(memory_mb: int, starts: float, prices: Mapping[Item, Price]) -> float:
    """Return what one published version's snapshot costs a month, with so many starts from it."""
    gigabytes = memory_mb / KIB
    cache = gigabytes * SECONDS_A_MONTH * prices[Item.SNAPSTART_CACHE].usd
    return cache + starts * gigabytes * prices[Item.SNAPSTART_RESTORE].usd
