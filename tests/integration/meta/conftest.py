"""The lab as a process of its own, for what it plays of Meta."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def lab_url() -> Iterator[str]:
    command = [sys.executable, "-m", "lab", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listening on" in line
        yield line.split()[-1]
        process.terminate()
        assert process.wait(timeout=10) == 0
