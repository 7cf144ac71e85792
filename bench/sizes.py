"""How large records are, by serialising one typical sale as the stores do.

DynamoDB counts an item by the UTF-8 of its attributes' names and values, a number by its digits, a list or map with three bytes
and one for each element
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from rastro.meta.event import page_view, purchase
from rastro.model import (
    Attribution,
    BotId,
    BotUser,
    Campaign,
    ChatId,
    Click,
    Confidence,
    DeliveryState,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    PurchaseState,
    Session,
    Slug,
    StartPayload,
    TrackingToken,
    VisitorId,
    bot_user_key,
)
from rastro.stores import keys
from rastro.stores.items import bot_user_item, click_item, payment_item
from rastro.stores.ledger import ledger_record
from rastro.stores.messages import event_message
from rastro.stores.wire import Item

KIB = 1024
CACHE_ENTRY_BYTES = 90
"""What Valkey keeps beside a key and its value (``MEMORY USAGE`` of a short string with a lifetime is 72 to 104 bytes)."""

_AT_MS = 1_764_000_000_000
_BOT, _CHAT = BotId("7000000001"), ChatId("5511987654")
_FBCLID = (
    "IwZXh0bgNhZW0BMABhZGlkAasSaX8fXsIBHd" + "qWkNvcnBvUmFzdHJvVGVzdGVEZUNhcmdhMTIzNDU2Nzg5MA_" + "aem_ZmFrZWR1bW15MTZieXRlcw"
)
_USER_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of one record of each kind."""

    click: int
    click_json: int
    """As the cache holds it."""
    cached_click: int
    """The click and its two pointers in the cache, their keys and what the cache keeps with them."""
    bot_user: int
    payment: int
    ledger_row: int
    page_view_message: int
    purchase_message: int


def measured() -> Sizes:
    """Return the sizes of one typical sale's records: an iPhone, Instagram, a campaign with its names, a PIX."""
    click, payment = _click(), _payment()
    row = LedgerRow(
        event=purchase(payment, Pixel(pixel_id=PixelId("1234567890123456")), now_ms=_AT_MS),
        status=LedgerStatus.QUEUED,
        created_at_ms=_AT_MS,
        updated_at_ms=_AT_MS,
    )
    return Sizes(
        click=item_bytes(click_item(click) | {"expires_at": 1_771_776_000, "fbclid_key": keys.fbclid_key(_FBCLID, 0)}),
        click_json=len(json.dumps(click_item(click))),
        cached_click=_cached_bytes(click),
        bot_user=item_bytes(bot_user_item(_bot_user()) | {"fbclid_key": keys.fbclid_key(_FBCLID, 0)}),
        payment=item_bytes(
            payment_item(payment)
            | {
                "bot_user": bot_user_key(_BOT, _CHAT),
                "day_shard": keys.day_shard(_AT_MS, payment.payment_id),
                "charge_key": keys.charge_key(payment.provider, payment.charge_id or ""),
                "unsettled_shard": "0",
            }
        ),
        ledger_row=item_bytes(ledger_record(row)),
        page_view_message=len(event_message(page_view(click, Pixel(pixel_id=PixelId("1234567890123456")), now_ms=_AT_MS))),
        purchase_message=len(event_message(row.event)),
    )


