"""What docs/scale.md reckons with are the template's own defaults."""

from __future__ import annotations

import pytest

from bench.load import Settings
from tests.template.cloudformation import Template

DEFAULTS = Settings()


@pytest.mark.parametrize(
    ("parameter", "reckoned"),
    [
        ("RedirectMemorySize", DEFAULTS.redirect_mb),
        ("WebMemorySize", DEFAULTS.web_mb),
        ("WorkerMemorySize", DEFAULTS.worker_mb),
        ("ApiRateLimit", DEFAULTS.api_rate),
        ("CacheMaxGigabytes", DEFAULTS.cache_gigabytes),
        ("CacheMaxEcpuPerSecond", DEFAULTS.cache_ecpu),
        ("ClickCacheTtlSeconds", DEFAULTS.cache_ttl_seconds),
        ("MaxSenderConcurrency", DEFAULTS.sender_concurrency),
    ],
)
def test_a_parameter_has_the_default_that_is_reckoned_with(template: Template, parameter: str, reckoned: float) -> None:
    assert template.parameters[parameter]["Default"] == reckoned


@pytest.mark.parametrize(
    ("table", "reckoned"),
    [
        ("ClickTable", DEFAULTS.click_parallelization),
        ("BotUserTable", DEFAULTS.bot_user_parallelization),
        ("PaymentTable", 1),
        ("EventTable", 1),
    ],
)
def test_a_stream_is_read_with_the_parallelism_that_is_reckoned_with(template: Template, table: str, reckoned: int) -> None:
    readers = [(function, each) for function, _, each in template.events("DynamoDB") if each["Stream"]["Fn::GetAtt"][0] == table]
    (source,) = (each for function, each in readers if function == "OutboxFunction")

    assert source.get("ParallelizationFactor", 1) == reckoned
    assert source["BatchSize"] == DEFAULTS.batch_records
