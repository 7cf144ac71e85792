from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.model import Campaign, Slug
from tests.scenarios.before import OptionsOneToThree, StartParamOnly
from tests.scenarios.evidence import SeenClick

ANA = ("Ana", "curso")
BRUNO = ("Bruno", "curso")
A = SeenClick(
    token="token-a",
    owner="Ana",
    slug=Slug("curso"),
    campaign=Campaign(utm_source="facebook"),
    fbclid="fbclid-a",
    fbc=None,
    fbp=None,
    visitor_id="phone",
    address="177.10.20.30",
    user_agent="Instagram",
)
B = replace(A, token="token-b", fbclid="fbclid-b")


@pytest.fixture(params=[StartParamOnly, OptionsOneToThree])
def either(request: pytest.FixtureRequest) -> StartParamOnly:
    model: StartParamOnly = request.param()
    return model


def test_both_take_the_token_that_arrives(either: StartParamOnly) -> None:
    either.clicked(A)
    either.started(ANA, A.token)
    either.charged(ANA)
    assert either.outcome(ANA) == A.token


def test_neither_knows_what_redis_has_forgotten(either: StartParamOnly) -> None:
    either.clicked(A)
    either.started(ANA, A.token)
    either.cache_emptied()
    either.charged(ANA)
    assert either.outcome(ANA) is None


def test_both_keep_what_a_payment_has_copied(either: StartParamOnly) -> None:
    either.clicked(A)
    either.started(ANA, A.token)
    either.charged(ANA)
    either.cache_emptied()
    assert either.outcome(ANA) == A.token


def test_neither_takes_a_token_that_redis_never_had(either: StartParamOnly) -> None:
    either.clicked(A)
    either.started(ANA, "forged")
    either.charged(ANA)
    assert either.outcome(ANA) is None


def test_neither_records_a_click_while_redis_is_down(either: StartParamOnly) -> None:
    either.cache_stopped()
    either.clicked(A)
    either.started(ANA, A.token)
    either.charged(ANA)
    assert either.outcome(ANA) is None


def test_the_first_option_saves_the_click_of_a_known_browser_at_the_redirect() -> None:
    outcomes = []
    for model in (StartParamOnly(), OptionsOneToThree()):
        model.clicked(A)
        model.started(ANA, A.token)
        model.clicked(B)
        model.started(ANA, None)
        model.charged(ANA)
        outcomes.append(model.outcome(ANA))
    assert outcomes == [A.token, B.token]


def test_the_third_option_finds_the_click_by_the_fbclid_on_record() -> None:
    outcomes = []
    for model in (StartParamOnly(), OptionsOneToThree()):
        model.knew(ANA, "fbclid-a")
        model.clicked(replace(A, owner="Bruno", visitor_id="another"))
        model.started(ANA, None)
        model.charged(ANA)
        outcomes.append(model.outcome(ANA))
    assert outcomes == [None, A.token]


def test_the_second_option_finds_it_without_a_start() -> None:
    model = OptionsOneToThree()
    model.clicked(A)
    model.knew(ANA, "fbclid-a")
    model.charged(ANA)
    assert model.outcome(ANA) == A.token


def test_the_first_option_takes_a_shared_fbclid_for_the_same_person() -> None:
    model = OptionsOneToThree()
    model.clicked(A)
    model.started(ANA, A.token)
    model.clicked(replace(B, owner="Bruno", fbclid="fbclid-a", visitor_id="another"))
    model.started(BRUNO, B.token)
    for who in (ANA, BRUNO):
        model.charged(who)
    assert model.outcome(ANA) == B.token
