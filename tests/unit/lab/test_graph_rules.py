import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.graph_rules import EVENTS_MAX, Refused, check_event, check_request

NOW = 1_795_000_000
HASH = "a" * 64
Change = Callable[[dict[str, Any]], object]


def purchase() -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": NOW - 60,
        "event_id": "purchase_1",
        "action_source": "website",
        "event_source_url": "https://loja.example.com/go/demo",
        "user_data": {
            "client_user_agent": "Mozilla/5.0",
            "client_ip_address": "177.10.20.30",
            "fbc": "fb.1.1794999000000.IwAR0-_x",
            "fbp": "fb.1.1794999000000.1234567890",
            "external_id": [HASH],
            "country": [HASH],
        },
        "custom_data": {
            "value": 49.9,
            "currency": "BRL",
            "content_type": "product",
            "contents": [{"id": "curso", "quantity": 1, "item_price": 49.9}],
            "utm_source": "facebook",
        },
    }


def user_data(**data: Any) -> Change:
    return lambda event: event.update(user_data=data, action_source="chat")


def custom_data(**data: Any) -> Change:
    return lambda event: event.update(custom_data={"value": 1, "currency": "BRL"} | data)


GOOD: dict[str, Change] = {
    "as it is": lambda _event: None,
    "chat needs neither address nor user agent": user_data(external_id=HASH),
    "ip and user agent alone are enough": user_data(client_ip_address="2804:14c::1", client_user_agent="x"),
    "an fbc with an appendix": user_data(fbc="fb.1.1794999000000.IwAR0.AQIAAQMC"),
    "an fbp with an appendix": user_data(fbp="fb.1.1794999000000.123.Ag"),
    "a time just now": lambda event: event.update(event_time=NOW),
    "a time seven days ago": lambda event: event.update(event_time=NOW - 7 * 86_400),
    "a store's time of a month ago": lambda event: event.update(event_time=NOW - 30 * 86_400, action_source="physical_store"),
    "a PageView without custom_data": lambda event: (event.update(event_name="PageView"), event.pop("custom_data")),
    "an own event name": lambda event: event.update(event_name="PixCopiado"),
    "a value of nothing": custom_data(value=0),
    "no event_id": lambda event: event.pop("event_id"),
}

BAD: dict[str, tuple[Change, int | None]] = {
    "no event_name": (lambda event: event.pop("event_name"), None),
    "no event_time": (lambda event: event.pop("event_time"), None),
    "a time with a fraction": (lambda event: event.update(event_time=NOW + 0.5), None),
    "a time as text": (lambda event: event.update(event_time=str(NOW)), None),
    "a time in milliseconds": (lambda event: event.update(event_time=NOW * 1000), 2804004),
    "a time to come": (lambda event: event.update(event_time=NOW + 3600), 2804004),
    "a time too old": (lambda event: event.update(event_time=NOW - 7 * 86_400 - 1), 2804003),
    "no user_data": (lambda event: event.pop("user_data"), None),
    "no action_source": (lambda event: event.pop("action_source"), None),
    "an unknown action_source": (lambda event: event.update(action_source="telegram"), None),
    "a website without its address": (lambda event: event.pop("event_source_url"), None),
    "a website without a user agent": (lambda event: event["user_data"].pop("client_user_agent"), None),
    "an address that is none": (lambda event: event.update(event_source_url="loja.example.com"), None),
    "business_messaging without its channel": (lambda event: event.update(action_source="business_messaging"), 2804063),
    "an empty event_id": (lambda event: event.update(event_id=""), None),
    "an unknown key": (lambda event: event.update(eventid="1"), None),
    "empty user_data": (user_data(), 2804050),
    "a user agent alone": (user_data(client_user_agent="x"), 2804050),
    "a place alone": (user_data(ct=HASH, st=HASH, country=HASH, zp=HASH), 2804050),
    "first name and gender": (user_data(fn=HASH, ge=HASH), 2804050),
    "birth date and user agent": (user_data(db=HASH, client_user_agent="x"), 2804050),
    "an e-mail in clear": (user_data(em="ana@example.com"), None),
    "a hash in upper case": (user_data(ph=["A" * 64]), None),
    "a list with nothing": (user_data(em=[None]), None),
    "an empty list": (user_data(em=[]), None),
    "an empty external_id": (user_data(external_id=""), None),
    "an address of no net": (user_data(client_ip_address="177.10.20"), None),
    "an fbc in seconds": (user_data(fbc="fb.1.1794999000.IwAR0"), None),
    "an empty fbc": (user_data(fbc="", external_id=HASH), None),
    "an fbc without fbclid": (user_data(fbc="fb.1.1794999000000."), None),
    "an fbp that is no number": (user_data(fbp="fb.1.1794999000000.abc"), None),
    "an unknown key of a person": (user_data(email=HASH), None),
    "a Purchase without value": (lambda event: event["custom_data"].pop("value"), 2804009),
    "a Purchase without currency": (lambda event: event["custom_data"].pop("currency"), 2804010),
    "a Purchase without custom_data": (lambda event: event.pop("custom_data"), 2804009),
    "a value without currency": (lambda event: event.update(event_name="ViewContent", custom_data={"value": 1}), 2804023),
    "a value as text": (custom_data(value="49.90"), None),
    "a value below nothing": (custom_data(value=-1), None),
    "a value that is no number": (custom_data(value=float("nan")), None),
    "a currency of two letters": (custom_data(currency="R$"), None),
    "an item without id": (custom_data(contents=[{"quantity": 1}]), 2804008),
    "an item of no quantity": (custom_data(contents=[{"id": "x", "quantity": 0}]), None),
    "contents that are no list": (custom_data(contents={"id": "x"}), None),
    "content_ids that are no texts": (custom_data(content_ids=[1]), None),
    "a content_type of its own": (custom_data(content_type="course"), None),
}


