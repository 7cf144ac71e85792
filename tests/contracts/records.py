"""Records for the suites: one with everything set, and short ways to others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rastro.model import (
    Attribution,
    BotId,
    BotUser,
    BotUserStatus,
    Campaign,
    ChatId,
    Click,
    Confidence,
    ConversionEvent,
    DeliveryState,
    EventName,
    Funnel,
    FunnelBot,
    FunnelMode,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    Product,
    PurchaseState,
    Reason,
    Session,
    Slug,
    StartPayload,
    TrackingToken,
    VisitorId,
)

NOW_MS = 1_764_000_000_000
BOT_ID = BotId("7000000001")
CHAT_ID = ChatId("1111")
PIXEL_ID = PixelId("1000000000000001")
FBCLID = "IwAR0_aB-" + "x" * 2000
"""As long as they get: longer than a key of a table may be."""

CAMPAIGN = Campaign(
    utm_source="facebook",
    utm_medium="pago",
    utm_campaign="promoção de maio",
    utm_content="vídeo 1",
    utm_term="pão & bolo",
    utm_id="120210",
    campaign_code="MAIO-24",
    src="a",
    sck="b",
    xcod="c",
)
CLICK = Click(
    tracking_token=TrackingToken("token-1"),
    slug=Slug("demo"),
    clicked_at_ms=NOW_MS,
    pageview_event_id="pageview_1",
    campaign=CAMPAIGN,
    bot_id=BOT_ID,
    visitor_id=VisitorId("visitor-1"),
    fbclid=FBCLID,
    fbc=f"fb.1.{NOW_MS}.{FBCLID}",
    fbp=f"fb.1.{NOW_MS}.123456789",
    click_ip="2001:db8::1",
    click_user_agent="Mozilla/5.0 (iPhone)",
    event_source_url="https://go.example.com/go/demo",
    bridge_for=f"{BOT_ID}#{CHAT_ID}",
)
BARE_CLICK = Click(
    tracking_token=TrackingToken("token-bare"), slug=Slug("demo"), clicked_at_ms=NOW_MS, pageview_event_id="pageview_bare"
)
BOT_USER = BotUser(
    bot_id=BOT_ID,
    chat_id=CHAT_ID,
    created_at_ms=NOW_MS,
    updated_at_ms=NOW_MS,
    slug=Slug("demo"),
    status=BotUserStatus.BLOCKED,
    tracking_session_id=TrackingToken("token-2"),
    first_session_id=TrackingToken("token-1"),
    sessions=(
        Session(
            tracking_token=TrackingToken("token-2"),
            slug=Slug("demo"),
            link_source=LinkSource.FBCLID,
            link_confidence=Confidence.CERTAIN,
            clicked_at_ms=NOW_MS - 5,
            linked_at_ms=NOW_MS,
            from_ad=True,
        ),
        Session(
            tracking_token=TrackingToken("token-1"),
            slug=Slug("another"),
            link_source=LinkSource.RECENT_CLICK,
            link_confidence=Confidence.PROBABLE,
            clicked_at_ms=NOW_MS - 9,
            linked_at_ms=NOW_MS - 8,
            from_ad=False,
        ),
    ),
    fbclid=FBCLID,
    visitor_id=VisitorId("visitor-1"),
    link_source=LinkSource.FBCLID,
    link_confidence=Confidence.CERTAIN,
    linked_at_ms=NOW_MS,
    last_start_at_ms=NOW_MS - 1,
    last_start_payload=StartPayload.TOKEN,
    first_name="Ána 🌻",
    username="ana",
    language_code="pt-br",
    open_charges={"curso": PaymentId("p-1")},
)
BARE_BOT_USER = BotUser(bot_id=BOT_ID, chat_id=ChatId("2222"), created_at_ms=NOW_MS, updated_at_ms=NOW_MS)
PAYMENT = Payment(
    payment_id=PaymentId("p-1"),
    bot_id=BOT_ID,
    chat_id=CHAT_ID,
    slug=Slug("demo"),
    sku="curso",
    product_name="Curso de Pão",
    amount_cents=4990,
    provider="openpix",
    status=PaymentStatus.PAID,
    created_at_ms=NOW_MS,
    updated_at_ms=NOW_MS,
    attribution=Attribution(
        link_source=LinkSource.START_PARAM,
        link_confidence=Confidence.CERTAIN,
        tracking_token=CLICK.tracking_token,
        clicked_at_ms=CLICK.clicked_at_ms,
        pageview_event_id=CLICK.pageview_event_id,
        campaign=CAMPAIGN,
        fbclid=CLICK.fbclid,
        fbc=CLICK.fbc,
        fbp=CLICK.fbp,
        click_ip=CLICK.click_ip,
        click_user_agent=CLICK.click_user_agent,
        event_source_url=CLICK.event_source_url,
    ),
    charge_id="charge-1",
    brcode="00020126",
    charge_expires_at_ms=NOW_MS + 1,
    paid_at_ms=NOW_MS + 2,
    amount_paid_cents=5000,
    end_to_end_id="E123",
    payer_hashes={"fn": "a" * 64, "ln": "b" * 64},
    purchase_state=PurchaseState.QUEUED,
    refunds={"D1": 100, "total": 150},
    disputed_at_ms=NOW_MS + 4,
    update_id=77,
    enquired_at_ms=NOW_MS + 5,
    delivery_state=DeliveryState.TO_DO,
    delivery_link="https://t.me/+abc",
    due_at_ms=NOW_MS + 3,
    erased_at_ms=NOW_MS + 6,
)
BARE_PAYMENT = Payment(
    payment_id=PaymentId("p-bare"),
    bot_id=BOT_ID,
    chat_id=CHAT_ID,
    slug=Slug("demo"),
    sku="curso",
    product_name="Curso de Pão",
    amount_cents=4990,
    provider="openpix",
    status=PaymentStatus.CREATED,
    created_at_ms=NOW_MS,
    updated_at_ms=NOW_MS,
    attribution=Attribution(reason=Reason.DIRECT_ENTRY),
)
FUNNEL = Funnel(
    slug=Slug("demo"),
    name="Demonstração",
    mode=FunnelMode.PAGE,
    bots=(
        FunnelBot(bot_id=BOT_ID, username="rastro_demo_bot"),
        FunnelBot(bot_id=BotId("7000000002"), username="outro_bot", banned_at_ms=NOW_MS),
    ),
    products=(
        Product(
            sku="curso",
            name="Curso",
            price_cents=4990,
            delivery_url="https://example.com/c",
            description="Em vídeo",
            delivery_chat_id="-1001",
        ),
        Product(sku="livro", name="Livro", price_cents=990, delivery_url="https://example.com/l"),
    ),
    pixels=(Pixel(pixel_id=PIXEL_ID), Pixel(pixel_id=PixelId("1000000000000002"), test_event_code="TEST123")),
    provider="openpix",
    texts={"welcome": "Olá!"},
    picture_url="https://example.com/capa.jpg",
    countries=("BR", "PT"),
    paused=True,
)


def click(number: int, **changes: Any) -> Click:
    """Return a click of its own, each a second after the one before."""
    own = replace(CLICK, tracking_token=TrackingToken(f"token-{number}"), pageview_event_id=f"pageview_{number}")
    return replace(own, clicked_at_ms=NOW_MS + number * 1000, **changes)


def organic(number: int) -> Click:
    """Return a click of its own that no ad caused."""
    return click(number, campaign=Campaign(), fbclid=None, fbc=None)


def payment(number: int, **changes: Any) -> Payment:
    """Return a payment of its own, each a second after the one before."""
    own = replace(PAYMENT, payment_id=PaymentId(f"p-{number}"), charge_id=f"charge-{number}")
    return replace(own, created_at_ms=NOW_MS + number * 1000, **changes)


def event(payment_id: str = "p-1", pixel_id: PixelId = PIXEL_ID, **changes: Any) -> ConversionEvent:
    """Return the Purchase of a payment for a pixel."""
    whole = ConversionEvent(
        pixel_id=pixel_id,
        event_name=EventName.PURCHASE,
        event_id=f"purchase_{payment_id}",
        event_time_s=NOW_MS // 1000,
        payload={"event_name": "Purchase", "custom_data": {"value": 49.9, "currency": "BRL"}, "note": "pão"},
        payment_id=PaymentId(payment_id),
        test_event_code="TEST123",
    )
    return replace(whole, **changes)


def page_view(number: int, pixel_id: PixelId = PIXEL_ID) -> ConversionEvent:
    """Return a PageView, an event of no payment."""
    return ConversionEvent(
        pixel_id=pixel_id,
        event_name=EventName.PAGE_VIEW,
        event_id=f"pageview_{number}",
        event_time_s=NOW_MS // 1000,
        payload={"event_name": "PageView"},
    )


def row(payment_id: str = "p-1", status: LedgerStatus = LedgerStatus.QUEUED, **changes: Any) -> LedgerRow:
    """Return the ledger row of a payment's Purchase."""
    whole = LedgerRow(event=event(payment_id), status=status, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)
    return replace(whole, **changes)
