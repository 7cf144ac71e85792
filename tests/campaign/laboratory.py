"""The lab as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def running_lab() -> Iterator[str]:
    """Start the lab on a free port, yield its address, and stop it."""
    command = [sys.executable, "-m", "lab", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "listening on" in line
            yield line.split()[-1]
        finally:
            process.terminate()
        assert process.wait(timeout=10) == 0
