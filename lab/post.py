"""How the counterparts call Rastro."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

# Telegram awaits a webhook's answer for 60 s; the PIX provider is given the same.
ANSWER_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What Rastro answered; no status at all where nothing came back."""

    status: int | None
    body: bytes = b""
    retry_after: str = ""

    @property
    def is_ok(self) -> bool:
        """Say whether it is any 2xx."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - 2xx


Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Reply]]


class HttpPost:
    """Posts over real HTTP, each time on a fresh connection so that a kept one that died is not taken for a failure."""

    def __init__(self) -> None:
        """Open nothing before the first call."""
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post a JSON body and return what came back."""
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        try:
            async with self._session.post(url, data=body, headers={"Content-Type": "application/json", **headers}) as answer:
                content = await answer.read()
                return Reply(status=answer.status, body=content, retry_after=answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Reply(status=None)

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None
