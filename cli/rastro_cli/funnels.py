"""``rastro funnel``: what is sold, by which bots, at which price, to which pixels; and the links that lead there."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rastro.model import Funnel, FunnelMode, Pixel, Product, Slug
from rastro.pix.brcode import qr_png
from rastro.stores.items import funnel_item
from rastro.telegram.texts import reais
from rastro_cli.exits import CommandError, Exit
from rastro_cli.funnel_dialogue import Dialogue, Wanted
from rastro_cli.funnel_documents import EMPTY, BadDocument, changed, parsed, writable
from rastro_cli.funnel_link import KEPT, META_DYNAMIC, AdLink, BadParameter, ad_link, parameter, plain_link
from rastro_cli.funnel_rules import is_slug, price_cents
from rastro_cli.inspection import funnel as inspect_funnel
from rastro_cli.installation import Installation
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_findings, print_json

app = typer.Typer(help="Add and change funnels, and build their links.", no_args_is_help=True)

SlugArgument = Annotated[str, typer.Argument(metavar="SLUG", help="The funnel's name in its URL.")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The name that visitors read.")]
ModeOption = Annotated[
    FunnelMode | None, typer.Option("--mode", help="page (a page with a button, the default) or direct (straight to the bot).")
]
FunnelProviderOption = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="The PIX provider.")]
TestCodeOption = Annotated[
    str | None,
    typer.Option("--test-event-code", metavar="CODE", help="Send the pixel's events as test events; empty ends it."),
]
SkuOption = Annotated[str | None, typer.Option("--sku", metavar="SKU", help="The product to add or change.")]
ProductOption = Annotated[str | None, typer.Option("--product", metavar="TEXT", help="The product's name.")]
PriceOption = Annotated[str | None, typer.Option("--price", metavar="REAIS", help="The product's price, such as 49,90.")]
DeliveryUrlOption = Annotated[
    str | None, typer.Option("--delivery-url", metavar="URL", help="What the buyer gets: an https address.")
]
DeliveryChatOption = Annotated[
    str | None,
    typer.Option("--delivery-chat", metavar="CHAT_ID", help="What the buyer gets: an invitation into this group or channel."),
]
DescriptionOption = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="The product's description.")]
TextsOption = Annotated[
    str | None, typer.Option("--texts", metavar="FILE", help="The funnel's own texts, a JSON object in a file.")
]
PictureOption = Annotated[
    str | None, typer.Option("--picture", metavar="URL", help="The page's picture, an https address; empty: none.")
]
CountryOption = Annotated[
    list[str] | None,
    typer.Option("--country", metavar="CC", help="A country that it sells in, such as BR; several are possible."),
]
FileOption = Annotated[
    str | None, typer.Option("--file", metavar="FILE", help="The funnel, or what changes of it, as JSON in a file, - for stdin.")
]


@app.command(help="Add a funnel; what the options do not say is asked for.")
def add(
    context: typer.Context,
    slug: Annotated[str | None, typer.Argument(metavar="[SLUG]", help="The funnel's name in its URL.")] = None,
    *,
    name: NameOption = None,
    mode: ModeOption = None,
    bot: Annotated[
        list[str] | None, typer.Option("--bot", metavar="BOT_ID", help="A bot that it leads to; several are possible.")
    ] = None,
    provider: FunnelProviderOption = None,
    pixel: Annotated[
        list[str] | None, typer.Option("--pixel", metavar="PIXEL_ID", help="A pixel that it reports to; several are possible.")
    ] = None,
    no_pixel: Annotated[bool, typer.Option("--no-pixel", help="Report to no pixel.")] = False,
    test_event_code: TestCodeOption = None,
    sku: SkuOption = None,
    product: ProductOption = None,
    price: PriceOption = None,
    delivery_url: DeliveryUrlOption = None,
    delivery_chat: DeliveryChatOption = None,
    description: DescriptionOption = None,
    texts: TextsOption = None,
    picture: PictureOption = None,
    country: CountryOption = None,
    file: FileOption = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Add a funnel."""
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    if slug is not None:
        _new_slug(session, slug)
    try:
        start = replace(EMPTY, slug=Slug(slug or ""))
        if file is not None:
            document = parsed(session.questions.content_of(file))
            start = changed(replace(start, slug=Slug(slug or str(document.get("slug", "")))), document)
            _new_slug(session, start.slug)
        start = _with_extras(session, start, texts, picture, country)
    except BadDocument as exc:
        raise CommandError(_told(session, exc), Exit.USAGE) from exc
    given = _ProductOptions(sku, product, price, delivery_url, delivery_chat, description)
    wanted = Wanted(
        slug=slug,
        name=name,
        mode=mode,
        bots=bot,
        pixels=[] if no_pixel else pixel,
        provider=provider,
        product=_product(session, None, given) if given.any else None,
        test_event_code=test_event_code,
    )
    funnel = Dialogue(session, installation).complete(start, wanted)
    _answer(session, installation, store(session, installation, funnel), "funnel.added")


