"""An alarm says how urgent it is and where to read on, and every metric that is watched or shown is one that is emitted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rastro.telegram.alarm_texts import TEXTS, Severity
from tests.template.cloudformation import ROOT, Node, Template, mentions, read
from tests.template.emitted import EVERYWHERE, emitted, modules_that_emit

ALARMS = read().of_type("AWS::CloudWatch::Alarm")
EMITTED = emitted()
RUNBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
TOPIC = {"Fn::If": ["AlarmTopicGiven", {"Ref": "AlarmTopicArn"}, {"Ref": "AlarmTopic"}]}
NAMESPACE = "Rastro/${Stage}"
AWS_METRICS = {
    "AWS/ApiGateway": {"Count", "4xx", "5xx"},
    "AWS/Lambda": {"Duration", "Errors", "IteratorAge", "Invocations", "Throttles"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/CertificateManager": {"DaysToExpiry"},
}
EVALUATED_AT_MOST_SECONDS = 86_400
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html: of periods below an hour, a day."""
DESCRIPTION = re.compile(r"(Wakes|Morning)\. .+\. See docs/operations\.md#([a-z]+)")

each_alarm = pytest.mark.parametrize("name", sorted(ALARMS))


def metrics_of(alarm: Node) -> Iterator[tuple[str, str, str]]:
    """Yield namespace, metric and the value of the one dimension, as far as it is plain, of what an alarm watches."""
    parts = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    for part in parts:
        namespace = part["Namespace"]["Fn::Sub"] if isinstance(part["Namespace"], Mapping) else part["Namespace"]
        (dimension,) = part["Dimensions"]
        yield namespace, part["MetricName"], str(dimension["Value"])


def paragraphs() -> dict[str, str]:
    """Return the paragraphs of the runbook by their headings."""
    section = RUNBOOK.split("\n## Alarms\n")[1].split("\n## ")[0]
    pieces = section.split("\n#### ")[1:]
    return {piece.partition("\n")[0]: re.split(r"\n#+ ", piece.partition("\n")[2])[0].strip() for piece in pieces}


def severity(alarm: Node) -> str:
    """Return what an alarm says of its urgency."""
    found = DESCRIPTION.fullmatch(alarm["AlarmDescription"])
    assert found is not None, alarm["AlarmDescription"]
    return found.group(1).lower()


@each_alarm
def test_an_alarm_says_how_urgent_it_is_and_names_its_paragraph(name: str) -> None:
    found = DESCRIPTION.fullmatch(ALARMS[name]["AlarmDescription"])

    assert found is not None
    assert found.group(2) == name.lower()


def test_each_alarm_has_one_paragraph_in_the_runbook_and_each_paragraph_one_alarm() -> None:
    assert sorted(paragraphs()) == sorted(ALARMS)
    assert RUNBOOK.count("\n#### ") == len(ALARMS)


@each_alarm
def test_the_paragraph_agrees_on_the_urgency_and_says_what_to_do(name: str) -> None:
    urgency, _, text = paragraphs()[name].partition("\n")

    assert urgency == f"*{severity(ALARMS[name]).capitalize()}.*"
    assert "**Do:**" in text


@each_alarm
def test_the_operator_reads_of_it_in_portuguese_with_the_same_urgency(name: str) -> None:
    assert TEXTS[name].severity.value == severity(ALARMS[name])


def test_nothing_is_said_of_alarms_that_there_are_not() -> None:
    assert set(TEXTS) == set(ALARMS)
    assert {text.severity for text in TEXTS.values()} == set(Severity)


@each_alarm
def test_an_alarm_tells_the_topic(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [TOPIC]


@each_alarm
def test_an_alarm_decides_what_silence_means_and_over_how_long_it_looks(name: str) -> None:
    alarm = ALARMS[name]
    period = alarm.get("Period") or next(each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each)

    assert alarm["TreatMissingData"] == ("breaching" if name == "ReconcilerSilenceAlarm" else "notBreaching")
    assert period * alarm["EvaluationPeriods"] <= EVALUATED_AT_MOST_SECONDS
    assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]


@each_alarm
def test_a_calculation_returns_its_one_result_and_uses_all_that_it_reads(name: str) -> None:
    metrics = ALARMS[name].get("Metrics", [])
    results = [each for each in metrics if each.get("ReturnData", True)]
    for result in results:
        expression = result["Expression"]["Fn::Sub"] if isinstance(result["Expression"], Mapping) else result["Expression"]
        read_ids = {each["Id"] for each in metrics} - {result["Id"]}
        assert read_ids == set(re.findall(r"\b[a-z][a-z0-9]*\b", re.sub(r"\$\{\w+\}", "", expression))), name

    assert len(results) == (1 if metrics else 0)


