import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.lab.conftest import ROOT
from tests.integration.lab.running import Rastro, RunningLab, event

pytestmark = pytest.mark.integration
LISTS = (
    "graph/events",
    "graph/requests",
    "telegram/calls",
    "telegram/updates",
    "telegram/chats",
    "pix/charges",
    "pix/notices",
    "pix/requests",
)


def test_a_reset_forgets_everything_but_the_configuration(lab: RunningLab, rastro: Rastro) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"})
    lab.graph(event())
    lab.charge("pay_1")
    rastro.fail(*[500] * 500)
    lab.control("POST", "pix/charges/pay_1/pay")
    lab.control("POST", "telegram/start", {"chat_id": 5})
    lab.control("PUT", "faults/telegram", {"mode": "http_500"})
    assert all(lab.control("GET", name) for name in LISTS)
    lab.control("POST", "reset")
    rastro.script.clear()
    assert [name for name in LISTS if lab.control("GET", name)] == []
    assert lab.control("GET", "faults")["telegram"] is None
    assert lab.bot("sendMessage", json={"chat_id": 5, "text": "oi"}).json()["description"] == "Bad Request: chat not found"
    assert lab.control("POST", "telegram/start", {"chat_id": 5})["delivered"] is True


def test_it_is_healthy(lab: RunningLab) -> None:
    assert lab.control("GET", "health") == {"ok": True}


def test_control_errors_are_json(lab: RunningLab) -> None:
    assert "Not Found" in lab.control("GET", "nothing", status=404)["error"]
    assert "Method Not Allowed" in lab.control("DELETE", "health", status=405)["error"]
    answer = requests.put(f"{lab.url}/_/config", data=b"{", timeout=10)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})


def test_the_register_shows_what_happened_and_escapes_it(lab: RunningLab) -> None:
    lab.control("POST", "telegram/start", {"chat_id": 5})
    lab.bot("sendMessage", json={"chat_id": 5, "text": "<script>"})
    lab.graph(event("pv_1"))
    lab.charge("pay_1")
    page = requests.get(f"{lab.url}/registro", timeout=10).text
    assert 'lang="pt-BR"' in page
    assert "&lt;script&gt;" in page
    assert all(text in page for text in ("pv_1", "pay_1", "R$ 49,90", "aguardando"))


def test_a_port_in_use_is_said_plainly(lab: RunningLab) -> None:
    port = str(urlsplit(lab.url).port)
    done = subprocess.run(
        [sys.executable, "-m", "lab", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_clock_goes_ahead_until_the_reset(lab: RunningLab) -> None:
    now_ms = lab.control("PUT", "clock", {"ahead_seconds": 0})["now_ms"]
    ahead_ms = lab.control("PUT", "clock", {"ahead_seconds": 3_600})["now_ms"]
    assert 3_600_000 <= ahead_ms - now_ms < 3_660_000
    lab.control("POST", "reset")
    lab.charge("pay_1")
    (charge,) = lab.control("GET", "pix/charges")
    assert charge["created_at_ms"] < ahead_ms
    assert "ahead_seconds" in lab.control("PUT", "clock", {"ahead_seconds": -1}, status=400)["error"]
