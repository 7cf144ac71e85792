"""Records as the tests of this room need them."""

from __future__ import annotations

from rastro.model import (
    Attribution,
    BotId,
    BotUser,
    Campaign,
    ChatId,
    Click,
    Confidence,
    ConversionEvent,
    EventName,
    Funnel,
    FunnelBot,
    FunnelMode,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    Product,
    Slug,
    StartPayload,
    TrackingToken,
    VisitorId,
)

NOW_MS = 1_795_521_600_123
BOT_ID, CHAT_ID = BotId("7000000001"), ChatId("800000001")
TOKEN = TrackingToken("AQECAwQFBgcICQoLDAGlYTAAAAAAAAAAAAAAAAAAAAAA")
FBC = f"fb.1.{NOW_MS - 60_000}.IwAR_AbC-1"
FBP = f"fb.1.{NOW_MS - 90_000}.1098115397"
PIXEL = Pixel(pixel_id=PixelId("1000000000000001"))
TEST_PIXEL = Pixel(pixel_id=PixelId("1000000000000002"), test_event_code="TEST1")
CAMPAIGN = Campaign(utm_source="facebook", utm_campaign="lançamento", utm_id="9", campaign_code="NATAL26", src="x")

FUNNEL = Funnel(
    slug=Slug("demo"),
    name="Demonstração",
    mode=FunnelMode.DIRECT,
    bots=(FunnelBot(bot_id=BOT_ID, username="rastro_demo_bot"),),
    products=(Product(sku="curso", name="Curso", price_cents=4990, delivery_url="https://example.com/curso"),),
    pixels=(PIXEL, TEST_PIXEL),
    provider="openpix",
)
CLICK = Click(
    tracking_token=TOKEN,
    slug=Slug("demo"),
    clicked_at_ms=NOW_MS - 60_000,
    pageview_event_id="pageview_01",
    campaign=CAMPAIGN,
    visitor_id=VisitorId("visitor"),
    fbclid="IwAR_AbC-1",
    fbc=FBC,
    fbp=FBP,
    click_ip="177.10.20.30",
    click_user_agent="Mozilla/5.0 (Linux; Android 14)",
    event_source_url="https://go.example.com/go/demo",
)
ATTRIBUTION = Attribution(
    link_source=LinkSource.START_PARAM,
    link_confidence=Confidence.CERTAIN,
    tracking_token=TOKEN,
    clicked_at_ms=CLICK.clicked_at_ms,
    campaign=CAMPAIGN,
    fbclid=CLICK.fbclid,
    fbc=FBC,
    fbp=FBP,
    click_ip=CLICK.click_ip,
    click_user_agent=CLICK.click_user_agent,
    event_source_url=CLICK.event_source_url,
)
BOT_USER = BotUser(
    bot_id=BOT_ID,
    chat_id=CHAT_ID,
    created_at_ms=NOW_MS - 30_000,
    updated_at_ms=NOW_MS - 30_000,
    version=1,
    slug=Slug("demo"),
    tracking_session_id=TOKEN,
    link_source=LinkSource.START_PARAM,
    link_confidence=Confidence.CERTAIN,
    linked_at_ms=NOW_MS - 30_000,
    last_start_at_ms=NOW_MS - 30_000,
    last_start_payload=StartPayload.TOKEN,
)
PAYMENT = Payment(
    payment_id=PaymentId("9326"),
    bot_id=BOT_ID,
    chat_id=CHAT_ID,
    slug=Slug("demo"),
    sku="curso",
    product_name="Curso",
    amount_cents=4990,
    provider="openpix",
    status=PaymentStatus.PAID,
    created_at_ms=NOW_MS - 20_000,
    updated_at_ms=NOW_MS - 10_000,
    attribution=ATTRIBUTION,
    paid_at_ms=NOW_MS - 10_000,
)


def conversion(
    event_id: str,
    *,
    name: EventName = EventName.PURCHASE,
    pixel_id: str = PIXEL.pixel_id,
    at_ms: int = NOW_MS,
    payment_id: str | None = None,
    test_event_code: str | None = None,
) -> ConversionEvent:
    """Return an event as small as it may be."""
    return ConversionEvent(
        pixel_id=PixelId(pixel_id),
        event_name=name,
        event_id=event_id,
        event_time_s=at_ms // 1000,
        payload={"event_name": name.value, "event_id": event_id, "event_time": at_ms // 1000},
        payment_id=PaymentId(payment_id) if payment_id else None,
        test_event_code=test_event_code,
    )
