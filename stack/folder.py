"""Where a stack keeps what it writes: its logs, its build, its processes; a folder that may be deleted once it has stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stack.processes import Registry


@dataclass(frozen=True, slots=True)
class StackFolder:
    """The folder of one stack (``.rastro`` for ``python -m stack dev``)."""

    path: Path

    @property
    def logs(self) -> Path:
        """One log a process, and ``functions.log`` with what the functions say."""
        return self.path / "logs"

    @property
    def build(self) -> Path:
        """What ``sam build`` made."""
        return self.path / "build" / "template"

    @property
    def scratch(self) -> Path:
        """What the processes write for themselves."""
        return self.path / "scratch"

    @property
    def stack_file(self) -> Path:
        """Where the stack is, for its clients."""
        return self.path / "stack.json"

    @property
    def registry(self) -> Registry:
        """Which processes belong to the stack."""
        return Registry(self.path / "processes.json")

    @property
    def cache(self) -> Path:
        """What the cache writes for itself."""
        return self.scratch / "cache"

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self.logs / f"{name}.log"
