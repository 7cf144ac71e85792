"""Where answers go: a terminal of its own width, or a pipe that nothing is cut off for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from rastro_cli.texts import Texts

if TYPE_CHECKING:
    from rastro_cli.inspection import Finding

PIPE_WIDTH = 160


def console_on(stream: TextIO) -> Console:
    """Return a console that writes to a stream, in colours on a terminal only."""
    return Console(file=stream, highlight=False, emoji=False, width=None if stream.isatty() else PIPE_WIDTH)


def print_json(console: Console, document: Mapping[str, Any]) -> None:
    """Print a document, as it is whoever reads it."""
    console.file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress_on(notes: Console) -> Iterator[Callable[[str], None]]:
    """Show how far a run is, on a terminal only: what is yielded takes the words for it."""
    columns: tuple[Any, ...] = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task("")
        yield lambda text: progress.update(task, description=text)


def print_findings(console: Console, texts: Texts, findings: Iterable[Finding], indent: str = "") -> None:
    """Print what was looked at, line by line."""
    for finding in findings:
        console.print(Text(f"{indent}{finding.mark} {finding.text(texts)}"))
