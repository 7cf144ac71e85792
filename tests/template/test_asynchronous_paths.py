"""Nothing that runs behind an answer can fail for good without a queue that keeps it and an alarm that tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.template.cloudformation import Node, Template, mentions

STREAMS = {"ClickTable", "BotUserTable", "PaymentTable", "EventTable"}
SEEN = {"ClickTable", "BotUserTable"}
STREAM_TAKES_READERS = 2
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html"""
STREAM_KEEPS_SECONDS = 86_400
META_TAKES_SECONDS = 7 * 86_400
GRAPH_TAKES_EVENTS = 1000
ATTEMPTS_OF_A_BATCH = 6
"""AWS asks for a visibility timeout of at least this many times the function's own."""
QUEUES_THAT_KEEP = ["CapiDeadLetterQueue", "OutboxFailureQueue", "ReconcilerFailureQueue"]


def alarms_on(template: Template, metric: str, resource: str) -> list[Node]:
    """Return the alarms that watch a metric of a resource."""
    return [
        alarm
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric and mentions(alarm["Dimensions"], resource)
    ]


def stream_sources(template: Template) -> dict[tuple[str, str], Node]:
    """Return the sources of the streams' readers, by reader and table."""
    return {(function, each["Stream"]["Fn::GetAtt"][0]): each for function, _, each in template.events("DynamoDB")}


READERS = sorted({("OutboxFunction", table) for table in STREAMS} | {("RollupFunction", table) for table in SEEN})


def test_the_outbox_reads_every_stream_and_the_rollup_those_that_tell_of_people(template: Template) -> None:
    assert sorted(stream_sources(template)) == READERS


def test_a_stream_has_no_more_readers_than_it_takes() -> None:
    assert max(Counter(table for _, table in READERS).values()) <= STREAM_TAKES_READERS


@pytest.mark.parametrize("reader", READERS)
def test_a_stream_fails_record_by_record_and_ends_in_a_queue(template: Template, reader: tuple[str, str]) -> None:
    source = stream_sources(template)[reader]

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["OutboxFailureQueue", "Arn"]},
    }


@pytest.mark.parametrize("reader", READERS)
def test_a_given_up_record_can_still_be_read_from_its_stream(template: Template, reader: tuple[str, str]) -> None:
    assert stream_sources(template)[reader]["MaximumRecordAgeInSeconds"] <= STREAM_KEEPS_SECONDS / 2


def test_the_sender_is_asked_for_whole_batches_and_answers_for_parts(template: Template) -> None:
    ((function, _, source),) = template.events("SQS")

    assert function == "CapiSenderFunction"
    assert source["Queue"] == {"Fn::GetAtt": ["CapiQueue", "Arn"]}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] <= GRAPH_TAKES_EVENTS
    assert source["MaximumBatchingWindowInSeconds"] >= 1
    assert source["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "MaxSenderConcurrency"}


def test_a_message_stays_hidden_while_its_sender_may_still_work(template: Template) -> None:
    queue = template.resources["CapiQueue"]["Properties"]
    sender = template.functions["CapiSenderFunction"]
    window = sender["Events"]["Queue"]["Properties"]["MaximumBatchingWindowInSeconds"]

    assert queue["VisibilityTimeout"] >= ATTEMPTS_OF_A_BATCH * sender["Timeout"] + window


def test_the_queue_outlives_what_meta_takes_and_its_dead_letters_outlive_it(template: Template) -> None:
    queue = template.resources["CapiQueue"]["Properties"]
    dead = template.resources["CapiDeadLetterQueue"]["Properties"]

    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["CapiDeadLetterQueue", "Arn"]}
    assert META_TAKES_SECONDS < queue["MessageRetentionPeriod"] < dead["MessageRetentionPeriod"]


def test_a_failed_run_of_the_reconciler_is_kept_and_not_repeated(template: Template) -> None:
    config = template.functions["ReconcilerFunction"]["EventInvokeConfig"]
    ((function, _, source),) = template.events("Schedule")

    assert function == "ReconcilerFunction"
    assert source["Schedule"] == {"Ref": "ReconcilerSchedule"}
    assert config["MaximumRetryAttempts"] == 0
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["ReconcilerFailureQueue", "Arn"]}


