"""A plain redirect as the system before Rastro ran one: Flask and redis-py, served by gunicorn.

It records what that system records: the click's data under its token and the token under the click's fbclid, in Redis alone. It
asks no table for its funnel, signs nothing, sets no cookie, tells people from nobody and counts nothing.
"""

from __future__ import annotations

import json
import os
import time
import uuid

import redis
from flask import Flask, Response, redirect, request

TTL_SECONDS = 604_800
PARAMETERS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_id", "campaign_code")
BOTS = {"demo": "rastro_demo_bot"}

app = Flask(__name__)
cache = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.get("/go/<slug>")
def public_redirect(slug: str) -> Response:
    """Record a click and lead on."""
    token = uuid.uuid4().hex
    fbclid = request.args.get("fbclid")
    data = {name: request.args.get(name) for name in PARAMETERS} | {
        "tracking_token": token,
        "slug": slug,
        "fbclid": fbclid,
        "fbp": request.cookies.get("_fbp"),
        "fbc": request.cookies.get("_fbc"),
        "client_ip": request.headers.get("X-Forwarded-For", request.remote_addr),
        "client_user_agent": request.headers.get("User-Agent"),
        "pageview_event_id": f"pageview_{uuid.uuid4().hex}",
        "pageview_ts": int(time.time()),
        "event_source_url": request.url,
    }
    cache.setex(f"tracking:{token}", TTL_SECONDS, json.dumps(data))
    if fbclid:
        cache.setex(f"tracking:fbclid:{fbclid}", TTL_SECONDS, token)
    return redirect(f"https://t.me/{BOTS[slug]}?start={token}")  # type: ignore[return-value] # werkzeug's response
