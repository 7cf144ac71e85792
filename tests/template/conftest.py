"""The template that the tests of this folder read."""

from __future__ import annotations

import pytest

from tests.template.cloudformation import Template, read


@pytest.fixture(scope="session")
def template() -> Template:
    """Return the product's template."""
    return read()
