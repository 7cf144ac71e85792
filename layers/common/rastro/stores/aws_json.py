"""AWS's JSON protocol over kept connections: what DynamoDB, SQS and the parameter store speak.

boto3 would do, at six times the processor of a write and 200 ms of a cold start (``docs/performance.md``).
https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rastro.stores.aws_connections import BrokenAnswer, Connections, Exchange
from rastro.stores.aws_errors import AwsFailure, AwsRefusal
from rastro.stores.aws_signing import Signer

FIRST_WAIT_SECONDS = 0.05
"""How long the first repetition waits at most; each further one twice as long."""
_OK = 200
_SERVER_FAULT = 500
_MENDED_BY_TIME = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "TooManyRequestsException", "LimitExceededException"),
        *("TransactionInProgressException", "RequestTimeout", "RequestTimeoutException", "InternalServerError"),
        *("KmsThrottlingException", "KMSThrottlingException"),
    )
)
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and its like."""

_AS_JSON = json.JSONEncoder(separators=(",", ":")).encode

Answer = dict[str, Any]


class JsonService:
    """One service of AWS.

    Every call may raise ``AwsRefusal`` or ``AwsFailure``; what time mends is tried ``attempts`` times before that.
    """

    def __init__(
        self,
        url: str,
        target: str,
        *,
        version: str,
        signer: Signer,
        connections: Connections,
        attempts: int,
        now_s: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        """Take where the service is, what its ``X-Amz-Target`` begins with, and the version of its protocol.

        ``random`` gives numbers from 0 to 1, so that those who were refused together do not come back together.
        """
        parts = urlsplit(url)
        self._target = target
        self._headers = {"content-type": f"application/x-amz-json-{version}", "host": parts.netloc}
        self._signer = signer
        self._connections = connections
        self._attempts = attempts
        self._now_s = now_s
        self._sleep = sleep
        self._random = random

    def trying(self, attempts: int) -> JsonService:
        """Return the same service, by the same connections, whose calls are made that often before they count as failed."""
        service = copy(self)
        service._attempts = attempts  # noqa: SLF001 - a copy of itself
        return service

    def call(self, operation: str, document: Mapping[str, Any]) -> Answer:
        """Do an operation and return its answer."""
        return self.begin(operation, document)()

    def begin(self, operation: str, document: Mapping[str, Any]) -> Callable[[], Answer]:
        """Send an operation and return how to wait for its answer, which raises whatever went wrong, at the sending too."""
        body = _AS_JSON(document).encode()
        return partial(self._finish, operation, body, self._send(operation, body))

    def _finish(self, operation: str, body: bytes, sent: Exchange | Exception) -> Answer:
        for attempt in range(1, self._attempts + 1):
            try:
                return _answer(sent)
            except (AwsFailure, AwsRefusal) as exc:
                if attempt == self._attempts or not _may_pass(exc):
                    raise
            self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * self._random())
            sent = self._send(operation, body)
        raise AssertionError("unreachable")

    def _send(self, operation: str, body: bytes) -> Exchange | Exception:
        """Sign a request for this moment and send it; a failure is kept for whoever waits for the answer."""
        headers = self._headers | {"x-amz-target": f"{self._target}.{operation}"}
        try:
            signed = self._signer.sign(headers, body, at_s=self._now_s())
            lines = [f"{name}: {value}\r\n" for name, value in signed.items()]
            head = f"POST / HTTP/1.1\r\n{''.join(lines)}content-length: {len(body)}\r\n\r\n"
            return self._connections.send(head.encode() + body)
        except (OSError, AwsFailure) as exc:
            return exc


def _answer(sent: Exchange | Exception) -> Answer:
    try:
        if isinstance(sent, Exception):
            raise sent
        status, content = sent.answer()
    except (OSError, BrokenAnswer) as exc:
        raise AwsFailure(type(exc).__name__) from exc
    try:
        document = json.loads(content) if content else {}
    except ValueError as exc:
        raise AwsFailure(f"{status} without JSON") from exc
    if not isinstance(document, dict):
        raise AwsFailure(f"{status} without a JSON object")
    if status == _OK:
        return document
    raise _refusal(status, document)


def _refusal(status: int, document: Mapping[str, Any]) -> AwsRefusal:
    # "com.amazonaws.dynamodb.v20120810#ThrottlingException", or with the namespace behind a colon.
    code = str(document.get("__type", "")).rpartition("#")[2].partition(":")[0]
    reasons = document.get("CancellationReasons") or ()
    return AwsRefusal(code or str(status), [str(reason.get("Code")) for reason in reasons], status=status)


def _may_pass(error: AwsFailure | AwsRefusal) -> bool:
    return isinstance(error, AwsFailure) or error.status >= _SERVER_FAULT or error.code in _MENDED_BY_TIME
