"""How Telegram delivers updates: per-chat queues, a secret header, retries until any 2xx.

As tdlib/telegram-bot-api does it (WebhookActor.cpp): messages queue by chat, callback queries by person, membership changes by
chat in a queue of their own; the head of a queue holds up the rest, and queues run side by side. A first failure is retried at
once, then after 2, 4, 8 … up to 60 s; a ``Retry-After`` is heeded. A callback query is dropped after 150 s, all else after a day.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.post import Post, Reply
from lab.state import Bot, Config, JsonObject
from lab.wire import Sleep

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
RETRY_BASE_SECONDS = 2.0
RETRY_CAP_FACTOR = 30  # of the base: 60 s
RETRY_AFTER_MAX_SECONDS = 3_600
MAX_CONNECTIONS = 40

_CALLBACK_LIFETIME_MS = 150_000
_LIFETIME_MS = 86_400_000
_MESSAGE_TYPES = ("message", "edited_message", "channel_post", "edited_channel_post")

QueueKey = tuple[str, str, int]
InReply = Callable[[Bot, Mapping[str, Any]], None]


@dataclass(slots=True)
class Hook:
    """A bot's webhook; without a url its updates wait."""

    url: str
    secret: str = field(repr=False)
    allowed_updates: tuple[str, ...] = ()  # as they were asked for; every kind is delivered all the same
    max_connections: int = MAX_CONNECTIONS
    last_error_at_ms: int | None = None
    last_error: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One update on its way."""

    bot: Bot
    update: JsonObject
    body: bytes = field(repr=False)  # as it was when it happened, however its message is edited later
    at_ms: int
    remaining: int = 1
    attempts: int = 0
    status: int | None = None
    state: str = "pending"
    # Set at the first failure and at the end: what a control call waits for.
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kind(self) -> str:
        """Return the type of the update."""
        return next((name for name in self.update if name != "update_id"), "")

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "update_id": self.update["update_id"],
            "bot_id": self.bot.bot_id,
            "kind": self.kind,
            "delivered": self.state == "delivered",
            "state": self.state,
            "attempts": self.attempts,
            "status": self.status,
            "at_ms": self.at_ms,
        }


class Webhooks:
    """The delivery of every bot's updates."""

    def __init__(
        self, post: Post, sleep: Sleep, *, now_ms: Callable[[], int], retry_base_seconds: float, in_reply: InReply
    ) -> None:
        """Take the ways out; ``in_reply`` runs a method that came in a webhook's answer."""
        self._post = post
        self._sleep = sleep
        self._now_ms = now_ms
        self._base_seconds = retry_base_seconds
        self._in_reply = in_reply
        self._hooks: dict[str, Hook] = {}
        self._queues: dict[QueueKey, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self.deliveries: list[Delivery] = []

    def configure(self, config: Config) -> None:
        """Point each bot at Rastro, as ``setWebhook`` would have done."""
        for hook in self._hooks.values():
            hook.changed.set()
        self._hooks |= {
            bot.bot_id: Hook(url=f"{config.api}/telegram/{bot.bot_id}", secret=bot.webhook_secret) for bot in config.bots
        }

    def reset(self, config: Config) -> None:
        """Forget every update, also those on their way, and every change of a webhook."""
        for task in self._tasks:
            task.cancel()
        for delivery in self.deliveries:
            delivery.told.set()
        self._queues.clear()
        self.deliveries.clear()
        self.configure(config)

    async def close(self) -> None:
        """Stop delivering."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hook(self, bot: Bot) -> Hook:
        """Return a bot's webhook."""
        return self._hooks[bot.bot_id]

    def set_hook(self, bot: Bot, url: str, secret: str) -> None:
        """Deliver a bot's updates, also the waiting ones, to another address; to none without a url."""
        hook = self.hook(bot)
        hook.url, hook.secret = url, secret
        hook.last_error_at_ms, hook.last_error = None, ""
        hook.changed.set()
        hook.changed = asyncio.Event()

    def pending(self, bot: Bot) -> list[Delivery]:
        """Return a bot's updates that are still on their way."""
        return [delivery for delivery in self.deliveries if delivery.bot == bot and delivery.state == "pending"]

    def drop_pending(self, bot: Bot) -> None:
        """Give up a bot's waiting updates."""
        for delivery in self.pending(bot):
            delivery.state = "dropped"
            delivery.told.set()

    def send(self, bot: Bot, update: JsonObject, *, repeat: int = 1) -> Delivery:
        """Queue an update; with ``repeat`` it is delivered so many times under the same update_id."""
        body = json.dumps(update, ensure_ascii=False).encode()
        delivery = Delivery(bot=bot, update=update, body=body, at_ms=self._now_ms(), remaining=repeat)
        self.deliveries.append(delivery)
        key = queue_key(bot, update)
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(delivery)
            return delivery
        self._queues[key] = deque([delivery])
        task = asyncio.get_running_loop().create_task(self._drain(key, self._queues[key]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def _drain(self, key: QueueKey, queue: deque[Delivery]) -> None:
        while queue:
            await self._deliver(queue[0])
            queue.popleft()
        if self._queues.get(key) is queue:
            del self._queues[key]

    async def _deliver(self, delivery: Delivery) -> None:
        failures = 0
        while delivery.state == "pending":
            hook = self.hook(delivery.bot)
            if not hook.url:
                delivery.told.set()
                await hook.changed.wait()
            elif self._now_ms() - delivery.at_ms > _lifetime_ms(delivery):
                delivery.state = "dropped"
            else:
                reply = await self._attempt(delivery, hook)
                if not reply.is_ok:
                    delivery.told.set()
                    await self._sleep(retry_seconds(failures, self._base_seconds, reply.retry_after))
                failures = 0 if reply.is_ok else failures + 1
        delivery.told.set()

    async def _attempt(self, delivery: Delivery, hook: Hook) -> Reply:
        async with self._connections:
            reply = await self._post(hook.url, delivery.body, {SECRET_HEADER: hook.secret})
        delivery.attempts += 1
        delivery.status = reply.status
        if reply.is_ok:
            self._run_method(delivery.bot, reply.body)
            delivery.remaining -= 1
            if delivery.remaining == 0 and delivery.state == "pending":
                delivery.state = "delivered"
        else:
            hook.last_error_at_ms = self._now_ms()
            hook.last_error = f"Wrong response from the webhook: {reply.status or 'no answer'}"
        return reply

    def _run_method(self, bot: Bot, body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError:
            return
        if isinstance(document, dict) and isinstance(document.get("method"), str):
            self._in_reply(bot, document)


def queue_key(bot: Bot, update: Mapping[str, Any]) -> QueueKey:
    """Return the queue that an update waits in."""
    if isinstance(query := update.get("callback_query"), dict):
        return bot.bot_id, "callback_query", _id(query.get("from"))
    for name in _MESSAGE_TYPES:
        if isinstance(message := update.get(name), dict):
            return bot.bot_id, "message", _id(message.get("chat"))
    for name in ("my_chat_member", "chat_member", "chat_join_request"):
        if isinstance(change := update.get(name), dict):
            return bot.bot_id, name, _id(change.get("chat"))
    return bot.bot_id, "other", 0


def retry_seconds(failures_before: int, base_seconds: float, retry_after: str = "") -> float:
    """Return the wait after a failure: none after the first, then doubling from the base to thirty times it.

    A base other than Telegram's 2 s scales everything, a ``Retry-After`` too.
    """
    if retry_after.isdecimal():
        return min(int(retry_after), RETRY_AFTER_MAX_SECONDS) * base_seconds / RETRY_BASE_SECONDS
    if failures_before == 0:
        return 0.0
    return min(base_seconds * 2.0 ** (failures_before - 1), base_seconds * RETRY_CAP_FACTOR)


def _lifetime_ms(delivery: Delivery) -> int:
    return _CALLBACK_LIFETIME_MS if "callback_query" in delivery.update else _LIFETIME_MS


def _id(document: object) -> int:
    value = document.get("id") if isinstance(document, dict) else None
    return value if isinstance(value, int) else 0
