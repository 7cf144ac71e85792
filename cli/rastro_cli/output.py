"""Where answers go: a terminal of its own width, or a pipe that nothing is cut off for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console

PIPE_WIDTH = 160


def console_on(stream: TextIO) -> Console:
    """Return a console that writes to a stream, in colours on a terminal only."""
    return Console(file=stream, highlight=False, emoji=False, width=None if stream.isatty() else PIPE_WIDTH)


def print_json(console: Console, document: Mapping[str, Any]) -> None:
    """Print a document, as it is whoever reads it."""
    console.file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
