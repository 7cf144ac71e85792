"""The proxy before AWS: what it lets pass, what it answers in AWS's place, and what it does to a connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.chaos.aws_proxy import AwsRequest, Hit, Trouble, running_proxy

pytestmark = pytest.mark.integration


class Upstream(ThreadingHTTPServer):
    """Stands for AWS: says what it was asked for, and keeps it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.done: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.done.append(body)
        entries = [{"Id": entry["Id"], "MessageId": "m"} for entry in body.get("Entries", ())]
        answer = json.dumps({"Successful": entries} if entries else {"did": self.headers["X-Amz-Target"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name for it
        return


class Board:
    """The rule of these tests: one hit for all."""

    def __init__(self) -> None:
        self.hit: Hit | None = None
        self.seen: list[AwsRequest] = []

    def __call__(self, request: AwsRequest) -> Hit | None:
        self.seen.append(request)
        return self.hit


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def door(upstream: Upstream, board: Board) -> Iterator[str]:
    with running_proxy(f"http://127.0.0.1:{upstream.server_port}", board) as proxy:
        yield proxy.door("redirect")


def ask(door: str, operation: str = "DynamoDB_20120810.PutItem", **document: Any) -> requests.Response:
    return requests.post(door, json={"TableName": "clicks"} | document, headers={"X-Amz-Target": operation}, timeout=10)


def test_what_no_rule_concerns_passes_unchanged(door: str, upstream: Upstream, board: Board) -> None:
    with requests.Session() as session:
        for _ in range(3):  # over one connection
            answer = session.post(door, json={"TableName": "clicks"}, headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"})
            assert answer.json() == {"did": "DynamoDB_20120810.GetItem"}
    assert upstream.done == [{"TableName": "clicks"}] * 3
    (request, *_) = board.seen
    assert (request.caller, request.service, request.operation) == ("redirect", "DynamoDB", "GetItem")
    assert request.names("clicks")
    assert not request.names("click")


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [(Trouble.THROTTLED, 400, "ProvisionedThroughputExceededException"), (Trouble.FAILING, 500, "InternalServerError")],
)
def test_a_refusal_is_worded_as_aws_does_and_nothing_is_done(  # noqa: PLR0917 - fixtures and a row of the table
    door: str, upstream: Upstream, board: Board, trouble: Trouble, status: int, code: str
) -> None:
    board.hit = Hit(trouble=trouble)
    answer = ask(door)
    assert (answer.status_code, answer.json()["__type"].rpartition("#")[2]) == (status, code)
    assert upstream.done == []


@pytest.mark.parametrize(("trouble", "done"), [(Trouble.RESET, 0), (Trouble.SILENT, 0), (Trouble.ANSWER_LOST, 1)])
def test_a_connection_is_cut_before_or_after_the_work(
    door: str, upstream: Upstream, board: Board, trouble: Trouble, done: int
) -> None:
    board.hit = Hit(trouble=trouble, seconds=0.05)
    with pytest.raises(requests.ConnectionError):
        ask(door)
    assert len(upstream.done) == done
    board.hit = None
    assert ask(door).ok


def test_half_of_a_batch_is_taken_and_the_rest_refused_one_by_one(door: str, upstream: Upstream, board: Board) -> None:
    board.hit = Hit(trouble=Trouble.HALF)
    entries = [{"Id": str(number), "MessageBody": "b"} for number in range(3)]
    told = ask(door, "AmazonSQS.SendMessageBatch", Entries=entries).json()
    assert [entry["Id"] for entry in told["Successful"]] == ["0"]
    assert [entry["Id"] for entry in told["Failed"]] == ["1", "2"]
    assert upstream.done[0]["Entries"] == entries[:1]
    assert ask(door, "AmazonSQS.SendMessageBatch", Entries=entries[:1]).json()["Successful"] == []
