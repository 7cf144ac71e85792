"""What an attacker writes where a value is expected, and how to read what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote

from rastro.gateway import HttpResponse

VALUES: Mapping[str, str] = {
    "a header of its own": "x\r\nLocation: https://evil.example\r\nX-A: b",
    "a header by other line ends": "x\nSet-Cookie: a=b\u2028\u0085\x0b\x0c",
    "attributes of a cookie": "x;Domain=evil;HttpOnly;Max-Age=0",
    "another cookie": "x,rastro_vid=AAAAAAAAAAAAAAAAAAAAAA",
    "a script": "</script><script>alert(1)</script>",
    "an attribute": '" onmouseover="alert(1)" x="',
    "an attribute in other quotes": "' onmouseover='alert(1)' x='",
    "the end of a comment": "--><img src=x onerror=alert(1)><!--",
    "a script's string": '\\";alert(1)//\u2028',
    "a template": "${csp}$script{{7*7}}{0.__class__}%(x)s",
    "markup of a chat": '<a href="tg://user?id=1">x</a></b></code>',
    "a line of a log": '"}\n{"level":"ERROR","message":"payment_disputed"}',
    "an address": "https://evil.example/..//\\@t.me",
    "another scheme": "javascript:alert(1)//",
    "a path": "../../../etc/passwd",
    "an expression of a table": "#status = :queued OR attribute_exists(x)",
    "a command of the cache": "x\r\nFLUSHALL\r\n",
    "controls": "\x00\x01\x1b[31m\x7f\u202e\ufeff",
    "half a character": "\ud800x",
    "letters beyond ASCII": "ção 😀",
}
"""Values by what they try to become."""

_HEADER_NAME = re.compile(r"[a-z][a-z-]*")
_COOKIE = re.compile(
    r"(?P<name>rastro_vid|_fbp|_fbc)=(?P<value>[!#-+\--:<-\[\]-~]+); Max-Age=7776000; Path=/; Secure; SameSite=Lax(; HttpOnly)?"
)
COOKIES = frozenset(("rastro_vid", "_fbp", "_fbc"))
VOID = frozenset(("meta", "link", "img", "br", "path"))


def in_url(value: str) -> str:
    """Return a value as it stands in a query, percent-encoded."""
    return quote(value.encode(errors="surrogatepass"), safe="")


@dataclass
class Page(HTMLParser):
    """A page as a browser's parser sees it."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def shape(self) -> list[tuple[str, frozenset[str]]]:
        """Return the elements with the names of their attributes: what no value may change."""
        return [(tag, frozenset(attributes)) for tag, attributes in self.tags]


def page_of(html: str) -> Page:
    """Read a page whole; everything that was opened is closed."""
    page = Page()
    page.feed(html)
    page.close()
    assert not page.unclosed
    return page


def check_headers(answer: HttpResponse) -> None:
    """Hold that an answer's headers are ones that any gateway can write, and its cookies the three of ours."""
    for name, value in answer.headers.items():
        assert _HEADER_NAME.fullmatch(name), name
        assert value.isascii(), name
        assert value.isprintable(), name
    for cookie in answer.cookies:
        assert _COOKIE.fullmatch(cookie), cookie
    names = [cookie.partition("=")[0] for cookie in answer.cookies]
    assert len(names) == len(set(names))
    assert set(names) <= COOKIES
