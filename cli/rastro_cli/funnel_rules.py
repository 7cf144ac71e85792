"""What a funnel has to be before it is stored: everything that would fail only when a visitor or a buyer meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from string import Template
from urllib.parse import urlsplit

from rastro.model import Funnel, Product
from rastro.pix.provider import PROVIDERS
from rastro.telegram.texts import DEFAULTS

SKU_MAX_BYTES = 60
"""``buy:{sku}`` is a button's ``callback_data``, of which Telegram takes 64 bytes."""
NAME_MAX_LENGTH = 100
DESCRIPTION_MAX_LENGTH = 500
TEXT_MAX_LENGTH = 3_000
"""Telegram takes 4,096 characters; names and codes come on top."""
PRICE_MAX_CENTS = 100_000_000

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHAT_ID = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{5,32}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TEST_CODE = re.compile(r"[A-Za-z0-9]{1,50}")
_PRICE = re.compile(
    r"(?P<whole>[0-9]{1,9}|[0-9]{1,3}(\.[0-9]{3}){1,2})(,(?P<cents>[0-9]{2}))?|(?P<reais>[0-9]{1,9})\.(?P<point>[0-9]{2})"
)
_TAGS = frozenset(
    (
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ins",
        "s",
        "strike",
        "del",
        "a",
        "code",
        "pre",
        "blockquote",
        "span",
        "tg-spoiler",
        "tg-emoji",
    )
)
"""https://core.telegram.org/bots/api#html-style"""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong, by the name of its text (``flaw.{name}``)."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)


def flaws(funnel: Funnel) -> Sequence[Flaw]:
    """Return what is wrong with a funnel in itself; what it names may still be missing in the deployment."""
    return [
        *_head(funnel),
        *_bots(funnel),
        *_products(funnel.products),
        *_pixels(funnel),
        *_texts(funnel.texts),
    ]


def is_slug(text: str) -> bool:
    """Say whether a text can be a funnel's name in its URL."""
    return _SLUG.fullmatch(text) is not None


