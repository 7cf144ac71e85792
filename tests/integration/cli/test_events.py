"""A pixel whose token ends, on the local stack: its Purchase is parked, told of, and accepted once the pixel is resumed."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from rastro.model import ConversionEvent, EventName, PaymentId, PixelId
from rastro.stores.messages import event_message
from stack.local import LocalStack
from tests.integration.cli.imported import (
    PATIENCE_SECONDS,
    TWO_DAYS_AGO_MS,
    Rastro,
    accepted,
    click_before_the_sale,
    legacy_file,
    wait_for_purchase,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def token_ended(local_stack: LocalStack) -> Iterator[Callable[[], None]]:
    """Meta refuses every token until the function that is given is called."""
    fault = f"{local_stack.lab}/_/faults/graph"

    def mend() -> None:
        requests.delete(fault, timeout=10).raise_for_status()

    requests.put(fault, json={"mode": "token_error"}, timeout=10).raise_for_status()
    yield mend
    mend()


def _purchase_when(rastro: Rastro, payment_id: str, status: str) -> Mapping[str, Any]:
    """Return what ``events payment`` tells of a Purchase once it has a status."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        events = rastro.json("events", "payment", payment_id)["events"]
        found: list[Mapping[str, Any]] = [
            event for event in events if event["event_name"] == "Purchase" and event["status"] == status
        ]
        if found:
            return found[0]
    raise AssertionError(f"the Purchase of {payment_id} was not {status} within {PATIENCE_SECONDS} s")


def test_a_parked_purchase_is_told_of_and_goes_out_once_its_pixel_is_resumed(
    local_stack: LocalStack, rastro: Rastro, tmp_path: Path, token_ended: Callable[[], None]
) -> None:
    pixel_id = local_stack.demo["pixel_id"]
    fbclid = "IwAR-" + secrets.token_urlsafe(20)
    click_before_the_sale(local_stack, fbclid)
    path = legacy_file(tmp_path, local_stack, "9330", "933000001", fbclid)
    assert rastro("import", "legacy", str(path)).returncode == 0
    assert rastro("repair", "payment", "9330").returncode == 0

    parked = _purchase_when(rastro, "9330", "parked")
    assert (parked["error"]["code"], parked["error"]["subcode"]) == (190, 460)
    assert parked["error"]["meaning"] == "A pessoa do token mudou a senha."
    assert 4 < parked["days_left"] < 5.1
    assert parked["fbtrace_id"]
    shown = rastro("events", "payment", "9330")
    assert "rastro pixel resume" in shown.stdout, shown.stderr
    checked = rastro("pixel", "check", pixel_id, "--test-event-code", "TEST1")
    assert (checked.returncode, "190/460" in checked.stdout) == (1, True), checked.stderr

    token_ended()
    assert rastro("pixel", "check", pixel_id, "--test-event-code", "TEST1").returncode == 0
    would = rastro.json("pixel", "resume", pixel_id, "--dry-run")
    assert would["by_event_name"]["Purchase"] == 1
    assert accepted(local_stack, "purchase_9330") == []
    failed = rastro.json("events", "failed")
    assert "purchase_9330" in {event["event_id"] for event in failed["events"]}
    assert rastro.json("pixel", "resume", pixel_id)["events"] == would["events"]

    wait_for_purchase(local_stack, "9330")
    told = _purchase_when(rastro, "9330", "accepted")
    assert (told["fate"], told["error"], told["doubtful_sends"]) == ("accepted", None, 0)
    assert len(accepted(local_stack, "purchase_9330")) == 1
    kept = rastro.json("replay", "payment", "9330")["events"][0]
    assert (kept["requeued"], kept["why_not"]) == (False, "Aceito pela Meta.")


def test_dead_letters_are_shown_and_go_back_to_the_sender(local_stack: LocalStack, rastro: Rastro) -> None:
    queues = json.loads(local_stack.stack_file.read_text())["queues"]
    sqs = local_stack.client("sqs")
    event_id = "pageview_" + secrets.token_hex(12)
    event = ConversionEvent(
        pixel_id=PixelId(local_stack.demo["pixel_id"]),
        event_name=EventName.PAGE_VIEW,
        event_id=event_id,
        event_time_s=TWO_DAYS_AGO_MS // 1000,
        payload={
            "event_name": "PageView",
            "event_time": TWO_DAYS_AGO_MS // 1000,
            "event_id": event_id,
            "action_source": "chat",
            "user_data": {"external_id": ["a" * 64]},
        },
        payment_id=PaymentId("1"),
    )
    sqs.send_message(QueueUrl=queues["capi_dlq"], MessageBody=event_message(event))
    sqs.send_message(QueueUrl=queues["capi_dlq"], MessageBody="none of ours")

    letters = rastro.json("events", "failed")["dead_letters"]
    assert letters["count"] == 2
    assert {letter["kind"] for letter in letters["sample"]} == {"event", "unreadable"}
    assert rastro.json("replay", "dlq", "--dry-run")["counts"] == {"moved": 1, "unreadable": 1}
    assert rastro.json("replay", "dlq")["counts"] == {"moved": 1, "unreadable": 1}

    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not accepted(local_stack, event_id):
        assert time.monotonic() < give_up_at
        time.sleep(0.25)
    assert rastro.json("events", "failed")["dead_letters"]["count"] == 1
