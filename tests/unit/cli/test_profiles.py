"""Which deployment: named, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rastro.explanation import Language
from rastro_cli.exits import CommandError, Exit
from rastro_cli.profiles import AwsProfile, LocalProfile, choose
from rastro_cli.texts import Texts
from tests.unit.cli.conftest import Operator

TEXTS = Texts(Language.EN)
PROFILES = """
[profiles.prod]
aws_profile = "seller"
region = "sa-east-1"
stack = "rastro-prod"

[profiles.half]
region = "sa-east-1"
"""


@pytest.fixture
def environ(operator: Operator, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "profiles.toml").write_text(PROFILES)
    del operator.environ["RASTRO_PROFILE"]
    return operator.environ


def test_without_a_name_none_is_guessed_and_all_are_listed(environ: dict[str, str]) -> None:
    with pytest.raises(CommandError) as ended:
        choose(None, environ, TEXTS)
    assert ended.value.code is Exit.USAGE
    assert all(name in str(ended.value) for name in ("--profile", "local", "prod", environ["RASTRO_PROFILES_FILE"]))


def test_a_name_given_goes_before_the_environment(environ: dict[str, str]) -> None:
    environ["RASTRO_PROFILE"] = "local"
    assert isinstance(choose(None, environ, TEXTS), LocalProfile)
    assert choose("prod", environ, TEXTS) == AwsProfile(
        name="prod", aws_profile="seller", region="sa-east-1", stack="rastro-prod"
    )


@pytest.mark.parametrize(("name", "says"), [("dev", "no profile dev"), ("half", "aws_profile, stack")])
def test_a_profile_that_is_not_there_or_not_whole_is_told(environ: dict[str, str], name: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        choose(name, environ, TEXTS)


def test_a_local_stack_that_does_not_run_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    environ["RASTRO_STACK_FILE"] = str(tmp_path / "nothing.json")
    with pytest.raises(CommandError, match="make dev"):
        choose("local", environ, TEXTS)


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_stack_file_that_is_none_is_told(environ: dict[str, str], content: str) -> None:
    Path(environ["RASTRO_STACK_FILE"]).write_text(content)
    with pytest.raises(CommandError, match="cannot be read"):
        choose("local", environ, TEXTS)


def test_a_profiles_file_that_is_none_is_told(environ: dict[str, str]) -> None:
    Path(environ["RASTRO_PROFILES_FILE"]).write_text("[profiles")
    with pytest.raises(CommandError, match="cannot be read"):
        choose("prod", environ, TEXTS)


def test_the_profiles_file_has_its_place_in_the_home_folder(environ: dict[str, str], tmp_path: Path) -> None:
    del environ["RASTRO_PROFILES_FILE"]
    environ["HOME"] = str(tmp_path)
    place = tmp_path / ".config" / "rastro"
    place.mkdir(parents=True)
    (place / "profiles.toml").write_text(PROFILES)
    assert choose("prod", environ, TEXTS).name == "prod"