@pytest.mark.parametrize("change", GOOD.values(), ids=GOOD)
def test_a_right_event_passes(change: Change) -> None:
    event = purchase()
    change(event)
    check_event(event, NOW)


@pytest.mark.parametrize(("change", "subcode"), BAD.values(), ids=BAD)
def test_a_wrong_event_is_refused(change: Change, subcode: int | None) -> None:
    event = purchase()
    change(event)
    with pytest.raises(Refused) as refused:
        check_event(event, NOW)
    assert (refused.value.code, refused.value.subcode, refused.value.status) == (100, subcode, 400)


def test_an_error_has_the_shape_of_graph() -> None:
    error = Refused("Invalid parameter", subcode=2804009).body("Abc")["error"]
    assert set(error) == {
        "message",
        "type",
        "code",
        "error_subcode",
        "is_transient",
        "error_user_title",
        "error_user_msg",
        "fbtrace_id",
    }
    assert (error["type"], error["is_transient"], error["fbtrace_id"]) == ("OAuthException", False, "Abc")


def test_a_thousand_events_fit_and_one_more_does_not() -> None:
    assert len(check_request({"data": [purchase()] * EVENTS_MAX}, NOW)) == EVENTS_MAX
    with pytest.raises(Refused, match="1001 events"):
        check_request({"data": [purchase()] * (EVENTS_MAX + 1)}, NOW)


def test_one_wrong_event_refuses_all() -> None:
    with pytest.raises(Refused) as refused:
        check_request({"data": [purchase(), purchase() | {"event_time": 1}]}, NOW)
    assert refused.value.subcode == 2804003


def test_the_form_of_the_official_sdk_is_read() -> None:
    """It posts ``data`` as a JSON list of JSON texts."""
    form = {"data": json.dumps([json.dumps(purchase())]), "access_token": "t", "test_event_code": "TEST1"}
    assert check_request(form, NOW) == [purchase()]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"data": []},
        {"data": {}},
        {"data": "no JSON"},
        {"data": [1]},
        {"data": [purchase()], "pixel_id": "1"},
        {"data": [purchase()], "test_event_code": ""},
        {"data": [purchase()], "partner_agent": "a"},
        {"data": [purchase()], "partner_agent": "x" * 23},
    ],
)
def test_a_wrong_request_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_request(fields, NOW)
