"""The browsers of the people who press an ad: each keeps its cookies and shows what the redirect really answered.

A page cannot read a redirect to ``t.me`` nor show in a frame what forbids frames. So the visit is made from here, over real HTTP
with a phone's user agent and a public address, and its answer is kept to be looked at.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from lab.errors import ControlError
from lab.state import JsonObject, State

INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)"
)
READABLE_COOKIES = ("_fbp", "_fbc")
"""Those that a page's own script reads; every other stays between the browser and the redirect."""
VISITS_MAX = 200
ANSWER_TIMEOUT_SECONDS = 40
_FOREIGN_HOSTS = ("https://connect.facebook.net", "https://www.facebook.com")
_BOT_LINK = re.compile(r'href="(https://t\.me/[^"]+)"')
_SHOWN_HEADERS = ("location", "content-type", "cache-control", "referrer-policy", "content-security-policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came back for one request; ``status`` is ``None`` where nothing did."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    cookies: tuple[str, ...] = ()
    """The ``Set-Cookie`` headers."""
    body: bytes = b""


Fetch = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Page]]
"""Sends a method to a URL, with headers and a body, and follows no redirect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One passage through the redirect, as the browser saw it."""

    visit_id: str
    person: str
    url: str
    at_ms: int
    took_ms: int
    answer: Page
    readable_cookies: Mapping[str, str | None]

    @property
    def leads_to(self) -> str | None:
        """Return the bot's link that it leads to: where the answer redirects, else what the page's button opens."""
        button = _BOT_LINK.search(self.answer.body.decode("utf-8", "replace"))
        return self.answer.headers.get("location") or (html.unescape(button[1]) if button else None)

    def shown(self) -> JsonObject:
        """Return what a control call tells of it."""
        return {
            "visit_id": self.visit_id,
            "url": self.url,
            "at_ms": self.at_ms,
            "took_ms": self.took_ms,
            "status": self.answer.status,
            "location": self.answer.headers.get("location"),
            "leads_to": self.leads_to,
            "headers": {name: self.answer.headers[name] for name in _SHOWN_HEADERS if name in self.answer.headers},
            "cookies": list(self.answer.cookies),
            "page": bool(self.answer.body) and "html" in self.answer.headers.get("content-type", ""),
        }


class Browsers:
    """Every person's browser, and their last visits."""

    def __init__(self, state: State, fetch: Fetch, *, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        """Take where Rastro is, the way out, the clock and a source of ids."""
        self._state = state
        self._fetch = fetch
        self._now_ms = now_ms
        self._new_id = new_id
        self._jars: dict[str, dict[str, str]] = {}
        self._visits: dict[str, Visit] = {}

    def reset(self) -> None:
        """Forget every browser."""
        self._jars.clear()
        self._visits.clear()

    def find(self, visit_id: str) -> Visit | None:
        """Return a visit that is still remembered."""
        return self._visits.get(visit_id)

    async def visit(self, person: str, url: str) -> Visit:
        """Open a link of the redirect in a person's browser; raise ``ControlError`` for one that leads anywhere else."""
        if not url.startswith(f"{self._state.config.api}/go/"):
            raise ControlError(f"url must be a link of the redirect: {self._state.config.api}/go/…")
        jar = self._jars.setdefault(person, {})
        headers = {"User-Agent": INSTAGRAM, "X-Forwarded-For": address_of(person), "Accept": "text/html"}
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        began_at_ms = self._now_ms()
        answer = await self._fetch("GET", url, headers, b"")
        _keep(jar, answer.cookies)
        visit = Visit(
            visit_id=self._new_id(),
            person=person,
            url=url,
            at_ms=began_at_ms,
            took_ms=self._now_ms() - began_at_ms,
            answer=answer,
            readable_cookies={name: jar.get(name) for name in READABLE_COOKIES},
        )
        self._visits[visit.visit_id] = visit
        while len(self._visits) > VISITS_MAX:
            del self._visits[next(iter(self._visits))]
        return visit

    async def pass_on(self, method: str, path: str, content_type: str, body: bytes) -> Page:
        """Send on what a page's script asks of its own host; ``path`` comes with its query."""
        return await self._fetch(method, self._state.config.api + path, {"Content-Type": content_type}, body)


class HttpFetch:
    """Asks over real HTTP and takes the answer as it is."""

    def __init__(self) -> None:
        """Open nothing before the first request."""
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Page:
        """Send one request, and follow no redirect."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            target = URL(url, encoded=True)  # byte for byte: an fbclid is what it is
            async with self._session.request(method, target, headers=headers, data=body or None, allow_redirects=False) as answer:
                return Page(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    cookies=tuple(answer.headers.getall("Set-Cookie", ())),
                    body=await answer.read(),
                )
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Page(status=None)

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def address_of(person: str) -> str:
    """Return a person's public address, always the same."""
    digest = hashlib.sha256(person.encode()).digest()
    return f"177.10.{digest[0]}.{1 + digest[1] % 254}"


def framed_policy(policy: str) -> str:
    """Return a page's policy as the lab's frame needs it: our own page may show it, and it asks nobody outside this machine."""
    rules = []
    for rule in policy.split(";"):
        words = [word for word in rule.split() if word not in _FOREIGN_HOSTS]
        if words and words[0] == "frame-ancestors":
            words = ["frame-ancestors", "'self'"]
        rules.append(" ".join(words))
    return "; ".join(rule for rule in rules if rule)


def readable_cookie_headers(visit: Visit) -> list[str]:
    """Return the headers that give the framed page's script the cookies of its person, and of nobody before."""
    return [
        f"{name}=; Path=/; Max-Age=0; SameSite=Lax" if value is None else f"{name}={value}; Path=/; SameSite=Lax"
        for name, value in visit.readable_cookies.items()
    ]


def path_with_query(raw: str) -> str:
    """Return the path and query of a request's target."""
    parts = urlsplit(raw)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _keep(jar: dict[str, str], headers: tuple[str, ...]) -> None:
    for header in headers:
        try:
            cookies = SimpleCookie(header)
        except CookieError:
            continue
        for name, morsel in cookies.items():
            if morsel["max-age"] == "0":
                jar.pop(name, None)
            else:
                jar[name] = morsel.coded_value