@pytest.mark.parametrize("queue", QUEUES_THAT_KEEP)
def test_an_alarm_rings_as_soon_as_a_queue_of_failures_holds_one(template: Template, queue: str) -> None:
    (alarm,) = alarms_on(template, "ApproximateNumberOfMessagesVisible", queue)

    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_every_queue_is_either_worked_on_or_watched(template: Template) -> None:
    assert set(template.of_type("AWS::SQS::Queue")) == {"CapiQueue", "AlarmQueue", *QUEUES_THAT_KEEP}


@pytest.mark.parametrize(
    ("metric", "resource"),
    [
        ("ApproximateAgeOfOldestMessage", "CapiQueue"),
        ("IteratorAge", "OutboxFunction"),
        ("IteratorAge", "RollupFunction"),
        ("Errors", "PaymentWebhookFunction"),
        ("5xx", "HttpApi"),
    ],
)
def test_an_alarm_rings_when_a_path_stands_still_or_fails(template: Template, metric: str, resource: str) -> None:
    assert len(alarms_on(template, metric, resource)) == 1


def matches(pattern: Mapping[str, Any], image: Mapping[str, Any]) -> bool:
    """Say whether an event filter lets a record through, as far as the template's filters go: values and ``exists``."""
    for name, condition in pattern.items():
        value = image.get(name)
        if isinstance(condition, Mapping):
            if not isinstance(value, Mapping) or not matches(condition, value):
                return False
        elif not any(value is not None if each == {"exists": True} else value == each for each in condition):
            return False
    return True


@pytest.mark.parametrize(
    ("table", "event_name", "image", "passes"),
    [
        ("ClickTable", "INSERT", {}, True),
        ("ClickTable", "MODIFY", {}, False),  # its claim or its browser ids were added
        ("ClickTable", "REMOVE", {}, False),
        ("BotUserTable", "INSERT", {"tracking_session_id": "t", "link_confidence": "certain"}, True),
        ("BotUserTable", "MODIFY", {"tracking_session_id": "t", "link_confidence": "certain"}, True),
        ("BotUserTable", "MODIFY", {"tracking_session_id": "t", "link_confidence": "probable"}, False),
        ("BotUserTable", "INSERT", {"link_confidence": "none", "reason": "direct_entry"}, False),
        ("PaymentTable", "INSERT", {"status": "created"}, False),
        ("PaymentTable", "MODIFY", {"status": "pending"}, True),
        ("PaymentTable", "MODIFY", {"status": "paid"}, False),
        ("EventTable", "INSERT", {"status": "queued"}, True),
        ("EventTable", "INSERT", {"status": "held"}, False),
        ("EventTable", "MODIFY", {"status": "queued"}, True),
        ("EventTable", "MODIFY", {"status": "sending"}, False),
        ("EventTable", "MODIFY", {"status": "sending", "requeued_at_ms": 1}, True),  # a lapsed claim, given back
        ("EventTable", "MODIFY", {"status": "accepted", "requeued_at_ms": 1}, False),
        ("EventTable", "MODIFY", {"status": "accepted"}, False),
        ("EventTable", "REMOVE", {"status": "queued"}, False),
    ],
)
def test_only_images_that_can_make_an_event_reach_the_outbox(
    template: Template,
    table: str,
    event_name: str,
    image: dict[str, str],
    passes: bool,  # noqa: FBT001
) -> None:
    patterns = [
        json.loads(each["Pattern"]) for each in stream_sources(template)["OutboxFunction", table]["FilterCriteria"]["Filters"]
    ]
    typed = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in image.items()}
    record = {"eventName": event_name, "dynamodb": {} if event_name == "REMOVE" else {"NewImage": typed}}

    assert any(matches(pattern, record) for pattern in patterns) is passes
