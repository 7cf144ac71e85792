"""AWS's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from rastro.errors import Conflict, StoreUnavailable

CONDITION_FAILED = "ConditionalCheckFailedException"
_CONFLICTS = ("ConditionalCheckFailed", "TransactionConflict")


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn a lost condition into ``Conflict`` and every other failure of AWS into ``StoreUnavailable``."""
    try:
        yield
    except ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "")
        if code == CONDITION_FAILED:
            raise Conflict(action) from exc
        if code in ("TransactionCanceledException", "TransactionConflictException"):
            reasons = [reason.get("Code") for reason in exc.response.get("CancellationReasons", [])]
            if code == "TransactionConflictException" or any(reason in _CONFLICTS for reason in reasons):
                raise Conflict(action) from exc
        raise StoreUnavailable(f"{action}: {code}") from exc
    except BotoCoreError as exc:
        raise StoreUnavailable(f"{action}: {type(exc).__name__}") from exc
