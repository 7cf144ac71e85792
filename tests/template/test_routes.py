"""The HTTP API has the routes of its contract, keeps a ceiling and logs nobody."""

from __future__ import annotations

import re

from tests.template.cloudformation import Template

ROUTES = {
    ("GET", "/go/{slug}"): "RedirectFunction",
    ("POST", "/go/{slug}/seen"): "RedirectFunction",
    ("GET", "/go/{slug}/status"): "RedirectFunction",
    ("POST", "/telegram/{bot_id}"): "TelegramWebhookFunction",
    ("POST", "/pix/{provider}/{bot_id}"): "PaymentWebhookFunction",
    ("POST", "/pix/{provider}/{bot_id}/pix"): "PaymentWebhookFunction",
}
LOGGED = {"requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "integrationLatency"}


def test_the_routes_are_those_of_the_contract(template: Template) -> None:
    routes = {(each["Method"], each["Path"]): function for function, _, each in template.events("HttpApi")}

    assert routes == ROUTES


def test_every_route_belongs_to_the_one_api(template: Template) -> None:
    assert all(each["ApiId"] == {"Ref": "HttpApi"} for _, _, each in template.events("HttpApi"))


def test_the_address_has_no_stage_in_it(template: Template) -> None:
    assert template.resources["HttpApi"]["Properties"]["StageName"] == "$default"


def test_the_stage_has_a_ceiling(template: Template) -> None:
    settings = template.resources["HttpApi"]["Properties"]["DefaultRouteSettings"]

    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ApiBurstLimit"}


def test_access_logs_name_the_route_and_no_person(template: Template) -> None:
    settings = template.resources["HttpApi"]["Properties"]["AccessLogSettings"]

    assert set(re.findall(r"\$context\.([\w.]+)", settings["Format"])) == LOGGED
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["HttpApiLogGroup", "Arn"]}
    assert template.of_type("AWS::Logs::LogGroup")["HttpApiLogGroup"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
