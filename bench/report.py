"""``make bench-report``: how long the report of a month of 1,000,000 clicks and 30,000 payments takes, and whether it is right.

The clicks go the way that they go in life: each as a stream's record through the rollup, in batches of which some come twice and
are cut anew, hour after hour closed as time goes on. The payments are written as their store writes them. The store is a DynamoDB
of this machine behind HTTP, in a process of its own, read as the command reads. What is reported is compared, figure by
figure, with what the month itself counted (``bench.month``).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import boto3
from botocore.config import Config
from rich.console import Console
from rich.progress import Progress

from bench.month import FIRST_DAY, FUNNELS, HOUR_MS, Month, SaleRecords, Start
from bench.results import write_figures
from rastro.explanation import Language
from rastro.model import Click, TrackingToken
from rastro.sales.report import Dimension, Facts, Figures, Period, Reporter, Step
from rastro.sales.rollup import Rollup
from rastro.sales.rollup import Table as Streamed
from rastro.stores.dynamodb import Table
from rastro.stores.images import change_of
from rastro.stores.items import bot_user_item, click_item
from rastro.stores.ledger import ledger_record
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.rollup import DynamoRollupStore
from rastro.stores.sales_book import READS_AT_ONCE, DynamoSalesBook
from rastro.stores.wire import encode_item
from rastro_cli.reading import fast_dynamodb
from rastro_cli.reporting_documents import Asked, report_document
from rastro_cli.reporting_page import page
from rastro_cli.texts import Texts
from tests.contracts.tables import make_table
from tests.fakes.stores import InMemoryClickStore, InMemoryFunnelStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLICKS, PAYMENTS, DAYS = 1_000_000, 30_030, 30
ZONE = "America/Sao_Paulo"
TWICE_SHARE = 0.03
_BATCH, _BATCH_OF_THE_OPEN_HOURS = 100, 8
"""How many records a batch has: of hours that are closed by the end it makes no difference."""
_WRITE_ITEMS = 25
_TABLES = ("RollupTable", "PaymentTable", "EventTable")


def main() -> None:
    """Fill, measure, compare, print and write the figures."""
    console = Console()
    console.print(f"A month of {CLICKS:,} clicks and some 30,000 payments")
    with served() as url:
        tables = {name: make_table(client(url), name) for name in _TABLES}
        month = Month(clicks=CLICKS, payments=PAYMENTS, days=DAYS)
        filled = Filling(month, tables)
        started = time.perf_counter()
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            for share in progress.track(filled.steps(), total=DAYS, description="Clicks, starts and sales through the system"):
                if not console.is_terminal:
                    console.print(f"  day {share} of {DAYS}")
        fill_seconds = time.perf_counter() - started
        timed = report_of(url, month)
    differences = list(compare(month, timed.facts))
    for line in differences:
        console.print(f"[red]{line}[/red]")
    figures = {
        "seconds_for_1m_clicks": round(timed.seconds, 2),
        "seconds_to_read": round(timed.read_seconds, 2),
        "seconds_for_the_page": round(timed.page_seconds, 2),
        "processor_seconds": round(timed.cpu_seconds, 2),
        "clicks": timed.facts.total().clicks,
        "payments": timed.facts.total().charges,
        "differences_to_the_recount": len(differences),
        "rollup_writes": filled.writes,
        "batches_that_came_twice": filled.repeated,
        "microseconds_a_click_in_the_rollup": round(filled.rollup_seconds / (CLICKS + filled.starts) * 1e6, 1),
        "seconds_to_fill": round(fill_seconds, 1),
    }
    for name, value in figures.items():
        console.print(f"  {name}: {value:,}")
    console.print(f"written to {write_figures('report', figures, 'make bench-report').name}")
    if differences:
        raise SystemExit(1)


@dataclass(slots=True)
class Filling:
    """Puts a month into tables, the way it gets there in life."""

    month: Month
    tables: Mapping[str, Table]
    now_ms: int = 0
    writes: int = 0
    repeated: int = 0
    starts: int = 0
    days: int = DAYS
    rollup_seconds: float = 0
    _records: list[dict[str, Any]] = field(default_factory=list)
    _clicks: InMemoryClickStore = field(default_factory=InMemoryClickStore)
    _to_write: dict[str, list[Mapping[str, object]]] = field(default_factory=dict)

    def steps(self) -> Iterator[int]:
        """Fill, and say after each day that it is done."""
        dice = random.Random(3)  # noqa: S311 - the same batches come twice in each run
        rollup = Rollup(
            tables={"click": Streamed.CLICK, "bot_user": Streamed.BOT_USER},
            funnels=InMemoryFunnelStore(*FUNNELS),
            clicks=self._clicks,
            rollup=_Counting(self, self.tables["RollupTable"]),
            now_ms=lambda: self.now_ms,
        )
        day, open_from_ms = 1, self.month.end_ms - 30 * HOUR_MS
        for at_ms, happening in self.month.happenings():
            if at_ms >= self.month.begin_ms + day * 24 * HOUR_MS and day < self.days:
                yield day
                day += 1
            self.now_ms = max(self.now_ms, at_ms)
            match happening:
                case Click():
                    self._clicks.clicks[happening.tracking_token] = happening
                    self._records.append(_record("click", click_item(happening), len(self._records)))
                case Start():
                    self.starts += 1
                    self._records.append(_record("bot_user", bot_user_item(happening.bot_user), len(self._records)))
                case SaleRecords():
                    self._sale(happening)
            if len(self._records) >= (_BATCH_OF_THE_OPEN_HOURS if at_ms > open_from_ms else _BATCH):
                self._take(rollup, dice)
        self._take(rollup, dice)
        for name in list(self._to_write):
            self._write(name)
        yield self.days

    def _take(self, rollup: Rollup, dice: random.Random) -> None:
        changes = [change_of(record) for record in self._records]
        self._records.clear()
        started = time.perf_counter()
        if dice.random() < TWICE_SHARE:
            # The function died over it after it had written half: it all comes again, together with what came since.
            rollup.take(changes[: len(changes) // 2])
            self.repeated += 1
        rollup.take(changes)
        rollup.close_hours()
        self.rollup_seconds += time.perf_counter() - started
        old = [TrackingToken(str(change.new["tracking_token"])) for change in changes if change.new and change.table == "click"]
        # Starts follow their clicks by minutes; what is older by now is no longer looked up.
        for token in [token for token in old if self._clicks.clicks[token].clicked_at_ms < self.now_ms - HOUR_MS]:
            del self._clicks.clicks[token]

    def _sale(self, sale: SaleRecords) -> None:
        store = DynamoPaymentStore(Table(_Collected(self._to_write), "PaymentTable"))  # type: ignore[arg-type] # all that it calls
        store.save(sale.payment)
        self._to_write.setdefault("EventTable", []).extend(encode_item(ledger_record(row)) for row in sale.rows)
        for name, items in self._to_write.items():
            if len(items) >= _WRITE_ITEMS:
                self._write(name)

    def _write(self, name: str) -> None:
        items = self._to_write[name]
        while items:
            part, items[:_WRITE_ITEMS] = items[:_WRITE_ITEMS], []
            requests: Any = [{"PutRequest": {"Item": item}} for item in part]
            self.tables[name]._client.batch_write_item(RequestItems={name: requests})  # type: ignore[union-attr] # noqa: SLF001


class _Counting(DynamoRollupStore):
    """Counts what is written."""

    def __init__(self, filling: Filling, table: Table) -> None:
        super().__init__(table)
        self._filling = filling

    def _put(self, *arguments: Any) -> None:  # noqa: ANN401 - handed on
        self._filling.writes += 1
        super()._put(*arguments)


class _Collected:
    """A client that keeps what is put, to be written in batches."""

    def __init__(self, items: dict[str, list[Mapping[str, object]]]) -> None:
        self._items = items

    def put_item(self, *, TableName: str, Item: Mapping[str, object], **_condition: object) -> None:  # noqa: N803 - boto3's
        self._items.setdefault(TableName, []).append(Item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A report and how long it took."""

    facts: Facts
    read_seconds: float
    page_seconds: float
    seconds: float
    cpu_seconds: float


