"""The page's files and the visits that it makes, over real HTTP, before a Rastro whose redirect shows a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from lab.site import FOLDER
from tests.integration.lab.running import BOT_ID, TOKEN, Received, RunningLab

pytestmark = pytest.mark.integration
PAGE = b'<!doctype html><a href="https://t.me/rastro_demo_bot?start=TOKEN">Abrir</a>'
POLICY = "script-src 'nonce-x' https://connect.facebook.net; connect-src 'self'; frame-ancestors 'none'"


@pytest.fixture
def redirect() -> Iterator[tuple[str, list[Received]]]:
    """A redirect in page mode, and what it was asked."""
    asked: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked.append(
                Received(self.path, {name.lower(): value for name, value in self.headers.items()}, self.rfile.read(size))
            )
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Set-Cookie", "_fbp=fb.1.2.3; Path=/; Secure; SameSite=Lax")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site(lab: RunningLab, redirect: tuple[str, list[Received]]) -> RunningLab:
    bot = {"bot_id": BOT_ID, "username": "rastro_demo_bot", "token": TOKEN, "webhook_secret": "hush"}
    config = {"api": redirect[0], "bots": [bot], "pixels": {"111": "pixel-token"}, "window": "http://127.0.0.1:5/"}
    lab.control("PUT", "config", config)
    return lab


def test_every_file_of_the_page_is_served_and_only_those(site: RunningLab) -> None:
    index = requests.get(site.url, timeout=10)
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert index.content == (FOLDER / "index.html").read_bytes()
    assert "connect-src 'self' http://127.0.0.1:5;" in index.headers["Content-Security-Policy"]
    for path in FOLDER.iterdir():
        answer = requests.get(f"{site.url}/site/{path.name}", timeout=10)
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
    for name in ("nothing.js", "..%2Fserver.py", "%2e%2e%2fstate.py", "lab"):
        assert requests.get(f"{site.url}/site/{name}", timeout=10).status_code == 404


def test_what_exists_is_told_without_a_secret(site: RunningLab, redirect: tuple[str, list[Received]]) -> None:
    told = site.control("GET", "config")
    bots = [{"bot_id": BOT_ID, "username": "rastro_demo_bot"}]
    assert told == {"api": redirect[0], "window": "http://127.0.0.1:5", "bots": bots, "pixels": ["111"]}


def test_a_visit_is_shown_in_a_frame_with_its_cookies_and_asks_nobody_outside(
    site: RunningLab, redirect: tuple[str, list[Received]]
) -> None:
    base, asked = redirect
    visit = site.control("POST", "visits", {"person": "1", "url": f"{base}/go/demo?fbclid=A"})
    assert (visit["status"], visit["leads_to"]) == (200, "https://t.me/rastro_demo_bot?start=TOKEN")
    assert (asked[0].path, "Instagram" in asked[0].headers["user-agent"]) == ("/go/demo?fbclid=A", True)
    framed = requests.get(f"{site.url}/visits/{visit['visit_id']}", timeout=10)
    assert framed.content == PAGE
    assert framed.headers["Content-Security-Policy"] == "script-src 'nonce-x'; connect-src 'self'; frame-ancestors 'self'"
    assert framed.cookies.get_dict() == {"_fbp": "fb.1.2.3"}
    assert requests.get(f"{site.url}/visits/nobodys", timeout=10).status_code == 404


def test_the_beacon_of_a_framed_page_reaches_the_redirect(site: RunningLab, redirect: tuple[str, list[Received]]) -> None:
    requests.post(f"{site.url}/go/demo/seen", data=b'{"n":"x"}', headers={"Content-Type": "text/plain"}, timeout=10)
    requests.get(f"{site.url}/go/demo/status?n=a%2Fb", timeout=10)
    assert [(one.path, one.body) for one in redirect[1]] == [("/go/demo/seen", b'{"n":"x"}'), ("/go/demo/status?n=a%2Fb", b"")]
    assert requests.get(f"{site.url}/go/demo", timeout=10).status_code == 404


@pytest.mark.parametrize(
    "body", [{"person": "1"}, {"person": "", "url": "x"}, {"person": "1", "url": "https://example.com/go/x"}]
)
def test_a_visit_to_nowhere_is_refused(site: RunningLab, body: dict[str, str]) -> None:
    assert site.control("POST", "visits", body, status=400)["error"]
