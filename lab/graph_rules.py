"""What the Conversions API accepts, and how it words what it refuses.

https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event and the pages below it. Stricter than
Meta where Meta only warns (an fbc of a wrong shape, a website event without its user agent, unknown keys), because a warning in
Events Manager is found too late. Errors without a known subcode carry none, as with Graph's own parameter errors.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lab.state import JsonObject

EVENTS_MAX = 1_000
OLDEST_SECONDS = 7 * 86_400
OLDEST_STORE_SECONDS = 62 * 86_400
# Meta documents no tolerance; integrators live with a minute.
FUTURE_TOLERANCE_SECONDS = 60

INVALID_PARAMETER = 100
TOO_OLD, IN_FUTURE = 2804003, 2804004
ITEM_WITHOUT_ID, NO_VALUE, NO_CURRENCY, VALUE_WITHOUT_CURRENCY = 2804008, 2804009, 2804010, 2804023
TOO_BROAD, NO_CHANNEL, UNNAMED_FAULT = 2804050, 2804063, 2804007

_TEXTS: Mapping[int, tuple[str, str]] = {
    TOO_OLD: ("Event Timestamp Too Old", "An event is older than 7 days; it has to be sent within 7 days of happening."),
    IN_FUTURE: ("Event Timestamp In The Future", "An event has a time that has not come yet; event_time is in seconds, GMT."),
    ITEM_WITHOUT_ID: ("Content Item Without ID", "Every item of contents needs an id."),
    NO_VALUE: ("Purchase Without Value", "A Purchase needs custom_data.value."),
    NO_CURRENCY: ("Purchase Without Currency", "A Purchase needs custom_data.currency."),
    VALUE_WITHOUT_CURRENCY: ("Value Without Currency", "A value means nothing without its currency."),
    TOO_BROAD: ("Customer Information Too Broad", "The customer information of an event is missing or fits too many people."),
    NO_CHANNEL: ("Missing Messaging Channel", "A business_messaging event needs its messaging_channel."),
    UNNAMED_FAULT: ("Invalid Event", "An event was refused (a fault of the lab)."),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOP_LEVEL = _words(
    "data test_event_code partner_agent access_token appsecret_proof upload_id upload_tag upload_source namespace_id"
)
_EVENT_KEYS = _words(
    "event_name event_time event_id event_source_url action_source user_data custom_data opt_out referrer_url "
    "original_event_data customer_segmentation data_processing_options data_processing_options_country "
    "data_processing_options_state app_data attribution_data messaging_channel advanced_measurement_table"
)
_HASHED = _words("em ph fn ln ct st zp country db ge")
_USER_KEYS = _HASHED | _words(
    "external_id client_ip_address client_user_agent fbc fbp subscription_id lead_id fb_login_id ctwa_clid page_id ig_account_id "
    "ig_sid anon_id madid"
)
_BROAD = tuple(_words(keys) for keys in ("ct country st zp ge client_user_agent", "db client_user_agent", "fn ge", "ln ge"))
_ACTION_SOURCES = _words("email website app phone_call chat physical_store system_generated business_messaging other")
_APPENDIX = r"(\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?"
_FBC = re.compile(r"fb\.\d+\.\d{13}\.[^.]+" + _APPENDIX)
_FBP = re.compile(r"fb\.\d+\.\d{13}\.\d+" + _APPENDIX)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_PARTNER_AGENT_MAX_LENGTH = 22
_PARTNER_AGENT_LETTERS = 2


class Refused(Exception):
    """Carry one error of Graph."""

    def __init__(self, message: str, *, code: int = INVALID_PARAMETER, subcode: int | None = None, status: int = 400) -> None:
        """Take Graph's numbers; a known subcode brings its own texts."""
        super().__init__(message)
        self.code, self.subcode, self.status = code, subcode, status

    def body(self, fbtrace_id: str) -> JsonObject:
        """Return the error as Graph writes it."""
        title, text = _TEXTS.get(self.subcode or 0, ("Invalid Request", str(self)))
        error: JsonObject = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error |= {"is_transient": False, "error_user_title": title, "error_user_msg": text, "fbtrace_id": fbtrace_id}
        return {"error": error}


