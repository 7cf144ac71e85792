"""``python -m stack``: start the local stack and keep it, look at it, stop what it left, take its cache away."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from stack import cache, stackfile
from stack.demo import Demo, DemoFailed
from stack.errors import StackError
from stack.files import last_lines
from stack.folder import StackFolder
from stack.local import ROOT, LocalStack, Tempo, clean_up
from stack.ports import FIRST_PORT, Ports
from stack.progress import Told
from stack.signals import Ended, end_on_signals

_LOOK_SECONDS = 0.5
_LOG_LINES = 15


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command and return its exit code."""
    chosen = _parser(environ).parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    end_on_signals()
    folder = StackFolder(ROOT / ".rastro")
    given = environ.get(stackfile.VARIABLE)
    stack_file = Path(given) if given else None
    try:
        return _run(chosen, console, folder, stack_file)
    except StackError as exc:
        console.print(f"\n[bold red]{escape(str(exc))}[/]")
        return 1
    except Ended:
        console.print("\nStopped; nothing is left running.")
        return 0 if chosen.command == "dev" else 130


def _run(chosen: argparse.Namespace, console: Console, folder: StackFolder, stack_file: Path | None) -> int:
    match chosen.command:
        case "dev":
            return _dev(console, folder, stack_file, Ports.from_first(chosen.port), smoke=chosen.smoke)
        case "demo":
            return _demo(console, stack_file)
        case "down":
            return _down(console, folder)
        case "status":
            return _status(console, folder, stack_file)
        case _:
            return _redis(console, folder, stack_file, chosen.action)


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    dev = commands.add_parser("dev", help="start the stack and keep it until Ctrl-C")
    dev.add_argument(
        "--port",
        type=int,
        default=int(environ.get("RASTRO_PORT") or FIRST_PORT),
        help="the first of four ports in a row (default: RASTRO_PORT, else %(default)s)",
    )
    dev.add_argument("--no-smoke", dest="smoke", action="store_false", help="do not prove that what was deployed works")
    commands.add_parser("demo", help="play two buyers on a stack of its own, on free ports")
    commands.add_parser("down", help="stop a running stack, or what a broken one left behind")
    commands.add_parser("status", help="say what runs and where")
    redis = commands.add_parser("redis", help="stop or start the cache of a running stack")
    redis.add_argument("action", choices=["stop", "start"])
    return parser


def _dev(console: Console, folder: StackFolder, stack_file: Path | None, ports: Ports, *, smoke: bool) -> int:
    console.print("[bold]Rastro's local stack[/] (Ctrl-C stops everything)")
    started_at = time.monotonic()
    with LocalStack(folder=folder.path, stack_file=stack_file, ports=ports, progress=Told(console), smoke=smoke) as stack:
        console.print(f"[bold green]Ready[/] after {time.monotonic() - started_at:.1f} s\n")
        demo = stack.demo
        for name, value in {
            "page": f"{stack.lab}/  (open it in a browser: play a sale and watch its trail)",
            "click": f"{stack.api}/go/{demo['slug']}?fbclid=IwAR1&utm_source=facebook&utm_campaign=natal&campaign_code=NATAL26",
            "lab": f"{stack.lab}/_/graph/events  (and /_/telegram/calls, /_/pix/charges)",
            "start": f'curl -X POST {stack.lab}/_/telegram/start -d \'{{"chat_id": 1, "payload": "TOKEN"}}\'',
            "cache": "python -m stack redis stop | start",
            "file": str(stack.stack_file),
            "logs": f"{stack.folder.log('functions')}  (beside it one log a process)",
        }.items():
            console.print(f"  {name:<6} {escape(value)}")
        console.print()
        _watch(console, stack)
    return 0


def _watch(console: Console, stack: LocalStack) -> None:
    """Wait until a signal ends it; raise ``StackError`` when a process ended by itself, which only the cache may."""
    cache_gone = False
    while True:
        time.sleep(_LOOK_SECONDS)
        dead = {process.name for process in stack.dead()}
        others = sorted(dead - {cache.NAME})
        if others:
            log = stack.folder.log({"AWS emulator": "emulator"}.get(others[0], others[0]))
            raise StackError(f"{others[0]} ended by itself. The end of {log}:\n{last_lines(log, _LOG_LINES)}")
        if (cache.NAME in dead) != cache_gone:
            cache_gone = not cache_gone
            console.print(f"  [yellow]![/] {cache.NAME} {'is gone: everything goes on without it' if cache_gone else 'is back'}")


def _demo(console: Console, stack_file: Path | None) -> int:
    console.print("[bold]Rastro: one buyer from an ad, one without[/]")
    tempo = Tempo(repair_window_seconds=3, reconcile_every_seconds=1.0)  # the buyer without a click is not to be waited for
    with LocalStack(stack_file=stack_file, progress=Told(console), tempo=tempo) as stack:
        try:
            attributed = Demo(stack.description.document(), console).play()
        except DemoFailed as exc:
            log = stack.folder.log("functions")
            raise StackError(f"{exc}\nThe end of {log.name}:\n{last_lines(log, _LOG_LINES)}") from exc
    if not attributed:
        console.print("[bold red]The Purchase of the buyer from the ad came without its fbc or campaign.[/]")
    return 0 if attributed else 1


def _down(console: Console, folder: StackFolder) -> int:
    owner = folder.registry.owner()
    if owner is not None:
        owner.ask_to_end()
    left = clean_up(folder)
    console.print("Stopped." if owner or left else "Nothing was running.")
    return 0


def _status(console: Console, folder: StackFolder, stack_file: Path | None) -> int:
    owner = folder.registry.owner()
    for process in folder.registry.processes():
        state = "[green]runs[/]" if process.alive else "[red]is gone[/]"
        console.print(f"  {process.name:<13} {process.pid:>7}  {state}")
    if owner is None:
        console.print("No stack runs here.")
        return 1
    path = stack_file or folder.stack_file
    console.print(path.read_text(encoding="utf-8") if path.exists() else "It is still starting.")
    return 0


def _redis(console: Console, folder: StackFolder, stack_file: Path | None, action: str) -> int:
    content = stackfile.read(stack_file or folder.stack_file)
    if content is None or folder.registry.owner() is None:
        raise StackError("No stack runs here: start one with `make dev`.")
    if action == "stop":
        console.print(f"{cache.NAME} is stopped." if cache.stop_cache(folder.registry) else f"{cache.NAME} did not run.")
    elif folder.registry.find(cache.NAME):
        console.print(f"{cache.NAME} runs already.")
    else:
        port = urlsplit(content["redis_url"]).port or 0
        cache.start_cache(folder.registry, port=port, scratch=folder.cache, log=folder.log("valkey"))
        console.print(f"{cache.NAME} runs again, empty.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
