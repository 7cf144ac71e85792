"""Who stands at the door: the visitor's cookies and public address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rastro.model import VisitorId

COOKIE_MAX_AGE_SECONDS = 90 * 86_400
VISITOR_COOKIE = "rastro_vid"
FBP_COOKIE = "_fbp"
FBC_COOKIE = "_fbc"
VISITOR_ID_BYTES = 16

_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{1,4000}")
"""RFC 6265, section 4.1.1: no space, quote, comma, semicolon, backslash, control or letter beyond ASCII; browsers take 4,096
bytes with the name."""
_VISITOR_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A first-party cookie of the redirect's own host: ``Secure; SameSite=Lax``, 90 days."""

    name: str
    value: str
    http_only: bool = False

    @property
    def can_be_set(self) -> bool:
        """Say whether the value can stand in a header; a ``;`` in it would write attributes of its own."""
        return _COOKIE_VALUE.fullmatch(self.value) is not None

    def header(self) -> str:
        """Return the value of a ``Set-Cookie`` header."""
        http_only = "; HttpOnly" if self.http_only else ""
        return f"{self.name}={self.value}; Max-Age={COOKIE_MAX_AGE_SECONDS}; Path=/; Secure; SameSite=Lax{http_only}"


def valid_visitor_id(value: str | None) -> VisitorId | None:
    """Return a visitor id that looks like one of ours, else ``None``."""
    return VisitorId(value) if value is not None and _VISITOR_ID.fullmatch(value) else None


def parse_cookies(headers: list[str]) -> dict[str, str]:
    """Return the cookies of ``name=value`` pieces, whether each stands alone or several in one string.

    API Gateway's payload 2.0 gives a list, other gateways the ``Cookie`` header as it came. Of two with one name the first
    counts, as browsers send the most specific first (RFC 6265, section 5.4).
    """
    cookies: dict[str, str] = {}
    for header in headers:
        for piece in header.split(";"):
            name, equals, value = piece.strip().partition("=")
            if equals and name:
                cookies.setdefault(name, value)
    return cookies
