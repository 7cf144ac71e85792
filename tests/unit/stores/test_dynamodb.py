from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from rastro.errors import Conflict, StoreUnavailable
from rastro.stores.dynamodb import Table, version_is


class _Client:
    """A client whose every call fails in one way."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def __getattr__(self, _name: str) -> Any:
        def call(**_arguments: object) -> None:
            raise self._fault

        return call


def _table(fault: Exception) -> Table:
    client: Any = _Client(fault)
    return Table(client, "Table")


def _refusal(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    "fault",
    [
        EndpointConnectionError(endpoint_url="https://x"),
        ConnectTimeoutError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
        _refusal("ProvisionedThroughputExceededException"),
        _refusal("AccessDeniedException"),
        _refusal("TransactionCanceledException", "None", "ThrottlingError"),
    ],
    ids=lambda fault: type(fault).__name__ + str(getattr(fault, "response", "")),
)
def test_whatever_keeps_a_table_from_answering_makes_it_unavailable(fault: Exception) -> None:
    table = _table(fault)
    with pytest.raises(StoreUnavailable) as told:
        table.get({"key": "1"})
    assert told.value.__cause__ is fault
    with pytest.raises(StoreUnavailable):
        list(table.query("index", "key", "1"))
    with pytest.raises(StoreUnavailable):
        table.put({"key": "1"})
    with pytest.raises(StoreUnavailable):
        table.write_together([table.write_put({"key": "1"}, version_is(0))])


@pytest.mark.parametrize(
    "fault",
    [
        _refusal("ConditionalCheckFailedException"),
        _refusal("TransactionConflictException"),
        _refusal("TransactionCanceledException", "None", "ConditionalCheckFailed"),
        _refusal("TransactionCanceledException", "TransactionConflict"),
    ],
    ids=lambda fault: str(fault.response),
)
def test_a_write_that_lost_is_a_conflict(fault: Exception) -> None:
    table = _table(fault)
    with pytest.raises(Conflict):
        table.put({"key": "1"}, version_is(1))
    with pytest.raises(Conflict):
        table.write_together([table.write_put({"key": "1"}, version_is(0))])
