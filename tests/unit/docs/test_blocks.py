"""What pages say of the code is what the code says; ``python -m tests.unit.docs`` mends them."""

from __future__ import annotations

import pytest

from rastro.meta.meanings import _CODES, _SUBCODES, Fate
from rastro.model import Reason
from rastro.pix.onboarding import onboarding
from rastro.pix.provider import PROVIDERS
from tests.unit.docs.blocks import BLOCKS, DOCS, PROVIDER_NAMES, stands

TROUBLE = ("troubleshooting.md", "guia/problemas.md")


@pytest.mark.parametrize(("page", "name"), BLOCKS, ids=" ".join)
def test_a_block_is_as_the_code_makes_it(page: str, name: str) -> None:
    assert stands(page, name) == BLOCKS[page, name]()


@pytest.mark.parametrize("page", TROUBLE)
def test_both_pages_of_troubles_name_every_reason_state_and_code(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    codes = {str(code) for code in _CODES} | {f"{code}/{subcode}" for code, subcode in _SUBCODES}
    wanted = {*(reason.value for reason in Reason), *(fate.value for fate in Fate), *codes}

    assert {name for name in wanted if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_guide_has_every_credential_and_step_of_every_provider(provider: str) -> None:
    text = (DOCS / "guia" / "pix.md").read_text(encoding="utf-8")
    known = onboarding(provider)

    assert PROVIDER_NAMES[provider] in text
    assert [field.label for field in known.fields if field.name != "api_url" and f"**{field.label}**" not in text] == []
    assert len(known.panel_steps) == sum(line[:1].isdigit() for line in _section(text, provider))


def _section(text: str, provider: str) -> list[str]:
    return text.split(f'<a id="{provider}"></a>')[1].split("<a id=", maxsplit=1)[0].split("<!-- end", maxsplit=1)[0].splitlines()
