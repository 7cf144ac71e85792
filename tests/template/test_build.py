"""SAM CLI accepts the template and builds it for Lambda's processor and Python, whatever this machine has."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.template.cloudformation import ROOT, Template, folder_of

pytestmark = pytest.mark.integration

SAM = Path(sys.executable).with_name("sam")
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
"""The value of ``e_machine`` in an ELF header by processor."""
UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024
"""What Lambda takes of a function and its layers together."""


def sam(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run SAM CLI in the project; fails with its output."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAYER_"))}
    environ |= {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"} | dict(environment or {})
    command = [str(SAM), *arguments]
    told = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def machine_of(library: Path) -> int:
    """Return the processor that a shared library is for, as its ELF header says."""
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF"
    (machine,) = struct.unpack_from("<H", header, 18)
    return int(machine)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build with the defaults: for AWS."""
    folder = tmp_path_factory.mktemp("aws") / "build"
    sam("build", "--build-dir", str(folder))
    return folder


def test_sam_and_its_linter_accept_the_template() -> None:
    sam("validate", "--lint")


def test_the_layer_holds_the_package_and_its_dependencies_once(built: Path) -> None:
    content = built / "CommonLayer"

    assert [each.name for each in content.iterdir()] == ["python"]
    assert not (content / "python" / "python").exists()
    assert (content / "python" / "rastro" / "model.py").is_file()
    assert (content / "python" / "rastro" / "py.typed").is_file()
    assert (content / "python" / "segno" / "__init__.py").is_file()


def test_the_layer_leaves_out_what_lambda_has(built: Path) -> None:
    names = {each.name.partition("-")[0].lower() for each in (built / "CommonLayer" / "python").iterdir()}

    assert names.isdisjoint({"boto3", "botocore", "s3transfer", "bin", "share", "tests"})


def test_the_layers_binaries_are_for_lambdas_processor_and_python(built: Path) -> None:
    libraries = list((built / "CommonLayer").rglob("*.so"))

    assert libraries
    assert {machine_of(library) for library in libraries} == {ELF_MACHINES["aarch64"]}
    assert all("cpython-313-aarch64" in library.name for library in libraries)


def test_bytecode_in_the_layer_is_for_lambdas_python_alone(built: Path) -> None:
    assert {each.suffixes[-2] for each in (built / "CommonLayer").rglob("*.pyc")} <= {".cpython-313"}


def test_a_function_is_packed_alone_under_the_path_of_its_handler(built: Path, template: Template) -> None:
    for name, properties in template.functions.items():
        folder = folder_of(properties["Handler"])
        assert [each.name for each in (built / name).iterdir()] == ["functions"]
        assert [each.name for each in (built / name / "functions").iterdir()] == [folder.name]
        assert (built / name / "functions" / folder.name / "app.py").read_bytes() == (folder / "app.py").read_bytes()
        assert not list((built / name).rglob("*.pyc"))


def test_a_function_and_its_layer_fit_into_lambda(built: Path) -> None:
    size = sum(each.stat().st_size for each in (built / "CommonLayer").rglob("*") if each.is_file())

    assert size < UNZIPPED_LIMIT_BYTES / 4, "dependencies have grown: is the cold start still what it was?"


def test_the_same_template_builds_for_another_processor_and_this_interpreter(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    sam(
        *("build", "--config-env", "local", "--build-dir", str(tmp_path / "build")),
        *("--parameter-overrides", f"Stage=local PythonRuntime=python{version} Architecture=x86_64"),
        environment={"LAYER_PLATFORM": "x86_64-manylinux_2_28", "LAYER_PYTHON_VERSION": version},
    )
    content = tmp_path / "build" / "CommonLayer" / "python"

    assert {machine_of(library) for library in content.rglob("*.so")} == {ELF_MACHINES["x86_64"]}
    assert list(content.glob("rastro/__pycache__/model.*.pyc")), "this very interpreter can compile"
