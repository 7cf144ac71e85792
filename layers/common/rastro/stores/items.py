"""Records as plain values under the model's own field names, the same in tables, cache, stream images and queue messages.

Nested groups (a campaign, an attribution) stand on the item itself; what is ``None`` is absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from rastro.model import (
    Attribution,
    BotProfile,
    BotUser,
    BotUserStatus,
    Campaign,
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
    PaymentStatus,
    Pixel,
    Product,
    PurchaseState,
    Reason,
    SendAttempt,
    Session,
    StartPayload,
    UnknownNotice,
)
from rastro.stores.wire import Item

_CAMPAIGN = tuple(field.name for field in fields(Campaign))
_SIMPLE = frozenset((str, int, bool))
"""What most fields of every click hold, to be told at a glance; an enumeration of texts is none of them."""
_ATTRIBUTION = tuple(field.name for field in fields(Attribution) if field.name != "campaign")


def click_item(click: Click) -> Item:
    """Return a click as a record."""
    return _plain(click, flatten=("campaign",))


def click_of(item: Mapping[str, Any]) -> Click:
    """Return the click of a record."""
    return Click(**_known(Click, item), campaign=campaign_of(item))


def campaign_item(campaign: Campaign) -> Item:
    """Return a campaign as attributes."""
    return _plain(campaign)


def campaign_of(item: Mapping[str, Any]) -> Campaign:
    """Return the campaign that stands on a record."""
    return Campaign(**{name: item.get(name) for name in _CAMPAIGN})


def bot_user_item(bot_user: BotUser) -> Item:
    """Return a bot user as a record."""
    return _plain(bot_user)


def bot_user_of(item: Mapping[str, Any]) -> BotUser:
    """Return the bot user of a record."""
    known = _known(BotUser, item) | {"sessions": tuple(_session(entry) for entry in item.get("sessions", ()))}
    return BotUser(
        **_with_enums(
            known,
            status=BotUserStatus,
            link_source=LinkSource,
            link_confidence=Confidence,
            reason=Reason,
            last_start_payload=StartPayload,
        )
    )


def payment_item(payment: Payment) -> Item:
    """Return a payment as a record, with its click's snapshot on it."""
    return _plain(payment, flatten=("attribution", "campaign"))


def payment_of(item: Mapping[str, Any]) -> Payment:
    """Return the payment of a record."""
    snapshot = _with_enums(
        {name: item[name] for name in _ATTRIBUTION if name in item},
        link_source=LinkSource,
        link_confidence=Confidence,
        reason=Reason,
    )
    known = _with_enums(_known(Payment, item), status=PaymentStatus, purchase_state=PurchaseState, delivery_state=DeliveryState)
    return Payment(**known, attribution=Attribution(**snapshot, campaign=campaign_of(item)))


def funnel_item(funnel: Funnel) -> Item:
    """Return a funnel as a record."""
    return _plain(funnel)


def funnel_of(item: Mapping[str, Any]) -> Funnel:
    """Return the funnel of a record."""
    return Funnel(
        **_known(Funnel, item)
        | {
            "mode": FunnelMode(item["mode"]),
            "bots": tuple(FunnelBot(**_known(FunnelBot, bot)) for bot in item.get("bots", ())),
            "products": tuple(Product(**_known(Product, product)) for product in item.get("products", ())),
            "pixels": tuple(Pixel(**_known(Pixel, pixel)) for pixel in item.get("pixels", ())),
            "countries": tuple(item.get("countries", ())),
        }
    )


def bot_profile_item(profile: BotProfile) -> Item:
    """Return a bot's profile as attributes."""
    return _plain(profile)


def bot_profile_of(item: Mapping[str, Any]) -> BotProfile:
    """Return the profile of a bot's record."""
    return BotProfile(**_known(BotProfile, item) | {"slugs": tuple(item.get("slugs", ()))})


def notice_item(notice: UnknownNotice) -> Item:
    """Return a kept notice as attributes."""
    return _plain(notice)


def notice_of(item: Mapping[str, Any]) -> UnknownNotice:
    """Return the notice of attributes."""
    return UnknownNotice(**_known(UnknownNotice, item))


def event_item(event: ConversionEvent) -> Item:
    """Return an event as attributes, its payload as one JSON text: Graph's numbers stay as they are."""
    return envelope_item(event) | {"payload": json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"))}


def envelope_item(event: ConversionEvent) -> Item:
    """Return an event as attributes without its payload."""
    return _plain(event, leave_out=("payload",))


def event_of(item: Mapping[str, Any]) -> ConversionEvent:
    """Return the event of attributes; raises ``KeyError`` or ``ValueError`` where they are none."""
    return enveloped(item, json.loads(item["payload"]))


def enveloped(item: Mapping[str, Any], payload: Mapping[str, Any]) -> ConversionEvent:
    """Return the event of attributes and a payload; raises ``KeyError``, ``ValueError`` or ``TypeError`` where they are none."""
    if not isinstance(payload, dict):
        raise TypeError("a payload is an object")
    return ConversionEvent(
        pixel_id=item["pixel_id"],
        event_name=EventName(item["event_name"]),
        event_id=item["event_id"],
        event_time_s=item["event_time_s"],
        payload=payload,
        payment_id=item.get("payment_id"),
        test_event_code=item.get("test_event_code"),
    )


def ledger_item(row: LedgerRow) -> Item:
    """Return a ledger row as a record, without the keys of its indexes."""
    return _plain(row, leave_out=("event",)) | event_item(row.event)


def ledger_row_of(item: Mapping[str, Any]) -> LedgerRow:
    """Return the ledger row of a record."""
    known = _with_enums(_known(LedgerRow, item), status=LedgerStatus)
    history = tuple(
        SendAttempt(**_with_enums(_known(SendAttempt, entry), status=LedgerStatus)) for entry in item.get("history", ())
    )
    return LedgerRow(**known | {"event": event_of(item), "history": history})


def _session(entry: Mapping[str, Any]) -> Session:
    return Session(**_with_enums(_known(Session, entry), link_source=LinkSource, link_confidence=Confidence))


def _known(kind: Any, item: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """Return the attributes that a dataclass has fields for: a record may carry index keys and attributes of later versions."""
    return {field.name: item[field.name] for field in fields(kind) if field.name in item}


def _with_enums(known: dict[str, Any], **enums: type[Enum]) -> dict[str, Any]:
    return known | {name: enum(known[name]) for name, enum in enums.items() if known.get(name) is not None}


def _plain(record: Any, *, flatten: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()) -> Item:  # noqa: ANN401 - a dataclass
    item: Item = {}
    for name in _names(record.__class__):
        value = getattr(record, name)
        if value is None or name in leave_out:
            continue
        if type(value) in _SIMPLE:
            item[name] = value
        elif name in flatten:
            item |= _plain(value, flatten=flatten)
        else:
            item[name] = _value(value)
    return item


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _value(value: Any) -> Any:  # noqa: ANN401 - any kind that a record holds
    match value:
        case Enum():
            return value.value
        case list() | tuple():
            return [_value(element) for element in value]
        case Mapping():
            return {name: _value(element) for name, element in value.items()}
    return _plain(value) if is_dataclass(value) else value
