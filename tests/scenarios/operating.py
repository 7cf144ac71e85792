"""What the operator does in a journey: the command ``rastro``, run as a person runs it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rastro.model import BotId, ChatId, Product, Slug
from stack.local import LocalStack
from stack.stackfile import VARIABLE
from tests.scenarios.stage import PATIENCE_SECONDS, JourneyBroke

_NONE_IN_THE_REPORT = (
    *("tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id"),
    "bot_user.tracking_session_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSale:
    """A paid sale as the system before exports it, without a trace of its click."""

    payment_id: str
    bot_id: BotId
    chat_id: ChatId
    slug: Slug
    product: Product
    fbclid: str | None
    paid_at_ms: int


@contextmanager
def csv_file(sale: OldSale) -> Iterator[Path]:
    """Give a file with this sale, as long as it is needed."""
    row = {
        "payment_id": sale.payment_id,
        "bot_id": sale.bot_id,
        "chat_id": sale.chat_id,
        "slug": sale.slug,
        "sku": sale.product.sku,
        "status": "paid",
        "amount_cents": str(sale.product.price_cents),
        "created_at": str(sale.paid_at_ms),
        "paid_at": str(sale.paid_at_ms),
        "bot_user.fbclid": sale.fbclid or "NONE",
        **dict.fromkeys(_NONE_IN_THE_REPORT, "NONE"),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(row))
            writer.writeheader()
            writer.writerow(row)
        yield path


def run(stack: LocalStack, *arguments: str) -> str:
    """Run ``rastro`` on a stack and return what it printed; raises ``JourneyBroke`` when it failed."""
    told = subprocess.run(
        [sys.executable, "-m", "rastro_cli", "--profile", "local", *arguments],
        env=os.environ | {VARIABLE: str(stack.stack_file)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if told.returncode != 0:
        raise JourneyBroke(f"rastro {' '.join(arguments)} ended with {told.returncode}: {told.stderr or told.stdout}")
    return told.stdout
