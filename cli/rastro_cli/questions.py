"""What the operator is asked: answers come from a terminal, secrets unseen, or line by line from a pipe."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from rich.console import Console
from rich.text import Text

from rastro_cli.exits import CommandError, Exit
from rastro_cli.texts import Texts

_T = TypeVar("_T")
_YES = frozenset({"s", "sim", "y", "yes"})
_NO = frozenset({"n", "não", "nao", "no"})


class Answers(Protocol):
    """Where answers come from."""

    def line(self) -> str | None:
        """Return the next line without its end, ``None`` when there is none."""

    def hidden(self) -> str | None:
        """Return the next line, unseen while it is typed."""

    def rest(self) -> str:
        """Return everything that is still to come."""

    def edit(self, text: str) -> str | None:
        """Let a text be edited; ``None`` where there is no editor, or it was left without saving."""


class AnswersEnded(CommandError):
    """Say that an answer is needed and no more come."""


class Refused(Exception):
    """Say why an answer cannot be taken, in the operator's words; it is asked for again."""


class TerminalAnswers:
    """Answers of whoever sits before this process."""

    def __init__(self, stdin: TextIO, notes: TextIO, environ: Mapping[str, str]) -> None:
        """Take where to read, where prompts go, and the environment that names an editor."""
        self._stdin = stdin
        self._notes = notes
        self._environ = environ

    def line(self) -> str | None:
        """Read a line."""
        text = self._stdin.readline()
        return text.rstrip("\r\n") if text else None

    def hidden(self) -> str | None:
        """Read a line without echo; from a pipe, as it comes."""
        if not self._stdin.isatty():
            return self.line()
        try:
            return getpass.getpass("", stream=self._notes)
        except EOFError:
            return None

    def rest(self) -> str:
        """Read to the end."""
        return self._stdin.read()

    def edit(self, text: str) -> str | None:
        """Open ``$VISUAL`` or ``$EDITOR`` on a file of this user alone."""
        editor = self._environ.get("VISUAL") or self._environ.get("EDITOR")
        if not editor:
            return None
        handle, name = tempfile.mkstemp(suffix=".json", text=True)
        path = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run([*shlex.split(editor), name], check=False)
            edited = path.read_text(encoding="utf-8")
        except OSError:
            return None
        finally:
            path.unlink(missing_ok=True)
        return edited if done.returncode == 0 and edited != text else None


class Questions:
    """Asks until an answer can be taken."""

    def __init__(self, answers: Answers, notes: Console, texts: Texts) -> None:
        """Take where answers come from, where questions go, and their language."""
        self._answers = answers
        self._notes = notes
        self._texts = texts

    def say(self, text: str, style: str = "") -> None:
        """Tell the operator something between questions."""
        self._notes.print(Text(text, style=style))

    def ask(self, question: str, take: Callable[[str], _T], *, default: str | None = None) -> _T:
        """Return an answer as ``take`` returns it; an empty one is the default.

        ``take`` raises ``Refused`` for what it cannot take. Raises ``AnswersEnded``.
        """
        shown = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            self._notes.print(Text(shown, style="bold"), end="")
            given = self._given(self._answers.line()).strip()
            try:
                return take(given or default or "")
            except Refused as exc:
                self.say(str(exc), "red")

    def secret(self, question: str, take: Callable[[str], _T]) -> _T:
        """Return an answer that is not shown while it is typed, as ``take`` returns it."""
        while True:
            self._notes.print(Text(f"{question}: ", style="bold"), end="")
            given = self._given(self._answers.hidden()).strip()
            try:
                return take(given)
            except Refused as exc:
                self.say(str(exc), "red")

    def yes(self, question: str, *, default: bool) -> bool:
        """Return whether the operator says yes."""

        def take(given: str) -> bool:
            if given.lower() in _YES | _NO:
                return given.lower() in _YES
            raise Refused(self._texts("ask.yes_or_no"))

        return self.ask(question, take, default=self._texts("ask.yes" if default else "ask.no"))

    def choose(self, question: str, choices: Sequence[tuple[str, str]], *, default: str | None = None) -> str:
        """Return the key of one of the choices, which are shown with their descriptions and taken by number or key."""
        keys = [key for key, _ in choices]
        for number, (key, description) in enumerate(choices, 1):
            self.say(f"  {number}. {key}" + (f"  {description}" if description else ""))

        def take(given: str) -> str:
            if given in keys:
                return given
            if given.isascii() and given.isdigit() and 1 <= int(given) <= len(keys):
                return keys[int(given) - 1]
            raise Refused(self._texts("ask.choice", choices=", ".join(keys)))

        return self.ask(question, take, default=default)

    def edit(self, text: str) -> str | None:
        """Let a text be edited; ``None`` where nothing was changed."""
        return self._answers.edit(text)

    def content_of(self, path: str) -> str:
        """Return what a file holds, ``-`` for what comes by the pipe; raises ``CommandError`` where it cannot be read."""
        if path == "-":
            return self._answers.rest().strip()
        try:
            return Path(path).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as exc:
            raise CommandError(self._texts("ask.unreadable", path=path), Exit.USAGE) from exc

    def _given(self, answer: str | None) -> str:
        if answer is None:
            self._notes.print()
            raise AnswersEnded(self._texts("ask.ended"), Exit.USAGE)
        return answer
