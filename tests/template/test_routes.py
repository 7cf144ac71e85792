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
ACCOUNT_REQUESTS_PER_SECOND = 10_000
"""What API Gateway takes of an account in a region (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html)."""
LOGGED = {"requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "integrationLatency"}


def test_the_routes_are_those_of_the_contract(template: Template) -> None:
    routes = {(each["Method"], each["Path"]): function for function, _, each in template.events("HttpApi")}

    assert routes == ROUTES


def test_every_route_belongs_to_the_one_api(template: Template) -> None:
    assert all(each["ApiId"] == {"Ref": "HttpApi"} for _, _, each in template.events("HttpApi"))


def test_the_address_has_no_stage_in_it(template: Template) -> None:
    assert template.resources["HttpApi"]["Properties"]["StageName"] == "$default"


def ceilings(template: Template) -> dict[str, str]:
    """Return the parameter that limits each route."""
    properties = template.resources["HttpApi"]["Properties"]
    default, own = properties["DefaultRouteSettings"], properties["RouteSettings"]
    routes = {f"{method} {path}" for method, path in ROUTES}
    assert set(own) <= routes, "CloudFormation refuses settings of a route that is not there"
    return {route: own.get(route, default)["ThrottlingRateLimit"]["Ref"] for route in routes}


def test_every_kind_of_route_has_a_ceiling_of_its_own(template: Template) -> None:
    assert ceilings(template) == {
        "GET /go/{slug}": "ApiRateLimit",
        "POST /go/{slug}/seen": "PageRateLimit",
        "GET /go/{slug}/status": "PageRateLimit",
        "POST /telegram/{bot_id}": "WebhookRateLimit",
        "POST /pix/{provider}/{bot_id}": "WebhookRateLimit",
        "POST /pix/{provider}/{bot_id}/pix": "WebhookRateLimit",
    }


def test_a_flood_on_one_route_leaves_the_others_their_share_of_the_account(template: Template) -> None:
    limits = [int(template.parameters[parameter]["Default"]) for parameter in ceilings(template).values()]

    assert sum(limits) <= ACCOUNT_REQUESTS_PER_SECOND


def test_access_logs_name_the_route_and_no_person(template: Template) -> None:
    settings = template.resources["HttpApi"]["Properties"]["AccessLogSettings"]

    assert set(re.findall(r"\$context\.([\w.]+)", settings["Format"])) == LOGGED
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["HttpApiLogGroup", "Arn"]}
    assert template.of_type("AWS::Logs::LogGroup")["HttpApiLogGroup"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
