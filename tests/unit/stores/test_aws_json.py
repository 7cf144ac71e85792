from __future__ import annotations

import json

import pytest

from rastro.stores.aws_connections import BrokenAnswer, Connections
from rastro.stores.aws_environment import Credentials
from rastro.stores.aws_errors import AwsFailure, AwsRefusal
from rastro.stores.aws_json import JsonService
from rastro.stores.aws_signing import Signer

AT_S = 1_790_000_000.0
Outcome = tuple[int, object] | Exception


class _Server:
    """A server behind a connection: it has one outcome for each request, the last one for all that follow."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[bytes] = []
        self.waits: list[float] = []

    def send(self, request: bytes) -> None:
        self.requests.append(request)

    def receive(self) -> tuple[int, bytes, bool]:
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        status, document = outcome
        return status, document if isinstance(document, bytes) else json.dumps(document).encode(), True

    def is_dropped(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def service(self, *, attempts: int = 3) -> JsonService:
        return JsonService(
            "https://dynamodb.sa-east-1.amazonaws.com",
            "DynamoDB_20120810",
            version="1.0",
            signer=Signer(lambda: Credentials("AKIA", "secret", "token"), region="sa-east-1", service="dynamodb"),
            connections=Connections(lambda: self, lambda: AT_S),
            attempts=attempts,
            now_s=lambda: AT_S,
            sleep=self.waits.append,
            random=lambda: 1.0,
        )


def _refused(code: str, status: int = 400, **more: object) -> Outcome:
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"} | more


def test_an_operation_goes_out_as_the_protocol_says() -> None:
    server = _Server((200, {"Item": {"a": {"S": "é"}}}))
    assert server.service().call("GetItem", {"TableName": "t"}) == {"Item": {"a": {"S": "é"}}}
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert (first, body) == ("POST / HTTP/1.1", b'{"TableName":"t"}')
    assert headers.pop("authorization").startswith("AWS4-HMAC-SHA256 Credential=AKIA/20260921/sa-east-1/dynamodb/aws4_request, ")
    assert headers == {
        "host": "dynamodb.sa-east-1.amazonaws.com",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.GetItem",
        "x-amz-date": "20260921T141320Z",
        "x-amz-security-token": "token",
        "content-length": "17",
    }


def test_an_empty_answer_is_an_empty_document() -> None:
    assert _Server((200, b"")).service().call("PutItem", {}) == {}


@pytest.mark.parametrize(
    "outcome",
    [
        _refused("ProvisionedThroughputExceededException"),
        _refused("ThrottlingException"),
        _refused("RequestLimitExceeded"),
        (400, {"__type": "ThrottlingException"}),
        (400, {"__type": "aws#ThrottlingException:http://internal.amazon.com/coral/"}),
        _refused("InternalServerError", 500),
        (503, {}),
        (502, b"<html>bad gateway</html>"),
        TimeoutError(),
        ConnectionRefusedError(),
        BrokenAnswer(),
    ],
    ids=str,
)
def test_what_time_mends_is_tried_again(outcome: Outcome) -> None:
    server = _Server(outcome, outcome, (200, {"well": True}))
    assert server.service().call("PutItem", {}) == {"well": True}
    assert len(server.requests) == 3
    assert server.waits == [0.05, 0.1]


@pytest.mark.parametrize(
    ("outcome", "error", "text"),
    [
        (_refused("ThrottlingException"), AwsRefusal, "ThrottlingException"),
        ((503, {}), AwsRefusal, "503"),
        ((502, b"<html>"), AwsFailure, "502 without JSON"),
        ((200, b"[]"), AwsFailure, "200 without a JSON object"),
        (TimeoutError(), AwsFailure, "TimeoutError"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_told_after_the_last_attempt(outcome: Outcome, error: type[Exception], text: str) -> None:
    server = _Server(outcome)
    with pytest.raises(error, match=f"^{text}$"):
        server.service().call("PutItem", {})
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailedException", "ValidationException", "AccessDeniedException", "ExpiredTokenException"]
)
def test_what_no_time_mends_is_told_at_once(code: str) -> None:
    server = _Server(_refused(code))
    with pytest.raises(AwsRefusal) as told:
        server.service().call("PutItem", {})
    assert told.value.code == code
    assert len(server.requests) == 1


def test_a_refused_transaction_tells_the_reason_of_each_part() -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}]
    with pytest.raises(AwsRefusal) as told:
        _Server(_refused("TransactionCanceledException", CancellationReasons=reasons)).service().call("TransactWriteItems", {})
    assert told.value.reasons == ["None", "ConditionalCheckFailed"]


def test_who_has_one_attempt_waits_for_nothing() -> None:
    server = _Server(_refused("ThrottlingException"))
    with pytest.raises(AwsRefusal):
        server.service(attempts=1).call("PutItem", {})
    assert (len(server.requests), server.waits) == (1, [])


def test_a_repeated_request_is_signed_anew() -> None:
    server = _Server(TimeoutError(), (200, {}))
    moments = iter([AT_S, AT_S + 1])
    service = server.service()
    service._now_s = lambda: next(moments)
    service.call("PutItem", {})
    assert b"20260921T141320Z" in server.requests[0]
    assert b"20260921T141321Z" in server.requests[1]


def test_what_is_begun_is_on_its_way_before_anybody_waits_for_it() -> None:
    server = _Server((200, {"well": True}))
    wait = server.service().begin("PutItem", {})
    assert len(server.requests) == 1
    assert wait() == {"well": True}


def test_a_request_that_could_not_even_be_sent_fails_where_it_is_waited_for() -> None:
    def unreachable() -> _Server:
        raise ConnectionRefusedError

    server = _Server((200, {}))
    service = server.service(attempts=1)
    service._connections = Connections(unreachable, lambda: AT_S)
    wait = service.begin("PutItem", {})
    with pytest.raises(AwsFailure, match="ConnectionRefusedError"):
        wait()


def test_a_request_that_nobody_can_sign_fails_where_it_is_waited_for() -> None:
    def nobody() -> Credentials:
        raise AwsFailure("there are no AWS credentials")

    server = _Server((200, {}))
    service = server.service(attempts=1)
    service._signer = Signer(nobody, region="sa-east-1", service="dynamodb")
    wait = service.begin("PutItem", {})
    with pytest.raises(AwsFailure, match="no AWS credentials"):
        wait()
    assert server.requests == []


def test_a_service_that_tries_more_often_shares_the_connections() -> None:
    server = _Server(_refused("ThrottlingException"), (200, {}))
    once = server.service(attempts=1)
    assert once.trying(2).call("GetItem", {}) == {}
    server.outcomes = [_refused("ThrottlingException")]
    with pytest.raises(AwsRefusal):
        once.call("GetItem", {})
    assert len(server.requests) == 3
