"""Meta's click and browser identifiers: ``fbclid``, ``fbc``, ``fbp``.

``fbc`` is ``fb.{subdomain index}.{first seen, ms}.{fbclid}``; a server that sets it without a cookie uses index 1. The fbclid is
case sensitive and goes unmodified (https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rastro.model import DAY_MS

FBCLID_MAX_LENGTH = 2048
FBC_MAX_AGE_MS = 90 * DAY_MS

_APPENDIX = r"(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?"
_FBC = re.compile(rf"fb\.\d{{1,2}}\.(?P<created_ms>\d{{13}})\.(?P<fbclid>[^.\s]{{1,{FBCLID_MAX_LENGTH}}}){_APPENDIX}")
_FBP = re.compile(rf"fb\.\d{{1,2}}\.\d{{13}}\.\d{{1,20}}{_APPENDIX}")


@dataclass(frozen=True, slots=True)
class Fbc:
    """A valid ``fbc``: as it stands, and what it says."""

    value: str
    created_at_ms: int
    fbclid: str


def parse_fbc(value: str | None) -> Fbc | None:
    """Return what an ``fbc`` says, or ``None`` when its envelope is not valid; the fourth segment is the fbclid."""
    match = _FBC.fullmatch(value or "")
    return Fbc(match[0], int(match["created_ms"]), match["fbclid"]) if match else None


def valid_fbp(value: str | None) -> str | None:
    """Return an ``fbp`` as it stands, or ``None`` when its envelope is not valid."""
    return value if value is not None and _FBP.fullmatch(value) else None


def usable_fbclid(value: str | None) -> str | None:
    """Return an fbclid as it stands; an empty or overlong one, or one with a dot or a space, is dropped whole."""
    if not value or len(value) > FBCLID_MAX_LENGTH or re.search(r"[.\s]", value):
        return None
    return value


def fbc_for(fbclid: str | None, cookie: str | None, now_ms: int) -> str | None:
    """Return the ``fbc`` of this visit: the cookie's while the fbclid is the same or absent, else one made of the new fbclid.

    An invalid cookie, and one older than 90 days that no fbclid renews, count as none.
    """
    stored = parse_fbc(cookie)
    if fbclid is not None:
        return stored.value if stored and stored.fbclid == fbclid else f"fb.1.{now_ms}.{fbclid}"
    return stored.value if stored and now_ms - stored.created_at_ms < FBC_MAX_AGE_MS else None


def new_fbp(random_number: int, now_ms: int) -> str:
    """Return an ``fbp`` for a browser that has none; ``random_number`` is in 0..2147483647, as Meta's own builder draws it."""
    return f"fb.1.{now_ms}.{random_number}"
