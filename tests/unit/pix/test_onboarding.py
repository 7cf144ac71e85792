"""How accounts at providers move in."""

from __future__ import annotations

import pytest

from rastro.errors import InvalidInput
from rastro.pix.onboarding import Onboarding, Onboards, onboarding
from rastro.pix.provider import PROVIDERS, ProviderContext, open_provider

URL = "https://go.example.com/pix/p/7"


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_says_how_it_is_moved_in(name: str) -> None:
    described = onboarding(name)
    names = [field.name for field in described.fields]
    assert len(set(names)) == len(names)
    assert "api_url" in names
    assert all(field.label for field in described.fields)
    assert any(URL in step for step in described.steps(URL))
    assert all("{" not in step for step in described.steps(URL))


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_account_can_be_checked_and_registered(name: str) -> None:
    given = {field.name: field.name for field in onboarding(name).fields if not field.multiline}
    context = ProviderContext(credentials=given | {"api_url": "http://127.0.0.1:1"}, now_ms=lambda: 0)
    assert isinstance(open_provider(name, context), Onboards)


def test_other_braces_in_a_step_stay() -> None:
    described = Onboarding(fields=(), panel_steps=("{callback_url}?x={y}",))
    assert described.steps(URL) == (f"{URL}?x={{y}}",)


def test_a_provider_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(InvalidInput):
        onboarding("paypal")