def read_events(fields: Mapping[str, Any]) -> list[Any]:
    """Return the events of a request: a JSON list, or the official SDK's form field with a list, even of JSON texts."""
    unknown = set(fields) - _TOP_LEVEL
    if unknown:
        raise Refused(f"(#100) Unexpected parameter: {', '.join(sorted(unknown))}")
    events = _decoded(fields.get("data"))
    if not isinstance(events, list) or not events:
        raise Refused("(#100) The parameter data is required and must be a list of events")
    if len(events) > EVENTS_MAX:
        raise Refused(f"(#100) data has {len(events)} events; at most {EVENTS_MAX} fit in one request")
    return [_decoded(event) for event in events]


def check_request(fields: Mapping[str, Any], now_seconds: float) -> list[JsonObject]:
    """Return the events of a request in which everything is right; raise ``Refused`` for the first thing that is not."""
    events = read_events(fields)
    code, agent = fields.get("test_event_code"), fields.get("partner_agent")
    if code is not None:
        _require(isinstance(code, str) and code != "", "test_event_code must be a text")
    if agent is not None:
        letters = sum(character.isalpha() for character in agent) if isinstance(agent, str) else 0
        fits = letters >= _PARTNER_AGENT_LETTERS and len(agent) <= _PARTNER_AGENT_MAX_LENGTH
        _require(fits, "partner_agent must have fewer than 23 characters, two of them letters")
    for index, event in enumerate(events):
        check_event(event, now_seconds, f"data[{index}]")
    return events


def check_event(event: object, now_seconds: float, where: str = "data[0]") -> None:
    """Raise ``Refused`` where an event is not one that the Conversions API accepts."""
    if not isinstance(event, dict):
        raise Refused(f"(#100) {where} must be an object")
    unknown = set(event) - _EVENT_KEYS
    _require(not unknown, f"{where} has unexpected keys: {', '.join(sorted(unknown))}")
    _require(_is_text(event.get("event_name")), f"{where}.event_name is required")
    source = event.get("action_source")
    _require(source in _ACTION_SOURCES, f"{where}.action_source must be one of {', '.join(sorted(_ACTION_SOURCES))}")
    _check_time(event.get("event_time"), source, now_seconds, where)
    if "event_id" in event:
        _require(_is_text(event["event_id"]), f"{where}.event_id must be a non-empty text")
    if "opt_out" in event:
        _require(isinstance(event["opt_out"], bool), f"{where}.opt_out must be true or false")
    for name in ("event_source_url", "referrer_url"):
        if name in event:
            _require(_is_url(event[name]), f"{where}.{name} must be an http or https address")
    user_data = event.get("user_data")
    if not isinstance(user_data, dict):
        raise Refused(f"(#100) {where}.user_data is required")
    _check_user_data(user_data, f"{where}.user_data")
    if source == "website":
        _require("event_source_url" in event, f"{where}.event_source_url is required for website events")
        _require("client_user_agent" in user_data, f"{where}.user_data.client_user_agent is required for website events")
    if source == "business_messaging" and not event.get("messaging_channel"):
        raise Refused("Invalid parameter", subcode=NO_CHANNEL)
    custom_data = event.get("custom_data", {})
    if not isinstance(custom_data, dict):
        raise Refused(f"(#100) {where}.custom_data must be an object")
    _check_custom_data(event["event_name"], custom_data, f"{where}.custom_data")


def _check_time(event_time: object, source: object, now_seconds: float, where: str) -> None:
    if not isinstance(event_time, int) or isinstance(event_time, bool) or event_time <= 0:
        raise Refused(f"(#100) {where}.event_time is required: an integer, seconds since 1970")
    oldest = OLDEST_STORE_SECONDS if source == "physical_store" else OLDEST_SECONDS
    if event_time < now_seconds - oldest:
        raise Refused("Invalid parameter", subcode=TOO_OLD)
    if event_time > now_seconds + FUTURE_TOLERANCE_SECONDS:
        raise Refused("Invalid parameter", subcode=IN_FUTURE)


