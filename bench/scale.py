"""``make scale``: what 10, 1,000 and 10,000 clicks a second take and cost, by arithmetic.

It prints its tables and writes them into the pages that quote them, between ``<!-- scale: name -->`` and ``<!-- /scale -->``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from bench.load import (
    ACCOUNT_CONCURRENCY,
    HOURS_A_MONTH,
    TELEGRAM_MESSAGES,
    Model,
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
from bench.prices import REGIONS, Item
from bench.results import RESULTS, write_figures
from bench.sizes import measured

RATES = (10, 1_000, 10_000)
MEMORIES = (128, 256, 512, 1024, 1769)
SNAPSTARTS_A_MONTH = 10_000
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "docs" / "scale.md",
    ROOT / "docs" / "adr" / "0011-memory-snapstart-provisioned.md",
    ROOT / "docs" / "adr" / "0012-egress.md",
)
_PLACE = re.compile(r"(<!-- scale: (\w+) -->\n).*?(<!-- /scale -->)", re.DOTALL)


def main() -> None:
    """Print the tables, write them into their pages and keep the figures."""
    model = current_model()
    for name, table in TABLES.items():
        print(f"{name}\n\n{table(model)}")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8"), model), encoding="utf-8")
    print(f"written to {write_figures('scale', figures(model), 'make scale').name} and to {len(PAGES)} pages")


def current_model(results: Path = RESULTS) -> Model:
    """Return the model by the sizes of our own records and the figures of the other benches."""
    sender = json.loads((results / "sender.json").read_text(encoding="utf-8"))["figures"]
    # Two digits: a bench that ran again on the same machine changes no table.
    cpu_ms = float(f"{sender['cpu_ms_per_event_ours_with_ledger']:.2g}")
    return Model(sizes=measured(), work=Work(sender_cpu_ms_a_event=cpu_ms))


def filled(page: str, model: Model) -> str:
    """Return a page with its tables as they come out now; raises ``KeyError`` for a place of an unknown table."""
    return _PLACE.sub(lambda place: f"{place[1]}\n{TABLES[place[2]](model)}\n{place[3]}", page)


def figures(model: Model) -> dict[str, float]:
    """Return the figures that others quote."""
    found: dict[str, float] = {"click_bytes": model.sizes.click, "click_write_units": per_click(model).click_writes}
    for region, prices in REGIONS.items():
        name = region.replace("-", "_")
        for rate in RATES:
            found[f"usd_a_month_{rate}_{name}"] = round(sum(monthly_cost(model, rate, prices).values()))
    return found


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns after the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def sizes_table(model: Model) -> str:
    """Return how large records are."""
    names = {
        "click": "click, in its table",
        "click_json": "click, in the cache",
        "cached_click": "the same with its two pointers",
        "bot_user": "bot user",
        "payment": "payment",
        "ledger_row": "ledger row of a Purchase",
        "page_view_message": "PageView, on the queue",
        "purchase_message": "Purchase, on the queue",
    }
    sizes = {field.name: getattr(model.sizes, field.name) for field in fields(model.sizes)}
    stored = ("click", "bot_user", "payment", "ledger_row")
    rows = [[names[name], f"{size:,}", str(units(size)) if name in stored else ""] for name, size in sizes.items()]
    return table_of(["record", "bytes", "write units"], rows)


def click_table(model: Model) -> str:
    """Return what one click makes."""
    each = per_click(model)
    rows = [
        ["write units: click, its two index entries, its claim", f"{each.click_writes:.2f}"],
        ["write units: people and their index entries", f"{each.bot_user_writes:.2f}"],
        ["write units: turns of updates", f"{each.turn_writes:.2f}"],
        ["write units: payments and their index entries", f"{each.payment_writes:.2f}"],
        ["write units: ledger", f"{each.ledger_writes:.2f}"],
        ["write units, all", f"{each.writes:.2f}"],
        ["read units", f"{each.reads:.2f}"],
        ["calls of webhooks", f"{each.updates + model.traffic.sales:.2f}"],
        ["messages to Telegram", f"{each.messages:.2f}"],
        ["events for Meta", f"{each.events:.2f}"],
        ["requests to SQS", f"{each.queue_requests:.2f}"],
        ["ECPU of the cache, by the click itself", f"{each.cache_ecpu:.0f}"],
    ]
    return table_of(["a click makes", ""], rows)


def load_table(model: Model) -> str:
    """Return what each rate asks of each part."""
    loads = [load(model, rate) for rate in RATES]
    lines: list[tuple[str, Callable[[int], str]]] = [
        ("redirect: executions at once", lambda n: f"{loads[n].redirect_concurrency:,.1f}"),
        ("webhooks: executions at once", lambda n: f"{loads[n].webhook_concurrency:,.0f}"),
        ("outbox: executions at once", lambda n: f"{loads[n].outbox_concurrency:,.1f}"),
        ("sender: executions at once", lambda n: f"{loads[n].sender_concurrency:,.2f}"),
        (f"of an account's {ACCOUNT_CONCURRENCY:,}", lambda n: f"{_share_of_account(model, RATES[n]):.0%}"),
        ("click table and indexes: write units a second", lambda n: f"{loads[n].click_writes:,.0f}"),
        ("click table: partitions at least", lambda n: f"{loads[n].click_partitions:,}"),
        ("events a second", lambda n: f"{loads[n].events:,.0f}"),
        ("Graph: full requests a second", lambda n: f"{loads[n].graph_requests:,.2f}"),
        ("cache: ECPU a second", lambda n: f"{loads[n].cache_ecpu:,.0f}"),
        ("cache: GB for `ClickCacheTtlSeconds` of 7 days", lambda n: f"{loads[n].cache_gigabytes_wanted:,.0f}"),
        (f"cache: a click stays, in {model.settings.cache_gigabytes:g} GB", lambda n: _span(loads[n].cache_keeps_seconds)),
        (f"bots, at {TELEGRAM_MESSAGES} messages a second each", lambda n: f"{loads[n].bots:,}"),
    ]
    rows = [[name, *[value(number) for number in range(len(RATES))]] for name, value in lines]
    return table_of(["clicks a second", *[f"{rate:,}" for rate in RATES]], rows)


def shards_table(model: Model) -> str:
    """Return whether the outbox keeps up with a shard at its busiest."""
    rows = [[each.table, f"{each.brings:,.0f}", f"{each.taken:,.0f}"] for each in shards(model)]
    return table_of(["stream of the table", "records a second of a shard, at most", "the outbox takes"], rows)


def limits_table(model: Model) -> str:
    """Return what breaks first."""
    head = "| clicks a second | limit | moved by |\n| ---: | --- | --- |\n"
    return head + "".join(f"| {each.clicks:,.0f} | {each.name} | {each.moved_by} |\n" for each in limits(model))


def cost_table(model: Model) -> str:
    """Return the cost a month by service, rate and region."""
    costs = [(monthly_cost(model, rate, prices)) for prices in REGIONS.values() for rate in RATES]
    head = ["US dollars a month", *[f"{region}, {rate:,}" for region in REGIONS for rate in RATES]]
    rows = [[service, *[f"{cost[service]:,.0f}" for cost in costs]] for service in costs[0]]
    millions = [rate * HOURS_A_MONTH * 3600 / 1_000_000 for _ in REGIONS for rate in RATES]
    rows.append(["**all**", *[f"**{sum(cost.values()):,.0f}**" for cost in costs]])
    a_million = [sum(cost.values()) / each for cost, each in zip(costs, millions, strict=True)]
    rows.append(["a million clicks", *[f"{each:.2f}" for each in a_million]])
    return table_of(head, rows)


def prices_table(model: Model) -> str:
    """Return the prices and where they were found."""
    del model
    lines = ["| price | " + " | ".join(f"{region} | found" for region in REGIONS) + " |\n", "| --- | ---: | --- | ---: | --- |\n"]
    for item in Item:
        cells = []
        for prices in REGIONS.values():
            price = prices[item]
            where = "no source found: 1.5 times us-east-1" if price.assumed else f"{price.source}, {price.seen}"
            cells += [f"{_plain(price.usd)}{'*' if price.assumed else ''}", where]
        lines.append(f"| {item} | {' | '.join(cells)} |\n")
    return "".join(lines)


def memory_table(model: Model) -> str:
    """Return what the redirect costs and takes at each memory size."""
    rows = []
    for memory in MEMORIES:
        warm = duration_ms(wait_ms=model.work.redirect_wait_ms, cpu_ms=model.work.redirect_cpu_ms, memory_mb=memory)
        start = duration_ms(wait_ms=START_WAIT_MS, cpu_ms=START_CPU_MS, memory_mb=memory)
        usd = [redirect_usd_a_million(model, memory, prices) for prices in REGIONS.values()]
        rows.append([f"{memory:,} MB", f"{warm:.0f}", f"{start:,.0f}", *[f"{each:.2f}" for each in usd]])
    regions = [f"a million clicks, {region}" for region in REGIONS]
    return table_of(["memory", "warm, ms", "first click of an execution, ms", *regions], rows)


def starts_table(model: Model) -> str:
    """Return what it costs a month not to start, by memory size."""
    del model
    rows = []
    for memory in (512, 1024, 1769):
        cells = []
        for prices in REGIONS.values():
            cells += [kept_usd_a_month(memory, 1, prices), snapstart_usd_a_month(memory, SNAPSTARTS_A_MONTH, prices)]
        rows.append([f"{memory:,} MB", *[f"{cell:.2f}" for cell in cells]])
    head = [name.format(region) for region in REGIONS for name in ("one kept started, {}", "SnapStart, {}")]
    return table_of(["US dollars a month", *head], rows)


def egress_table(model: Model) -> str:
    """Return what each way out costs a month at 10 clicks a second."""
    each = per_click(model)
    gigabytes = 10 * HOURS_A_MONTH * 3600 * each.messages * 4000 / 1e9
    ways: dict[str, dict[Item, float]] = {
        "`Egress=nat`: one NAT gateway": {Item.NAT_HOUR: HOURS_A_MONTH, Item.IPV4: HOURS_A_MONTH, Item.NAT_DATA: gigabytes},
        "a NAT gateway in each of two zones": {
            Item.NAT_HOUR: 2 * HOURS_A_MONTH,
            Item.IPV4: 2 * HOURS_A_MONTH,
            Item.NAT_DATA: gigabytes,
        },
        "a NAT instance (t4g.nano) of one's own": {Item.NAT_INSTANCE: HOURS_A_MONTH, Item.IPV4: HOURS_A_MONTH},
        "`Egress=ipv6`: egress-only gateway": {},
        "`Egress=none`: no network, no cache": {},
        "beside a way out: interface endpoint for SQS, one zone": {Item.ENDPOINT_HOUR: HOURS_A_MONTH},
        "the same, two zones": {Item.ENDPOINT_HOUR: 2 * HOURS_A_MONTH},
        "gateway endpoint for DynamoDB": {},
    }
    rows = [
        [way, *[f"{sum(prices[item].usd * amount for item, amount in uses.items()):.2f}" for prices in REGIONS.values()]]
        for way, uses in ways.items()
    ]
    return table_of(["US dollars a month", *REGIONS], rows)


START_WAIT_MS = 60.0
"""TLS to the parameter store and to DynamoDB, and the first secret."""
START_CPU_MS = 350.0
"""Imports, wiring and the first handshakes on a whole processor; to be replaced by ``make bench-redirect``."""

TABLES: Mapping[str, Callable[[Model], str]] = {
    "sizes": sizes_table,
    "click": click_table,
    "load": load_table,
    "shards": shards_table,
    "limits": limits_table,
    "cost": cost_table,
    "prices": prices_table,
    "memory": memory_table,
    "starts": starts_table,
    "egress": egress_table,
}


def _share_of_account(model: Model, rate: float) -> float:
    at = load(model, rate)
    return (
        at.redirect_concurrency + at.webhook_concurrency + at.outbox_concurrency + at.sender_concurrency
    ) / ACCOUNT_CONCURRENCY


def _span(seconds: float) -> str:
    if seconds >= DAY_SECONDS:
        return f"{seconds / DAY_SECONDS:.1f} days"
    return f"{seconds / HOUR_SECONDS:.1f} h" if seconds >= HOUR_SECONDS else f"{seconds / 60:.0f} min"


def _plain(usd: float) -> str:
    """Return a price without exponents or trailing zeros."""
    return f"{usd:.10f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    main()
