"""The rollup in DynamoDB: a partition an hour, with who was seen in it and, once it is over, how many they were.

Nothing is ever counted up: what is written is written whole, under a key of its content or of its hour, so that whoever writes it
twice has written it once. Marks stand close together in one text, and a group is named once an item.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rastro.figures import Group, Hour, Seen, hour_begins_ms
from rastro.stores import keys
from rastro.stores.dynamodb import Table
from rastro.stores.wire import Item

MARK_LENGTH = 11
"""Eight bytes in base64url."""
ITEM_CHARACTERS = 90_000
"""How much text an item holds: DynamoDB takes 400 KB, and a character has up to four bytes."""
_COUNTS = "counts#"
_SEEN = "seen#"
_KEYS_AT_ONCE = 100
_ATTRIBUTES = ("rollup_hour", "groups", "parts")


class DynamoRollupStore:
    """The rollup table."""

    def __init__(self, table: Table) -> None:
        """Take the table."""
        self._table = table

    def add(self, hour: Hour, seen: Mapping[Group, Collection[str]]) -> None:
        """Keep marks, under a key of what they are."""
        rows = [[*_names(group), "".join(sorted(marks))] for group, marks in sorted(seen.items()) if marks]
        for text in _texts(rows):
            entry = _SEEN + hashlib.sha256(text.encode()).hexdigest()[:32]
            self._put(hour, entry, {"groups": text}, keys.SEEN_LIFETIME_MS)

    def seen(self, hour: Hour) -> Iterator[Mapping[Group, Sequence[str]]]:
        """Yield the marks, item by item."""
        for item in self._table.part("rollup_hour", hour):
            if item["rollup_entry"].startswith(_SEEN):
                yield {_group(row): _marks(row[-1]) for row in json.loads(item["groups"])}

    def close(self, hour: Hour, counts: Mapping[Group, int]) -> None:
        """Keep the counts in as many items as they need, the first last: with it they are all there."""
        texts = _texts([[*_names(group), count] for group, count in sorted(counts.items())]) or ["[]"]
        for number, text in reversed(list(enumerate(texts))):
            self._put(hour, _part(number), {"groups": text, "parts": len(texts)}, keys.COUNTS_LIFETIME_MS)

    def reopen(self, hour: Hour) -> None:
        """Forget the counts by their first item."""
        self._table.delete({"rollup_hour": hour, "rollup_entry": _part(0)})

    def counts(self, hours: Sequence[Hour]) -> Iterator[tuple[Hour, Mapping[Group, int]]]:
        """Yield the counts of the closed ones of the hours."""
        for begin in range(0, len(hours), _KEYS_AT_ONCE):
            for item in self._items((hour, 0) for hour in hours[begin : begin + _KEYS_AT_ONCE]):
                hour = Hour(item["rollup_hour"])
                further = self._items((hour, number) for number in range(1, item["parts"]))
                yield hour, {_group(row): row[-1] for part in (item, *further) for row in json.loads(part["groups"])}

    def _items(self, parts: Iterator[tuple[Hour, int]]) -> Iterator[Item]:
        wanted = [{"rollup_hour": str(hour), "rollup_entry": _part(number)} for hour, number in parts]
        for begin in range(0, len(wanted), _KEYS_AT_ONCE):
            yield from self._table.get_many(wanted[begin : begin + _KEYS_AT_ONCE], _ATTRIBUTES)

    def _put(self, hour: Hour, entry: str, content: Mapping[str, Any], lifetime_ms: int) -> None:
        expires_at = keys.expires_at(hour_begins_ms(hour), lifetime_ms)
        self._table.put({"rollup_hour": hour, "rollup_entry": entry, "expires_at": expires_at, **content})


def _part(number: int) -> str:
    return f"{_COUNTS}{number:04}"


def _names(group: Group) -> list[str]:
    return [
        group.seen.value,
        group.slug,
        group.bot_id,
        group.provider,
        group.client,
        group.campaign,
        group.link_source,
        group.link_confidence,
    ]


def _group(row: Sequence[Any]) -> Group:
    seen, slug, bot_id, provider, client, campaign, link_source, link_confidence, _ = row
    return Group(
        seen=Seen(seen),
        slug=slug,
        bot_id=bot_id,
        provider=provider,
        client=client,
        campaign=campaign,
        link_source=link_source,
        link_confidence=link_confidence,
    )


def _marks(text: str) -> list[str]:
    return [text[begin : begin + MARK_LENGTH] for begin in range(0, len(text), MARK_LENGTH)]


def _texts(rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the rows as JSON arrays, none of them longer than an item holds."""
    texts: list[str] = []
    gathered: list[str] = []
    length = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        if gathered and length + len(text) > ITEM_CHARACTERS:
            texts.append(f"[{','.join(gathered)}]")
            gathered, length = [], 0
        gathered.append(text)
        length += len(text) + 1
    return [*texts, f"[{','.join(gathered)}]"] if gathered else texts
