"""The reference pages name everything that the command takes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import typer

from rastro.meta.meanings import Fate
from rastro.model import Campaign
from rastro.pix.provider import PROVIDERS
from rastro.sales import legacy
from rastro_cli.app import app
from rastro_cli.exits import Exit
from rastro_cli.help import parts

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
CLI = (REFERENCE / "cli.md").read_text(encoding="utf-8")
IMPORT = (REFERENCE / "legacy-import.md").read_text(encoding="utf-8")


def test_every_option_stands_on_the_page_of_the_command() -> None:
    options = {
        option for part in parts(typer.main.get_command(app)) for option in getattr(part, "opts", []) if option[:2] == "--"
    }
    assert {option for option in options if option not in CLI} == set()


@pytest.mark.parametrize(
    "command",
    [
        "keys init",
        "keys rotate",
        "bot add",
        "bot list",
        "bot check",
        "provider add",
        "provider list",
        "provider check",
        "provider steps",
        "pixel add",
        "operator set",
        "funnel add",
        "funnel edit",
        "funnel list",
        "funnel show",
        "funnel pause",
        "funnel resume",
        "funnel link",
        "doctor payment",
        "doctor bot-user",
        "doctor click",
        "doctor token",
        "repair payment",
        "import legacy",
        "events payment",
        "events failed",
        "pixel check",
        "pixel resume",
        "replay payment",
        "replay dlq",
        "report",
        "erase",
        "export",
    ],
)
def test_every_command_stands_there_with_its_output(command: str) -> None:
    assert f"| `rastro {command}" in CLI
    assert f"$ rastro {command} " in CLI.replace("\n", " ")


def test_the_wizard_and_its_check_stand_there_with_their_output() -> None:
    assert "| `rastro setup [--check]`" in CLI
    assert "$ rastro setup\n" in CLI
    assert "$ rastro setup --check\n" in CLI


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_stands_there(provider: str) -> None:
    assert provider in CLI


@pytest.mark.parametrize("fate", Fate)
def test_every_fate_of_an_event_stands_there(fate: Fate) -> None:
    assert f"\n| `{fate.value}` | " in CLI


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_stands_there(code: Exit) -> None:
    assert f"\n| {int(code)} | " in CLI


@pytest.mark.parametrize(
    "name",
    [
        *(field.name for field in fields(legacy.LegacySale) if not field.name.endswith("_ms") and field.name != "campaign"),
        *(field.name for field in fields(Campaign)),
        *legacy._ALIASES,
        *legacy._STATUSES,
    ],
)
def test_every_column_and_status_stands_on_the_page_of_the_import(name: str) -> None:
    assert f"`{name}`" in IMPORT
