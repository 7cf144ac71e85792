"""Where things are while the functions are invoked, and which runtime they are built for."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of one project: ``root`` holds template.yaml; the rest may be deleted at any time."""

    root: Path

    @property
    def template(self) -> Path:
        """The product's own template."""
        return self.root / "template.yaml"

    @property
    def events(self) -> Path:
        """One sample event a function."""
        return self.root / "events"

    @property
    def environment(self) -> Path:
        """What the functions find in their environment under ``sam local``."""
        return self.root / "env.local.json"

    @property
    def tools(self) -> Path:
        """What was fetched or made once and is used again: the engine, the stand-in image."""
        return self.root / ".tools"

    @property
    def scratch(self) -> Path:
        """What one run makes: the build, the engine's own storage, the log."""
        return self.root / ".rastro" / "sam-local"

    @property
    def build(self) -> Path:
        """The built template and its artifacts."""
        return self.scratch / "build"

    @property
    def sam(self) -> Path:
        """SAM CLI, of the same environment as this interpreter."""
        return Path(sys.executable).with_name("sam")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Python version and a processor, in Lambda's words."""

    python: str
    """``3.11``"""
    architecture: str
    """``x86_64`` or ``arm64``"""

    @classmethod
    def of_this_machine(cls, python: str | None = None) -> Runtime:
        """Return this processor with the version given, else this interpreter's own.

        Raises ``LookupError`` for a processor that Lambda does not have.
        """
        machine = platform.machine().lower()
        if machine not in _ARCHITECTURES:
            raise LookupError(f"Lambda has no {machine} processors")
        return cls(python=python or f"{sys.version_info.major}.{sys.version_info.minor}", architecture=_ARCHITECTURES[machine])

    @property
    def base_image(self) -> str:
        """The name under which SAM CLI looks for the image of this runtime."""
        return f"public.ecr.aws/lambda/python:{self.python}-{self.architecture}"

    @property
    def template_parameters(self) -> str:
        """What makes the template's functions ones of this runtime, for ``--parameter-overrides``."""
        return f"PythonRuntime=python{self.python} Architecture={self.architecture}"
