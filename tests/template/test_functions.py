"""What is declared of the functions agrees with their code and with the layer."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.template.cloudformation import ROOT, Template, folder_of, mentions, read

FUNCTIONS = {
    "RedirectFunction": "redirect",
    "TelegramWebhookFunction": "telegram_webhook",
    "PaymentWebhookFunction": "payment_webhook",
    "OutboxFunction": "outbox",
    "CapiSenderFunction": "capi_sender",
    "ReconcilerFunction": "reconciler",
    "RollupFunction": "rollup",
}
READ_BY_POWERTOOLS = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
READ_BY_AWS_CLIENTS = {"AWS_ENDPOINT_URL_SSM"}
API_GATEWAY_TIMEOUT_SECONDS = 30
WHOLE_PROCESSOR_MB = 1769
"""At which memory a function has one processor (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""

each_function = pytest.mark.parametrize("function", sorted(FUNCTIONS))


def settings_read_by(folder: Path) -> set[str]:
    """Return the names of variables in a settings module: every constant there in capitals that is used as text."""
    tree = ast.parse((folder / "settings.py").read_text(encoding="utf-8"))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", value)}


def test_the_functions_are_those_of_the_design(template: Template) -> None:
    assert set(template.functions) == set(FUNCTIONS)


@each_function
def test_the_handler_resolves_to_a_function_of_its_module(template: Template, function: str) -> None:
    handler = template.functions[function]["Handler"]
    module, name = handler.rsplit(".", 1)
    tree = ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8"))

    assert module == f"functions.{FUNCTIONS[function]}.app"
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@each_function
def test_the_environment_holds_exactly_what_the_settings_read(template: Template, function: str) -> None:
    read_by_code = settings_read_by(folder_of(template.functions[function]["Handler"]))

    assert set(template.environment(function)) - READ_BY_POWERTOOLS - READ_BY_AWS_CLIENTS == read_by_code


@each_function
def test_powertools_knows_the_function_by_its_folder(template: Template, function: str) -> None:
    environment = template.environment(function)

    assert environment["POWERTOOLS_SERVICE_NAME"] == FUNCTIONS[function]
    assert environment.keys() >= READ_BY_POWERTOOLS


@each_function
def test_the_log_group_is_its_own_and_forgets(template: Template, function: str) -> None:
    name = template.functions[function]["LoggingConfig"]["LogGroup"]["Ref"]
    users = [each for each, properties in template.functions.items() if mentions(properties["LoggingConfig"], name)]

    assert template.of_type("AWS::Logs::LogGroup")[name]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert users == [function]


@each_function
def test_the_makefile_packs_the_function(template: Template, function: str) -> None:
    makefile = (ROOT / "functions" / "Makefile").read_text(encoding="utf-8")

    assert template.resources[function]["Metadata"]["BuildMethod"] == "makefile"
    assert f"build-{function}: FOLDER := {FUNCTIONS[function]}\n" in makefile


@each_function
def test_no_function_departs_from_the_common_runtime(template: Template, function: str) -> None:
    assert template.functions[function].keys().isdisjoint({"Runtime", "Architectures", "CodeUri", "Layers"})


def test_functions_and_layer_agree_on_runtime_and_architecture(template: Template) -> None:
    layer = template.resources["CommonLayer"]

    assert template.shared["Runtime"] == {"Ref": "PythonRuntime"}
    assert layer["Properties"]["CompatibleRuntimes"] == [{"Ref": "PythonRuntime"}]
    assert template.shared["Architectures"] == [{"Ref": "Architecture"}]
    assert layer["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}


def test_the_layer_is_built_for_the_default_runtime_and_architecture(template: Template) -> None:
    makefile = (ROOT / "layers" / "common" / "Makefile").read_text(encoding="utf-8")
    version = str(template.parameters["PythonRuntime"]["Default"]).removeprefix("python")
    processor = {"arm64": "aarch64", "x86_64": "x86_64"}[template.parameters["Architecture"]["Default"]]

    assert f"LAYER_PYTHON_VERSION ?= {version}\n" in makefile
    assert f"LAYER_PLATFORM ?= {processor}-manylinux" in makefile


def test_the_content_of_the_layer_has_no_python_folder_of_its_own() -> None:
    assert not (ROOT / "layers" / "common" / "python").exists()


def test_a_function_behind_the_api_answers_before_the_api_gives_up(template: Template) -> None:
    behind = {function for function, _, _ in template.events("HttpApi")}

    assert behind == {"RedirectFunction", "TelegramWebhookFunction", "PaymentWebhookFunction"}
    assert all(template.functions[function]["Timeout"] < API_GATEWAY_TIMEOUT_SECONDS for function in behind)


def test_every_parameter_is_used() -> None:
    template = read()
    body = {key: value for key, value in template.document.items() if key not in {"Parameters", "Metadata"}}

    assert [name for name in template.parameters if not mentions(body, name)] == []


def test_every_parameter_has_its_place_in_the_console(template: Template) -> None:
    groups = template.document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template.parameters)


def test_the_redirect_has_a_whole_processor_and_keeps_none_started_unless_asked(template: Template) -> None:
    redirect = template.functions["RedirectFunction"]
    kept = redirect["ProvisionedConcurrencyConfig"]["Fn::If"]

    assert redirect["MemorySize"] == {"Ref": "RedirectMemorySize"}
    assert template.parameters["RedirectMemorySize"]["Default"] == WHOLE_PROCESSOR_MB
    assert kept[:2] == ["ProvisionRedirect", {"ProvisionedConcurrentExecutions": {"Ref": "RedirectProvisionedConcurrency"}}]
    assert template.parameters["RedirectProvisionedConcurrency"]["Default"] == 0
    assert redirect["AutoPublishAlias"], "only a published version can be kept started"
