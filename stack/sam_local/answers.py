"""What the counterpart in the container knows: the secrets of a demo bot, and its funnel.

So a function can tell a wrong secret from a right one and a known funnel from an unknown one, while nothing else is in reach.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Pixel, PixelId, Product, Slug
from rastro.stores.items import funnel_item
from rastro.stores.wire import encode_item

BOT_ID = BotId("7000000001")
PIXEL_ID = PixelId("1000000000000001")
FUNNEL = Funnel(
    slug=Slug("demo"),
    name="Curso de demonstração",
    mode=FunnelMode.DIRECT,
    bots=(FunnelBot(bot_id=BOT_ID, username="rastro_demo_bot"),),
    products=(Product(sku="curso", name="Curso", price_cents=4990, delivery_url="https://example.com/curso"),),
    pixels=(Pixel(pixel_id=PIXEL_ID),),
    provider="openpix",
)
_SIGNING_KEY = base64.urlsafe_b64encode(b"a key for sam local invoke alone").decode()


def demo_answers(environment: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return answers.json for the names that env.local.json gives; the secrets in it open nothing."""
    redirect = environment["RedirectFunction"]
    secrets = {
        "signing-keys": json.dumps({"current": _SIGNING_KEY, "previous": None}),
        f"bots/{BOT_ID}/token": f"{BOT_ID}:local",
        f"bots/{BOT_ID}/webhook-secret": "the-secret-of-the-webhook",
        f"providers/openpix/{BOT_ID}": json.dumps({"app_id": "local", "webhook_secret": "the-key-of-the-notices"}),
        f"pixels/{PIXEL_ID}/token": "local",
    }
    return {
        "parameters": {f"{redirect['SECRETS_PREFIX']}/{name}": value for name, value in secrets.items()},
        "items": {redirect["FUNNEL_TABLE"]: {FUNNEL.slug: encode_item(funnel_item(FUNNEL))}},
    }
