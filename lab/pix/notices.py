"""The delivery of notices: to the callback address of the charge or of its bot, tried again as the provider does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab.pix.book import Charge
from lab.pix.dialect import Outgoing, Retries
from lab.post import Post
from lab.state import JsonObject, State
from lab.wire import Sleep

# The base that providers' retry times are for; another one scales them.
UNSCALED_BASE_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Notice:
    """One notice on its way."""

    event: str
    provider: str
    charge_id: str
    payment_id: str
    at_ms: int
    attempts: int = 0
    http_status: int | None = None
    state: str = "pending"
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "event": self.event,
            "provider": self.provider,
            "charge_id": self.charge_id,
            "payment_id": self.payment_id,
            "http_status": self.http_status,
            "attempts": self.attempts,
            "delivered": self.state == "delivered",
            "state": self.state,
            "at_ms": self.at_ms,
        }


class Notifier:
    """Delivers notices."""

    def __init__(
        self,
        state: State,
        post: Post,
        sleep: Sleep,
        *,
        retries: Mapping[str, Retries],
        now_ms: Callable[[], int],
        retry_base_seconds: float,
    ) -> None:
        """Take the way out, how each provider tries again, and the scale of those times."""
        self._state = state
        self._post = post
        self._sleep = sleep
        self._retries = retries
        self._now_ms = now_ms
        self._scale = retry_base_seconds / UNSCALED_BASE_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()
        self.notices: list[Notice] = []

    def reset(self) -> None:
        """Forget every notice, also those on their way."""
        for task in self._tasks:
            task.cancel()
        self.notices.clear()

    async def close(self) -> None:
        """Stop delivering."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, charge: Charge, outgoing: Outgoing, *, repeat: int = 1) -> list[Notice]:
        """Deliver a notice so many times, one after the other, each as far as its first answer; retries go on behind."""
        sent = []
        for _ in range(repeat):
            notice = self.start(charge, outgoing)
            await notice.told.wait()
            sent.append(notice)
        return sent

    def start(self, charge: Charge, outgoing: Outgoing) -> Notice:
        """Begin to deliver a notice."""
        notice = Notice(
            event=outgoing.event,
            provider=charge.account.provider,
            charge_id=charge.charge_id,
            payment_id=charge.payment_id,
            at_ms=self._now_ms(),
        )
        self.notices.append(notice)
        url = callback_url(self._state.config.api, charge, outgoing)
        task = asyncio.get_running_loop().create_task(self._deliver(notice, url, outgoing))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, notice))
        return notice

    def _finished(self, task: asyncio.Task[None], notice: Notice) -> None:
        self._tasks.discard(task)
        notice.told.set()

    async def _deliver(self, notice: Notice, url: str, outgoing: Outgoing) -> None:
        retries = self._retries[notice.provider]
        for wait_seconds in (*retries.waits_seconds, None):
            reply = await self._post(url, outgoing.body, outgoing.headers)
            notice.attempts += 1
            notice.http_status = reply.status
            if reply.status is not None and retries.accepts(reply.status):
                notice.state = "delivered"
                return
            notice.told.set()
            if reply.status is not None and retries.gives_up_on(reply.status):
                break
            if wait_seconds is not None:
                await self._sleep(wait_seconds * self._scale)
        notice.state = "given_up"


def callback_url(api: str, charge: Charge, outgoing: Outgoing) -> str:
    """Return where a notice goes."""
    address = charge.callback_url or f"{api}/pix/{charge.account.provider}/{charge.account.bot_id}"
    base, _, own_query = address.partition("?")
    query = "&".join(part for part in (own_query, outgoing.query) if part)
    return base + outgoing.path_suffix + (f"?{query}" if query else "")
