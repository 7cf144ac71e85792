"""The events that a funnel reports, built from records: one for one pixel, the same however often it is built.

Parameters: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event and …/custom-data. Only a
certain link feeds Meta, and nothing that was not seen: what is missing is missing. An event is a ``website`` event only with the
click's URL and user agent, which Meta requires for one; else it is what it is, a ``chat``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rastro.meta.user_data import UserData, user_data
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
    LinkSource,
    Payment,
    PaymentId,
    Pixel,
    TrackingToken,
)

CURRENCY = "BRL"
_PIX_COUNTRY = "br"
"""A PIX is paid from an account in Brazil."""
_EVENT_ID_DIGITS = 24
_CAMPAIGN_PROPERTIES = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "campaign_code")

_TOO_BROAD = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""https://developers.facebook.com/docs/marketing-api/conversions-api/best-practices"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """What happened, before it is told to a pixel."""

    name: EventName
    event_id: str
    at_ms: int
    attribution: Attribution
    person: Mapping[str, object] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    payment_id: PaymentId | None = None


def page_view(click: Click, pixel: Pixel, *, now_ms: int) -> ConversionEvent:
    """Return the PageView of a click."""
    return _told(_click_fact(click), pixel, now_ms)


def view_content(
    bot_user: BotUser, attribution: Attribution, token: TrackingToken, funnel: Funnel, pixel: Pixel, *, now_ms: int
) -> ConversionEvent:
    """Return the ViewContent of a person who came to the bot by the click ``token``, whose snapshot is ``attribution``."""
    return _told(_visit_fact(bot_user, attribution, token, funnel), pixel, now_ms)


def initiate_checkout(payment: Payment, pixel: Pixel, *, now_ms: int) -> ConversionEvent:
    """Return the InitiateCheckout of a payment whose charge is made."""
    return _told(_checkout_fact(payment), pixel, now_ms)


def purchase(payment: Payment, pixel: Pixel, *, now_ms: int) -> ConversionEvent:
    """Return the Purchase of a paid payment: the amount paid, at the time of payment."""
    return _told(_purchase_fact(payment), pixel, now_ms)


def is_matchable(event: ConversionEvent) -> bool:
    """Say whether Meta can match the event to anybody: what it finds too broad it refuses, and the batch with it (2804050)."""
    keys = set(event.payload.get("user_data", {}))
    return not any(keys <= broad for broad in _TOO_BROAD)


def dropped_fields(record: Click | Payment, *, now_ms: int) -> tuple[str, ...]:
    """Name the fields that a record's events go without because what was given breaks its rule."""
    fact = _click_fact(record) if isinstance(record, Click) else _checkout_fact(record)
    return _user_data(fact, now_ms).dropped


def view_content_id(bot_id: BotId, chat_id: ChatId, token: TrackingToken) -> str:
    """Return the event id of a person's ViewContent, one for each click that brought them."""
    digest = hashlib.sha256(f"{bot_id}|{chat_id}|{token}".encode()).hexdigest()
    return f"viewcontent_{digest[:_EVENT_ID_DIGITS]}"


def initiate_checkout_id(payment_id: PaymentId) -> str:
    """Return the event id of a payment's InitiateCheckout."""
    return f"checkout_{payment_id}"


def purchase_id(payment_id: PaymentId) -> str:
    """Return the event id of a payment's Purchase."""
    return f"purchase_{payment_id}"


def reais(amount_cents: int) -> float:
    """Return cents as Meta's ``value``: the number that is written with at most two decimals, nothing binary behind them."""
    return float(Decimal(amount_cents).scaleb(-2))


def _click_fact(click: Click) -> _Fact:
    return _Fact(
        name=EventName.PAGE_VIEW,
        event_id=click.pageview_event_id,
        at_ms=click.clicked_at_ms,
        attribution=Attribution(
            link_source=LinkSource.REDIRECT,
            link_confidence=Confidence.CERTAIN,
            campaign=click.campaign,
            fbc=click.fbc,
            fbp=click.fbp,
            click_ip=click.click_ip,
            click_user_agent=click.click_user_agent,
            event_source_url=click.event_source_url,
        ),
    )