def item_bytes(item: Mapping[str, object]) -> int:
    """Return the size of an item as DynamoDB counts it."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: object) -> int:
    match value:
        case bool() | None:
            return 1
        case str():
            return len(value.encode())
        case int():
            return math.ceil(len(str(abs(value)).rstrip("0") or "0") / 2) + 1
        case list() | tuple():
            return 3 + sum(1 + _value_bytes(element) for element in value)
        case Mapping():
            return 3 + sum(1 + len(str(name).encode()) + _value_bytes(element) for name, element in value.items())
    raise TypeError(f"an item does not hold a {type(value).__name__}")


def _cached_bytes(click: Click) -> int:
    token = click.tracking_token
    pairs = {
        keys.click_cache_key(token): json.dumps(click_item(click)),
        keys.fbclid_cache_key(click.fbclid or ""): token,
        keys.visitor_cache_key(click.visitor_id or ""): token,
    }
    return sum(CACHE_ENTRY_BYTES + len(key.encode()) + len(value.encode()) for key, value in pairs.items())


def _click() -> Click:
    return Click(
        tracking_token=TrackingToken("A" * 44),
        slug=Slug("curso-de-violao"),
        clicked_at_ms=_AT_MS,
        pageview_event_id="pageview_0123456789abcdef01234567",
        campaign=_campaign(),
        bot_id=_BOT,
        visitor_id=VisitorId("v" * 22),
        fbclid=_FBCLID,
        fbc=f"fb.1.{_AT_MS}.{_FBCLID}",
        fbp=f"fb.1.{_AT_MS}.1234567890",
        click_ip="2804:14c:5b72:8a3f:1c2d:3e4f:5a6b:7c8d",
        click_user_agent=_USER_AGENT,
        event_source_url="https://go.example.com/go/curso-de-violao",
    )


def _campaign() -> Campaign:
    return Campaign(
        utm_source="facebook",
        utm_medium="paid_social",
        utm_campaign="[CBO] Violao - Lookalike 1% - Novembro",
        utm_content="video-03-depoimento",
        utm_term="Instagram_Stories",
        utm_id="120210000000000000",
        campaign_code="VIO-11",
    )


def _bot_user() -> BotUser:
    session: Item = {
        "tracking_token": TrackingToken("A" * 44),
        "slug": Slug("curso-de-violao"),
        "link_source": LinkSource.START_PARAM,
        "link_confidence": Confidence.CERTAIN,
        "clicked_at_ms": _AT_MS,
        "linked_at_ms": _AT_MS,
        "from_ad": True,
    }
    return BotUser(
        bot_id=_BOT,
        chat_id=_CHAT,
        created_at_ms=_AT_MS,
        updated_at_ms=_AT_MS,
        version=2,
        slug=Slug("curso-de-violao"),
        tracking_session_id=TrackingToken("A" * 44),
        first_session_id=TrackingToken("A" * 44),
        sessions=(Session(**session),),
        fbclid=_FBCLID,
        visitor_id=VisitorId("v" * 22),
        link_source=LinkSource.START_PARAM,
        link_confidence=Confidence.CERTAIN,
        linked_at_ms=_AT_MS,
        last_start_at_ms=_AT_MS,
        last_start_payload=StartPayload.TOKEN,
        first_name="Ana Clara",
        username="anaclara_violao",
        language_code="pt-br",
        open_charges={"violao-1": PaymentId("01K0000000000000000000000A")},
    )


def _payment() -> Payment:
    click = _click()
    return Payment(
        payment_id=PaymentId("01K0000000000000000000000A"),
        bot_id=_BOT,
        chat_id=_CHAT,
        slug=click.slug,
        sku="violao-1",
        product_name="Curso de violao completo",
        amount_cents=9700,
        provider="openpix",
        status=PaymentStatus.PAID,
        created_at_ms=_AT_MS,
        updated_at_ms=_AT_MS,
        version=4,
        attribution=Attribution(
            link_source=LinkSource.START_PARAM,
            link_confidence=Confidence.CERTAIN,
            tracking_token=click.tracking_token,
            clicked_at_ms=click.clicked_at_ms,
            pageview_event_id=click.pageview_event_id,
            campaign=click.campaign,
            fbclid=click.fbclid,
            fbc=click.fbc,
            fbp=click.fbp,
            click_ip=click.click_ip,
            click_user_agent=click.click_user_agent,
            event_source_url=click.event_source_url,
        ),
        charge_id="Q2hhcmdlOjY4YjAwMDAwMDAwMDAwMDAwMDAwMDAwMQ==",
        brcode="00020126" + "0" * 180 + "6304ABCD",
        charge_expires_at_ms=_AT_MS,
        paid_at_ms=_AT_MS,
        amount_paid_cents=9700,
        end_to_end_id="E60746948202511241200A1B2C3D4E5F",
        payer_hashes={"fn": "0" * 64, "ln": "0" * 64},
        purchase_state=PurchaseState.QUEUED,
        delivery_state=DeliveryState.TO_DO,
        due_at_ms=_AT_MS,
    )
