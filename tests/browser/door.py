"""The redirect served over HTTP: its real handler on a deployment in memory, behind what API Gateway would make of a request."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from functions.redirect import app
from functions.redirect.settings import Settings
from rastro.gateway import HttpRequest
from rastro.model import Click, FunnelMode
from tests.fakes.world import AD_QUERY, FUNNEL, SLUG, World

SETTINGS = Settings.from_environment(
    {
        "SECRETS_PREFIX": "/rastro/test",
        "CLICK_TABLE": "click",
        "BOT_USER_TABLE": "bot_user",
        "FUNNEL_TABLE": "funnel",
        "CAPI_QUEUE_URL": "http://queue",
    }
)
PAGE = replace(FUNNEL, mode=FunnelMode.PAGE)
PATIENCE_SECONDS = 10


@dataclass
class Asked:
    """One request that the door was asked."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass
class Door:
    """Where the redirect listens, what it was asked, and the deployment behind it."""

    world: World
    origin: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the link of an ad."""
        return f"{self.origin}/go/{SLUG}?{AD_QUERY}"

    @property
    def click(self) -> Click:
        """Return the click of the one visit."""
        (click,) = self.world.clicks.clicks.values()
        return click

    def asked_for(self, ending: str) -> list[Asked]:
        """Return the requests for a path below the redirect."""
        return [one for one in self.asked if one.path.endswith(ending)]

    def wait_for(self, ending: str) -> list[Asked]:
        """Return the requests for a path once there is one: a beacon is on its way when the page has long gone on."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.asked_for(ending)):
            assert time.monotonic() < give_up_at, f"nobody asked for {ending}"
            time.sleep(0.02)
        return found


@contextmanager
def open_door(world: World) -> Iterator[Door]:
    """Serve the redirect of a deployment on a free port of this machine."""
    wired = app.Dependencies(settings=SETTINGS, redirect=world.redirect)
    door = Door(world=world, origin="")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            event = _event(self.command, self.path, dict(self.headers.items()), body)
            parts = urlsplit(self.path)
            door.asked.append(Asked(self.command, parts.path, parts.query, dict(self.headers.items()), body.decode()))
            if not event["pathParameters"]["slug"]:
                self.send_error(404)
                return
            answer = app.handle(wired, HttpRequest(event))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            for cookie in answer.cookies:
                self.send_header("set-cookie", cookie)
            self.send_header("content-length", str(len(answer.body.encode())))
            self.end_headers()
            self.wfile.write(answer.body.encode())

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # A name that Chromium trusts without TLS, so that it takes the cookies, which are Secure.
    door.origin = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _event(method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Return the payload 2.0 that API Gateway makes of a request."""
    parts = urlsplit(target)
    pieces = parts.path.strip("/").split("/")
    lower = {name.lower(): value for name, value in headers.items()}
    cookie = lower.pop("cookie", "")
    return {
        "version": "2.0",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "queryStringParameters": {name: values[0] for name, values in parse_qs(parts.query).items()},
        "headers": lower,
        "cookies": [piece.strip() for piece in cookie.split(";") if piece.strip()],
        "pathParameters": {"slug": pieces[1] if pieces[0] == "go" and len(pieces) > 1 else ""},
        "requestContext": {"domainName": lower.get("host", ""), "http": {"method": method, "sourceIp": "177.10.20.30"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
