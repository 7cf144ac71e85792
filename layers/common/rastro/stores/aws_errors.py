"""AWS's errors as ours, whichever client met them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rastro.errors import Conflict, StoreUnavailable

CONDITION_FAILED = "ConditionalCheckFailedException"
_CANCELED = "TransactionCanceledException"
_TRANSACTION_CONFLICT = "TransactionConflictException"
_CONFLICTS = ("ConditionalCheckFailed", "TransactionConflict")


class AwsFailure(Exception):
    """Say that a service gave no answer, or none that can be read."""


class AwsRefusal(Exception):
    """Say that a service refused a request, with its code and, of a transaction, the code of each part."""

    def __init__(self, code: str, reasons: Sequence[str] = (), *, status: int = 400) -> None:
        """Take the codes and the HTTP status."""
        super().__init__(code)
        self.code = code
        self.reasons = reasons
        self.status = status


def refusal_code(error: BaseException | None) -> str | None:
    """Return the code with which a service refused, ``None`` where it is something else that failed."""
    if isinstance(error, AwsRefusal):
        return error.code
    if isinstance(error, _of_botocore("ClientError")):
        return str(error.response.get("Error", {}).get("Code", ""))  # type: ignore[attr-defined] # a ClientError has it
    return None


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn a lost condition into ``Conflict`` and every other failure of AWS into ``StoreUnavailable``."""
    try:
        yield
    except AwsRefusal as exc:
        raise _refused(action, exc.code, exc.reasons) from exc
    except AwsFailure as exc:
        raise StoreUnavailable(f"{action}: {exc}") from exc
    except _of_botocore("ClientError") as exc:
        response = exc.response  # type: ignore[attr-defined] # a ClientError has it
        reasons = [reason.get("Code") for reason in response.get("CancellationReasons", [])]
        raise _refused(action, response.get("Error", {}).get("Code", ""), reasons) from exc
    except _of_botocore("BotoCoreError") as exc:
        raise StoreUnavailable(f"{action}: {type(exc).__name__}") from exc


def _refused(action: str, code: str, reasons: Sequence[str]) -> Conflict | StoreUnavailable:
    lost = code in (CONDITION_FAILED, _TRANSACTION_CONFLICT)
    if lost or (code == _CANCELED and any(reason in _CONFLICTS for reason in reasons)):
        return Conflict(action)
    return StoreUnavailable(f"{action}: {code}")


def _of_botocore(name: str) -> type[Exception] | tuple[()]:
    """Return a class of botocore's errors: where botocore was not imported, nobody raised one."""
    module = sys.modules.get("botocore.exceptions")
    return getattr(module, name) if module else ()
