"""What a build of the template is told, and what is added to a built one before its functions are invoked."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack.sam_local.workspace import Runtime

_INSIDE = ("counterpart.py", "with-counterpart")
_FUNCTION = "AWS::Serverless::Function"


def quiet_environment() -> dict[str, str]:
    """Return this process's environment without what would slow SAM CLI down or leak into a container.

    SAM CLI hands the caller's AWS credentials to the function, and dummy ones in the environment stall it for seconds while it
    tries them; without any it gives the function dummy ones of its own.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
    }


def makefile_variables(runtime: Runtime) -> dict[str, str]:
    """Return what the layer's makefile takes (layers/common/Makefile says what each is)."""
    processor = {"x86_64": "x86_64", "arm64": "aarch64"}[runtime.architecture]
    variables = {"LAYER_PYTHON_VERSION": runtime.python, "LAYER_PLATFORM": f"{processor}-manylinux_2_28"}
    if runtime == Runtime.of_this_machine():
        variables["LAYER_INTERPRETER"] = sys.executable
    return variables


def declare_environment(document: Mapping[str, Any], settings: Mapping[str, Mapping[str, str]]) -> None:
    """Declare in a built template the variables that env.local.json sets (``Parameters``: for every function).

    ``sam local`` drops every variable that the template does not declare, and ``AWS_ENDPOINT_URL`` is none of the product's.
    """
    for name, function in _functions(document).items():
        declared = function["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
        for variable, value in {**settings.get("Parameters", {}), **settings.get(name, {})}.items():
            declared.setdefault(variable, value)


def put_counterpart_inside(built: Path, document: Mapping[str, Any], answers: Mapping[str, object]) -> None:
    """Put beside each built function the one service that it can reach in its container, with what that service knows."""
    for name in _functions(document):
        for file in _INSIDE:
            shutil.copy(Path(__file__).parent / "inside" / file, built / name)
            (built / name / file).chmod(0o755)
        (built / name / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


def _functions(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: resource for name, resource in document["Resources"].items() if resource["Type"] == _FUNCTION}
