"""The wiring of the lab: one process, one port, three counterparts and their control interface."""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from lab.charges import ChargeBook
from lab.chats import ChatBook
from lab.control import Control, Handler, json_errors
from lab.errors import ControlError
from lab.faults import FaultBoard
from lab.graph import Graph
from lab.notices import Notifier, expired
from lab.openpix import OpenPix
from lab.page import render
from lab.post import HttpPost
from lab.state import Bot, Config, State
from lab.telegram import Telegram
from lab.webhooks import RETRY_BASE_SECONDS, Webhooks
from lab.wire import Counterpart, serve

HOST = "127.0.0.1"
BODY_MAX_BYTES = 32 * 1024 * 1024
EXPIRY_CHECK_SECONDS = 0.25
QR_SCALE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the lab is started."""

    port: int
    retry_base_seconds: float = RETRY_BASE_SECONDS


class Lab:
    """Everything that the lab is made of."""

    def __init__(self, settings: Settings) -> None:
        """Wire the counterparts to the real clock, real ids and real HTTP."""
        self.settings = settings
        self.state = State()
        self.board = FaultBoard()
        self.post = HttpPost()
        self.sleep = asyncio.sleep
        self.chats = ChatBook(_now_ms)
        self.charges = ChargeBook(now_ms=_now_ms, new_id=self.new_id)
        base = settings.retry_base_seconds
        self.notifier = Notifier(self.state, self.post, self.sleep, now_ms=_now_ms, retry_base_seconds=base)
        self.webhooks = Webhooks(
            self.post,
            self.sleep,
            now_ms=_now_ms,
            retry_base_seconds=base,
            in_reply=self._run_in_reply,
        )
        self.graph = Graph(self.state, self.board, now_ms=_now_ms, new_id=self.new_id)
        self.telegram = Telegram(self.state, self.chats, self.webhooks, now_ms=_now_ms, new_id=self.new_id)
        self.openpix = OpenPix(self.state, self.charges, self.notifier, now_ms=_now_ms, lab_url=self.url)

    def url(self) -> str:
        """Return the address of the lab."""
        return f"http://{HOST}:{self.settings.port}"

    def new_id(self) -> str:
        """Return an id nobody had before, 32 hexadecimal digits."""
        return uuid.uuid4().hex

    def new_number(self) -> str:
        """Return an id of decimal digits, as those of callback queries."""
        return str(secrets.randbits(62))

    def configure(self, config: Config) -> None:
        """Replace what exists outside Rastro."""
        self.state.config = config
        self.webhooks.configure(config)

    def reset(self) -> None:
        """Forget everything that happened; the configuration stays."""
        self.board.clear()
        self.chats.reset()
        self.charges.reset()
        self.notifier.reset()
        self.webhooks.reset(self.state.config)
        self.graph.reset()
        self.telegram.reset()
        self.openpix.reset()

    async def expire_charges(self) -> None:
        """Let charges expire as their time comes, for ever."""
        while True:
            for charge in self.charges.due():
                self.charges.expire(charge)
                self.notifier.start(charge, expired(charge, self.url()))
            await self.sleep(EXPIRY_CHECK_SECONDS)

    def _run_in_reply(self, bot: Bot, document: Mapping[str, object]) -> None:
        # Telegram and its webhooks need each other: this is where the circle closes.
        self.telegram.run_in_reply(bot, document)

    async def close(self) -> None:
        """Stop what runs behind the requests."""
        await self.webhooks.close()
        await self.notifier.close()
        await self.post.close()


def make_app(lab: Lab) -> web.Application:
    """Return the lab as an aiohttp application."""
    app = web.Application(middlewares=[json_errors], client_max_size=BODY_MAX_BYTES)

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=render(lab), content_type="text/html")

    async def qr_picture(request: web.Request) -> web.Response:
        charge = lab.charges.find(request.match_info["charge_id"])
        if charge is None:
            raise web.HTTPNotFound
        return web.Response(body=_qr_png(charge.brcode), content_type="image/png")

    app.router.add_routes([web.get("/", page), web.get("/openpix/charge/brcode/image/{charge_id}.png", qr_picture)])
    app.router.add_routes(Control(lab).routes())
    for prefix, counterpart in (("graph", lab.graph), ("telegram", lab.telegram), ("openpix", lab.openpix)):
        app.router.add_route("*", f"/{prefix}/{{path:.*}}", _counterpart_handler(lab, counterpart))
    app.cleanup_ctx.append(lambda _app: _background(lab))
    return app


def _counterpart_handler(lab: Lab, counterpart: Counterpart) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve(request, counterpart, lab.board, lab.sleep)

    return handle


async def _background(lab: Lab) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(lab.expire_charges())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await lab.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _qr_png(code: str) -> bytes:
    try:
        import segno  # noqa: PLC0415 - the layer's dependency: the lab runs without it, and without this picture
    except ImportError as exc:
        raise ControlError("segno is not installed: no QR picture", 501) from exc
    picture = io.BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="png", scale=QR_SCALE)
    return picture.getvalue()
