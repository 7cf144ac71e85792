"""The servers of a stack as processes: each a group of its own, all written down, so that none outlives the stack unnoticed.

A process is known by its id and the moment of its birth: an id alone may belong to somebody else by now.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from stack.errors import StackError
from stack.files import last_lines, write_whole
from stack.signals import undisturbed

PATIENCE_SECONDS = 5.0
"""How long a process may take to end when asked, before it is killed."""
READY_SECONDS = 20.0
"""How long a server may take to answer after its start."""
_POLL_SECONDS = 0.02
_LOG_LINES = 15
_STATE, _BORN = 0, 19  # fields of /proc/{pid}/stat counted after the name; born: clock ticks since boot

_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started, and can be found again by another run."""

    name: str
    pid: int
    born: str

    @property
    def alive(self) -> bool:
        """Say whether it still runs."""
        _reap(self.pid)
        return birth_of(self.pid) == self.born

    def ask_to_end(self, patience_seconds: float = 3 * PATIENCE_SECONDS) -> None:
        """Ask the process alone, not what it started, and wait until it has cleaned up."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def stop(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """End the process and everything it started, kindly first; nothing happens when it is gone."""
        born = birth_of(self.pid)
        if born not in (None, self.born):
            return  # the number is somebody else's by now
        deadline = time.monotonic() + patience_seconds
        _signal_group(self.pid, signal.SIGTERM)
        while _group_exists(self.pid) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        _signal_group(self.pid, signal.SIGKILL)
        while _group_exists(self.pid) and time.monotonic() < deadline + 1:
            time.sleep(_POLL_SECONDS)


def run(command: Sequence[str], *, log: Path, environ: Mapping[str, str], folder: Path) -> int:
    """Run a program that ends by itself and return its exit code; nothing that it started outlives it, or this call."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = _spawn(command, output=output, environ=environ, folder=folder)
    try:
        return child.wait()
    finally:
        Process("", child.pid, birth_of(child.pid) or "").stop()
        child.wait()


def wait_until_ready(process: Process, answers: Callable[[], bool], *, log: Path, seconds: float = READY_SECONDS) -> None:
    """Wait for a server's first answer; raise ``StackError`` with the end of its log when it dies or stays silent."""
    deadline = time.monotonic() + seconds
    while not answers():
        if not process.alive:
            raise StackError(f"{process.name} ended at its start. The end of {log}:\n{last_lines(log, _LOG_LINES)}")
        if time.monotonic() > deadline:
            silent = f"{process.name} did not answer within {seconds:.0f} s"
            raise StackError(f"{silent}. The end of {log}:\n{last_lines(log, _LOG_LINES)}")
        time.sleep(_POLL_SECONDS)


def birth_of(pid: int) -> str | None:
    """Return when a process was born, in the system's own words, or ``None`` when it is gone or only waits for its burial."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[_STATE] in "ZX" else fields[_BORN]
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, born = told.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else born.strip()


class Registry:
    """``processes.json``: who runs a stack and what was started for it, kept so that another run can clean up."""

    def __init__(self, path: Path) -> None:
        """Take where the file is."""
        self._path = path

    def owner(self) -> Process | None:
        """Return the process that runs the stack, if it is alive."""
        entry = self._read().get("owner")
        owner = Process(**entry) if entry else None
        return owner if owner and owner.alive else None

    def processes(self) -> list[Process]:
        """Return what was started, in order, whether alive or not."""
        return [Process(**entry) for entry in self._read().get("processes", [])]

    def claim(self) -> None:
        """Write this process down as the one that runs the stack."""
        pid = os.getpid()
        self._write({"owner": asdict(Process("stack", pid, birth_of(pid) or "")), "processes": []})

    def start(self, name: str, command: Sequence[str], *, log: Path, environ: Mapping[str, str], folder: Path) -> Process:
        """Start a server and write it down: in a group of its own, out of reach of the terminal's Ctrl-C, its output in a log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, undisturbed(then_end=True):
            child = _spawn(command, output=output, environ=environ, folder=folder)
            _children[child.pid] = child
            process = Process(name, child.pid, birth_of(child.pid) or "")
            self._add(process)
        return process

    def find(self, name: str) -> Process | None:
        """Return a process by its name, if it is alive."""
        return next((process for process in self.processes() if process.name == name and process.alive), None)

    def stop_all(self) -> list[Process]:
        """End everything that is written down, the last first, and forget it; return what was still alive."""
        stopped = []
        for process in reversed(self.processes()):
            if process.alive:
                stopped.append(process)
            process.stop()
        self._path.unlink(missing_ok=True)
        return stopped

    def _add(self, process: Process) -> None:
        content = self._read()
        others = [entry for entry in content.get("processes", []) if entry["name"] != process.name]
        self._write({**content, "processes": [*others, asdict(process)]})

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content

    def _write(self, content: Mapping[str, object]) -> None:
        write_whole(self._path, json.dumps(content, indent=2))


def _spawn(command: Sequence[str], *, output: IO[bytes], environ: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def _group_exists(pid: int) -> bool:
    _reap(pid)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of which only the unburied are left
        return birth_of(pid) is not None
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