def is_https(text: str) -> bool:
    """Say whether a text is a whole https address."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and "." in host.strip(".") and re.search(r"\s", text) is None


def price_cents(text: str) -> int | None:
    """Return a price as Brazilians write it (``49,90``, ``R$ 1.234,56``, ``49.90``, ``49``), ``None`` for anything else.

    A point before three digits alone (``1.234``) could mean either: it is none.
    """
    found = _PRICE.fullmatch(text.strip().removeprefix("R$").strip())
    if found is None:
        return None
    whole, cents = found["whole"] or found["reais"], found["cents"] or found["point"]
    if whole is None or ("." in whole and cents is None):
        return None
    amount = int(whole.replace(".", "")) * 100 + int(cents or 0)
    return amount if 0 < amount <= PRICE_MAX_CENTS else None


def suggested_slug(name: str) -> str:
    """Return a slug that reads like a name."""
    import unicodedata  # noqa: PLC0415 - only a question needs it

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-")


def _head(funnel: Funnel) -> Iterator[Flaw]:
    if not is_slug(funnel.slug):
        yield Flaw("slug", {"slug": funnel.slug})
    if not 0 < len(funnel.name.strip()) <= NAME_MAX_LENGTH:
        yield Flaw("name", {"limit": NAME_MAX_LENGTH})
    if funnel.provider not in PROVIDERS:
        yield Flaw("provider", {"provider": funnel.provider, "known": ", ".join(PROVIDERS)})
    if funnel.picture_url is not None and not is_https(funnel.picture_url):
        yield Flaw("picture", {"url": funnel.picture_url})
    for country in funnel.countries:
        if not _COUNTRY.fullmatch(country):
            yield Flaw("country", {"country": country})


def _bots(funnel: Funnel) -> Iterator[Flaw]:
    if not funnel.bots:
        yield Flaw("no_bot")
    ids = [bot.bot_id for bot in funnel.bots]
    for bot_id in sorted({bot_id for bot_id in ids if ids.count(bot_id) > 1}):
        yield Flaw("bot_twice", {"bot_id": bot_id})
    for bot_id in ids:
        if not (bot_id.isascii() and bot_id.isdigit()):
            yield Flaw("bot_id", {"bot_id": bot_id})


def _products(products: Sequence[Product]) -> Iterator[Flaw]:
    if not products:
        yield Flaw("no_product")
    skus = [product.sku for product in products]
    for sku in sorted({sku for sku in skus if skus.count(sku) > 1}):
        yield Flaw("sku_twice", {"sku": sku})
    for product in products:
        yield from product_flaws(product)


def product_flaws(product: Product) -> Iterator[Flaw]:
    """Yield what is wrong with a product in itself."""
    sku = product.sku
    if not sku or len(sku.encode()) > SKU_MAX_BYTES or not sku.isprintable() or sku != sku.strip():
        yield Flaw("sku", {"sku": sku, "limit": SKU_MAX_BYTES})
    if not 0 < len(product.name.strip()) <= NAME_MAX_LENGTH:
        yield Flaw("product_name", {"sku": sku, "limit": NAME_MAX_LENGTH})
    if len(product.description) > DESCRIPTION_MAX_LENGTH:
        yield Flaw("description", {"sku": sku, "limit": DESCRIPTION_MAX_LENGTH})
    if not 0 < product.price_cents <= PRICE_MAX_CENTS:
        yield Flaw("price", {"sku": sku, "price": product.price_cents})
    if not product.delivery_url and product.delivery_chat_id is None:
        yield Flaw("no_delivery", {"sku": sku})
    if product.delivery_url and not is_https(product.delivery_url):
        yield Flaw("delivery_url", {"sku": sku, "url": product.delivery_url})
    if product.delivery_chat_id is not None and not _CHAT_ID.fullmatch(product.delivery_chat_id):
        yield Flaw("delivery_chat", {"sku": sku, "chat": product.delivery_chat_id})


def _pixels(funnel: Funnel) -> Iterator[Flaw]:
    ids = [pixel.pixel_id for pixel in funnel.pixels]
    for pixel_id in sorted({pixel_id for pixel_id in ids if ids.count(pixel_id) > 1}):
        yield Flaw("pixel_twice", {"pixel_id": pixel_id})
    for pixel in funnel.pixels:
        if not (pixel.pixel_id.isascii() and pixel.pixel_id.isdigit()):
            yield Flaw("pixel_id", {"pixel_id": pixel.pixel_id})
        if pixel.test_event_code is not None and not _TEST_CODE.fullmatch(pixel.test_event_code):
            yield Flaw("test_code", {"pixel_id": pixel.pixel_id})


def _texts(texts: Mapping[str, str]) -> Iterator[Flaw]:
    for name, text in texts.items():
        if name not in DEFAULTS:
            yield Flaw("text_name", {"name": name, "known": ", ".join(sorted(DEFAULTS))})
            continue
        known = _placeholders(DEFAULTS[name])
        for placeholder in sorted(_placeholders(text) - known):
            allowed = ", ".join(f"${value}" for value in sorted(known)) or "-"
            yield Flaw("placeholder", {"name": name, "placeholder": f"${placeholder}", "allowed": allowed})
        if not text.strip() or len(text) > TEXT_MAX_LENGTH:
            yield Flaw("text_length", {"name": name, "limit": TEXT_MAX_LENGTH})
        # The texts of buttons are plain; all others are Telegram's HTML, and a broken tag would keep a message from going out.
        if not name.endswith("_button"):
            for tag in _Markup().flaws_of(text):
                yield Flaw("markup", {"name": name, "tag": tag})


def _placeholders(text: str) -> set[str]:
    return {found["named"] or found["braced"] for found in Template.pattern.finditer(text) if found["named"] or found["braced"]}


class _Markup(HTMLParser):
    """Finds tags that Telegram does not know, and such as are not closed in their order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)  # an escaped < is a text, a bare one is not
        self._open: list[str] = []
        self._found: list[str] = []

    def flaws_of(self, text: str) -> Sequence[str]:
        self.feed(text)
        self.close()
        return [*self._found, *(f"<{tag}>" for tag in self._open)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        if tag in _TAGS:
            self._open.append(tag)
        else:
            self._found.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self._found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self._found.append("<")