def _visit_fact(bot_user: BotUser, attribution: Attribution, token: TrackingToken, funnel: Funnel) -> _Fact:
    skus = [product.sku for product in funnel.products]
    return _Fact(
        name=EventName.VIEW_CONTENT,
        event_id=view_content_id(bot_user.bot_id, bot_user.chat_id, token),
        at_ms=bot_user.linked_at_ms or bot_user.updated_at_ms,
        attribution=attribution,
        person={"external_id": bot_user.chat_id},
        content={"content_ids": skus, "content_type": "product", "content_name": funnel.name} if skus else {},
    )


def _checkout_fact(payment: Payment) -> _Fact:
    return _Fact(
        name=EventName.INITIATE_CHECKOUT,
        event_id=initiate_checkout_id(payment.payment_id),
        at_ms=payment.created_at_ms,
        attribution=payment.attribution,
        person={"external_id": payment.chat_id},
        content=_sale(payment, payment.amount_cents) | {"num_items": 1},
        payment_id=payment.payment_id,
    )


def _purchase_fact(payment: Payment) -> _Fact:
    amount_cents = payment.amount_cents if payment.amount_paid_cents is None else payment.amount_paid_cents
    return _Fact(
        name=EventName.PURCHASE,
        event_id=purchase_id(payment.payment_id),
        at_ms=payment.updated_at_ms if payment.paid_at_ms is None else payment.paid_at_ms,
        attribution=payment.attribution,
        person={"external_id": payment.chat_id, "country": _PIX_COUNTRY, **payment.payer_hashes},
        content=_sale(payment, amount_cents) | {"order_id": payment.payment_id},
        payment_id=payment.payment_id,
    )


def _sale(payment: Payment, amount_cents: int) -> dict[str, Any]:
    value = reais(amount_cents)
    return {
        "value": value,
        "currency": CURRENCY,
        "content_ids": [payment.sku],
        "content_type": "product",
        "content_name": payment.product_name,
        "contents": [{"id": payment.sku, "quantity": 1, "item_price": value}],
    }


def _told(fact: _Fact, pixel: Pixel, now_ms: int) -> ConversionEvent:
    event_time_s = min(fact.at_ms, now_ms) // 1000  # Meta refuses a time in the future, and with it the whole batch
    person = _user_data(fact, now_ms).values
    payload = {
        "event_name": fact.name.value,
        "event_time": event_time_s,
        "event_id": fact.event_id,
        **_source(fact.attribution, person),
        "user_data": dict(person),
        "custom_data": dict(fact.content) | _campaign_properties(fact.attribution),
    }
    return ConversionEvent(
        pixel_id=pixel.pixel_id,
        event_name=fact.name,
        event_id=fact.event_id,
        event_time_s=event_time_s,
        payload={name: value for name, value in payload.items() if value or name == "user_data"},
        payment_id=fact.payment_id,
        test_event_code=pixel.test_event_code,
    )


def _source(attribution: Attribution, person: Mapping[str, Any]) -> dict[str, str]:
    if attribution.event_source_url and "client_user_agent" in person:
        return {"action_source": "website", "event_source_url": attribution.event_source_url}
    return {"action_source": "chat"}


def _user_data(fact: _Fact, now_ms: int) -> UserData:
    attribution = fact.attribution
    browser: dict[str, object] = {}
    if attribution.certain:
        browser = {
            "fbc": attribution.fbc,
            "fbp": attribution.fbp,
            "client_ip_address": attribution.click_ip,
            "client_user_agent": attribution.click_user_agent,
        }
    return user_data({**fact.person, **browser}, now_ms=now_ms)


def _campaign_properties(attribution: Attribution) -> dict[str, str]:
    """Return the campaign as custom properties: Meta has no field for it, and its reports can be filtered by them."""
    campaign: Campaign = attribution.campaign if attribution.certain else Campaign()
    named = {name: getattr(campaign, name) for name in _CAMPAIGN_PROPERTIES}
    return {name: value for name, value in named.items() if value}
