"""``python -m stack.sam_local``: invoke each function with its sample event and judge what it answers."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from rich.console import Console

from stack.build import build as build_template
from stack.errors import StackError
from stack.sam_local import build, engine, image
from stack.sam_local.answers import demo_answers
from stack.sam_local.cases import CASES
from stack.sam_local.invoke import invoke_all
from stack.sam_local.workspace import Runtime, Workspace
from stack.signals import Ended, end_on_signals

EXIT_WRONG_ANSWER = 1
EXIT_FAILED = 2
EXIT_NO_ENGINE = 3
EXIT_ENDED = 130
_DEPLOYED_PYTHON = "3.13"
_SEALED_STOP_SECONDS = 20

_NO_ENGINE = """\
No Docker engine answers here, so `sam local invoke` has nothing to run the functions in.
  Without Docker:  make dev      runs the whole template on an embedded emulator
  On Linux, root:  python -m stack.sam_local --start-engine      fetches an engine, uses it, and leaves nothing running"""


def main(arguments: list[str] | None = None) -> int:
    """Choose the engine, build, invoke, and return the exit code.

    0: every answer was the expected one; 1: one was not; 2: the build or the engine failed; 3: there is no engine.
    """
    parser = argparse.ArgumentParser(prog="python -m stack.sam_local", description=__doc__)
    parser.add_argument(
        "--start-engine",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="fetch and start an engine where none answers (as root on Debian; in CI always)",
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2], help="the project's folder")
    chosen = parser.parse_args(arguments)
    workspace = Workspace(chosen.root.resolve())
    workspace.scratch.mkdir(parents=True, exist_ok=True)
    end_on_signals()
    try:
        with _alone(workspace):
            return _run(workspace, start_engine=chosen.start_engine)
    except (StackError, LookupError) as failure:
        print(f"sam-local: {failure}", file=sys.stderr)
        return EXIT_FAILED
    except Ended:
        return EXIT_ENDED


def _run(workspace: Workspace, *, start_engine: bool) -> int:
    if engine.docker_answers():
        return _with_docker(workspace)
    if not start_engine:
        print(_NO_ENGINE, file=sys.stderr)
        return EXIT_NO_ENGINE
    reason = engine.why_no_engine_can_start()
    if reason is not None:
        print(f"sam-local: {reason}\n{_NO_ENGINE}", file=sys.stderr)
        return EXIT_NO_ENGINE
    return _with_own_engine(workspace)


def _with_docker(workspace: Workspace) -> int:
    """Use the engine that answers, with the image of the deployed Python and this machine's processor."""
    console = Console()
    runtime = Runtime.of_this_machine(_DEPLOYED_PYTHON)
    template = _build(workspace, runtime, console)
    options = ["--parameter-overrides", runtime.template_parameters]
    environ = build.quiet_environment()
    results = invoke_all(workspace, template, CASES, environ=environ, options=options, console=console)
    return 0 if all(result.fault is None for result in results) else EXIT_WRONG_ANSWER


def _with_own_engine(workspace: Workspace) -> int:
    console = Console()
    runtime = Runtime.of_this_machine()
    _build(workspace, runtime, console)
    console.print("fetching the engine", style="dim")
    engine.fetch(workspace.tools / "docker-engine")
    console.print(f"making a stand-in for {runtime.base_image}", style="dim")
    archive = image.stand_in(workspace.tools / "sam-local-image", runtime)
    inside = [sys.executable, "-m", "stack.sam_local.sealed", str(workspace.root), str(archive)]
    # A session of its own: one signal to its group reaches the process inside, which `unshare` itself does not pass on to.
    sealed = subprocess.Popen(engine.sealed_command(inside), cwd=Path(__file__).parents[2], start_new_session=True)
    try:
        return sealed.wait()
    except Ended:
        os.killpg(sealed.pid, signal.SIGTERM)
        try:
            sealed.wait(_SEALED_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            sealed.kill()  # and the kernel ends what runs in its namespaces
            sealed.wait()
        raise


def _build(workspace: Workspace, runtime: Runtime, console: Console) -> Path:
    """Build the product's template for a runtime and make it one that runs by itself; return the built template."""
    console.print(f"building for python{runtime.python} on {runtime.architecture}", style="dim")
    document = build_template(workspace.template, into=workspace.build, runtime=runtime, log=workspace.scratch / "build.log")
    settings = json.loads(workspace.environment.read_text(encoding="utf-8"))
    build.declare_environment(document, settings)
    build.put_counterpart_inside(workspace.build, document, demo_answers(settings))
    template = workspace.build / "template.yaml"
    template.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return template


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace for this run: two at once would take each other's build away."""
    with (workspace.scratch / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(f"another run holds {workspace.scratch}; wait for it to end") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
