"""The cache and its network are made only where they are wanted, and only who needs the cache lives there."""

from __future__ import annotations

import pytest

from tests.template.cloudformation import Template

USES_REDIS = {"RedirectFunction", "TelegramWebhookFunction", "PaymentWebhookFunction", "ReconcilerFunction"}
CACHE = {
    *("Cache", "CacheSecurityGroup", "FunctionSecurityGroup"),
    *("Vpc", "Ipv6Block", "PrivateSubnetA", "PrivateSubnetB"),
    *("PrivateRouteTable", "PrivateSubnetARoutes", "PrivateSubnetBRoutes", "DynamoDbEndpoint"),
}
NAT = {
    *("NatGateway", "NatAddress", "InternetGateway", "InternetGatewayAttachment"),
    *("PublicSubnet", "PublicRouteTable", "PublicDefaultRoute", "PublicSubnetRoutes", "PrivateDefaultRoute"),
}
IPV6 = {"EgressOnlyGateway", "PrivateIpv6Route"}


def network(template: Template) -> set[str]:
    """Return the logical ids of what belongs to the cache or its network."""
    kinds = ("AWS::EC2::", "AWS::ElastiCache::")
    return {name for name, resource in template.resources.items() if resource["Type"].startswith(kinds)}


@pytest.mark.parametrize(
    ("redis_url", "egress", "made"),
    [
        ("", "nat", CACHE | NAT),
        ("", "ipv6", CACHE | IPV6),
        ("", "none", set()),
        ("rediss://cache.example.com:6379", "nat", set()),
        ("rediss://cache.example.com:6379", "ipv6", set()),
        ("rediss://cache.example.com:6379", "none", set()),
    ],
)
def test_what_is_made_of_the_network(template: Template, redis_url: str, egress: str, made: set[str]) -> None:
    given = {"RedisUrl": redis_url, "Egress": egress}

    assert network(template) & template.created(given) == made
    assert network(template) == CACHE | NAT | IPV6


def test_the_default_is_the_way_out_that_reaches_everybody(template: Template) -> None:
    assert template.parameters["Egress"]["Default"] == "nat"
    assert template.parameters["Egress"]["AllowedValues"] == ["nat", "ipv6", "none"]


def test_only_functions_that_use_the_cache_are_in_the_network(template: Template) -> None:
    inside = {name for name, properties in template.functions.items() if "VpcConfig" in properties}
    told = {name for name in template.functions if "REDIS_URL" in template.environment(name)}

    assert inside == told == USES_REDIS


def test_a_function_leaves_the_network_where_no_cache_is_made(template: Template) -> None:
    for name in USES_REDIS:
        condition, inside, otherwise = template.functions[name]["VpcConfig"]["Fn::If"]
        assert condition == "CreateCache"
        assert inside["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
        assert otherwise == {"Ref": "AWS::NoValue"}


def test_functions_speak_ipv6_where_it_is_the_only_way_out(template: Template) -> None:
    for name in USES_REDIS:
        _, inside, _ = template.functions[name]["VpcConfig"]["Fn::If"]
        endpoint = template.environment(name)["AWS_ENDPOINT_URL_SSM"]["Fn::If"]
        assert inside["Ipv6AllowedForDualStack"] == {"Fn::If": ["Ipv6Egress", True, False]}
        # The plain address of the parameter store has no IPv6; those of SQS and, inside, DynamoDB need no other.
        assert endpoint == ["Ipv6Egress", {"Fn::Sub": "https://ssm.${AWS::Region}.api.aws"}, {"Ref": "AWS::NoValue"}]


def test_the_created_cache_is_reached_by_tls_and_as_a_cluster(template: Template) -> None:
    for name in USES_REDIS:
        environment = template.environment(name)
        _, created, given = environment["REDIS_URL"]["Fn::If"]
        assert created == {"Fn::Sub": "rediss://${Cache.Endpoint.Address}:${Cache.Endpoint.Port}"}
        assert given == {"Ref": "RedisUrl"}
        assert environment["REDIS_CLUSTER"] == {"Fn::If": ["CreateCache", "true", "false"]}


def test_the_created_cache_has_a_ceiling_for_its_bill(template: Template) -> None:
    limits = template.resources["Cache"]["Properties"]["CacheUsageLimits"]

    assert limits["DataStorage"] == {"Maximum": {"Ref": "CacheMaxGigabytes"}, "Unit": "GB"}
    assert limits["ECPUPerSecond"] == {"Maximum": {"Ref": "CacheMaxEcpuPerSecond"}}


def test_the_private_subnets_stand_in_two_zones_and_take_of_the_ipv6_block(template: Template) -> None:
    subnets = {name: template.resources[name] for name in ("PrivateSubnetA", "PrivateSubnetB")}

    assert {each["Properties"]["AvailabilityZone"]["Fn::Select"][0] for each in subnets.values()} == {0, 1}
    assert {each["Properties"]["Ipv6CidrBlock"]["Fn::Select"][0] for each in subnets.values()} == {0, 1}
    assert all(each["DependsOn"] == "Ipv6Block" for each in subnets.values())


def test_there_is_one_way_out_and_a_free_one_to_dynamodb(template: Template) -> None:
    (endpoint,) = template.of_type("AWS::EC2::VPCEndpoint").values()

    assert len(template.of_type("AWS::EC2::NatGateway")) == 1
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}]


def test_nothing_connects_to_the_functions_from_outside(template: Template) -> None:
    group = template.resources["FunctionSecurityGroup"]["Properties"]

    assert "SecurityGroupIngress" not in group
    assert {(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]} == {(443, 443), (6379, 6380)}


def test_nothing_but_the_functions_connects_to_the_cache(template: Template) -> None:
    (ingress,) = template.resources["CacheSecurityGroup"]["Properties"]["SecurityGroupIngress"]

    assert ingress["SourceSecurityGroupId"] == {"Fn::GetAtt": ["FunctionSecurityGroup", "GroupId"]}
    assert "CidrIp" not in ingress
