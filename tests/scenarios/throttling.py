"""The writes of chosen clicks throttled, as DynamoDB does it: the redirect's real client meets a real refusal, and gives up."""

from __future__ import annotations

from tests.chaos.aws_proxy import AwsRequest, Hit, Trouble


class Throttle:
    """What is throttled: the writes to a table that carry a given text."""

    def __init__(self, table: str) -> None:
        """Take the table's name."""
        self._table = table
        self._marks: set[bytes] = set()
        self.refused = 0

    def refuse(self, mark: str) -> None:
        """Throttle from now on every write that carries this text."""
        self._marks.add(mark.encode())

    def __call__(self, request: AwsRequest) -> Hit | None:
        """Throttle a request that is meant, and count it."""
        hit = request.operation == "PutItem" and request.names(self._table) and any(mark in request.body for mark in self._marks)
        self.refused += hit
        return Hit(trouble=Trouble.THROTTLED) if hit else None
