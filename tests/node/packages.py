"""The npm packages that tests hold the product against, installed from this folder's lock when a test needs them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
TIMEOUT_SECONDS = 300

_LOCK_FILE = FOLDER / "package-lock.json"
_INSTALLED = FOLDER / "node_modules" / ".package-lock.json"
"""What npm writes last; older than the lock, it is an installation of another lock, or of half of one."""


def install() -> Path:
    """Return the folder with its packages installed; a machine without Node.js skips the test, except in CI."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to run the independent checks: there is no node and npm on PATH")
        pytest.skip("the independent checks need node and npm on PATH")
    with (FOLDER / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < _LOCK_FILE.stat().st_mtime:
            done = subprocess.run([npm, "ci"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
            if done.returncode != 0:
                pytest.fail(f"npm ci in {FOLDER.name}: {done.stderr[-2000:]}")
            _INSTALLED.touch()
    return FOLDER


def ask(script: str, question: Mapping[str, object]) -> Mapping[str, Any]:
    """Return what a script of this folder answers on stdout to a question on stdin, both JSON objects."""
    done = subprocess.run(
        ["node", script],
        cwd=install(),
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    if done.returncode != 0:
        pytest.fail(f"{script}: {done.stderr[-2000:]}")
    answer: Mapping[str, Any] = json.loads(done.stdout)
    return answer
