from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from stack.sam_local.build import declare_environment, makefile_variables, put_counterpart_inside
from stack.sam_local.workspace import Runtime

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "RedirectFunction": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Environment": {"Variables": {"CLICK_TABLE": {"Ref": "Table"}}}},
        },
        "OutboxFunction": {"Type": "AWS::Serverless::Function", "Properties": {}},
    }
}


def test_variables_that_the_template_does_not_declare_are_declared_in_the_built_one() -> None:
    document = copy.deepcopy(TEMPLATE)
    settings = {"Parameters": {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "RedirectFunction": {"CLICK_TABLE": "clicks"}}
    declare_environment(document, settings)
    assert document["Resources"]["RedirectFunction"]["Properties"]["Environment"]["Variables"] == {
        "CLICK_TABLE": {"Ref": "Table"},  # sam local overrides it by itself
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    outbox = document["Resources"]["OutboxFunction"]["Properties"]
    assert list(outbox["Environment"]["Variables"]) == ["AWS_ENDPOINT_URL"]


def test_the_counterpart_stands_beside_each_function_with_its_answers(tmp_path: Path) -> None:
    for name in ("RedirectFunction", "OutboxFunction"):
        (tmp_path / name).mkdir()
    put_counterpart_inside(tmp_path, TEMPLATE, {"parameters": {}, "items": {}})
    for name in ("RedirectFunction", "OutboxFunction"):
        assert (tmp_path / name / "with-counterpart").stat().st_mode & 0o111 == 0o111
        assert json.loads((tmp_path / name / "answers.json").read_text(encoding="utf-8")) == {"parameters": {}, "items": {}}


def test_the_layer_is_built_for_the_runtime_of_the_functions() -> None:
    variables = makefile_variables(Runtime(python="3.13", architecture="arm64"))
    assert variables["LAYER_PLATFORM"].startswith("aarch64-")
    assert variables["LAYER_PYTHON_VERSION"] == "3.13"