@each_alarm
def test_an_alarm_watches_what_is_emitted(name: str) -> None:
    for namespace, metric, where in metrics_of(ALARMS[name]):
        if namespace == NAMESPACE:
            assert where in EMITTED.get(metric, set()), f"{metric} of {where}"
        else:
            assert metric in AWS_METRICS[namespace]


def test_the_coverage_counts_every_function_that_settles_and_waits_for_enough_sales(template: Template) -> None:
    alarm = ALARMS["CoverageAlarm"]
    watched = {(metric, where) for _, metric, where in metrics_of(alarm)}

    assert watched == {(metric, where) for metric in ("sale_linked", "sale_unlinked") for where in EMITTED[metric]}
    assert alarm["Threshold"] == {"Ref": "CoverageObjective"}
    assert mentions(alarm["Metrics"], "CoverageMinSales")
    assert template.parameters["CoverageMinSales"]["Default"] > 3


def test_silence_rings_also_where_every_run_of_the_reconciler_fails() -> None:
    alarm = ALARMS["ReconcilerSilenceAlarm"]

    assert {metric for _, metric, _ in metrics_of(alarm)} == {"Invocations", "Errors"}
    assert all(mentions(each["MetricStat"], "ReconcilerFunction") for each in alarm["Metrics"] if "MetricStat" in each)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


def test_alarms_reach_the_operators_queue_by_the_topic_and_nobody_else_does(template: Template) -> None:
    subscription = template.resources["AlarmSubscription"]["Properties"]
    (statement,) = template.resources["AlarmQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert subscription["TopicArn"] == TOPIC
    assert subscription["Endpoint"] == {"Fn::GetAtt": ["AlarmQueue", "Arn"]}
    assert subscription["RawMessageDelivery"] is True
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}
    assert template.environment("ReconcilerFunction")["ALARM_QUEUE_URL"] == {"Ref": "AlarmQueue"}


@pytest.mark.parametrize(
    ("given", "topic", "mailed"),
    [
        ({}, True, False),
        ({"AlarmEmail": "operador@example.com"}, True, True),
        ({"AlarmTopicArn": "arn:aws:sns:sa-east-1:123456789012:ours"}, False, False),
        ({"AlarmTopicArn": "arn:aws:sns:sa-east-1:123456789012:ours", "AlarmEmail": "operador@example.com"}, False, False),
    ],
)
def test_a_topic_is_made_unless_one_is_given(
    template: Template,
    given: Mapping[str, str],
    topic: bool,  # noqa: FBT001
    mailed: bool,  # noqa: FBT001
) -> None:
    assert ("AlarmTopic" in template.created(given)) is topic
    assert template.holds("MailAlarms", given) is mailed
    assert {"AlarmQueue", "AlarmSubscription"} <= template.created(given)


def widgets() -> list[Mapping[str, Any]]:
    """Return the widgets of the dashboard, with a number in the place of each name."""
    body = read().resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[Mapping[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_shows_only_what_is_emitted() -> None:
    shown = [row for widget in widgets() for row in widget["properties"].get("metrics", []) if not isinstance(row[0], Mapping)]
    for namespace, metric, _, where, *_ in shown:
        if namespace == NAMESPACE:
            assert where in EMITTED.get(metric, set()), f"{metric} of {where}"
        else:
            assert metric in AWS_METRICS[namespace]

    assert {"sale_linked", "purchase_waiting_seconds", "capi_accept", "Duration"} <= {row[1] for row in shown}


def test_the_dashboards_calculations_use_what_stands_beside_them() -> None:
    for widget in widgets():
        rows = [row[-1] for row in widget["properties"].get("metrics", []) if isinstance(row[-1], Mapping)]
        ids = {row["id"] for row in rows if "id" in row}
        for row in rows:
            used = set(re.findall(r"\b[a-z]\w*\b", row.get("expression", "")))
            assert used <= ids, row


def test_the_dashboard_shows_every_alarm_that_every_deployment_has() -> None:
    (shown,) = (widget["properties"]["alarms"] for widget in widgets() if widget["type"] == "alarm")
    always = {name for name in ALARMS if "Condition" not in read().resources[name]}

    assert {text.removeprefix("${").removesuffix(".Arn}") for text in shown} == always


def test_the_widgets_stand_side_by_side_and_none_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets():
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_page_of_metrics_names_each_with_the_functions_that_emit_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| \S", PAGE, flags=re.MULTILINE)

    assert len(rows) == len({name for name, _ in rows})
    assert {name: set(services.split(", ")) for name, services in rows} == EMITTED


def test_every_module_of_the_layer_that_counts_is_known() -> None:
    assert {path for path in modules_that_emit() if path.parts[0] == "layers"} == set(EVERYWHERE)
