"""How records are keyed, sharded and kept: each format and each lifetime is written here, once.

A partition of an index takes 1,000 writes a second (AWS, "Best practices for partition key design"): whatever can go viral (an
fbclid, a day, everything that is due) is spread over shards, and a reader asks all of them.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, date, datetime

from rastro.model import DAY_MS, EventName

FBCLID_SHARDS = 4
DAY_SHARDS = 10
UNSETTLED_SHARDS = 8
PARKED_SHARDS = 4

CLICK_LIFETIME_MS = 90 * DAY_MS
PURCHASE_LIFETIME_MS = 90 * DAY_MS
FUNNEL_EVENT_LIFETIME_MS = 7 * DAY_MS
"""How long the ledger keeps a funnel event that was parked or refused: as long as Meta would take it."""
CAMPAIGN_LIFETIME_MS = 180 * DAY_MS
NOTICE_LIFETIME_MS = 90 * DAY_MS
SEEN_LIFETIME_MS = 90 * DAY_MS
"""How long the rollup keeps who was seen in an hour."""
COUNTS_LIFETIME_MS = 800 * DAY_MS
"""How long it keeps how many they were: a month can be compared with the same one a year ago, twice."""
TURN_LIFETIME_MS = 2 * DAY_MS
"""How long it is known which updates of a person were dealt with; Telegram repeats one for a day."""
TURNS_KNOWN = 32
"""How many updates of a person are known to be dealt with."""

RECENT_SECONDS = 900
"""How long a click counts as one of the last minutes."""
RECENT_KEPT = 50
"""How many of a funnel's recent clicks are kept: two are as good as many, as only a single one tells anything."""

BOT_ITEM = "bot#"
CAMPAIGN_ITEM = "campaign#"
FUNNELS_ITEM = "funnels#"


def shard_of(record_id: str, shards: int) -> int:
    """Return the shard of a record, the same for every writer."""
    return zlib.crc32(record_id.encode()) % shards


def fbclid_key(fbclid: str, shard: int) -> str:
    """Return an index key of an fbclid: its digest, since a key holds 2,048 bytes, and a shard, since one fbclid may go viral."""
    return f"{hashlib.sha256(fbclid.encode()).hexdigest()}#{shard}"


def fbclid_keys(fbclid: str) -> list[str]:
    """Return every index key of an fbclid."""
    return [fbclid_key(fbclid, shard) for shard in range(FBCLID_SHARDS)]


def day_shard(at_ms: int, record_id: str) -> str:
    """Return the index key of a record's day (UTC)."""
    return _day_shard(datetime.fromtimestamp(at_ms / 1000, UTC).date(), shard_of(record_id, DAY_SHARDS))


def day_shards(day: date) -> list[str]:
    """Return every index key of a day (UTC)."""
    return [_day_shard(day, shard) for shard in range(DAY_SHARDS)]


def turn_key(bot_id: str, chat_id: str) -> str:
    """Return the inbox's key of a person's turn."""
    return f"turn#{bot_id}#{chat_id}"


def notice_key(notice_id: str) -> str:
    """Return the inbox's key of a kept notice."""
    return f"notice#{notice_id}"


def notice_day(at_ms: int) -> str:
    """Return the index key of the notices kept on a day (UTC); they are few, so one partition holds them."""
    return f"notice#{datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()}"


def ledger_lifetime_ms(event_name: EventName) -> int:
    """Return how long the ledger keeps the row of an event."""
    return PURCHASE_LIFETIME_MS if event_name is EventName.PURCHASE else FUNNEL_EVENT_LIFETIME_MS


def _day_shard(day: date, shard: int) -> str:
    return f"{day.isoformat()}#{shard}"


def charge_key(provider: str, charge_id: str) -> str:
    """Return the index key of a provider's charge."""
    return f"{provider}#{charge_id}"


def expires_at(from_ms: int, lifetime_ms: int) -> int:
    """Return the value of a TTL attribute, in epoch seconds."""
    return (from_ms + lifetime_ms) // 1000


def click_cache_key(token: str) -> str:
    """Return the cache key of a click."""
    return f"tracking:{token}"


def recent_cache_key(slug: str) -> str:
    """Return the cache key of a funnel's clicks of the last minutes that nobody came with yet."""
    return f"tracking:recent:{slug}"


def fbclid_cache_key(fbclid: str) -> str:
    """Return the cache key of the newest click with an fbclid."""
    return f"tracking:fbclid:{fbclid}"


def visitor_cache_key(visitor_id: str) -> str:
    """Return the cache key of the newest click of a browser."""
    return f"tracking:visitor:{visitor_id}"
