"""A bearer token that an account's credentials are exchanged for (OAuth 2.0 client credentials), kept while it is good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MARGIN_MS = 60_000
"""How long before its end a token is no longer used; of a token that lives shorter than two of these, half its life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token as the provider gave it."""

    token: str = field(repr=False)
    lifetime_seconds: int


class BearerToken:
    """The token of one account."""

    def __init__(self, fetch: Callable[[], Grant], now_ms: Callable[[], int]) -> None:
        """Take the way to a new token, and the clock."""
        self._fetch = fetch
        self._now_ms = now_ms
        self._token: str | None = None
        self._use_until_ms = 0

    def value(self) -> str:
        """Return the token, a new one shortly before the end of the last; raises what fetching it raises."""
        asked_at_ms = self._now_ms()
        if self._token is None or asked_at_ms >= self._use_until_ms:
            grant = self._fetch()
            lifetime_ms = grant.lifetime_seconds * 1000
            self._token = grant.token
            self._use_until_ms = asked_at_ms + max(lifetime_ms - MARGIN_MS, lifetime_ms // 2)
        return self._token

    def forget(self) -> None:
        """Forget a token that the provider no longer takes."""
        self._token = None
