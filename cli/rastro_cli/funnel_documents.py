"""A funnel as a JSON document that people write: its record's own names, prices in reais, nothing unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Pixel, PixelId, Product, Slug
from rastro.stores.items import funnel_item
from rastro.telegram.texts import reais
from rastro_cli.funnel_rules import Flaw, price_cents

_PRODUCT_TEXTS = ("sku", "name", "delivery_url", "description", "delivery_chat_id")


class BadDocument(Exception):
    """Say what in a document is not a funnel."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        """Keep what is wrong."""
        super().__init__(", ".join(flaw.name for flaw in flaws))
        self.flaws = flaws


def writable(funnel: Funnel) -> dict[str, Any]:
    """Return a funnel as people edit it: prices in reais, without what the deployment notes on its own."""
    document = dict(funnel_item(funnel))
    document["bots"] = [{"bot_id": bot.bot_id, "username": bot.username} for bot in funnel.bots]
    document["products"] = [
        {name: value for name, value in product.items() if name != "price_cents"}
        | {"price": reais(product["price_cents"]).removeprefix("R$ ")}
        for product in document["products"]
    ]
    return document


def parsed(text: str) -> Mapping[str, Any]:
    """Return the JSON object of a text; raises ``BadDocument``."""
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise BadDocument([Flaw("json", {"message": exc})]) from exc
    if not isinstance(document, dict):
        raise BadDocument([Flaw("json_object")])
    return document


def changed(funnel: Funnel, document: Mapping[str, Any]) -> Funnel:
    """Return a funnel with what a document says put in its place; what it does not name stays.

    The slug is not the document's to change: every link that runs names it. Raises ``BadDocument``.
    """
    found = list(_unknown(document, [field.name for field in fields(Funnel)], ""))
    if document.get("slug", funnel.slug) != funnel.slug:
        found.append(Flaw("slug_fixed", {"slug": funnel.slug}))
    values = {name: read(document, name, found) for name, read in _READERS.items() if name in document}
    if found:
        raise BadDocument(found)
    return replace(funnel, **values)


def _name(document: Mapping[str, Any], name: str, found: list[Flaw]) -> str:
    return str(_text(document, name, name, found))


def _picture(document: Mapping[str, Any], name: str, found: list[Flaw]) -> str | None:
    return _text(document, name, name, found) or None


def _paused(document: Mapping[str, Any], name: str, found: list[Flaw]) -> bool:
    if not isinstance(document[name], bool):
        found.append(Flaw("type", {"where": name, "kind": "true | false"}))
    return document[name] is True


def _mode(document: Mapping[str, Any], name: str, found: list[Flaw]) -> FunnelMode:
    try:
        return FunnelMode(str(document[name]))
    except ValueError:
        found.append(Flaw("mode", {"known": ", ".join(FunnelMode)}))
        return FunnelMode.DIRECT


def _countries(document: Mapping[str, Any], name: str, found: list[Flaw]) -> tuple[str, ...]:
    return tuple(str(country).upper() for country, _ in _list(document, name, found, of=str))


def _texts(document: Mapping[str, Any], name: str, found: list[Flaw]) -> Mapping[str, str]:
    value = document[name]
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        found.append(Flaw("type", {"where": name, "kind": '{"…": "…"}'}))
        return {}
    return value


def _bots(document: Mapping[str, Any], name: str, found: list[Flaw]) -> tuple[FunnelBot, ...]:
    return tuple(_bot(entry, where, found) for entry, where in _list(document, name, found))


def _products(document: Mapping[str, Any], name: str, found: list[Flaw]) -> tuple[Product, ...]:
    return tuple(_product(entry, where, found) for entry, where in _list(document, name, found))


def _pixels(document: Mapping[str, Any], name: str, found: list[Flaw]) -> tuple[Pixel, ...]:
    return tuple(_pixel(entry, where, found) for entry, where in _list(document, name, found))


def _bot(entry: Mapping[str, Any], where: str, found: list[Flaw]) -> FunnelBot:
    found += _unknown(entry, ["bot_id", "username", "banned_at_ms"], where)
    bot_id = entry.get("bot_id")
    return FunnelBot(
        bot_id=BotId(str(bot_id) if isinstance(bot_id, int) else _text(entry, "bot_id", f"{where}.bot_id", found)),
        username=_text(entry, "username", f"{where}.username", found),
    )


def _product(entry: Mapping[str, Any], where: str, found: list[Flaw]) -> Product:
    found += _unknown(entry, [*_PRODUCT_TEXTS, "price", "price_cents"], where)
    price = entry.get("price_cents")
    if "price" in entry:
        price = price_cents(str(entry["price"]))
    if not isinstance(price, int) or isinstance(price, bool):
        found.append(Flaw("price_of", {"where": where}))
        price = 0
    values = {name: _text(entry, name, f"{where}.{name}", found) for name in _PRODUCT_TEXTS if name != "delivery_chat_id"}
    chat = entry.get("delivery_chat_id")
    chat_id = str(chat) if isinstance(chat, int) else _text(entry, "delivery_chat_id", f"{where}.delivery_chat_id", found)
    return Product(**values, price_cents=price, delivery_chat_id=chat_id or None)


def _pixel(entry: Mapping[str, Any], where: str, found: list[Flaw]) -> Pixel:
    found += _unknown(entry, ["pixel_id", "test_event_code"], where)
    pixel_id = entry.get("pixel_id")
    return Pixel(
        pixel_id=PixelId(str(pixel_id) if isinstance(pixel_id, int) else _text(entry, "pixel_id", f"{where}.pixel_id", found)),
        test_event_code=_text(entry, "test_event_code", f"{where}.test_event_code", found) or None,
    )


def _text(document: Mapping[str, Any], name: str, where: str, found: list[Flaw]) -> str:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        found.append(Flaw("type", {"where": where, "kind": '"…"'}))
    return value if isinstance(value, str) else ""


def _list(document: Mapping[str, Any], name: str, found: list[Flaw], *, of: type = dict) -> Iterator[tuple[Any, str]]:
    value = document[name]
    if not isinstance(value, list) or not all(isinstance(entry, of) for entry in value):
        found.append(Flaw("type", {"where": name, "kind": "[…]"}))
        return
    for number, entry in enumerate(value, 1):
        yield entry, f"{name}[{number}]"


def _unknown(document: Mapping[str, Any], known: Sequence[str], where: str) -> Iterator[Flaw]:
    for name in document:
        if name not in known:
            yield Flaw("unknown_name", {"where": f"{where}.{name}".lstrip("."), "known": ", ".join(known)})


EMPTY = Funnel(slug=Slug(""), name="", mode=FunnelMode.PAGE, bots=(), products=(), pixels=(), provider="")
"""What a new funnel is before anything is said of it: by a page, which records the browser's ids."""

_READERS: Mapping[str, Callable[[Mapping[str, Any], str, list[Flaw]], Any]] = {
    "name": _name,
    "provider": _name,
    "picture_url": _picture,
    "mode": _mode,
    "paused": _paused,
    "countries": _countries,
    "texts": _texts,
    "bots": _bots,
    "products": _products,
    "pixels": _pixels,
}
"""How each part of a document is read; what is wrong is noted."""
