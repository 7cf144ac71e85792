"""SAM CLI's settings: four environments, known parameters, nothing secret."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.template.cloudformation import ROOT, Template

ENVIRONMENTS = ["default", "local", "prod", "staging"]


@pytest.fixture(scope="module")
def samconfig() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def test_the_environments(samconfig: dict[str, Any]) -> None:
    assert sorted(samconfig.keys() - {"version"}) == ENVIRONMENTS


def test_each_environment_is_a_stack_of_its_own(samconfig: dict[str, Any]) -> None:
    names = {samconfig[each]["global"]["parameters"]["stack_name"] for each in ENVIRONMENTS}

    assert len(names) == len(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ["default", "staging", "prod"])
def test_overrides_name_parameters_of_the_template_and_none_that_is_secret(
    samconfig: dict[str, Any], template: Template, environment: str
) -> None:
    overrides = samconfig[environment]["deploy"]["parameters"]["parameter_overrides"]
    names = [each.partition("=")[0] for each in overrides]

    assert "Stage" in names
    assert set(names) <= set(template.parameters)
    assert not any(template.parameters[name].get("NoEcho") for name in names)


@pytest.mark.parametrize("environment", ["default", "staging", "prod"])
def test_a_deployment_needs_no_named_roles(samconfig: dict[str, Any], environment: str) -> None:
    assert samconfig[environment]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
