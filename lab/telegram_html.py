"""Telegram's HTML style: the text without its tags, its entities, and the errors of broken markup.

https://core.telegram.org/bots/api#html-style; wording of the errors as in tdlib's MessageEntity.cpp. Offsets of entities count
UTF-16 code units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

_ENTITY_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)?([^<>]*)>")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_HREF = re.compile(r"""href\s*=\s*("([^"]*)"|'([^']*)')""", re.IGNORECASE)


class BrokenMarkup(ValueError):
    """Say why a text's entities cannot be parsed."""


def utf16_length(text: str) -> int:
    """Return a text's length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Reader:
    plain: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    open_tags: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.plain += _REFERENCE.sub(lambda match: unescape(match[0]), text)

    def begin(self, name: str, attributes: str, offset: int) -> None:
        kind = _ENTITY_TYPES.get(name)
        if kind is None or (name == "span" and "tg-spoiler" not in attributes):
            raise BrokenMarkup(f'Unsupported start tag "{name}" at byte offset {offset}')
        entity: dict[str, Any] = {"type": kind, "offset": utf16_length(self.plain)}
        if match := _HREF.search(attributes) if name == "a" else None:
            entity["url"] = unescape(match[2] or match[3] or "")
        self.open_tags.append((name, entity))

    def end(self, name: str, offset: int) -> None:
        if not self.open_tags:
            raise BrokenMarkup(f"Unexpected end tag at byte offset {offset}")
        expected, entity = self.open_tags.pop()
        if name not in {"", expected}:
            raise BrokenMarkup(f'Unmatched end tag at byte offset {offset}, expected "</{expected}>", found "</{name}>"')
        entity["length"] = utf16_length(self.plain) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)


def parse_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the plain text and its entities; raise ``BrokenMarkup`` as Telegram words it."""
    reader = _Reader()
    position = 0
    while (start := text.find("<", position)) >= 0:
        reader.add(text[position:start])
        offset = len(text[:start].encode())
        match = _TAG.match(text, start)
        if match is None:
            raise BrokenMarkup(f"Unclosed start tag at byte offset {offset}")
        closes, name, attributes = match[1], (match[2] or "").lower(), match[3]
        if closes:
            reader.end(name, offset)
        else:
            reader.begin(name, attributes, offset)
        position = match.end()
    reader.add(text[position:])
    if reader.open_tags:
        name, _ = reader.open_tags[-1]
        raise BrokenMarkup(f'Can\'t find end tag corresponding to start tag "{name}"')
    reader.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return reader.plain, reader.entities
