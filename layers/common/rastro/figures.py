"""What a report counts: groups of people at the door and in the bot, sales, and what became of their Purchases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType

from rastro.model import (
    BotId,
    Campaign,
    Confidence,
    LedgerStatus,
    LinkSource,
    PaymentId,
    PixelId,
    Reason,
    Slug,
)

Hour = NewType("Hour", str)
"""An hour (UTC), ``2026-09-21T14``. Every zone of Brazil is whole hours from UTC, so hours add up to its days."""

HOUR_MS = 3_600_000
CAMPAIGN_NAME_MAX = 120
"""How much of a campaign's name tells campaigns apart in a report; whoever makes up names does not fill the rollup with them."""
_NAMES = ("utm_campaign", "campaign_code", "utm_id", "src", "sck", "xcod", "utm_source")


class Seen(StrEnum):
    """What a rollup counts."""

    CLICK = "click"
    """A person passed the redirect."""
    START = "start"
    """A person opened the bot; several times in an hour are one, with the best link that they had."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Group:
    """Whom a rollup counts together; what does not apply or is not known is empty."""

    seen: Seen
    slug: str = ""
    bot_id: str = ""
    provider: str = ""
    client: str = ""
    campaign: str = ""
    link_source: str = ""
    link_confidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What a report needs of a payment."""

    payment_id: PaymentId
    bot_id: BotId
    slug: Slug
    provider: str
    amount_cents: int
    created_at_ms: int
    charged: bool = True
    """Whether the provider made a charge; of a sale that was paid it did."""
    paid_at_ms: int | None = None
    amount_paid_cents: int | None = None
    refunded_cents: int = 0
    campaign: str = ""
    """As ``campaign_name`` gives it."""
    link_source: LinkSource = LinkSource.NONE
    link_confidence: Confidence = Confidence.NONE
    reason: Reason | None = None
    user_agent: str | None = None

    @property
    def revenue_cents(self) -> int:
        """Return what the buyer paid; nothing of a charge that was not paid."""
        if self.paid_at_ms is None:
            return 0
        return self.amount_cents if self.amount_paid_cents is None else self.amount_paid_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What became of the Purchase of a sale at one pixel."""

    pixel_id: PixelId
    status: LedgerStatus
    accepted_at_ms: int | None = None


def hour_of(at_ms: int) -> Hour:
    """Return the hour of a moment."""
    return Hour(datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H"))


def hour_begins_ms(hour: Hour) -> int:
    """Return when an hour begins."""
    return round(datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp()) * 1000


def campaign_name(campaign: Campaign) -> str:
    """Return what a report calls a campaign: the first name that its ad's URL gave it, ``""`` where it gave none.

    Anybody can write into a URL: what steers a terminal or turns the direction of text is left out.
    """
    names = ("".join(filter(str.isprintable, getattr(campaign, each) or "")).strip() for each in _NAMES)
    return next(filter(None, names), "")[:CAMPAIGN_NAME_MAX]
