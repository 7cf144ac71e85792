from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.processes import Registry, birth_of, run, wait_until_ready

pytestmark = pytest.mark.integration

STUBBORN_FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def wait_for_text(path: Path) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.endswith("\n"):
            return text
        time.sleep(0.02)
    raise AssertionError(f"nothing in {path}")


def test_another_run_finds_and_ends_a_process_with_everything_that_it_started(tmp_path: Path) -> None:
    path, log = tmp_path / "processes.json", tmp_path / "family.log"
    started = Registry(path).start(
        "family", [sys.executable, "-c", STUBBORN_FAMILY], log=log, environ=os.environ, folder=tmp_path
    )
    child = int(wait_for_text(log))
    found = Registry(path).find("family")
    assert found == started
    started.stop(patience_seconds=0.2)
    assert birth_of(started.pid) is None
    assert birth_of(child) is None
    assert Registry(path).find("family") is None


def test_a_server_that_dies_at_its_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    process = Registry(tmp_path / "processes.json").start(
        "server", [sys.executable, "-c", "raise SystemExit('no disk left')"], log=log, environ=os.environ, folder=tmp_path
    )
    with pytest.raises(StackError, match="no disk left"):
        wait_until_ready(process, lambda: False, log=log)


def test_a_server_that_stays_silent_is_told(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    process = Registry(tmp_path / "processes.json").start(
        "server", [sys.executable, "-c", "import time; time.sleep(60)"], log=log, environ=os.environ, folder=tmp_path
    )
    try:
        with pytest.raises(StackError, match="did not answer within"):
            wait_until_ready(process, lambda: False, log=log, seconds=0.1)
    finally:
        process.stop()


def test_a_program_that_ends_by_itself_gives_its_code_and_its_output(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    assert run([sys.executable, "-c", "print('hi'); raise SystemExit(3)"], log=log, environ=os.environ, folder=tmp_path) == 3
    assert log.read_text(encoding="utf-8") == "hi\n"
