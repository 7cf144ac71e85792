"""What a new funnel needs, asked for piece by piece; what was given already is not asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Pixel, PixelId, Product, Slug
from rastro.pix.provider import PROVIDERS
from rastro_cli.bots import identify, known_bot
from rastro_cli.exits import CommandError, Exit
from rastro_cli.funnel_rules import is_https, is_slug, price_cents, product_flaws, suggested_slug
from rastro_cli.inspection import has_token
from rastro_cli.installation import Installation
from rastro_cli.options import Session
from rastro_cli.pixel_token import ask_pixel_token, is_pixel_id
from rastro_cli.questions import Refused
from rastro_cli.vault import accounts, bot_ids, pixel_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line says of a funnel; ``None`` is asked for."""

    slug: str | None = None
    name: str | None = None
    mode: FunnelMode | None = None
    bots: Sequence[str] | None = None
    pixels: Sequence[str] | None = None
    provider: str | None = None
    product: Product | None = None
    test_event_code: str | None = None


class Dialogue:
    """Asks for a funnel."""

    def __init__(self, session: Session, installation: Installation) -> None:
        """Take the session and what the deployment is set up with."""
        self._session = session
        self._installation = installation
        self._texts = session.texts
        self._questions = session.questions

    def complete(self, funnel: Funnel, wanted: Wanted) -> Funnel:
        """Return a funnel with everything that it needs; raises ``CommandError`` for a bot that was not added."""
        name = wanted.name or funnel.name or self._questions.ask(self._texts("funnel.ask.name"), self._something)
        slug = wanted.slug or funnel.slug or self.slug(name)
        bots = funnel.bots if funnel.bots and not wanted.bots else self.bots(wanted.bots)
        products = funnel.products
        if wanted.product is not None:
            products = (*(product for product in products if product.sku != wanted.product.sku), wanted.product)
        products = products or self.products(name)
        provider = wanted.provider or funnel.provider or self.provider(bots)
        pixels = funnel.pixels if funnel.pixels and wanted.pixels is None else self.pixels(wanted.pixels, wanted.test_event_code)
        mode = wanted.mode or funnel.mode
        return replace(
            funnel, slug=Slug(slug), name=name, mode=mode, bots=bots, products=products, provider=provider, pixels=pixels
        )

    def slug(self, name: str) -> str:
        """Ask for the name in the URL, which no other funnel has."""

        def take(given: str) -> str:
            if not is_slug(given):
                raise Refused(self._texts("flaw.slug", slug=given))
            if self._session.deployment.funnels.get(Slug(given)) is not None:
                raise Refused(self._texts("funnel.exists", slug=given))
            return given

        self._questions.say(self._texts("funnel.ask.slug_help", url=self._installation.funnel_url(Slug("NOME"))), "dim")
        return self._questions.ask(self._texts("funnel.ask.slug"), take, default=suggested_slug(name) or None)

    def bots(self, given: Sequence[str] | None) -> tuple[FunnelBot, ...]:
        """Return bots with the usernames that Telegram has for them; a single one that was added is taken without asking."""
        added = bot_ids(self._installation.vault)
        if not given:
            if not added:
                raise CommandError(self._texts("found.no_bot"), Exit.NOT_FOUND)
            given = added if len(added) == 1 else [self._questions.choose(self._texts("funnel.ask.bot"), self._named(added))]
        return tuple(self.bot(bot_id) for bot_id in dict.fromkeys(given))

    def bot(self, bot_id: str) -> FunnelBot:
        """Return a bot that was added; raises ``CommandError``."""
        token = known_bot(self._session, self._installation, bot_id)
        identity = identify(self._session, self._installation.telegram(token))
        return FunnelBot(bot_id=identity.bot_id, username=identity.username)

    def products(self, funnel_name: str) -> tuple[Product, ...]:
        """Ask for products until there are no more."""
        products: list[Product] = []
        while not products or self._questions.yes(self._texts("funnel.ask.another"), default=False):
            products.append(self.product(funnel_name if not products else "", [product.sku for product in products]))
        return tuple(products)

    def product(self, suggested_name: str, taken: Sequence[str]) -> Product:
        """Ask for one product."""
        ask = self._questions.ask
        name = ask(self._texts("funnel.ask.product"), self._something, default=suggested_name or None)

        def sku_of(given: str) -> str:
            if given in taken:
                raise Refused(self._texts("flaw.sku_twice", sku=given))
            self._refuse_flaw(Product(sku=given, name=name, price_cents=1, delivery_url="https://example.com"))
            return given

        sku = ask(self._texts("funnel.ask.sku"), sku_of, default=suggested_slug(name) or None)
        price = ask(self._texts("funnel.ask.price"), self._price)
        self._questions.say(self._texts("funnel.ask.delivery_help"), "dim")
        delivery = ask(self._texts("funnel.ask.delivery"), self._delivery)
        product = Product(sku=sku, name=name, price_cents=price, delivery_url=delivery if is_https(delivery) else "")
        return product if product.delivery_url else replace(product, delivery_chat_id=delivery)

    def provider(self, bots: Sequence[FunnelBot]) -> str:
        """Return the provider by which all bots have an account; where there are several, ask."""
        held = accounts(self._installation.vault)
        names = [name for name in PROVIDERS if all((name, bot.bot_id) in held for bot in bots)]
        if len(names) == 1:
            return names[0]
        return self._questions.choose(self._texts("funnel.ask.provider"), [(name, "") for name in names or PROVIDERS])

    def pixels(self, given: Sequence[str] | None, test_event_code: str | None = None) -> tuple[Pixel, ...]:
        """Return the pixels, whose tokens are asked for where there are none; none where none is wanted."""
        if given is None:
            known = pixel_ids(self._installation.vault)
            default = known[0] if len(known) == 1 else None
            self._questions.say(self._texts("funnel.ask.pixel_help"), "dim")
            answer = self._questions.ask(self._texts("funnel.ask.pixel"), self._pixel, default=default)
            given = [answer] if answer else []
        for pixel_id in given:
            if is_pixel_id(pixel_id) and not has_token(self._installation, PixelId(pixel_id)):
                ask_pixel_token(self._session, self._installation, PixelId(pixel_id))
        return tuple(Pixel(pixel_id=PixelId(pixel_id), test_event_code=test_event_code) for pixel_id in dict.fromkeys(given))

    def _named(self, added: Sequence[BotId]) -> Sequence[tuple[str, str]]:
        known: Mapping[BotId, str] = {}
        for bot_id in added:
            profile = self._session.deployment.funnels.bot(bot_id)
            known = {**known, bot_id: f"@{profile.username}" if profile else ""}
        return list(known.items())

    def _something(self, given: str) -> str:
        if not given:
            raise Refused(self._texts("ask.something"))
        return given

    def _price(self, given: str) -> int:
        price = price_cents(given)
        if price is None:
            raise Refused(self._texts("funnel.price_wrong", price=given))
        return price

    def _delivery(self, given: str) -> str:
        product = Product(sku="a", name="a", price_cents=1, delivery_url=given if "://" in given else "")
        self._refuse_flaw(product if product.delivery_url else replace(product, delivery_chat_id=given or None))
        return given

    def _refuse_flaw(self, product: Product) -> None:
        for flaw in product_flaws(product):
            raise Refused(self._texts(f"flaw.{flaw.name}", **flaw.values))

    def _pixel(self, given: str) -> str:
        if given and not is_pixel_id(given):
            raise Refused(self._texts("check.pixel_wrong", id=given))
        return given
