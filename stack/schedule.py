"""The reconciler's schedule, in seconds: EventBridge knows no rate below a minute, and a person at a laptop will not wait."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from stack.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Schedule:
    """Invokes a function again and again until it is stopped; a failed run is in the function's log."""

    def __init__(self, aws: Aws, function: str, every_seconds: float) -> None:
        """Take the function and the pause between two runs."""
        self._lambda: LambdaClient = aws.client("lambda")
        self._function = function
        self._every_seconds = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End once the current run has."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            try:
                self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(scheduled_event(datetime.now(UTC))).encode())
            except (ClientError, BotoCoreError):
                continue  # the emulator is busy or on its way down; the next turn tries again


def scheduled_event(now: datetime) -> dict[str, object]:
    """Return the event of an EventBridge schedule rule."""
    return {
        "version": "0",
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [],
        "detail": {},
    }
