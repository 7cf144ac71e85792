from __future__ import annotations

import pytest

from rastro.explanation import Language
from rastro.model import Reason
from rastro.tracking.reasons import explain


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_text_and_a_remedy(reason: Reason, language: Language) -> None:
    explanation = explain(reason, language)
    assert explanation.text.endswith(".")
    assert explanation.remedy.endswith(".")


@pytest.mark.parametrize("language", Language)
def test_no_two_reasons_say_the_same(language: Language) -> None:
    assert len({explain(reason, language) for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_the_languages_differ(reason: Reason) -> None:
    assert explain(reason, Language.PT) != explain(reason, Language.EN)
