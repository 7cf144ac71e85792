"""The links of ads."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from rastro.tracking.passage import Visit
from rastro_cli.funnel_link import META_DYNAMIC, META_PARAMETERS, BadParameter, ad_link, parameter, plain_link
from tests.fakes.world import IPHONE, SLUG, World

URL = "https://go.example.com/go/curso"


def test_an_ads_link_leaves_metas_parameters_for_meta_to_fill_in() -> None:
    link = ad_link(URL, {})
    assert link.website_url == URL
    assert link.parameters == (
        "utm_source={{site_source_name}}&utm_medium=cpc&utm_campaign={{campaign.name}}&utm_id={{campaign.id}}"
        "&utm_content={{ad.name}}&utm_term={{adset.name}}&campaign_code={{campaign.id}}"
    )
    assert all(value in META_DYNAMIC or "{" not in value for value in META_PARAMETERS.values())


def test_what_is_given_takes_the_place_of_ours_and_an_empty_value_takes_it_out() -> None:
    link = ad_link(URL, {"campaign_code": "NATAL 26", "utm_term": "", "sck": "vsl|{{ad.id}}|é"})
    assert link.parameters.endswith("utm_content={{ad.name}}&campaign_code=NATAL%2026&sck=vsl%7C{{ad.id}}%7C%C3%A9")
    assert "utm_term" not in link.parameters


def test_a_plain_link_has_what_is_given_alone() -> None:
    assert plain_link(URL, {}).whole == URL
    assert plain_link(URL, {"utm_source": "bio do instagram"}).whole == f"{URL}?utm_source=bio%20do%20instagram"


def test_what_a_link_says_is_what_the_click_has() -> None:
    link = plain_link(URL, {"utm_source": "bio & story", "campaign_code": "NATAL26=é"})
    passage = World().redirect.visit(
        Visit(
            slug=SLUG,
            method="GET",
            raw_query=link.parameters,
            headers={"user-agent": IPHONE},
            cookies={},
            address="177.10.20.30",
            page_url=link.website_url,
        )
    )
    assert passage.click is not None
    assert (passage.click.campaign.utm_source, passage.click.campaign.campaign_code) == ("bio & story", "NATAL26=é")
    assert dict(parse_qsl(link.parameters)) == {"utm_source": "bio & story", "campaign_code": "NATAL26=é"}


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ({"gclid": "1"}, "not_kept"),
        ({"fbclid": "1"}, "not_kept"),
        ({"utm_term": "x" * 1_025}, "too_long"),
        ({"utm_term": "{{campaign.nome}}"}, "dynamic"),
        ({"utm_term": "a{{ad.id}}{{}}"}, "dynamic"),
    ],
)
def test_a_parameter_that_would_be_lost_is_refused(given: dict[str, str], flaw: str) -> None:
    with pytest.raises(BadParameter) as caught:
        ad_link(URL, given)
    assert caught.value.name == flaw


def test_nobody_fills_in_a_plain_link() -> None:
    with pytest.raises(BadParameter) as caught:
        plain_link(URL, {"utm_campaign": "{{campaign.name}}"})
    assert caught.value.name == "not_filled"


def test_a_parameter_is_a_name_and_a_value() -> None:
    assert parameter("utm_term=a=b") == ("utm_term", "a=b")
    with pytest.raises(BadParameter):
        parameter("utm_term")
