"""An alarm that rings on the deployed template reaches the operator's chat: topic, queue, reconciler, bot."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from stack.local import LocalStack
from stack.seed import STAGE

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_ssm import SSMClient

pytestmark = pytest.mark.integration

CHAT = 424242
PATIENCE_SECONDS = 30


def told(stack: LocalStack) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = requests.get(f"{stack.lab}/_/telegram/calls", timeout=10).json()
    return [
        call["params"] for call in calls if call["method"] == "sendMessage" and str(call["params"].get("chat_id")) == str(CHAT)
    ]


def ring(stack: LocalStack, logical_id: str) -> None:
    cloudwatch = stack.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(MaxRecords=100)["MetricAlarms"]
    (name,) = [alarm["AlarmName"] for alarm in alarms if logical_id in alarm["AlarmName"]]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="set by a test")


def reconciled_until(stack: LocalStack, title: str) -> list[dict[str, Any]]:
    lambda_: LambdaClient = stack.client("lambda")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        lambda_.invoke(FunctionName=stack.functions["reconciler"], Payload=json.dumps({}).encode())
        found = [params for params in told(stack) if title in params["text"]]
        if found:
            return found
        time.sleep(0.3)
    return []


def test_an_alarm_is_told_to_the_operator_with_a_sound_only_where_it_wakes(local_stack: LocalStack) -> None:
    start = requests.post(f"{local_stack.lab}/_/telegram/start", json={"chat_id": CHAT, "first_name": "Operador"}, timeout=20)
    assert start.ok
    ssm: SSMClient = local_stack.client("ssm")
    chat = json.dumps({"bot_id": local_stack.demo["bot_id"], "chat_id": str(CHAT)})
    ssm.put_parameter(Name=f"/rastro/{STAGE}/operator/chat", Value=chat, Type="SecureString", Overwrite=True)

    ring(local_stack, "PixelParkedAlarm")
    (morning,) = reconciled_until(local_stack, "Pixel parado")
    ring(local_stack, "CoverageAlarm")  # a calculation, which the emulator knows only as a plain alarm
    (coverage,) = reconciled_until(local_stack, "Cobertura abaixo do objetivo")
    ring(local_stack, "SigningKeysAlarm")
    (wakes,) = reconciled_until(local_stack, "Cliques sem rastro")

    assert "docs/operations.md#pixelparkedalarm" in morning["text"]
    assert "set by a test" not in morning["text"]
    assert str(morning.get("disable_notification")).lower() == "true"
    assert str(coverage.get("disable_notification")).lower() == "true"
    assert "disable_notification" not in wakes
