"""Invoke the functions one after the other and say what each answered."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stack.sam_local.cases import Case, fault
from stack.sam_local.workspace import Workspace

_INVOKE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one invocation."""

    case: Case
    fault: str | None
    seconds: float
    log: str
    """What SAM CLI and the function wrote to stderr."""


def invoke(workspace: Workspace, template: Path, case: Case, *, environ: Mapping[str, str], options: Sequence[str]) -> Result:
    """Run ``sam local invoke`` for one case; ``options`` say where its image comes from."""
    command = [
        *(str(workspace.sam), "local", "invoke", case.function, "--template", str(template)),
        *("--event", str(workspace.events / case.event), "--env-vars", str(workspace.environment)),
        *("--layer-cache-basedir", str(workspace.scratch / "layers")),
        *options,
    ]
    began = time.monotonic()
    try:
        told = subprocess.run(
            command,
            cwd=workspace.root,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INVOKE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Result(case, f"no answer within {_INVOKE_SECONDS} s", time.monotonic() - began, "")
    return Result(case, fault(case, told.stdout), time.monotonic() - began, told.stderr)


def invoke_all(
    workspace: Workspace,
    template: Path,
    cases: Sequence[Case],
    *,
    environ: Mapping[str, str],
    options: Sequence[str],
    console: Console,
) -> list[Result]:
    """Invoke every case, print a table, and under it the logs of those that failed."""
    results = []
    for case in cases:
        console.print(f"sam local invoke {case.function} -e events/{case.event}", style="dim")
        results.append(invoke(workspace, template, case, environ=environ, options=options))
    table = Table("function", "shows", "seconds")
    table.add_column("answer", no_wrap=True)
    for result in results:
        verdict = "[green]as expected[/]" if result.fault is None else "[red]wrong[/]"
        case = result.case
        table.add_row(case.function, case.meaning, f"{result.seconds:.1f}", verdict)
    console.print(table)
    for result in results:
        if result.fault is not None:
            console.print(f"{result.case.function}: {result.fault}\n{result.log}", style="red", markup=False, soft_wrap=True)
    return results
