"""The product's own template, built by ``sam build`` for this machine's interpreter and processor."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from stack.errors import StackError
from stack.processes import run
from stack.sam_local.build import makefile_variables, quiet_environment
from stack.sam_local.workspace import Runtime

_REASON_CHARACTERS = 2000


def build(template: Path, *, into: Path, runtime: Runtime, log: Path) -> dict[str, Any]:
    """Build a template and return what came out, its code as paths below ``into``; raises ``StackError`` with SAM's words."""
    shutil.rmtree(into, ignore_errors=True)
    command = [
        *(str(Path(sys.executable).with_name("sam")), "build", "--template-file", str(template), "--build-dir", str(into)),
        *("--parallel", "--parameter-overrides", f"Stage=local {runtime.template_parameters}"),
    ]
    environ = quiet_environment() | makefile_variables(runtime)
    own_uv = template.parent / ".tools" / "uv" / "bin" / "uv"
    if "UV" not in os.environ and own_uv.exists():
        environ["UV"] = str(own_uv)
    if run(command, log=log, environ=environ, folder=template.parent) != 0:
        raise StackError(f"`sam build` failed:\n{_reason(log.read_text(encoding='utf-8', errors='replace'))}")
    document: dict[str, Any] = yaml.safe_load((into / "template.yaml").read_text(encoding="utf-8"))
    return document


def _reason(output: str) -> str:
    # After these words SAM says which step failed; before them stands what the other steps did meanwhile.
    _, failed, reason = output.rpartition("Build Failed")
    return reason.strip() if failed else output.strip()[-_REASON_CHARACTERS:]
