"""What the emulator drops of a template without a word, put right from the template as CloudFormation processed it.

Of MiniStack 1.5.33 this is true: an HTTP API's routes (they sit in the body of the generated resource), the TTL and the
point-in-time recovery of tables are lost, and a mapping whose ``MaximumConcurrency`` comes from a parameter keeps it as text,
which stops its poller for every queue. An alarm on a calculation it refuses, and the deploy with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stack.aws import Aws
from stack.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

_FUNCTION_ARN = re.compile(r"\$\{(\w+?)(?:\.Arn|Aliaslive)\}")
"""A function's own address in an integration, or that of its alias as SAM calls it."""
_ALARM = "AWS::CloudWatch::Alarm"
_INTEGRATION = "x-amazon-apigateway-integration"


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an HTTP API and the function behind it, both by their logical ids."""

    api: str
    key: str
    """``GET /go/{slug}``"""
    function: str


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a template asks for and the emulator forgets; tables and mappings by their logical ids."""

    routes: tuple[Route, ...]
    ttl: Mapping[str, str]
    """The TTL attribute by table."""
    recoverable: tuple[str, ...]
    """Tables with point-in-time recovery."""
    concurrency: Mapping[str, int]
    """``MaximumConcurrency`` by mapping."""


def without_calculations(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template whose alarms on calculations watch the first metric that theirs reads: they exist, and ring by hand."""
    resources = {
        name: {**resource, "Properties": _plain(resource["Properties"])} if resource["Type"] == _ALARM else resource
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _plain(alarm: Mapping[str, Any]) -> dict[str, Any]:
    stand_in = next((each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each), None)
    if stand_in is None:
        return dict(alarm)
    rest = {name: value for name, value in alarm.items() if name != "Metrics"}
    return rest | dict(stand_in["Metric"]) | {"Period": stand_in["Period"], "Statistic": stand_in["Stat"]}


def plan(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Repairs:
    """Read a processed template; ``parameters`` are those that were given, the others have their defaults."""
    defaults = {name: str(declared.get("Default", "")) for name, declared in template.get("Parameters", {}).items()}
    values = defaults | dict(parameters)
    tables = dict(_of_type(template, "AWS::DynamoDB::Table"))
    mappings = _of_type(template, "AWS::Lambda::EventSourceMapping")
    scaling = {name: mapping.get("ScalingConfig", {}).get("MaximumConcurrency") for name, mapping in mappings}
    return Repairs(
        routes=tuple(
            route for name, api in _of_type(template, "AWS::ApiGatewayV2::Api") for route in _routes(name, api.get("Body", {}))
        ),
        ttl={
            name: table["TimeToLiveSpecification"]["AttributeName"]
            for name, table in tables.items()
            if table.get("TimeToLiveSpecification", {}).get("Enabled")
        },
        recoverable=tuple(
            name
            for name, table in tables.items()
            if table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        ),
        concurrency={name: int(_resolved(value, values)) for name, value in scaling.items() if value is not None},
    )


def apply(aws: Aws, repairs: Repairs, physical: Mapping[str, str]) -> None:
    """Put right what was dropped; ``physical`` are the physical ids by logical ones."""
    _create_routes(aws, repairs, physical)
    dynamodb: DynamoDBClient = aws.client("dynamodb")
    for table, attribute in repairs.ttl.items():
        dynamodb.update_time_to_live(
            TableName=physical[table], TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True}
        )
    for table in repairs.recoverable:
        dynamodb.update_continuous_backups(
            TableName=physical[table], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    lambda_: LambdaClient = aws.client("lambda")
    for mapping, most in repairs.concurrency.items():
        lambda_.update_event_source_mapping(UUID=physical[mapping], ScalingConfig={"MaximumConcurrency": most})


def _create_routes(aws: Aws, repairs: Repairs, physical: Mapping[str, str]) -> None:
    lambda_: LambdaClient = aws.client("lambda")
    apis: ApiGatewayV2Client = aws.client("apigatewayv2")
    integrations: dict[tuple[str, str], str] = {}
    for route in repairs.routes:
        api_id, behind = physical[route.api], (route.api, route.function)
        if behind not in integrations:
            function = lambda_.get_function_configuration(FunctionName=physical[route.function])
            integration = apis.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationMethod="POST",
                IntegrationUri=function["FunctionArn"],
                PayloadFormatVersion="2.0",
            )
            integrations[behind] = integration["IntegrationId"]
        apis.create_route(ApiId=api_id, RouteKey=route.key, Target=f"integrations/{integrations[behind]}")


def _of_type(template: Mapping[str, Any], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    resources = template["Resources"].items()
    return [(name, resource.get("Properties", {})) for name, resource in resources if resource["Type"] == kind]


def _routes(api: str, body: Mapping[str, Any]) -> list[Route]:
    return [
        Route(api, f"{_method(method)} {path}", _function(path, operation))
        for path, operations in body.get("paths", {}).items()
        for method, operation in operations.items()
        if _INTEGRATION in operation
    ]


def _method(name: str) -> str:
    return "ANY" if name == "x-amazon-apigateway-any-method" else name.upper()


def _function(path: str, operation: Mapping[str, Any]) -> str:
    found = _FUNCTION_ARN.search(str(operation[_INTEGRATION].get("uri")))
    if found is None:
        raise StackError(f"The route {path} of the processed template does not lead to a function of it.")
    return found.group(1)


def _resolved(value: object, parameters: Mapping[str, str]) -> str:
    if isinstance(value, Mapping) and set(value) == {"Ref"}:
        return parameters[value["Ref"]]
    return str(value)
