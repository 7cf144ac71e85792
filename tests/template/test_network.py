"""The cache and its network are made only where no Redis is given, and only who needs the cache lives there."""

from __future__ import annotations

from tests.template.cloudformation import Template

USES_REDIS = {"RedirectFunction", "TelegramWebhookFunction", "PaymentWebhookFunction", "ReconcilerFunction"}


def network_resources(template: Template) -> dict[str, str | None]:
    """Return the condition of each resource that belongs to the cache or its network."""
    return {
        name: resource.get("Condition")
        for name, resource in template.resources.items()
        if resource["Type"].startswith(("AWS::EC2::", "AWS::ElastiCache::"))
    }


def test_a_given_redis_spares_the_whole_network(template: Template) -> None:
    assert template.document["Conditions"]["CreateCache"] == {"Fn::Equals": [{"Ref": "RedisUrl"}, ""]}
    assert set(network_resources(template).values()) == {"CreateCache"}


def test_only_functions_that_use_the_cache_are_in_the_network(template: Template) -> None:
    inside = {name for name, properties in template.functions.items() if "VpcConfig" in properties}
    told = {name for name in template.functions if "REDIS_URL" in template.environment(name)}

    assert inside == told == USES_REDIS


def test_a_function_leaves_the_network_where_redis_is_given(template: Template) -> None:
    for name in USES_REDIS:
        condition, inside, otherwise = template.functions[name]["VpcConfig"]["Fn::If"]
        assert condition == "CreateCache"
        assert inside["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
        assert otherwise == {"Ref": "AWS::NoValue"}


def test_the_created_cache_is_reached_by_tls_and_as_a_cluster(template: Template) -> None:
    for name in USES_REDIS:
        environment = template.environment(name)
        _, created, given = environment["REDIS_URL"]["Fn::If"]
        assert created == {"Fn::Sub": "rediss://${Cache.Endpoint.Address}:${Cache.Endpoint.Port}"}
        assert given == {"Ref": "RedisUrl"}
        assert environment["REDIS_CLUSTER"] == {"Fn::If": ["CreateCache", "true", "false"]}


def test_the_private_subnets_stand_in_two_zones(template: Template) -> None:
    subnets = template.of_type("AWS::EC2::Subnet")
    zones = {subnets[name]["AvailabilityZone"]["Fn::Select"][0] for name in ("PrivateSubnetA", "PrivateSubnetB")}

    assert len(zones) == 2


def test_there_is_one_way_out_and_a_free_one_to_dynamodb(template: Template) -> None:
    (endpoint,) = template.of_type("AWS::EC2::VPCEndpoint").values()

    assert len(template.of_type("AWS::EC2::NatGateway")) == 1
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert endpoint["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}]


def test_nothing_but_the_functions_connects_to_the_cache(template: Template) -> None:
    (ingress,) = template.resources["CacheSecurityGroup"]["Properties"]["SecurityGroupIngress"]

    assert ingress["SourceSecurityGroupId"] == {"Fn::GetAtt": ["FunctionSecurityGroup", "GroupId"]}
    assert "CidrIp" not in ingress
