"""Each function, in a container, through ``sam local invoke``: the packaging, the wiring and the answer in an outage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack.sam_local.__main__ import EXIT_NO_ENGINE
from stack.sam_local.cases import CASES
from stack.sam_local.engine import docker_answers, why_no_engine_can_start

ROOT = Path(__file__).parents[3]
TIMEOUT_SECONDS = 600

pytestmark = pytest.mark.integration


def _skip_outside_ci(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI has to invoke the functions: {reason}")
    pytest.skip(reason)


def test_every_function_answers_in_its_container_as_its_sample_event_expects() -> None:
    """One run for all: the engine and the image cost more than the invocations."""
    reason = None if docker_answers() else why_no_engine_can_start()
    if reason is not None:
        _skip_outside_ci(f"no Docker engine answers, and {reason}")
    command = [sys.executable, "-m", "stack.sam_local", "--start-engine"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("as expected") == len(CASES)


def test_without_an_engine_it_says_so_and_names_make_dev(tmp_path: Path) -> None:
    """An empty PATH has no docker command; the folder is an empty one, so that nothing is built."""
    command = [sys.executable, "-m", "stack.sam_local", "--root", str(tmp_path)]
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    told = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == EXIT_NO_ENGINE
    assert "make dev" in told.stderr
