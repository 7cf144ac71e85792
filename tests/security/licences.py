"""What the layer ships that others wrote, and its licences: ``python -m tests.security.licences`` writes docs/licences.md.

The packages are those that ``uv.lock`` gives for the layer on the runtime of the functions; boto3 comes with that runtime.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, cast

from packaging.markers import Marker

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
LAYER = "rastro"
RUNTIME = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "platform_machine": "aarch64"}
PERMISSIVE = frozenset(("MIT", "MIT-0", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "MPL-2.0", "PSF-2.0", "ISC"))
"""Licences that ask for no more than their notice; MPL-2.0 also for the source of the very files that somebody changes."""
_BY_OTHER_NAMES = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_HEAD = """# Licences

What the layer ships that others wrote, as `uv.lock` pins it. Rastro itself is under the MIT licence (`LICENSE`). All of these let
it be used, changed and sold on; each package keeps its notice in its `.dist-info` folder inside the layer. boto3 is part of the
Lambda runtime. `make audit` looks for known vulnerabilities and writes this page; a test holds it to the lock.

| package | version | licence |
|---|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Shipped:
    """A package of the layer."""

    name: str
    version: str
    licence: str


def shipped() -> list[Shipped]:
    """Return the packages of the layer, by name."""
    locked = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    names = set(_below(LAYER, locked)) - {LAYER}
    return sorted(Shipped(name, locked[name]["version"], licence_of(name)) for name in names)


def _below(name: str, locked: Mapping[str, Any]) -> Iterator[str]:
    yield name
    for dependency in locked[name].get("dependencies", []):
        marker = dependency.get("marker")
        if marker is None or Marker(marker).evaluate(RUNTIME):
            yield from _below(dependency["name"], locked)


def licence_of(name: str) -> str:
    """Return a licence by its SPDX name, as the package's own metadata say it."""
    about = cast("Message", metadata(name))  # what it is; its type says less
    given = about.get("License-Expression") or about.get("License") or ""
    if not given or "\n" in given:
        classified = [entry.rpartition(" :: ")[2] for entry in about.get_all("Classifier", []) if entry.startswith("License ::")]
        given = classified[0] if classified else "unknown"
    return _BY_OTHER_NAMES.get(re.sub(r"\s+", " ", given).strip(), given.strip())


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(f"| {each.name} | {each.version} | {each.licence} |\n" for each in shipped())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
