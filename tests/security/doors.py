"""The redirect's routes in memory, asked as API Gateway asks them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from functions.redirect import app
from functions.redirect.app import Dependencies
from functions.redirect.settings import Settings
from rastro.gateway import HttpRequest, HttpResponse
from tests.fakes.world import IPHONE, SLUG, World

ENVIRONMENT = {
    "SECRETS_PREFIX": "/rastro/test",
    "CLICK_TABLE": "click",
    "BOT_USER_TABLE": "bot_user",
    "FUNNEL_TABLE": "funnel",
    "CAPI_QUEUE_URL": "http://queue",
}
SETTINGS = Settings.from_environment(ENVIRONMENT)
"""Those of a deployment without a domain of its own: the host is taken from each request."""


def ask(
    world: World,
    path: str = f"/go/{SLUG}",
    *,
    method: str = "GET",
    slug: str = SLUG,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    cookies: Sequence[str] = (),
    host: str = "go.example.com",
    body: bytes = b"",
    settings: Settings = SETTINGS,
) -> HttpResponse:
    """Make one request."""
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": list(cookies),
        "headers": {"user-agent": IPHONE, "host": host} | dict(headers or {}),
        "pathParameters": {"slug": slug},
        "requestContext": {"domainName": host, "http": {"method": method, "path": path, "sourceIp": "177.10.20.30"}},
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }
    return app.handle(Dependencies(settings=settings, redirect=world.redirect), HttpRequest(event))
