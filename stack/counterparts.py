"""The lab (Meta, Telegram and a PIX provider) and the gateway before the emulator's HTTP API, as processes of the stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from stack import gateway
from stack.emulator import answers
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import Process, Registry, wait_until_ready

_TIMEOUT_SECONDS = 10


def start_lab(registry: Registry, *, root: Path, port: int, log: Path) -> Process:
    """Start the lab and wait for its first answer."""
    command = [sys.executable, "-m", "lab", "--port", str(port)]
    process = registry.start("lab", command, log=log, environ=_environment(root), folder=root)
    wait_until_ready(process, lambda: answers(f"http://{LOOPBACK}:{port}/_/health"), log=log)
    return process


def configure_lab(lab: str, config: Mapping[str, Any]) -> None:
    """Tell the lab where Rastro is and which bots, accounts and pixels exist."""
    answer = requests.put(f"{lab}/_/config", json=config, timeout=_TIMEOUT_SECONDS)
    if not answer.ok:
        raise StackError(f"The lab refused its configuration ({answer.status_code}): {answer.text[:500]}")


def start_gateway(registry: Registry, *, root: Path, port: int, upstream: str, log: Path) -> Process:
    """Start the gateway before ``upstream`` and wait for its first answer."""
    command = [sys.executable, "-m", gateway.__name__, "--port", str(port), "--upstream", upstream]
    process = registry.start("gateway", command, log=log, environ=_environment(root), folder=root)
    wait_until_ready(process, lambda: answers(f"http://{LOOPBACK}:{port}{gateway.HEALTH_PATH}"), log=log)
    return process


def _environment(root: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
