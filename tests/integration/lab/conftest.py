"""The lab as a process of its own, forgetful before each test."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.lab.running import BOT_ID, TOKEN, Rastro, Received, RunningLab

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rastro() -> Iterator[Rastro]:
    state = Rastro()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content, seconds = state.take(Received(self.path, headers, body))
            time.sleep(seconds)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def lab_process() -> Iterator[str]:
    command = [sys.executable, "-m", "lab", "--port", "0", "--retry-base-seconds", "0.02"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listening on" in line
        yield line.split()[-1]
        process.terminate()
        assert process.wait(timeout=10) == 0


@pytest.fixture
def lab(lab_process: str, rastro: Rastro) -> RunningLab:
    running = RunningLab(lab_process)
    running.control("POST", "reset")
    config = {
        "api": rastro.url,
        "bots": [{"bot_id": BOT_ID, "username": "rastro_demo_bot", "token": TOKEN, "webhook_secret": "hush"}],
        "providers": {"openpix": {BOT_ID: {"app_id": "app-1", "webhook_secret": "pix-hush"}}},
        "pixels": {"111": "pixel-token"},
    }
    running.control("PUT", "config", config)
    return running
