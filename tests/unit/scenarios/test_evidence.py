from __future__ import annotations

from dataclasses import replace

from tests.scenarios.evidence import Evidence
from tests.unit.scenarios.test_before import A, B


def test_a_persons_own_clicks_are_theirs_with_their_browser() -> None:
    evidence = Evidence(clicks={"A": A, "B": replace(B, owner="Bruno", address="177.1.1.1")})
    assert evidence.of_ad("Ana")["tracking_token"] == {A.token}
    assert evidence.of_browser("Ana")["click_ip"] == {A.address}


def test_a_token_that_was_brought_gives_the_ad_and_not_the_browser() -> None:
    evidence = Evidence(clicks={"A": A})
    evidence.bring("Bruno", "A")
    assert evidence.of_ad("Bruno")["tracking_token"] == {A.token}
    assert evidence.of_browser("Bruno")["click_ip"] == set()


def test_an_fbclid_on_record_gives_the_ads_that_carried_it() -> None:
    evidence = Evidence(clicks={"A": A, "B": replace(B, owner="Carla")}, fbclids={"Bruno": "fbclid-a"})
    assert evidence.of_ad("Bruno")["tracking_token"] == {A.token}


def test_nothing_is_theirs_without_any_of_these() -> None:
    evidence = Evidence(clicks={"A": replace(A, fbclid=None)})
    assert not any(evidence.of_ad("Bruno").values())
