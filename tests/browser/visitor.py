"""A visitor's browser before the door: what it shows, and whom it asks besides us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Route

PHONE = {"width": 390, "height": 844}
POLL_MS = 25
DESKTOP = {"width": 1280, "height": 800}
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE_SAFARI = f"{IOS} Version/18.5 Mobile/15E148 Safari/604.1"
WINDOWS_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
ANDROID_INSTAGRAM = (
    "Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0.6478.71 Mobile Safari/537.36 Instagram 334.0.0.42.95 Android (34/14; 420dpi; pt_BR)"
)

# What stands in for Meta's fbevents.js: it takes over the calls that waited, and reports each event as the real one does.
PIXEL = """
(function () {
  var fbq = window.fbq, waiting = fbq.queue;
  window.pixelCalls = [];
  fbq.callMethod = function () {
    var call = Array.prototype.slice.call(arguments);
    window.pixelCalls.push(call);
    if (call[0] === "track") new Image().src = "https://www.facebook.com/tr/?ev=" + call[1] + "&eid=" + call[3].eventID;
  };
  fbq.queue = [];
  waiting.forEach(function (call) { fbq.callMethod.apply(null, call); });
})();
"""
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", function (event) {
  window.violations.push(event.violatedDirective + " " + event.blockedURI);
});
"""


@dataclass
class Visitor:
    """A browser with one page; the world outside is stubs, and what was asked of them is written down."""

    page: Page
    silent: str | None = None
    """Who never answers, by the beginning of their URLs."""
    asked: list[str] = field(default_factory=list)
    waiting: list[Route] = field(default_factory=list)
    """Requests that get no answer."""

    def pixel_calls(self) -> list[list[Any]]:
        """Return what the Pixel was told, once it has come."""
        self.wait_until("window.pixelCalls && window.pixelCalls.some(call => call[0] === 'track')")
        calls: list[list[Any]] = self.page.evaluate("window.pixelCalls")
        return calls

    def wait_until(self, expression: str, within_ms: int = 5000) -> None:
        """Wait for something to be so; Playwright's own waiting evaluates in the page, which the page's policy forbids."""
        for _ in range(within_ms // POLL_MS):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(f"not so within {within_ms} ms: {expression}")

    def violations(self) -> list[str]:
        """Return what the page's policy refused."""
        refused: list[str] = self.page.evaluate("window.violations")
        return refused

    def outside(self, route: Route) -> None:
        """Answer for everybody but us."""
        self.asked.append(route.request.url)
        if self.silent is not None and route.request.url.startswith(self.silent):
            self.waiting.append(route)
        elif route.request.url.startswith("https://connect.facebook.net/"):
            route.fulfill(content_type="text/javascript", body=PIXEL)
        elif route.request.url.startswith("https://t.me/"):
            route.fulfill(content_type="text/html", body="<title>Telegram</title>")
        else:
            route.fulfill(status=200, content_type="image/svg+xml", body=PICTURE)


PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">
<stop offset="0" stop-color="#f7b267"/><stop offset="1" stop-color="#d1495b"/></linearGradient></defs>
<rect width="96" height="96" fill="url(#g)"/><ellipse cx="48" cy="54" rx="31" ry="21" fill="#fff3df"/>
<path d="M30 47l9 13M44 44l9 16M58 45l8 13" stroke="#d08c4f" stroke-width="4" stroke-linecap="round"/></svg>"""


@contextmanager
def visitor(
    browser: Browser,
    *,
    size: dict[str, int] | None = None,
    user_agent: str = IPHONE_SAFARI,
    silent: str | None = None,
    **options: Any,
) -> Iterator[Visitor]:
    """Open a browser of its own, with no cookies; ``options`` are those of a Playwright context."""
    viewport: Any = size or PHONE
    with browser.new_context(viewport=viewport, user_agent=user_agent, locale="pt-BR", **options) as context:
        page = context.new_page()
        somebody = Visitor(page, silent=silent)
        page.add_init_script(_WATCH)
        context.route(lambda url: not url.startswith("http://localhost:"), somebody.outside)
        yield somebody
        for route in somebody.waiting:
            route.abort()
