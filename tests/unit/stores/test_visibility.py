from __future__ import annotations

from typing import Any, cast

import boto3
from botocore.stub import Stubber

from rastro.stores.visibility import SqsVisibility


def test_messages_are_postponed_ten_at_a_time_and_refusals_counted() -> None:
    client = boto3.client("sqs", region_name="sa-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    entries = [{"Id": str(n), "ReceiptHandle": f"r{n}", "VisibilityTimeout": n} for n in range(12)]
    refused = {"Id": "11", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
    with Stubber(client) as stub:
        stub.add_client_error("change_message_visibility_batch", expected_params={"QueueUrl": "q", "Entries": entries[:10]})
        stub.add_response(
            "change_message_visibility_batch",
            cast("dict[str, Any]", {"Successful": [{"Id": "10"}], "Failed": [refused]}),
            {"QueueUrl": "q", "Entries": entries[10:]},
        )

        assert SqsVisibility(lambda: client, "q").postpone({f"r{n}": n for n in range(12)}) == 11
        stub.assert_no_pending_responses()


def test_nothing_to_postpone_asks_for_no_client() -> None:
    def no_client() -> Any:
        raise AssertionError("not needed")

    assert SqsVisibility(no_client, "q").postpone({}) == 0
