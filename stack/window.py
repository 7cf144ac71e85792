"""The window: Rastro's records as JSON for the page of the lab, which knows nothing of Rastro itself.

It listens on the loopback address and answers the lab's page alone. What it can change is what an operator can: take the cache
away and give it back, and let a mended pixel's events go again.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from rastro.clock import now_ms
from rastro.errors import RastroError
from rastro.explanation import Language
from rastro.model import BotId, ChatId, PaymentId, PixelId, TrackingToken
from rastro.settings import SettingsError
from stack.ports import LOOPBACK
from stack.trail import WIDTHS, Records, Trails, diagnosis, open_doctor

if TYPE_CHECKING:
    from rastro.sales.diagnosis import Doctor
    from stack.stackfile import Description

DEFAULT_WIDTH = 96
BODY_MAX_BYTES = 1024
PREFLIGHT_SECONDS = 600
_HOSTS = (LOOPBACK, "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSwitch:
    """Takes the cache away and gives it back, empty."""

    runs: Callable[[], bool]
    start: Callable[[], None]
    stop: Callable[[], object]

    def turn(self, *, on: bool) -> None:
        """Bring it about that the cache runs, or that it does not."""
        if on and not self.runs():
            self.start()
        elif not on:
            self.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, taken apart."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def language(self) -> Language:
        """Return the language of the answer."""
        return Language.EN if self.query.get("lang") == Language.EN else Language.PT

    @property
    def width(self) -> int:
        """Return how many characters wide a terminal's page may be."""
        given = self.query.get("width", "")
        width = int(given) if given.isdecimal() else DEFAULT_WIDTH
        return min(max(width, WIDTHS.start), WIDTHS.stop - 1)


class View:
    """What can be seen through the window."""

    def __init__(self, trails: Trails, doctor: Callable[[], Doctor], cache: CacheSwitch) -> None:
        """Take who tells of people, how to open the doctor (when first asked), and the cache's switch."""
        self._trails = trails
        self._open_doctor = doctor
        self._cache = cache
        self._lock = threading.Lock()

    @classmethod
    def of(cls, stack: Description, cache: CacheSwitch) -> View:
        """Open the view of a running stack."""
        return cls(Trails(Records.of(stack), now_ms=now_ms), lambda: open_doctor(stack), cache)

    @cached_property
    def _doctor(self) -> Doctor:
        return self._open_doctor()

    def answer(self, question: Question) -> tuple[int, object]:
        """Return a status and a document; may raise what the stores raise."""
        match question.method, *question.path:
            case "GET", "trail":
                return self._trail(question)
            case "GET", "funnels":
                return 200, self._trails.funnels()
            case "GET", "doctor", payment_id:
                return self._diagnosis(PaymentId(payment_id), question)
            case "PUT", "cache":
                return self._turn_cache(question.body.get("running"))
            case "POST", "pixels", pixel_id, "resume":
                return 200, {"resumed": self._trails.resume(PixelId(pixel_id))}
            case _:
                return 404, {"error": f"nothing is seen at {question.method} /{'/'.join(question.path)}"}

    def _trail(self, question: Question) -> tuple[int, object]:
        bot_id, chat_id, token = (question.query.get(name, "") for name in ("bot_id", "chat_id", "token"))
        if not bot_id or not chat_id:
            return 400, {"error": "a trail is that of a bot_id and a chat_id"}
        found = self._trails.trail(BotId(bot_id), ChatId(chat_id), TrackingToken(token) if token else None, question.language)
        return 200, found | {"cache": {"running": self._cache.runs()}}

    def _diagnosis(self, payment_id: PaymentId, question: Question) -> tuple[int, object]:
        with self._lock:
            found = diagnosis(self._doctor, payment_id, question.language, question.width)
        return (404, {"error": f"there is no payment {payment_id}"}) if found is None else (200, found)

    def _turn_cache(self, running: object) -> tuple[int, object]:
        if not isinstance(running, bool):
            return 400, {"error": "running must be true or false"}
        with self._lock:
            self._cache.turn(on=running)
        return 200, {"running": self._cache.runs()}


class Window:
    """Serves a view until it is stopped, on a free port of this machine, to pages of one server."""

    def __init__(self, view: View, *, lab: str) -> None:
        """Take what to show and the base URL of the server whose pages may look."""
        self._server = _Server(view, lab)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="window", daemon=True
        )

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, view: View, lab: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.view = view
        self.origins = frozenset(f"http://{host}:{urlsplit(lab).port}" for host in _HOSTS)
        self.hosts = frozenset(f"{host}:{self.server_port}" for host in _HOSTS)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        if not self._is_welcome():
            self._send(403, {"error": "the window is for the page of the lab"})
            return
        try:
            status, document = self.server.view.answer(self._question())
        except (RastroError, SettingsError) as exc:
            status, document = 503, {"error": str(exc)}
        except ValueError as exc:
            status, document = 400, {"error": str(exc)}
        self._send(status, document)

    do_GET = do_PUT = do_POST = _answer  # noqa: N815 - the names that http.server calls

    def do_OPTIONS(self) -> None:
        """Answer the question of a browser whether the page may ask."""
        self._send(204 if self._is_welcome() else 403, None)

    def _is_welcome(self) -> bool:
        """Say whether the lab's page asks: no other page may, nor may a foreign name that leads to this address."""
        origin = self.headers.get("Origin")
        asks_only = origin is None and self.command == "GET"
        return self.headers.get("Host") in self.server.hosts and (asks_only or origin in self.server.origins)

    def _question(self) -> Question:
        parts = urlsplit(self.path)
        size = min(int(self.headers.get("Content-Length") or 0), BODY_MAX_BYTES)
        body = json.loads(self.rfile.read(size) or b"{}")
        return Question(
            method=self.command,
            path=tuple(unquote(piece) for piece in parts.path.strip("/").split("/")),
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            body=body if isinstance(body, dict) else {},
        )

    def _send(self, status: int, document: object) -> None:
        content = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
        headers = {
            "Cache-Control": "no-store",
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(content)),
            "Vary": "Origin",
        }
        origin = self.headers.get("Origin")
        if origin in self.server.origins:
            headers |= {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": "GET, PUT, POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        # Whoever reloads the page does not wait for the answer.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
