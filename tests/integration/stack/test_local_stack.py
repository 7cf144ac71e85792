from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis
import requests

from stack.deploy import deploy
from stack.errors import AlreadyRunning, DeployFailed, PortInUse
from stack.local import LocalStack, Tempo
from stack.ports import Ports
from stack.seed import SEEDED
from stack.stackfile import read

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

pytestmark = pytest.mark.integration

PERSON = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR)"
)
PATIENCE_SECONDS = 20


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def click(stack: LocalStack, **query: str) -> requests.Response:
    return requests.get(
        f"{stack.api}/go/{stack.demo['slug']}",
        params=query,
        headers={"User-Agent": PERSON, "X-Forwarded-For": "177.10.20.30"},
        allow_redirects=False,
        timeout=20,
    )


def stored_click(stack: LocalStack, answer: requests.Response) -> dict[str, dict[str, str]]:
    token = answer.headers["Location"].partition("start=")[2]
    dynamodb: DynamoDBClient = stack.client("dynamodb")
    item: dict[str, dict[str, str]] = dynamodb.get_item(  # type: ignore[assignment]
        TableName=stack.tables["click"], Key={"tracking_token": {"S": token}}
    ).get("Item", {})
    return item


def test_the_stack_file_says_what_the_stack_says(local_stack: LocalStack) -> None:
    assert read(local_stack.stack_file) == local_stack.description.document()


def test_a_click_through_the_gateway_keeps_its_query_its_cookies_and_its_visitor(local_stack: LocalStack) -> None:
    fbclid = f"IwAR-{uuid.uuid4()}_Aa"
    answer = click(local_stack, fbclid=fbclid, utm_source="face book+&=ã")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"https://t.me/{local_stack.demo['bot_username']}?start=")
    assert {cookie.partition("=")[0] for cookie in answer.raw.headers.getlist("Set-Cookie")} >= {"_fbp", "_fbc", "rastro_vid"}
    item = stored_click(local_stack, answer)
    assert item["fbclid"]["S"] == fbclid
    assert item["utm_source"]["S"] == "face book+&=ã"
    assert item["click_ip"]["S"] == "177.10.20.30"


def test_a_callers_own_word_for_its_address_is_not_taken(local_stack: LocalStack) -> None:
    answer = requests.get(
        f"{local_stack.api}/go/{local_stack.demo['slug']}",
        params={"fbclid": f"IwAR-{uuid.uuid4()}"},
        headers={"User-Agent": PERSON, "x-rastro-client-ip": "8.8.8.8"},
        allow_redirects=False,
        timeout=20,
    )
    assert stored_click(local_stack, answer).get("click_ip", {}).get("S") != "8.8.8.8"


def test_a_click_redirects_with_the_cache_gone_and_finds_it_again(local_stack: LocalStack) -> None:
    local_stack.redis_stop()
    try:
        answer = click(local_stack, fbclid=f"IwAR-{uuid.uuid4()}")
        assert answer.status_code == 302
        assert stored_click(local_stack, answer)["fbclid"]["S"].startswith("IwAR-")
    finally:
        local_stack.redis_start()
    with redis.Redis.from_url(local_stack.redis_url) as cache:
        assert cache.ping()


def test_a_click_becomes_a_page_view_at_graph(local_stack: LocalStack) -> None:
    event_id = stored_click(local_stack, click(local_stack, fbclid=f"IwAR-{uuid.uuid4()}"))["pageview_event_id"]["S"]

    def arrived() -> bool:
        events = requests.get(f"{local_stack.lab}/_/graph/events", timeout=10).json()
        return event_id in {entry["event"]["event_id"] for entry in events}

    assert eventually(arrived)


def test_what_a_function_says_is_in_the_log_of_the_functions(local_stack: LocalStack) -> None:
    lambda_: LambdaClient = local_stack.client("lambda")
    lambda_.invoke(FunctionName=local_stack.functions["reconciler"], Payload=json.dumps({"source": "aws.events"}).encode())
    log = local_stack.folder.log("functions")
    assert eventually(lambda: log.exists() and "reconciler  " in log.read_text(encoding="utf-8"))


def test_a_resource_that_fails_is_named_with_its_reason(local_stack: LocalStack) -> None:
    properties = {"FunctionName": "nobody", "Qualifier": "$LATEST"}
    broken = {"Resources": {"BrokenConfig": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}}}
    with pytest.raises(DeployFailed, match=r"BrokenConfig.*not found: nobody"):
        deploy(local_stack.aws, broken, {}, name="rastro-broken")


def test_a_template_that_makes_no_sense_is_refused_with_the_reason(local_stack: LocalStack) -> None:
    with pytest.raises(DeployFailed, match=r"refused the template: .*AWS::Foo::Bar"):
        deploy(local_stack.aws, {"Resources": {"A": {"Type": "AWS::Foo::Bar"}}}, {}, name="rastro-senseless")


def test_a_port_of_another_program_is_named(local_stack: LocalStack) -> None:
    ports = Ports(api=local_stack.ports.api, emulator=1, redis=local_stack.ports.redis, lab=local_stack.ports.lab)
    with pytest.raises(PortInUse, match=rf"{local_stack.ports.api} \(api\)"), LocalStack(ports=ports):
        pytest.fail("it started")


def test_a_second_stack_in_the_same_folder_is_refused_and_the_first_goes_on(local_stack: LocalStack) -> None:
    with pytest.raises(AlreadyRunning, match=str(os.getpid())), LocalStack(folder=local_stack.folder.path):
        pytest.fail("it started")
    assert click(local_stack).status_code == 302
    assert local_stack.dead() == []


def test_the_smoke_test_and_the_stack_leave_nothing_behind() -> None:
    with LocalStack(tempo=Tempo(reconcile_every_seconds=None)) as stack:
        dynamodb: DynamoDBClient = stack.client("dynamodb")
        records = {name: dynamodb.scan(TableName=table)["Count"] for name, table in stack.tables.items()}
        seeded = {"funnel": len(SEEDED) + 2}  # beside the funnels their bot and the list of them all
        del records["rollup"]  # hours that are over are closed at once, with nothing in them
        assert {name: count for name, count in records.items() if count} == seeded
        for told in ("graph/requests", "telegram/calls", "pix/charges"):
            calls = requests.get(f"{stack.lab}/_/{told}", timeout=10).json()
            # The reconciler looks whether the bots are still there.
            assert [call for call in calls if call.get("method") != "getMe"] == []
        processes = stack.folder.registry.processes()
        assert {process.name for process in processes} == {"Valkey", "lab", "AWS emulator", "gateway"}
        assert stack.stack_file.exists()
    for process in processes:
        with pytest.raises(ProcessLookupError):  # neither it nor anything that it started
            os.killpg(process.pid, 0)
    assert not stack.folder.path.exists()
    stack.ports.check()
