from __future__ import annotations

import pytest

from rastro.explanation import Language
from rastro.sales.legacy_flaws import BadLine, Flaw


@pytest.mark.parametrize("flaw", Flaw, ids=lambda flaw: flaw.name)
def test_both_languages_of_a_flaw_take_the_same_values(flaw: Flaw) -> None:
    portuguese, english = flaw.value
    assert portuguese != english
    assert _placeholders(portuguese) == _placeholders(english)


def _placeholders(text: str) -> set[str]:
    return {piece.split("}")[0] for piece in text.split("{")[1:]}


def test_a_bad_line_says_what_is_wrong_in_either_language() -> None:
    bad = BadLine(Flaw.MISSING, field="status")
    assert (bad.text(Language.PT), bad.text(Language.EN), str(bad)) == ("falta status", "status is missing", "status is missing")
