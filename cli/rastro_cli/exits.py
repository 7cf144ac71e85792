"""How the command ends: its exit codes, and the errors that end it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; 2 is also what a wrong command line ends with."""

    DONE = 0
    UNAVAILABLE = 1
    """A store, a secret or AWS did not answer, or refused; a pixel that was checked is not right."""
    USAGE = 2
    """The command line, the profile or a file is not right; nothing was done."""
    NOT_FOUND = 3
    PARTLY = 4
    """Some lines or sales could not be taken, or a run ended at its limit; the others are done."""
    INTERRUPTED = 130


class CommandError(Exception):
    """Say why a command ends, in the words for its operator, and with which code."""

    def __init__(self, message: str, code: Exit) -> None:
        """Keep the exit code."""
        super().__init__(message)
        self.code = code
