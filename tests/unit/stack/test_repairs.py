from __future__ import annotations

from typing import Any

import pytest

from stack.errors import StackError
from stack.repairs import Route, plan, without_calculations


def operation(function: str) -> dict[str, Any]:
    uri = f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": uri}}}


def template(**resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "Parameters": {"MaxSenderConcurrency": {"Type": "Number", "Default": 5}},
        "Resources": {
            name: {"Type": resource["Type"], "Properties": {key: value for key, value in resource.items() if key != "Type"}}
            for name, resource in resources.items()
        },
    }


def api(paths: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "AWS::ApiGatewayV2::Api", "Body": {"openapi": "3.0.1", "paths": paths}}


def mapping(**properties: object) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::EventSourceMapping", **properties}


def test_every_path_and_method_of_the_body_is_a_route_to_its_function() -> None:
    paths = {
        "/go/{slug}": {"get": operation("RedirectFunction")},
        "/pix/{provider}/{bot_id}": {"post": operation("PaymentWebhookFunction"), "options": {"summary": "no integration"}},
    }
    assert plan(template(HttpApi=api(paths)), {}).routes == (
        Route("HttpApi", "GET /go/{slug}", "RedirectFunction"),
        Route("HttpApi", "POST /pix/{provider}/{bot_id}", "PaymentWebhookFunction"),
    )


def test_a_route_to_a_published_version_leads_to_the_function_itself() -> None:
    uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/functions/${RedirectFunctionAliaslive}/invocations"
    paths = {"/go/{slug}": {"get": {"x-amazon-apigateway-integration": {"uri": {"Fn::Sub": uri}}}}}

    assert plan(template(HttpApi=api(paths)), {}).routes == (Route("HttpApi", "GET /go/{slug}", "RedirectFunction"),)


def test_a_route_of_any_method_is_named_as_the_api_names_it() -> None:
    paths = {"/": {"x-amazon-apigateway-any-method": operation("RedirectFunction")}}
    assert plan(template(HttpApi=api(paths)), {}).routes[0].key == "ANY /"


def test_a_route_to_nothing_of_the_template_is_refused() -> None:
    paths = {"/go": {"get": {"x-amazon-apigateway-integration": {"uri": "arn:aws:lambda:elsewhere"}}}}
    with pytest.raises(StackError, match="/go"):
        plan(template(HttpApi=api(paths)), {})


def test_ttl_and_recovery_are_planned_where_a_table_asks_for_them() -> None:
    repairs = plan(
        template(
            ClickTable={
                "Type": "AWS::DynamoDB::Table",
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
            OffTable={
                "Type": "AWS::DynamoDB::Table",
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": False},
            },
            BareTable={"Type": "AWS::DynamoDB::Table"},
        ),
        {},
    )
    assert repairs.ttl == {"ClickTable": "expires_at"}
    assert repairs.recoverable == ("ClickTable",)


def test_the_concurrency_of_a_mapping_is_a_number_whatever_it_is_written_as() -> None:
    resources = {
        "FromParameter": mapping(ScalingConfig={"MaximumConcurrency": {"Ref": "MaxSenderConcurrency"}}),
        "Written": mapping(ScalingConfig={"MaximumConcurrency": "7"}),
        "Unlimited": mapping(),
    }
    assert plan(template(**resources), {}).concurrency == {"FromParameter": 5, "Written": 7}
    assert plan(template(**resources), {"MaxSenderConcurrency": "2"}).concurrency["FromParameter"] == 2


def test_an_alarm_on_a_calculation_watches_what_it_reads_first_and_stays_itself_otherwise() -> None:
    part = {"Namespace": "AWS/Lambda", "MetricName": "Throttles", "Dimensions": [{"Name": "FunctionName", "Value": "f"}]}
    calculated = {
        "Type": "AWS::CloudWatch::Alarm",
        "Metrics": [
            {"Id": "all", "Expression": "FILL(one, 0)"},
            {"Id": "one", "ReturnData": False, "MetricStat": {"Metric": part, "Period": 60, "Stat": "Sum"}},
        ],
        "Threshold": 0,
        "AlarmActions": ["topic"],
    }
    plain = {"Type": "AWS::CloudWatch::Alarm", "Namespace": "AWS/SQS", "MetricName": "Age", "Threshold": 1}

    changed = without_calculations(template(Calculated=calculated, Plain=plain))["Resources"]

    assert changed["Calculated"]["Properties"] == part | {
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 0,
        "AlarmActions": ["topic"],
    }
    assert changed["Plain"]["Properties"] == {name: value for name, value in plain.items() if name != "Type"}