def report_of(url: str, month: Month) -> Timed:
    """Make a report as the command does: from opening the client to the document and the page."""
    begin = time.perf_counter()
    session = boto3.Session(aws_access_key_id="bench", aws_secret_access_key="bench", region_name="sa-east-1")  # noqa: S106
    dynamodb = fast_dynamodb(session, url, {})
    if dynamodb is None:
        raise RuntimeError("the session has credentials")
    cpu = time.process_time()
    reporter = Reporter(
        rollup=DynamoRollupStore(Table(dynamodb, "RollupTable")),
        book=DynamoSalesBook(Table(dynamodb, "PaymentTable"), Table(dynamodb, "EventTable")),
        funnels=InMemoryFunnelStore(*FUNNELS),
    )
    facts = reporter.read(period_of(DAYS), _silent)
    read = time.perf_counter()
    asked = Asked(facts=facts, zone=ZONE, by=[Dimension.CAMPAIGN, Dimension.DAY], only=())
    texts = Texts(Language.PT)
    json.dumps(report_document(asked, texts))
    documented = time.perf_counter()
    page(asked, texts, month.end_ms)
    done = time.perf_counter()
    return Timed(
        facts=facts,
        read_seconds=read - begin,
        page_seconds=done - documented,
        seconds=done - begin,
        cpu_seconds=time.process_time() - cpu,
    )


