"""env.local.json gives each function what only a deployment could, and nothing that the template does not know."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.template.cloudformation import ROOT, Template

SETTINGS: Mapping[str, Mapping[str, str]] = json.loads((ROOT / "env.local.json").read_text(encoding="utf-8"))
SHARED = SETTINGS["Parameters"]


def test_every_function_is_there(template: Template) -> None:
    assert set(SETTINGS) == {"Parameters", *template.functions}


def test_what_the_deployment_would_fill_in_is_given(template: Template) -> None:
    """``sam local`` knows no resource: of a reference to one it makes "" or the logical id."""
    for function in template.functions:
        filled_in = {name for name, value in template.environment(function).items() if not isinstance(value, str)}
        assert filled_in <= {*SETTINGS[function], *SHARED}, function


def test_nothing_is_given_that_the_function_does_not_read(template: Template) -> None:
    for function in template.functions:
        assert set(SETTINGS[function]) <= set(template.environment(function)), function
