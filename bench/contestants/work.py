"""What every contestant writes: the click that the redirect records for the benchmark's event, under a token of its own."""

from __future__ import annotations

import secrets
import time
from typing import Any

TTL_SECONDS = 604_800
_FBCLID = "IwZXh0bgNhZW0BMABhZGlkAasRCkQ9XzUBHmFtcGxlQWRDbGlja09mVGhlRGVtb0Z1bm5lbA_aem_c2FtLWxvY2FsLWV4YW1wbGU"
_CLICK = {
    "slug": "demo",
    "pageview_event_id": "pageview_6f1d2c3b4a59687786a5b4c3",
    "utm_source": "facebook",
    "utm_medium": "cpc",
    "utm_campaign": "lançamento natal",
    "utm_content": "video-1",
    "campaign_code": "NATAL26",
    "bot_id": "7000000001",
    "visitor_id": "dGhpcy1pcy1hLXZpc2l0b3",
    "fbc": "fb.1.1795521600000." + _FBCLID,
    "fbp": "fb.1.1795435200000.1098115397",
    "click_ip": "177.10.20.30",
    "click_user_agent": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22F76 "
        "[FBAN/FBIOS;FBAV/533.0.0.31.105;FBBV/772390211;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;FBCR/;"
        "FBID/phone;FBLC/pt_BR;FBOP/80]"
    ),
    "event_source_url": "https://go.example.com/go/demo",
}
_FBCLID_KEY = "3f0b6c2f7f0d1e9a8b7c6d5e4f30213243546576879809a1b2c3d4e5f6071829#2"
LOCATION = "https://t.me/rastro_demo_bot?start="


def new_click() -> dict[str, Any]:
    """Return a click as a record."""
    token = secrets.token_urlsafe(33)
    return {"tracking_token": token, "clicked_at_ms": time.time_ns() // 1_000_000, "fbclid": _FBCLID + token} | _CLICK


def wire_item(click: dict[str, Any]) -> dict[str, Any]:
    """Return a click in DynamoDB's notation, with the attributes that its table adds."""
    item = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in click.items()}
    return item | {"fbclid_key": {"S": _FBCLID_KEY}, "expires_at": {"N": "1803297600"}}


def fill(pipeline: Any, click: dict[str, Any], text: str) -> None:  # noqa: ANN401 - a pipeline of any Redis client
    """Put the redirect's commands into a pipeline."""
    token = click["tracking_token"]
    pipeline.set(f"tracking:{token}", text, ex=TTL_SECONDS)
    pipeline.zadd("tracking:recent:demo", {token: click["clicked_at_ms"]})
    pipeline.zremrangebyrank("tracking:recent:demo", 0, -51)
    pipeline.expire("tracking:recent:demo", 900)
    pipeline.set(f"tracking:visitor:{click['visitor_id']}", token, ex=TTL_SECONDS)
    pipeline.set(f"tracking:fbclid:{click['fbclid']}", token, ex=TTL_SECONDS, get=True)


def answer(click: dict[str, Any]) -> dict[str, Any]:
    """Return the redirect to Telegram."""
    headers = {"location": LOCATION + click["tracking_token"], "cache-control": "no-store"}
    return {"statusCode": 302, "headers": headers, "body": ""}
