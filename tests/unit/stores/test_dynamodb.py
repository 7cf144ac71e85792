from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from rastro.errors import Conflict, StoreUnavailable
from rastro.stores.aws_errors import AwsFailure, AwsRefusal
from rastro.stores.dynamodb import Table, version_is


class _Client:
    """A client whose every call fails in one way."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        if name.startswith("begin"):
            raise AttributeError(name)

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
        AwsFailure("TimeoutError"),
        AwsRefusal("ProvisionedThroughputExceededException"),
        AwsRefusal("TransactionCanceledException", ["None", "ThrottlingError"]),
    ],
    ids=repr,
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
        AwsRefusal("ConditionalCheckFailedException"),
        AwsRefusal("TransactionConflictException"),
        AwsRefusal("TransactionCanceledException", ["None", "ConditionalCheckFailed"]),
    ],
    ids=repr,
)
def test_a_write_that_lost_is_a_conflict(fault: Exception) -> None:
    table = _table(fault)
    with pytest.raises(Conflict):
        table.put({"key": "1"}, version_is(1))
    with pytest.raises(Conflict):
        table.write_together([table.write_put({"key": "1"}, version_is(0))])


class _Throttled:
    """A client that serves one key of those it is asked for each second time, and none in between."""

    def __init__(self, *, for_good: bool = False) -> None:
        self._for_good = for_good
        self.calls = 0

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.calls += 1
        ((name, asked),) = RequestItems.items()
        served = 0 if self._for_good or self.calls % 2 else 1
        keys = asked["Keys"]
        return {
            "Responses": {name: keys[:served]},
            "UnprocessedKeys": {name: {**asked, "Keys": keys[served:]}} if keys[served:] else {},
        }


def test_what_a_throttled_table_left_out_is_asked_for_again() -> None:
    client: Any = _Throttled()
    waited: list[float] = []
    found = list(Table(client, "Table").get_many([{"key": "1"}, {"key": "2"}], ["key"], sleep=waited.append))
    assert found == [{"key": "1"}, {"key": "2"}]
    assert waited == [0.1, 0.4]


def test_a_table_that_stays_throttled_is_unavailable() -> None:
    client: Any = _Throttled(for_good=True)
    waited: list[float] = []
    with pytest.raises(StoreUnavailable):
        list(Table(client, "Table").get_many([{"key": "1"}], ["key"], sleep=waited.append))
    assert waited == [0.1, 0.4, 1.6]


class _TwoSteps:
    """A client that sends a write at once and says later what became of it."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._fault = fault

    def begin_put_item(self, **arguments: Any) -> Callable[[], dict[str, Any]]:
        self.sent.append(arguments)

        def wait() -> dict[str, Any]:
            if self._fault:
                raise self._fault
            return {}

        return wait


def test_a_write_that_is_begun_is_on_its_way() -> None:
    client: Any = _TwoSteps()
    wait = Table(client, "Table").begin_put({"key": "1"}, version_is(0))
    assert [sent["Item"] for sent in client.sent] == [{"key": {"S": "1"}}]
    wait()


@pytest.mark.parametrize(
    ("fault", "told"),
    [(AwsRefusal("ConditionalCheckFailedException"), Conflict), (AwsFailure("TimeoutError"), StoreUnavailable)],
)
def test_a_write_that_was_begun_fails_where_it_is_waited_for(fault: Exception, told: type[Exception]) -> None:
    client: Any = _TwoSteps(fault)
    wait = Table(client, "Table").begin_put({"key": "1"})
    with pytest.raises(told):
        wait()


def test_a_client_that_cannot_do_two_things_at_once_fails_no_earlier() -> None:
    wait = _table(_refusal("AccessDeniedException")).begin_put({"key": "1"})
    with pytest.raises(StoreUnavailable):
        wait()
