"""The wiring of the lab: one process, one port, every counterpart and their control interface."""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from lab.browser import Browsers, HttpFetch
from lab.chats import ChatBook
from lab.clock import Clock
from lab.control import Control, Handler, json_errors
from lab.errors import ControlError
from lab.faults import FaultBoard
from lab.graph import Graph
from lab.pix.book import ChargeBook
from lab.pix.dialect import PixCounterpart, Surroundings
from lab.pix.notices import Notifier
from lab.pix.registry import SPEAKERS, check, dialects
from lab.post import HttpPost
from lab.site import Site
from lab.state import Bot, Config, JsonObject, State
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
        self.clock = Clock()
        self.state = State()
        self.board = FaultBoard()
        self.post = HttpPost()
        self.fetch = HttpFetch()
        self.sleep = asyncio.sleep
        self.chats = ChatBook(self.clock.now_ms)
        self.browsers = Browsers(self.state, self.fetch, now_ms=self.clock.now_ms, new_id=self.new_id)
        self.charges = ChargeBook(now_ms=self.clock.now_ms, new_id=self.new_id)
        base = settings.retry_base_seconds
        self.notifier = Notifier(
            self.state,
            self.post,
            self.sleep,
            retries={speaker.provider: speaker.retries for speaker in SPEAKERS},
            now_ms=self.clock.now_ms,
            retry_base_seconds=base,
        )
        self.webhooks = Webhooks(
            self.post,
            self.sleep,
            now_ms=self.clock.now_ms,
            retry_base_seconds=base,
            in_reply=self._run_in_reply,
        )
        self.graph = Graph(self.state, self.board, now_ms=self.clock.now_ms, new_id=self.new_id)
        self.telegram = Telegram(self.state, self.chats, self.webhooks, now_ms=self.clock.now_ms, new_id=self.new_id)
        self.dialects = dialects(
            Surroundings(
                state=self.state,
                book=self.charges,
                notifier=self.notifier,
                now_ms=self.clock.now_ms,
                new_id=self.new_id,
                lab_url=self.url,
            )
        )
        self.pix_requests: list[JsonObject] = []

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
        """Replace what exists outside Rastro; raise ``ControlError`` for an account that no provider can have."""
        check(config)
        self.state.config = config
        self.webhooks.configure(config)

    def reset(self) -> None:
        """Forget everything that happened; the configuration stays."""
        self.board.clear()
        self.clock.ahead_ms = 0
        self.chats.reset()
        self.browsers.reset()
        self.charges.reset()
        self.notifier.reset()
        self.webhooks.reset(self.state.config)
        self.graph.reset()
        self.telegram.reset()
        self.pix_requests.clear()

    async def expire_charges(self) -> None:
        """Let charges expire as their time comes, for ever."""
        while True:
            for charge in self.charges.due():
                self.charges.expire(charge)
                for outgoing in self.dialects[charge.account.provider].expired(charge):
                    self.notifier.start(charge, outgoing)
            await self.sleep(EXPIRY_CHECK_SECONDS)

    def _run_in_reply(self, bot: Bot, document: Mapping[str, object]) -> None:
        # Telegram and its webhooks need each other: this is where the circle closes.
        self.telegram.run_in_reply(bot, document)

    async def close(self) -> None:
        """Stop what runs behind the requests."""
        await self.webhooks.close()
        await self.notifier.close()
        await self.post.close()
        await self.fetch.close()


def make_app(lab: Lab) -> web.Application:
    """Return the lab as an aiohttp application."""
    app = web.Application(middlewares=[json_errors], client_max_size=BODY_MAX_BYTES)

    async def qr_picture(request: web.Request) -> web.Response:
        charge = lab.charges.find(request.match_info["charge_id"])
        if charge is None:
            raise web.HTTPNotFound
        return web.Response(body=_qr_png(charge.brcode), content_type="image/png")

    app.router.add_routes([web.get("/openpix/charge/brcode/image/{charge_id}.png", qr_picture)])
    app.router.add_routes([*Site(lab).routes(), *Control(lab).routes()])
    counterparts: dict[str, Counterpart] = {"graph": lab.graph, "telegram": lab.telegram}
    for provider, dialect in lab.dialects.items():
        counterparts[provider] = PixCounterpart(provider, dialect, now_ms=lab.clock.now_ms, requests=lab.pix_requests)
    for prefix, counterpart in counterparts.items():
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


def _qr_png(code: str) -> bytes:
    try:
        import segno  # noqa: PLC0415 - the layer's dependency: the lab runs without it, and without this picture
    except ImportError as exc:
        raise ControlError("segno is not installed: no QR picture", 501) from exc
    picture = io.BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="png", scale=QR_SCALE)
    return picture.getvalue()