def period_of(days: int) -> Period:
    """Return the days of a month."""
    return Period(first=FIRST_DAY, last=FIRST_DAY + timedelta(days=days - 1), zone=ZoneInfo(ZONE))


def compare(month: Month, facts: Facts) -> Iterator[str]:
    """Yield every figure of a report that the month's own recount does not confirm."""
    told, true = told_totals(facts.total()), month.truth.totals()
    for name, value in true.items():
        if told[name] != value:
            yield f"{name}: told {told[name]}, true {value}"
    for names in (["campaign"], ["funnel", "bot"], ["provider"], ["day"], ["client"], ["campaign", "day"]):
        rows = {
            row.place: {
                "clicks": row.figures.clicks,
                "charges": row.figures.charges,
                "paid": row.figures.paid,
                "cents": row.figures.revenue_cents,
            }
            for row in facts.by([Dimension(name) for name in names])
        }
        expected = month.truth.by(*names)
        for place in sorted(rows.keys() | expected.keys()):
            nothing = {"clicks": 0, "charges": 0, "paid": 0, "cents": 0}
            if rows.get(place, nothing) != expected.get(place, nothing):
                yield f"{names} {place}: told {rows.get(place)}, true {expected.get(place)}"


def told_totals(total: Figures) -> dict[str, object]:
    """Return the figures of a report in the form of the recount."""
    return {
        "clicks": total.clicks,
        "starts": total.starts,
        "links": dict(sorted(total.sources.items())),
        "charges": total.charges,
        "paid": total.paid,
        "revenue_cents": total.revenue_cents,
        "refunded_cents": total.refunded_cents,
        "purchases_accepted": total.accepted,
        "purchases": {state.value: count for state, count in sorted(total.purchases.items())},
        "certain": total.certain,
        "unlinked": dict(sorted(total.unlinked_cents.items())),
        "median_delay_ms": total.median_delay_ms,
    }


def client(url: str) -> DynamoDBClient:
    """Return a client as the command's."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="sa-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - the server asks for none
        config=Config(max_pool_connections=READS_AT_ONCE, proxies={}),
    )


@contextmanager
def served() -> Iterator[str]:
    """Start the store, and stop it in the end."""
    command = [sys.executable, "-m", "bench.dynamodb_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the store has no output")
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _record(table: str, image: Mapping[str, object], number: int) -> dict[str, Any]:
    """Return a change as a stream brings it."""
    return {
        "eventSourceARN": f"arn:aws:dynamodb:sa-east-1:1:table/{table}/stream/2026",
        "dynamodb": {"SequenceNumber": str(number), "NewImage": encode_item(image)},
    }


def _silent(_step: Step, _done: int, _of: int) -> None:
    """Show nothing: what is shown would be timed."""


if __name__ == "__main__":
    main()
