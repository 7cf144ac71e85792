"""The control interface under ``/_``: what happens outside Rastro, and what the counterparts have seen. All JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lab.chats import Chat
from lab.errors import ControlError
from lab.pix.book import Charge
from lab.pix.dialect import Dialect, Outgoing
from lab.state import Bot, JsonObject, parse_config
from lab.webhooks import Delivery

if TYPE_CHECKING:
    from lab.server import Lab

# An update behind a queue's failing head may wait for long: its control call does not.
PATIENCE_SECONDS = 30
REPEAT_MAX = 1_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How a change of a charge is told to Rastro."""

    repeat: int
    delay_seconds: float
    notify: bool


@web.middleware
async def json_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refused control call with ``{"error": …}``."""
    try:
        return await handler(request)
    except ControlError as exc:
        return web.json_response({"error": str(exc)}, status=exc.status)
    except web.HTTPException as exc:
        if not request.path.startswith("/_"):
            raise
        return web.json_response({"error": f"{request.method} {request.path}: {exc.reason}"}, status=exc.status)


class Control:
    """The handlers of the control calls."""

    def __init__(self, lab: Lab) -> None:
        """Take the lab that they control."""
        self._lab = lab

    def routes(self) -> list[web.RouteDef]:
        """Return every control call."""
        return [
            web.get("/_/health", self._health),
            web.put("/_/config", self._configure),
            web.post("/_/reset", self._reset),
            web.get("/_/graph/events", self._graph_events),
            web.get("/_/graph/requests", self._graph_requests),
            web.get("/_/telegram/calls", self._telegram_calls),
            web.get("/_/telegram/updates", self._telegram_updates),
            web.get("/_/telegram/chats", self._chats),
            web.get("/_/telegram/chats/{chat_id}", self._chat_messages),
            web.get("/_/telegram/files/{file_id}", self._file),
            web.post("/_/telegram/start", self._start),
            web.post("/_/telegram/press", self._press),
            web.post("/_/telegram/update", self._update),
            web.post("/_/telegram/block", self._block),
            web.post("/_/telegram/unblock", self._unblock),
            web.get("/_/pix/charges", self._charges),
            web.get("/_/pix/notices", self._notices),
            web.get("/_/pix/requests", self._pix_requests),
            web.post("/_/pix/charges/{charge_id}/pay", self._pay),
            web.post("/_/pix/charges/{charge_id}/expire", self._expire),
            web.post("/_/pix/charges/{charge_id}/refund", self._refund),
            web.post("/_/pix/charges/{charge_id}/dispute", self._dispute),
            web.post("/_/pix/charges/{charge_id}/notify", self._notify_again),
            web.put("/_/clock", self._set_clock),
            web.get("/_/faults", self._faults),
            web.put("/_/faults/{service}", self._put_fault),
            web.delete("/_/faults/{service}", self._end_fault),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _configure(self, request: web.Request) -> web.Response:
        self._lab.configure(parse_config(await _body(request)))
        return web.json_response({"ok": True})

    async def _reset(self, _request: web.Request) -> web.Response:
        self._lab.reset()
        return web.json_response({"ok": True})

    async def _graph_events(self, _request: web.Request) -> web.Response:
        return web.json_response(self._lab.graph.events)

    async def _graph_requests(self, _request: web.Request) -> web.Response:
        return web.json_response(self._lab.graph.requests)

    async def _telegram_calls(self, _request: web.Request) -> web.Response:
        return web.json_response(self._lab.telegram.calls)

    async def _telegram_updates(self, _request: web.Request) -> web.Response:
        return web.json_response([delivery.shown() for delivery in self._lab.webhooks.deliveries])

    async def _chats(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "bot_id": chat.bot.bot_id,
                    "chat_id": chat.chat_id,
                    "first_name": chat.first_name,
                    "language": chat.language,
                    "blocked": chat.is_blocked,
                    "messages": len(chat.messages),
                }
                for chat in self._lab.chats.chats()
            ]
        )

    async def _chat_messages(self, request: web.Request) -> web.Response:
        bot = self._bot(request.query)
        chat_id = _chat_id({"chat_id": request.match_info["chat_id"]})
        chat = self._lab.chats.find(bot, chat_id)
        if chat is None:
            raise ControlError(f"chat {chat_id} has never opened bot {bot.bot_id}", 404)
        return web.json_response(chat.messages)

    async def _file(self, request: web.Request) -> web.Response:
        upload = self._lab.telegram.files.get(request.match_info["file_id"])
        if upload is None:
            raise ControlError("there is no such file", 404)
        return web.Response(body=upload.content, content_type=upload.content_type)

    async def _start(self, request: web.Request) -> web.Response:
        body = await _body(request)
        bot, chat = self._person(body)
        payload = body.get("payload")
        if payload is not None and not isinstance(payload, str):
            raise ControlError("payload must be a text")
        if chat.is_blocked:  # who opens a blocked bot again lets it in first
            self._lab.webhooks.send(bot, self._lab.chats.member_update(chat, is_blocked=False))
        update = self._lab.chats.text_update(chat, f"/start {payload}" if payload else "/start")
        return await self._deliver(request, bot, update)

    async def _press(self, request: web.Request) -> web.Response:
        body = await _body(request)
        data = body.get("data")
        if not isinstance(data, str) or not data:
            raise ControlError("data must be the callback_data of the button that is pressed")
        bot, chat = self._person(body)
        return await self._deliver(request, bot, self._lab.chats.press_update(chat, data, self._lab.new_number()))

    async def _update(self, request: web.Request) -> web.Response:
        body = await _body(request)
        update = body["update"] if "update" in body else {name: value for name, value in body.items() if name != "bot_id"}
        if not isinstance(update, dict) or not set(update) - {"update_id"}:
            raise ControlError('update must be a Bot API update, such as {"message": {…}}')
        bot = self._bot(body)
        return await self._deliver(request, bot, self._lab.chats.adopt(bot, update))

    async def _block(self, request: web.Request) -> web.Response:
        bot, chat = self._person(await _body(request))
        return await self._deliver(request, bot, self._lab.chats.member_update(chat, is_blocked=True))

    async def _unblock(self, request: web.Request) -> web.Response:
        bot, chat = self._person(await _body(request))
        return await self._deliver(request, bot, self._lab.chats.member_update(chat, is_blocked=False))

    async def _deliver(self, request: web.Request, bot: Bot, update: JsonObject) -> web.Response:
        delivery = self._lab.webhooks.send(bot, update, repeat=_repeat(request.query.get("repeat")))
        if request.query.get("wait", "true").lower() != "false":
            await _told(delivery)
        return web.json_response(delivery.shown())

    async def _charges(self, _request: web.Request) -> web.Response:
        return web.json_response([charge.shown() for charge in self._lab.charges.all()])

    async def _notices(self, _request: web.Request) -> web.Response:
        return web.json_response([notice.shown() for notice in self._lab.notifier.notices])

    async def _pix_requests(self, _request: web.Request) -> web.Response:
        return web.json_response(self._lab.pix_requests)

    async def _pay(self, request: web.Request) -> web.Response:
        charge, body = self._charge(request), await _body(request)
        plan, amount, payer = _plan(request, body), _amount(body), body.get("payer_name")
        if payer is not None and not isinstance(payer, str):
            raise ControlError("payer_name must be a text")
        if charge.status == "refunded":
            raise ControlError("the charge has been refunded", 409)
        self._lab.charges.pay(charge, amount_cents=amount, payer_name=payer)
        return await self._notify(charge, plan, self._dialect(charge).paid(charge))

    async def _expire(self, request: web.Request) -> web.Response:
        charge, plan = self._charge(request), _plan(request, await _body(request))
        if charge.status not in {"pending", "expired"}:
            raise ControlError(f"the charge is {charge.status}: it cannot expire", 409)
        self._lab.charges.expire(charge)
        return await self._notify(charge, plan, self._dialect(charge).expired(charge))

    async def _refund(self, request: web.Request) -> web.Response:
        charge, body = self._charge(request), await _body(request)
        plan = _plan(request, body)
        if charge.status != "paid":
            raise ControlError(f"the charge is {charge.status}: only a paid one can be refunded", 409)
        left = (charge.paid_amount_cents or 0) - charge.refunded_cents
        amount = _amount(body) or left
        if amount > left:
            raise ControlError(f"only {left} cents are left to refund")
        refund = self._lab.charges.refund(charge, refund_id=self._lab.new_id(), amount_cents=amount)
        return await self._notify(charge, plan, self._dialect(charge).refunded(charge, refund))

    async def _dispute(self, request: web.Request) -> web.Response:
        charge, plan = self._charge(request), _plan(request, await _body(request))
        if charge.status != "paid":
            raise ControlError(f"the charge is {charge.status}: only a paid one can be disputed", 409)
        self._lab.charges.dispute(charge)
        return await self._notify(charge, plan, self._dialect(charge).disputed(charge))

    async def _notify_again(self, request: web.Request) -> web.Response:
        """Send a notice as it would be at some time, whatever the charge is by now: late, doubled, out of order."""
        charge, body = self._charge(request), await _body(request)
        plan, dialect = _plan(request, body), self._dialect(charge)
        worded = {"paid": dialect.paid, "expired": dialect.expired, "disputed": dialect.disputed}.get(str(body.get("notice")))
        if worded is None:
            raise ControlError("notice must be paid, expired or disputed")
        return await self._notify(charge, plan, worded(charge))

    def _dialect(self, charge: Charge) -> Dialect:
        return self._lab.dialects[charge.account.provider]

    async def _notify(self, charge: Charge, plan: _Plan, outgoing: Sequence[Outgoing]) -> web.Response:
        notices = []
        if plan.notify:
            await self._lab.sleep(plan.delay_seconds)
            for one in outgoing:
                notices += await self._lab.notifier.send(charge, one, repeat=plan.repeat)
        return web.json_response({"status": charge.status, "notices": [notice.shown() for notice in notices]})

    async def _set_clock(self, request: web.Request) -> web.Response:
        """Put the clock so many seconds ahead of the real one."""
        ahead = (await _body(request)).get("ahead_seconds")
        if not isinstance(ahead, int) or isinstance(ahead, bool) or ahead < 0:
            raise ControlError("ahead_seconds must be a non-negative integer")
        self._lab.clock.ahead_ms = ahead * 1000
        return web.json_response({"now_ms": self._lab.clock.now_ms()})

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response(self._lab.board.show())

    async def _put_fault(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        self._lab.board.put(service, await _body(request))
        return web.json_response({service: self._lab.board.show()[service]})

    async def _end_fault(self, request: web.Request) -> web.Response:
        self._lab.board.end(request.match_info["service"])
        return web.json_response({"ok": True})

    def _charge(self, request: web.Request) -> Charge:
        name = request.match_info["charge_id"]
        charge = self._lab.charges.find(name)
        if charge is None:
            raise ControlError(f"there is no charge {name}", 404)
        return charge

    def _bot(self, body: Mapping[str, Any]) -> Bot:
        bot_id = body.get("bot_id")
        return self._lab.state.config.bot(None if bot_id is None else str(bot_id))

    def _person(self, body: Mapping[str, Any]) -> tuple[Bot, Chat]:
        chat_id, bot = _chat_id(body), self._bot(body)
        first_name, language = body.get("first_name"), body.get("language")
        for name, value in (("first_name", first_name), ("language", language)):
            if value is not None and not isinstance(value, str):
                raise ControlError(f"{name} must be a text")
        return bot, self._lab.chats.open(bot, chat_id, first_name=first_name, language=language)


async def _body(request: web.Request) -> JsonObject:
    content = await request.read()
    if not content.strip():
        return {}
    try:
        document = json.loads(content)
    except ValueError as exc:
        raise ControlError(f"the body is not JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise ControlError("the body must be a JSON object")
    return document


async def _told(delivery: Delivery) -> None:
    try:
        await asyncio.wait_for(delivery.told.wait(), PATIENCE_SECONDS)
    except TimeoutError:
        return


def _chat_id(body: Mapping[str, Any]) -> int:
    value = body.get("chat_id")
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ControlError("chat_id must be a number")
    return value


def _plan(request: web.Request, body: Mapping[str, Any]) -> _Plan:
    delay_ms, notify = body.get("delay_ms"), body.get("notify")
    if delay_ms is not None and (not isinstance(delay_ms, int) or isinstance(delay_ms, bool) or delay_ms < 0):
        raise ControlError("delay_ms must be a non-negative integer")
    if notify is not None and not isinstance(notify, bool):
        raise ControlError("notify must be true or false")
    repeat = _repeat(body.get("repeat", request.query.get("repeat")))
    return _Plan(repeat=repeat, delay_seconds=(delay_ms or 0) / 1000, notify=notify is not False)


def _repeat(value: object) -> int:
    if value is None:
        return 1
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= REPEAT_MAX:
        raise ControlError(f"repeat must be a number from 1 to {REPEAT_MAX}")
    return number


def _amount(body: Mapping[str, Any]) -> int | None:
    value = body.get("amount_cents")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value <= 0):
        raise ControlError("amount_cents must be a positive integer")
    return value
