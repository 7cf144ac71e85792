"""Nothing that runs behind an answer can fail for good without a queue that keeps it and an alarm that tells."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.template.cloudformation import ROOT, Node, Template, mentions

STREAMS = {"ClickTable", "BotUserTable", "PaymentTable", "EventTable"}
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


def stream_sources(template: Template) -> dict[str, Node]:
    """Return the outbox's stream sources by table."""
    return {each["Stream"]["Fn::GetAtt"][0]: each for _, _, each in template.events("DynamoDB")}


def test_the_outbox_alone_reads_the_streams(template: Template) -> None:
    assert {function for function, _, _ in template.events("DynamoDB")} == {"OutboxFunction"}
    assert set(stream_sources(template)) == STREAMS


@pytest.mark.parametrize("table", sorted(STREAMS))
def test_a_stream_fails_record_by_record_and_ends_in_a_queue(template: Template, table: str) -> None:
    source = stream_sources(template)[table]

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["OutboxFailureQueue", "Arn"]},
    }


@pytest.mark.parametrize("table", sorted(STREAMS))
def test_a_given_up_record_can_still_be_read_from_its_stream(template: Template, table: str) -> None:
    assert stream_sources(template)[table]["MaximumRecordAgeInSeconds"] <= STREAM_KEEPS_SECONDS / 2


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
    assert set(template.of_type("AWS::SQS::Queue")) == {"CapiQueue", *QUEUES_THAT_KEEP}


@pytest.mark.parametrize(
    ("metric", "resource"),
    [
        ("ApproximateAgeOfOldestMessage", "CapiQueue"),
        ("IteratorAge", "OutboxFunction"),
        ("Invocations", "ReconcilerFunction"),
        ("Errors", "PaymentWebhookFunction"),
        ("5xx", "HttpApi"),
    ],
)
def test_an_alarm_rings_when_a_path_stands_still_or_fails(template: Template, metric: str, resource: str) -> None:
    assert len(alarms_on(template, metric, resource)) == 1


def test_the_dashboard_is_json_once_its_names_are_in(template: Template) -> None:
    body = template.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    assert json.loads(body)["widgets"]


def test_every_alarm_tells_the_operator(template: Template) -> None:
    topic = {"Fn::If": ["AlarmTopicGiven", {"Ref": "AlarmTopicArn"}, {"Ref": "AlarmTopic"}]}
    actions = {"Fn::If": ["AlarmsNotify", [topic], {"Ref": "AWS::NoValue"}]}

    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == actions, name
        assert alarm["AlarmDescription"], name


def metrics_in_code() -> set[str]:
    """Return the metrics that the code may count: whole names, and ``count(f"prefix_{outcome}")`` with every literal there is."""
    literals: set[str] = set()
    prefixes: set[str] = set()
    for folder in ("functions", "layers/common/rastro"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(text)):
                        literals.add(text)
                    case ast.Call(
                        func=ast.Name(id="count"), args=[ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]), *_]
                    ):
                        prefixes.add(text)
    return literals | {prefix + outcome for prefix in prefixes for outcome in literals}


def test_a_business_alarm_watches_a_metric_that_its_function_emits(template: Template) -> None:
    services = {template.environment(name)["POWERTOOLS_SERVICE_NAME"] for name in template.functions}
    namespace = template.shared["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
    business = {
        name: alarm
        for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items()
        if not str(alarm["Namespace"]).startswith("AWS/")
    }

    counted = metrics_in_code()

    assert {"PaymentNoticeAlarm", "AmountDiffersAlarm", "UnknownChargeAlarm", "PixelParkedAlarm"} <= set(business)
    for name, alarm in business.items():
        assert alarm["Namespace"] == namespace, name
        assert alarm["MetricName"] in counted, name
        ((dimension, service),) = ((each["Name"], each["Value"]) for each in alarm["Dimensions"])
        assert dimension == "service", name
        assert service in services, name


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
    patterns = [json.loads(each["Pattern"]) for each in stream_sources(template)[table]["FilterCriteria"]["Filters"]]
    typed = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in image.items()}
    record = {"eventName": event_name, "dynamodb": {} if event_name == "REMOVE" else {"NewImage": typed}}

    assert any(matches(pattern, record) for pattern in patterns) is passes
