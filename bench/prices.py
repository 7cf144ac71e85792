"""What AWS charges, each price with the page that it was found on; none of them was read from AWS's own live pages.

A price that no source was found for is an assumption and says so: 1.5 times that of us-east-1, which lies between what São
Paulo's known prices are of the others (1.0 for Lambda, 1.6 for HTTP APIs, 1.8 for logs, 2.1 for NAT gateways). All in US dollars,
without free tiers, taxes, credits or the discounts of large volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ASSUMED_RATIO = 1.5


class Item(StrEnum):
    """What is paid for, and by what unit."""

    LAMBDA_REQUESTS = "Lambda, a million requests"
    LAMBDA_DURATION = "Lambda arm64, a GB-second"
    LAMBDA_KEPT = "Lambda arm64, provisioned concurrency, a GB-second"
    LAMBDA_KEPT_DURATION = "Lambda arm64, duration when provisioned, a GB-second"
    SNAPSTART_CACHE = "SnapStart, cache, a GB-second"
    SNAPSTART_RESTORE = "SnapStart, restore, a GB"
    HTTP_API = "HTTP API, a million requests"
    DYNAMODB_WRITES = "DynamoDB on demand, a million write units"
    DYNAMODB_READS = "DynamoDB on demand, a million read units"
    DYNAMODB_STORAGE = "DynamoDB, a GB-month"
    DYNAMODB_RECOVERY = "DynamoDB point-in-time recovery, a GB-month"
    SQS = "SQS, a million requests"
    CACHE_STORAGE = "ElastiCache Serverless (Valkey), a GB-hour"
    CACHE_WORK = "ElastiCache Serverless (Valkey), a million ECPU"
    LOGS = "CloudWatch Logs, a GB taken in"
    TRANSFER_OUT = "Data to the internet, a GB"
    NAT_HOUR = "NAT gateway, an hour"
    NAT_DATA = "NAT gateway, a GB"
    NAT_INSTANCE = "NAT instance (t4g.nano), an hour"
    IPV4 = "Public IPv4 address, an hour"
    ENDPOINT_HOUR = "Interface endpoint, an hour in a zone"
    ENDPOINT_DATA = "Interface endpoint, a GB"


@dataclass(frozen=True, slots=True)
class Price:
    """A price and where it was found."""

    usd: float
    source: str
    seen: str
    """When the source says that it was true, or read."""
    assumed: bool = False


def _of(source: str, seen: str, **usd: float) -> dict[Item, Price]:
    return {Item[name]: Price(amount, source, seen) for name, amount in usd.items()}


def _completed(found: Mapping[Item, Price]) -> Mapping[Item, Price]:
    """Return prices for every item, assumed where none was found."""
    assumed = {
        item: Price(round(price.usd * ASSUMED_RATIO, 12), "none found", "", assumed=True)
        for item, price in US_EAST_1.items()
        if item not in found
    }
    return assumed | dict(found)


US_EAST_1: Mapping[Item, Price] = {
    **_of(
        "AWS Price List, AWSLambda us-east-1",
        "2025-10-28",
        LAMBDA_REQUESTS=0.20,
        LAMBDA_DURATION=0.0000133334,
        LAMBDA_KEPT=0.0000033334,
        LAMBDA_KEPT_DURATION=0.0000077778,
        SNAPSTART_CACHE=0.0000015046,
        SNAPSTART_RESTORE=0.0001397998,
    ),
    **_of("AWS Price List, AmazonApiGateway us-east-1", "2026-09-11", HTTP_API=1.00),
    **_of("airbyte.com/data-engineering-resources/dynamodb-pricing", "2025-07-21", DYNAMODB_WRITES=0.625, DYNAMODB_READS=0.125),
    **_of("aws.amazon.com/dynamodb/pricing/on-demand, as quoted", "2026", DYNAMODB_STORAGE=0.25, DYNAMODB_RECOVERY=0.20),
    **_of("aws.amazon.com/sqs/pricing, as quoted", "2025", SQS=0.40),
    **_of("aws.amazon.com/elasticache/pricing, as quoted", "2026-07-29", CACHE_STORAGE=0.084, CACHE_WORK=0.0023),
    **_of("aws.amazon.com/cloudwatch/pricing, as quoted", "2025", LOGS=0.50),
    **_of("cloudburn.io/blog/aws-nat-gateway-pricing", "2026-02-24", NAT_HOUR=0.045, NAT_DATA=0.045, IPV4=0.005),
    **_of("cloudpipelines.pages.dev/guides/aws-nat-gateway-pricing-2026", "2026", TRANSFER_OUT=0.09),
    **_of("egresscost.com/nat-gateway (3.07 a month)", "2026", NAT_INSTANCE=0.0042),
    **_of("aws.amazon.com/privatelink/pricing, as quoted", "2026-10-06", ENDPOINT_HOUR=0.01, ENDPOINT_DATA=0.01),
}

SA_EAST_1: Mapping[Item, Price] = _completed(
    {
        **_of("AWS Price List, AWSLambda sa-east-1", "2026-10-08", LAMBDA_REQUESTS=0.20),
        **_of("as in us-east-1: sa-east-1's x86 price is the same (AWS Price List)", "2026-10-08", LAMBDA_DURATION=0.0000133334),
        **_of("AWS Price List, AmazonApiGateway sa-east-1", "2026-10-08", HTTP_API=1.59),
        **_of("AWS Price List, AmazonCloudWatch sa-east-1", "2026-09-22", LOGS=0.90),
        **_of("AWS Price List, AWSDataTransfer sa-east-1", "2026-09-16", TRANSFER_OUT=0.15),
        **_of("a bill: 18,987.55 GB for 1,765.84 (outline.seazone.com.br)", "2025-09", NAT_DATA=0.093),
        **_of("a table of NAT rates in public code", "2026", NAT_HOUR=0.093),
        **_of("cloudburn.io/blog/aws-nat-gateway-pricing (one price for all regions)", "2026-02-24", IPV4=0.005),
    }
)

REGIONS: Mapping[str, Mapping[Item, Price]] = {"us-east-1": US_EAST_1, "sa-east-1": SA_EAST_1}
