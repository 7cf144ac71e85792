"""What a start shows: one line a step with its time; on a terminal the current step turns while it lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from rich.console import Console
from rich.markup import escape


class Progress(Protocol):
    """Where the steps of a start are shown."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Show a step for as long as it lasts."""

    def note(self, text: str) -> None:
        """Show something that happened on the side."""


class Silent:
    """Shows nothing: for tests."""

    def step(self, title: str) -> AbstractContextManager[None]:  # noqa: ARG002 - shown by others
        """Let the step pass."""
        return nullcontext()

    def note(self, text: str) -> None:
        """Let the note pass."""


class Told:
    """Shows the steps to a person on a console."""

    def __init__(self, console: Console) -> None:
        """Take the console; one that is no terminal gets plain lines."""
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the step, then how long it took, or that it failed."""
        started_at = time.monotonic()
        turning = self._console.status(f"{escape(title)} …") if self._console.is_terminal else nullcontext()
        try:
            with turning:
                yield
        except BaseException:
            self._line("[red]✗[/]", title, started_at)
            raise
        self._line("[green]✓[/]", title, started_at)

    def note(self, text: str) -> None:
        """Show the note, indented under the steps."""
        self._console.print(f"  [yellow]![/] {escape(text)}", highlight=False)

    def _line(self, mark: str, title: str, started_at: float) -> None:
        seconds = time.monotonic() - started_at
        self._console.print(f"  {mark} {escape(title)} [dim]{seconds:.1f} s[/]", highlight=False)
