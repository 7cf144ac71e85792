"""The page of settings is complete and true."""

from __future__ import annotations

import re

import pytest

from tests.template.cloudformation import ROOT, Template
from tests.template.test_functions import FUNCTIONS, READ_BY_POWERTOOLS

PAGE = ROOT / "docs" / "reference" / "settings.md"


def table_under(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, row by row, without its head."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_parameter_is_on_the_page_in_its_order_with_its_default(template: Template) -> None:
    told = {name.strip("`"): default.strip("`") for name, default, _ in table_under("Parameters of the template")}

    assert list(told.items()) == [(name, str(each["Default"])) for name, each in template.parameters.items()]


def test_every_variable_is_on_the_page_with_the_functions_that_read_it(template: Template) -> None:
    told = {name.strip("`"): set(users.split(", ")) for name, _, users in table_under("Environment of the functions")}
    actual: dict[str, set[str]] = {}
    for function, folder in FUNCTIONS.items():
        for name in template.environment(function):
            actual.setdefault(name, set()).add("all" if name in READ_BY_POWERTOOLS else folder)

    assert told == actual


@pytest.mark.parametrize("name", [row[0].strip("`") for row in table_under("Variables of the build")])
def test_every_variable_of_the_build_has_its_default_on_the_page(name: str) -> None:
    makefile = (ROOT / "layers" / "common" / "Makefile").read_text(encoding="utf-8")
    (default,) = (row[1].strip("`") for row in table_under("Variables of the build") if row[0] == f"`{name}`")
    assigned = re.findall(rf"^{name} \?= (.*)$", makefile, flags=re.MULTILINE)

    assert name in makefile
    assert name == "UV" or assigned == ([default] if default else [])