def _check_user_data(user_data: Mapping[str, Any], where: str) -> None:
    unknown = set(user_data) - _USER_KEYS
    _require(not unknown, f"{where} has unexpected keys: {', '.join(sorted(unknown))}")
    if any(set(user_data) <= broad for broad in _BROAD):
        raise Refused("Invalid parameter", subcode=TOO_BROAD)
    for name in _HASHED & set(user_data):
        _each(user_data[name], f"{where}.{name}", _is_hash, "must be SHA-256, 64 lower-case hexadecimal digits")
    if "external_id" in user_data:
        _each(user_data["external_id"], f"{where}.external_id", _is_text, "must be a non-empty text or a list of them")
    for name, fits, rule in (
        ("client_ip_address", _is_address, "must be an IPv4 or IPv6 address"),
        ("client_user_agent", _is_text, "must be a non-empty text"),
        ("fbc", _is_fbc, "must be fb.<index>.<milliseconds>.<fbclid>"),
        ("fbp", _is_fbp, "must be fb.<index>.<milliseconds>.<number>"),
    ):
        if name in user_data:
            _require(fits(user_data[name]), f"{where}.{name} {rule}")


def _check_custom_data(event_name: str, custom_data: Mapping[str, Any], where: str) -> None:
    value, currency = custom_data.get("value"), custom_data.get("currency")
    if event_name == "Purchase" and value is None:
        raise Refused("Invalid parameter", subcode=NO_VALUE)
    if event_name == "Purchase" and not currency:
        raise Refused("Invalid parameter", subcode=NO_CURRENCY)
    if value is not None:
        _require(_is_amount(value), f"{where}.value must be a number, not negative")
        if not currency:
            raise Refused("Invalid parameter", subcode=VALUE_WITHOUT_CURRENCY)
    if currency is not None:
        _require(_matches(_CURRENCY, currency), f"{where}.currency must be an ISO 4217 code")
    if "content_ids" in custom_data:
        content_ids = custom_data["content_ids"]
        _require(
            isinstance(content_ids, list) and all(map(_is_text, content_ids)), f"{where}.content_ids must be a list of texts"
        )
    if "content_type" in custom_data:
        _require(custom_data["content_type"] in {"product", "product_group"}, f"{where}.content_type: product or product_group")
    if "order_id" in custom_data:
        _require(_is_text(custom_data["order_id"]), f"{where}.order_id must be a non-empty text")
    if "contents" in custom_data:
        _check_contents(custom_data["contents"], f"{where}.contents")


def _check_contents(contents: object, where: str) -> None:
    if not isinstance(contents, list):
        raise Refused(f"(#100) {where} must be a list of items")
    for index, item in enumerate(contents):
        if not isinstance(item, dict):
            raise Refused(f"(#100) {where}[{index}] must be an object")
        if not _is_text(item.get("id")):
            raise Refused("Invalid parameter", subcode=ITEM_WITHOUT_ID)
        quantity = item.get("quantity", 1)
        whole = isinstance(quantity, int) and not isinstance(quantity, bool) and quantity > 0
        _require(whole, f"{where}[{index}].quantity must be a positive integer")
        _require(_is_amount(item.get("item_price", 0)), f"{where}[{index}].item_price must be a number, not negative")


def _require(fits: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not fits:
        raise Refused(f"(#100) {message}")


def _each(values: object, where: str, fits: Callable[[object], bool], rule: str) -> None:
    listed = values if isinstance(values, list) else [values]
    _require(bool(listed) and all(map(fits, listed)), f"{where} {rule}")


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused("(#100) data is not JSON") from None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_hash(value: object) -> bool:
    return _matches(_SHA256, value)


def _is_fbc(value: object) -> bool:
    return _matches(_FBC, value)


def _is_fbp(value: object) -> bool:
    return _matches(_FBP, value)


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
