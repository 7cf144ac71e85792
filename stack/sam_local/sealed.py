"""The part that runs inside the sealed namespaces: engine up, image in, functions invoked, engine down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from stack.sam_local import engine, image
from stack.sam_local.build import quiet_environment
from stack.sam_local.cases import CASES
from stack.sam_local.invoke import invoke_all
from stack.sam_local.workspace import Runtime, Workspace
from stack.signals import Ended, end_on_signals


def main(root: Path, archive: Path) -> int:
    """Invoke every function of the built workspace and return the exit code."""
    workspace = Workspace(root)
    runtime = Runtime.of_this_machine()
    console = Console()
    engine_folder = workspace.tools / "docker-engine"
    with engine.running(engine_folder, workspace.scratch / "engine", quiet_environment()) as environ:
        console.print("engine up; importing the stand-in image", style="dim")
        subprocess.run(["docker", *image.import_arguments(archive, runtime)], env=environ, check=True, stdout=subprocess.DEVNULL)
        template = workspace.build / "template.yaml"
        options = ["--skip-pull-image", "--parameter-overrides", runtime.template_parameters]
        results = invoke_all(workspace, template, CASES, environ=environ, options=options, console=console)
    return 0 if all(result.fault is None for result in results) else 1


if __name__ == "__main__":
    end_on_signals()
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
    except engine.EngineFailure as failure:
        sys.exit(f"sam-local: {failure}")
    except Ended:
        sys.exit(130)
