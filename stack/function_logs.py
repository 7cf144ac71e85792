"""What the functions say, copied from the emulator's CloudWatch Logs into one file that a person can follow."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from stack.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

POLL_SECONDS = 1.0
_OVERLAP_MS = 5_000
_NOT_SAID = ("START RequestId:", "END RequestId:", "REPORT RequestId:", '{"_aws":')
"""Beginnings of the lines that Lambda itself writes, and of metrics, which CloudWatch would take out."""
_TRACEBACK = "Traceback (most recent call last)"
_ERRORS = ("ERROR", "CRITICAL")


class FunctionLogs:
    """Follows the log groups until it is stopped, then copies what is left."""

    def __init__(self, aws: Aws, groups: Mapping[str, str], path: Path, on_error: Callable[[str], None]) -> None:
        """Take the log groups by function, where to write, and whom to tell of an error's first line."""
        self._logs: CloudWatchLogsClient = aws.client("logs")
        self._groups = groups
        self._path = path
        self._on_error = on_error
        self._copied: dict[str, dict[str, int]] = {name: {} for name in groups}
        self._told: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="function-logs", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End, with everything copied that the functions said."""
        self._stopping.set()
        self._thread.join()

    def copy(self) -> None:
        """Append what is new to the file."""
        with self._path.open("a", encoding="utf-8") as file:
            for name, group in self._groups.items():
                self._copy_group(file, name, group)

    def _follow(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._try_to_copy()
        self._try_to_copy()

    def _try_to_copy(self) -> None:
        try:
            self.copy()
        except (ClientError, BotoCoreError):
            return  # the emulator is busy or on its way down; the next turn copies the same

    def _copy_group(self, file: TextIO, name: str, group: str) -> None:
        # The emulator writes an invocation's lines at once when it ends, into a stream of its own: a stream is copied once.
        copied = self._copied[name]
        since = max(copied.values(), default=0) - _OVERLAP_MS
        new: dict[str, list[str]] = {}
        ended_at_ms: dict[str, int] = {}
        for page in self._logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=max(0, since)):
            for event in page["events"]:
                if event["logStreamName"] not in copied:
                    new.setdefault(event["logStreamName"], []).append(event["message"])
                    ended_at_ms[event["logStreamName"]] = event["timestamp"]
        for lines in new.values():
            said = [line for line in lines if not line.startswith(_NOT_SAID)]
            file.writelines(f"{name:<17} {readable(line)}\n" for line in said)
            self._tell(name, said)
        copied.update(ended_at_ms)
        for stream in [stream for stream, at_ms in copied.items() if at_ms < since]:
            del copied[stream]

    def _tell(self, name: str, lines: Sequence[str]) -> None:
        error = error_of(lines)
        if error and error != self._told.get(name):  # one that comes with every retry is told once
            self._on_error(f"{name}: {error}")
            self._told[name] = error


def readable(message: str) -> str:
    """Return a log line with its traceback, if it has one, written out below it."""
    record = _record(message)
    trace = record.get("exception")
    return message if not isinstance(trace, str) else f"{message}\n{trace}"


def error_of(lines: Sequence[str]) -> str | None:
    """Return in one line which error an invocation's lines tell of, ``None`` when they tell of none."""
    for line in lines:
        record = _record(line)
        if record.get("level") in _ERRORS:
            trace = record.get("exception")
            cause = f" ({trace.strip().splitlines()[-1]})" if isinstance(trace, str) and trace.strip() else ""
            return f"{record.get('message')}{cause}"
        if line.startswith(_TRACEBACK):
            return next((last for last in reversed(lines) if last.strip() and not _record(last)), line)
    return None


def _record(message: str) -> dict[str, object]:
    if not message.startswith("{"):
        return {}
    try:
        record = json.loads(message)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
