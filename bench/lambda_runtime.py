"""Functions as Lambda runs them: AWS's runtime interface client (``awslambdaric``) in a process of its own.

``Runtime`` is the other end of its wire, Lambda's Runtime API, so that the moment at which a function has finished its INIT and
asks for its first event can be told. ``Emulated`` puts AWS's own emulator there (it comes with SAM CLI), for everything warm.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 30
_VERSION = "/2018-06-01/runtime"
_INVOKE = "/2015-03-31/functions/function/invocations"
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class FunctionFailed(RuntimeError):
    """Say that a function did not start or did not answer."""


def cpu_seconds(pid: int) -> float:
    """Return how much processor time a process has used, all its threads together, to the nanosecond (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)


class Function(Protocol):
    """A function that is running."""

    @property
    def cpu_seconds(self) -> float:
        """How much processor time it has used so far."""

    def invoke(self, event: bytes) -> dict[str, Any]:
        """Return its answer to an event; raises ``FunctionFailed``."""


class Runtime:
    """A function in its own process, given one event at a time; its INIT is over when ``with`` is entered."""

    def __init__(self, handler: str, environ: Mapping[str, str]) -> None:
        """Take the handler's path and the function's environment."""
        self._handler = handler
        self._environ = dict(environ)
        self._events: queue.Queue[bytes] = queue.Queue()
        self._answers: queue.Queue[bytes | Exception] = queue.Queue()
        self._asked = threading.Event()
        self.init_seconds = 0.0
        """From the start of the process until it asked for an event."""
        self.init_cpu_seconds = 0.0

    @property
    def cpu_seconds(self) -> float:
        """How much processor time the function has used so far."""
        return cpu_seconds(self._process.pid)

    def __enter__(self) -> Self:
        """Start the process and wait for the end of its INIT."""
        self._server = _Server((LOOPBACK, 0), _make_api(self._events, self._answers, self._asked))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        environ = self._environ | {"AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{self._server.server_port}"}
        began = time.perf_counter()
        command = [sys.executable, "-m", "awslambdaric", self._handler]
        self._process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        while not self._asked.wait(0.0005):
            if self._process.poll() is not None or time.perf_counter() - began > PATIENCE_SECONDS:
                self._stop()
                raise FunctionFailed(f"{self._handler} did not start")
        self.init_seconds = time.perf_counter() - began
        self.init_cpu_seconds = self.cpu_seconds
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self._stop()

    def invoke(self, event: bytes) -> dict[str, Any]:
        """Return the function's answer to an event; raises ``FunctionFailed``."""
        self._events.put(event)
        answer = self._answers.get(timeout=PATIENCE_SECONDS)
        if isinstance(answer, Exception):
            raise answer
        document: dict[str, Any] = json.loads(answer)
        return document

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing: a function that was ended leaves its connection in the middle."""


def _make_api(
    events: queue.Queue[bytes], answers: queue.Queue[bytes | Exception], asked: threading.Event
) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, sent at once
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked.set()
            event = events.get()
            deadline_ms = int(time.time() * 1000) + PATIENCE_SECONDS * 1000
            headers = {
                "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:sa-east-1:123456789012:function:bench",
                "Content-Type": "application/json",
            }
            self._write(200, headers, event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.path.startswith(f"{_VERSION}/invocation/") and self.path.endswith("/response")
            answers.put(body if good else FunctionFailed(body.decode()))
            self._write(202, {}, b"")

        def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_arguments: object) -> None:
            pass

    return RuntimeApi


class Emulated:
    """A function under AWS's runtime interface emulator."""

    def __init__(self, handler: str, environ: Mapping[str, str]) -> None:
        """Take the handler's path and the function's environment."""
        self._handler = handler
        self._environ = {name: value for name, value in environ.items() if name != "AWS_LAMBDA_RUNTIME_API"}

    @property
    def cpu_seconds(self) -> float:
        """How much processor time the function has used so far, without the emulator."""
        return sum(cpu_seconds(pid) for pid in children_of(self._process.pid))

    def __enter__(self) -> Self:
        """Start the emulator; the function starts with its first event."""
        front, back = _free_port(), _free_port()
        addresses = ("--runtime-interface-emulator-address", f"{LOOPBACK}:{front}", "--runtime-api-address", f"{LOOPBACK}:{back}")
        command = [str(emulator_path()), "--log-level", "error", *addresses, sys.executable, "-m", "awslambdaric", self._handler]
        self._process = subprocess.Popen(
            command, env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._connection = http.client.HTTPConnection(LOOPBACK, front, timeout=PATIENCE_SECONDS)
        _wait_for(front)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        """End the emulator and its function."""
        self._connection.close()
        children = children_of(self._process.pid)
        self._process.kill()
        self._process.wait()
        for pid in children:
            os.kill(pid, 9)

    def invoke(self, event: bytes) -> dict[str, Any]:
        """Return the function's answer to an event; raises ``FunctionFailed``."""
        self._connection.request("POST", _INVOKE, event)
        document: dict[str, Any] = json.loads(self._connection.getresponse().read())
        if "statusCode" not in document:
            raise FunctionFailed(str(document))
        return document


def warm_function(handler: str, environ: Mapping[str, str]) -> Emulated | Runtime:
    """Return a function under AWS's emulator, else, where there is none for this machine, under our end of the wire."""
    return Runtime(handler, environ) if emulator_path() is None else Emulated(handler, environ)


def emulator_path() -> Path | None:
    """Return where SAM CLI keeps the emulator for this machine, ``None`` where it has none (it is a program for Linux)."""
    sam = find_spec("samcli")
    processor = _ARCHITECTURES.get(platform.machine().lower())
    if sam is None or sam.origin is None or processor is None or platform.system() != "Linux":
        return None
    path = Path(sam.origin).parent / "local" / "rapid" / f"aws-lambda-rie-{processor}"
    return path if path.exists() else None


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started (Linux)."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.01)
    raise FunctionFailed("the runtime interface emulator does not answer")
