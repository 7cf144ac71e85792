"""The command line itself: options, languages, exit codes."""

from __future__ import annotations

import pytest
import typer

from rastro.errors import Conflict, SecretMissing, StoreUnavailable
from rastro.explanation import Language
from rastro.settings import SettingsError
from rastro_cli import app as app_module
from rastro_cli import help as help_texts
from rastro_cli.composition import Deployment
from rastro_cli.profiles import Profile
from rastro_cli.texts import TEXTS
from tests.unit.cli.conftest import Operator


def test_every_help_text_has_its_portuguese_and_none_is_left_over() -> None:
    texts = {part.help for part in help_texts.parts(typer.main.get_command(app_module.app)) if getattr(part, "help", None)}
    assert texts == set(help_texts.PORTUGUESE)


def test_the_help_is_portuguese_unless_english_is_asked_for(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    assert operator("repair", "--help") == 0
    assert "Repara a ligação de vendas" in capsys.readouterr().out
    assert operator("--lang", "en", "repair", "--help") == 0
    assert "Repair the link of sales" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "given", "language"),
    [
        ([], None, Language.PT),
        ([], "en", Language.EN),
        (["doctor", "--lang", "en"], None, Language.EN),
        (["--lang=pt", "doctor"], "en", Language.PT),
        (["--lang"], None, Language.PT),
    ],
)
def test_the_language_is_that_of_the_command_line_else_of_the_environment(
    arguments: list[str], given: str | None, language: Language
) -> None:
    assert help_texts.language_of(arguments, given) is language


@pytest.mark.parametrize("name", TEXTS)
def test_both_languages_of_a_text_take_the_same_values(name: str) -> None:
    portuguese, english = TEXTS[name]
    assert portuguese
    assert english
    assert _placeholders(portuguese) == _placeholders(english)


def _placeholders(text: str) -> set[str]:
    return {piece.split("}")[0] for piece in text.split("{")[1:]}


@pytest.mark.parametrize("arguments", [["--lang", "en"], ["doctor", "--lang", "en"]])
def test_options_count_before_and_after_a_command(operator: Operator, arguments: list[str]) -> None:
    assert operator(*arguments, "payment", "1") in (2, 3)
    assert operator("--lang", "en", "--json", "doctor", "payment", "1") == 3
    assert operator.err.strip() == "Error: There is no payment 1."
    assert operator("--profile", "nowhere", "doctor", "payment", "1", "--profile", "local") == 3
    assert operator.opened[-1].name == "local"


def test_an_option_between_repair_and_payment_counts_too(operator: Operator) -> None:
    assert operator("repair", "--lang", "en", "payment", "1") == 3
    assert "There is no payment" in operator.err


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (StoreUnavailable("get from Payment: ThrottlingException"), "não respondeu"),
        (SecretMissing("the secret signing-keys is not set"), "Falta um segredo"),
        (SettingsError("the environment variable EVENT_TABLE is not set"), "incompleta"),
        (Conflict("9326"), "Tente de novo"),
    ],
)
def test_a_deployment_that_does_not_answer_ends_with_1(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, fault: Exception, says: str
) -> None:
    def fail(profile: Profile) -> Deployment:
        raise fault

    monkeypatch.setattr(operator, "_open", fail)
    assert operator("doctor", "payment", "9326") == 1
    assert says in operator.err
    assert str(fault) in operator.err
    assert operator.out == ""


def test_an_unknown_command_ends_with_2(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    assert operator("heal") == 2
    assert "heal" in capsys.readouterr().err