@app.command(help="Change a funnel: what the options say, or all of it in $EDITOR.")
def edit(
    context: typer.Context,
    slug: SlugArgument,
    *,
    name: NameOption = None,
    mode: ModeOption = None,
    add_bot: Annotated[list[str] | None, typer.Option("--add-bot", metavar="BOT_ID", help="Lead to this bot too.")] = None,
    remove_bot: Annotated[
        list[str] | None, typer.Option("--remove-bot", metavar="BOT_ID", help="No longer lead to this bot.")
    ] = None,
    provider: FunnelProviderOption = None,
    add_pixel: Annotated[
        list[str] | None, typer.Option("--add-pixel", metavar="PIXEL_ID", help="Report to this pixel too.")
    ] = None,
    remove_pixel: Annotated[
        list[str] | None, typer.Option("--remove-pixel", metavar="PIXEL_ID", help="No longer report to this pixel.")
    ] = None,
    test_event_code: TestCodeOption = None,
    sku: SkuOption = None,
    product: ProductOption = None,
    price: PriceOption = None,
    delivery_url: DeliveryUrlOption = None,
    delivery_chat: DeliveryChatOption = None,
    description: DescriptionOption = None,
    remove_product: Annotated[
        str | None, typer.Option("--remove-product", metavar="SKU", help="No longer sell this product.")
    ] = None,
    texts: TextsOption = None,
    picture: PictureOption = None,
    country: CountryOption = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Sell in every country.")] = False,
    file: FileOption = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Change a funnel."""
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    before = _known(session, slug)
    dialogue = Dialogue(session, installation)
    try:
        after = _with_extras(session, before, texts, picture, country)
        if file is not None:
            after = changed(after, parsed(session.questions.content_of(file)))
    except BadDocument as exc:
        raise CommandError(_told(session, exc), Exit.USAGE) from exc
    after = replace(
        after,
        name=after.name if name is None else name,
        mode=mode or after.mode,
        provider=provider or after.provider,
        countries=() if everywhere else after.countries,
        bots=_without(after.bots, "bot_id", remove_bot) + tuple(map(dialogue.bot, add_bot or ())),
        pixels=_without(after.pixels, "pixel_id", remove_pixel) + (dialogue.pixels(add_pixel) if add_pixel else ()),
        products=_without(after.products, "sku", [remove_product] if remove_product else None),
    )
    if test_event_code is not None:
        after = replace(after, pixels=tuple(_tested(pixel, test_event_code) for pixel in after.pixels))
    given = _ProductOptions(sku, product, price, delivery_url, delivery_chat, description)
    if given.any:
        after = replace(after, products=_replaced(after.products, _product(session, after, given)))
    if not _anything(context):
        after = _edited(session, before)
    if after == before:
        _answer(session, installation, before, "funnel.unchanged")
        return
    _answer(session, installation, store(session, installation, after), "funnel.changed")


@app.command("list", help="List the funnels.")
def list_funnels(
    context: typer.Context, *, json: JsonOption = False, lang: LangOption = None, profile: ProfileOption = None
) -> None:
    """List the funnels."""
    session = begin(context, json=json, lang=lang, profile=profile)
    funnels = [funnel for slug in session.deployment.funnels.slugs() if (funnel := session.deployment.funnels.get(slug))]
    if session.json:
        print_json(session.console, {"funnels": [funnel_item(funnel) for funnel in funnels]})
    elif not funnels:
        session.console.print(Text(session.texts("found.no_funnel")))
    else:
        table = Table.grid(padding=(0, 2))
        for funnel in funnels:
            paused = session.texts("funnel.is_paused") if funnel.paused else ""
            bots = " ".join(f"@{bot.username}" for bot in funnel.bots)
            prices = ", ".join(f"{product.sku} {reais(product.price_cents)}" for product in funnel.products)
            table.add_row(*(Text(cell) for cell in (funnel.slug, funnel.name, bots, prices, funnel.provider, paused)))
        session.console.print(table)
    session.close()


@app.command(help="Show a funnel, and what it lacks.")
def show(
    context: typer.Context,
    slug: SlugArgument,
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show a funnel."""
    session = begin(context, json=json, lang=lang, profile=profile)
    _answer(session, session.deployment.installation(), _known(session, slug), None)


@app.command(help="Let a funnel take a break: its page says so, its bots go on.")
def pause(
    context: typer.Context,
    slug: SlugArgument,
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Pause a funnel."""
    _set_paused(begin(context, json=json, lang=lang, profile=profile), slug, paused=True)


@app.command(help="End the break of a funnel.")
def resume(
    context: typer.Context,
    slug: SlugArgument,
    *,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Resume a funnel."""
    _set_paused(begin(context, json=json, lang=lang, profile=profile), slug, paused=False)


@app.command(help="Build the link of an ad, as Ads Manager takes it; with --plain one for a bio, a message or a poster.")
def link(
    context: typer.Context,
    slug: SlugArgument,
    *,
    campaign_code: Annotated[
        str | None, typer.Option("--campaign-code", metavar="TEXT", help="Your own code of the campaign; else Meta's id of it.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Set a parameter; an empty value takes it out.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="A link outside ads, with the given parameters alone.")] = False,
    qr: Annotated[
        Path | None, typer.Option("--qr", metavar="FILE.png", help="Write the plain link as a QR code into a file.")
    ] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Build a link."""
    session = begin(context, json=json, lang=lang, profile=profile)
    funnel = _known(session, slug)
    url = session.deployment.installation().funnel_url(funnel.slug)
    is_plain = plain or qr is not None
    try:
        given = dict(parameter(text) for text in param or ())
        given |= {"campaign_code": campaign_code} if campaign_code else {}
        built = plain_link(url, given) if is_plain else ad_link(url, given)
    except BadParameter as exc:
        raise CommandError(
            session.texts(
                f"link.{exc.name}", parameter=exc.parameter, kept=", ".join(KEPT), dynamic=", ".join(sorted(META_DYNAMIC))
            ),
            Exit.USAGE,
        ) from exc
    if qr is not None:
        try:
            qr.write_bytes(qr_png(built.whole))
        except OSError as exc:
            raise CommandError(session.texts("link.no_file", path=str(qr), message=exc.strerror), Exit.USAGE) from exc
    if session.json:
        document: dict[str, Any] = {"slug": funnel.slug, "website_url": built.website_url, "url_parameters": built.parameters}
        print_json(session.console, document | {"url": built.whole, "qr": None if qr is None else str(qr)})
    else:
        print_link(session, session.console, built, plain=is_plain)
        if qr is not None:
            session.console.print(Text(session.texts("link.qr", path=str(qr))))
    session.close()


def print_link(session: Session, console: Console, built: AdLink, *, plain: bool = False) -> None:
    """Tell a link, field by field, each on a line of its own that can be copied whole."""
    texts = session.texts
    lines = [built.whole]
    if not plain:
        fields = [("website", built.website_url), ("parameters", built.parameters)]
        lines = [line for field, value in fields for line in (texts(f"link.{field}"), f"  {value}")] + [texts("link.note")]
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def store(session: Session, installation: Installation, funnel: Funnel) -> Funnel:
    """Store a funnel and return it as stored: what the deployment noted of its bots meanwhile stays.

    Raises ``CommandError`` for one that lacks anything: nothing was stored.
    """
    wrong = [found for found in inspect_funnel(installation, funnel) if not found.ok and found.name != "bot_banned"]
    if wrong:
        listed = "\n".join(f"  {found.text(session.texts)}" for found in wrong)
        raise CommandError(session.texts("funnel.wrong", flaws=listed), Exit.USAGE)
    now = session.deployment.funnels.get(funnel.slug)
    banned = {bot.bot_id: bot.banned_at_ms for bot in now.bots} if now else {}
    bots = tuple(replace(bot, banned_at_ms=banned.get(bot.bot_id)) for bot in funnel.bots)
    stored = replace(funnel, bots=bots)
    session.deployment.funnels.put(stored)
    return stored


def _known(session: Session, slug: str) -> Funnel:
    funnel = session.deployment.funnels.get(Slug(slug))
    if funnel is None:
        known = ", ".join(session.deployment.funnels.slugs()) or "-"
        raise CommandError(session.texts("funnel.unknown", slug=slug, known=known), Exit.NOT_FOUND)
    return funnel


def _new_slug(session: Session, slug: str) -> None:
    if not is_slug(slug):
        raise CommandError(session.texts("flaw.slug", slug=slug), Exit.USAGE)
    if session.deployment.funnels.get(Slug(slug)) is not None:
        raise CommandError(session.texts("funnel.exists", slug=slug), Exit.USAGE)


def _with_extras(
    session: Session, funnel: Funnel, texts: str | None, picture: str | None, country: Sequence[str] | None
) -> Funnel:
    document: dict[str, Any] = {}
    if texts is not None:
        document["texts"] = dict(parsed(session.questions.content_of(texts)))
    if picture is not None:
        document["picture_url"] = picture
    if country:
        document["countries"] = list(country)
    return changed(funnel, document)


@dataclass(frozen=True, slots=True)
class _ProductOptions:
    """What the command line says of a product."""

    sku: str | None
    name: str | None
    price: str | None
    delivery_url: str | None
    delivery_chat: str | None
    description: str | None

    @property
    def any(self) -> bool:
        return any(getattr(self, field.name) is not None for field in fields(self))


def _product(session: Session, funnel: Funnel | None, given: _ProductOptions) -> Product:
    """Return the product that the options describe, new or changed; raises ``CommandError`` for what a new one lacks."""
    products, texts = funnel.products if funnel else (), session.texts
    if given.sku is None and len(products) != 1:
        raise CommandError(texts("funnel.sku_needed", known=", ".join(each.sku for each in products) or "-"), Exit.USAGE)
    sku = given.sku if given.sku is not None else products[0].sku
    known = funnel.product(sku) if funnel else None
    cents = known.price_cents if known else None
    if given.price is not None:
        cents = price_cents(given.price)
        if cents is None:
            raise CommandError(texts("funnel.price_wrong", price=given.price), Exit.USAGE)
    name = given.name if given.name is not None or known is None else known.name
    if name is None or cents is None:
        raise CommandError(texts("funnel.product_needs", sku=sku), Exit.USAGE)
    product = replace(known or Product(sku=sku, name=name, price_cents=cents, delivery_url=""), name=name, price_cents=cents)
    if given.description is not None:
        product = replace(product, description=given.description)
    if given.delivery_url is not None:
        product = replace(product, delivery_url=given.delivery_url, delivery_chat_id=None)
    return product if given.delivery_chat is None else replace(product, delivery_chat_id=given.delivery_chat or None)


def _replaced(products: Sequence[Product], product: Product) -> tuple[Product, ...]:
    if all(each.sku != product.sku for each in products):
        return (*products, product)
    return tuple(product if each.sku == product.sku else each for each in products)


def _without(entries: Sequence[Any], key: str, removed: Sequence[str] | None) -> tuple[Any, ...]:
    return tuple(entry for entry in entries if getattr(entry, key) not in (removed or ()))


def _tested(pixel: Pixel, code: str) -> Pixel:
    return replace(pixel, test_event_code=code or None)


def _anything(context: typer.Context) -> bool:
    """Say whether the command line changes anything besides naming the funnel and how it is answered."""
    aside = {"slug", "json", "lang", "profile"}
    return any(value or value == "" for name, value in context.params.items() if name not in aside)


def _edited(session: Session, funnel: Funnel) -> Funnel:
    """Return a funnel as the operator left it in the editor; raises ``CommandError`` where nothing was changed."""
    text = json_format.dumps(writable(funnel), ensure_ascii=False, indent=2) + "\n"
    edited = session.questions.edit(text)
    if edited is None:
        raise CommandError(session.texts("funnel.no_edit"), Exit.USAGE)
    try:
        return changed(funnel, parsed(edited))
    except BadDocument as exc:
        raise CommandError(_told(session, exc), Exit.USAGE) from exc


def _told(session: Session, bad: BadDocument) -> str:
    return "\n".join(session.texts(f"flaw.{flaw.name}", **flaw.values) for flaw in bad.flaws)


def _set_paused(session: Session, slug: str, *, paused: bool) -> None:
    funnel = replace(_known(session, slug), paused=paused)
    session.deployment.funnels.put(funnel)
    _answer(session, session.deployment.installation(), funnel, "funnel.paused" if paused else "funnel.resumed")


def _answer(session: Session, installation: Installation, funnel: Funnel, done: str | None) -> None:
    found = list(inspect_funnel(installation, funnel))
    if session.json:
        document = {"funnel": funnel_item(funnel), "url": installation.funnel_url(funnel.slug)}
        print_json(session.console, document | {"checks": [finding.document(session.texts) for finding in found]})
    else:
        if done is not None:
            session.console.print(Text(session.texts(done, slug=funnel.slug), style="bold"))
        print_funnel(session, installation, funnel)
        print_findings(session.console, session.texts, found)
        if done == "funnel.added":
            session.console.print(Text(session.texts("funnel.next", slug=funnel.slug, profile=session.deployment.name)))
    session.close()


def print_funnel(session: Session, installation: Installation, funnel: Funnel) -> None:
    """Print what a funnel is."""
    texts = session.texts
    table = Table.grid(padding=(0, 2))
    rows = [
        ("slug", f"{funnel.slug}  {installation.funnel_url(funnel.slug)}"),
        ("name", funnel.name),
        ("mode", texts(f"funnel.mode.{funnel.mode.value}")),
        *(("bot", f"{bot.bot_id}  @{bot.username}") for bot in funnel.bots),
        *(("product", f"{each.sku}  {each.name}  {reais(each.price_cents)}  → {_delivery(each)}") for each in funnel.products),
        *(("pixel", pixel.pixel_id) for pixel in funnel.pixels),
        ("provider", funnel.provider),
        *([("picture", funnel.picture_url)] if funnel.picture_url else []),
        *([("countries", ", ".join(funnel.countries))] if funnel.countries else []),
        *([("texts", ", ".join(funnel.texts))] if funnel.texts else []),
    ]
    for label, value in rows:
        table.add_row(Text(f"  {texts(f'funnel.row.{label}')}"), Text(value))
    session.console.print(table)


def _delivery(product: Product) -> str:
    return product.delivery_chat_id or product.delivery_url
