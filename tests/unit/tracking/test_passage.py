"""The visitor always gets on, and what was seen is written down byte for byte."""

from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.model import Campaign, FunnelMode, Slug
from rastro.tracking.passage import Answer, kept_parameters
from rastro.tracking.token import parse
from tests.fakes.world import AD_QUERY, BOT, FUNNEL, IPHONE, NOW_MS, SLUG, World


def test_a_person_is_sent_to_the_bot_with_the_token_of_their_click() -> None:
    world = World()
    passage = world.visit()
    target = urlsplit(passage.location or "")
    assert (target.scheme, target.netloc, target.path) == ("https", "t.me", "/pao_bot")
    token = parse_qs(target.query)["start"][0]
    assert parse(world.keys, token) is not None
    (click,) = world.clicks.clicks.values()
    assert click.tracking_token == token
    assert click.slug == SLUG
    assert click.bot_id == BOT
    assert click.clicked_at_ms == NOW_MS
    assert click.campaign == Campaign(utm_source="facebook", utm_campaign="natal", campaign_code="NATAL26")
    assert click.fbclid == "IwAR-AbC_123"
    assert click.fbc == f"fb.1.{NOW_MS}.IwAR-AbC_123"
    assert click.click_ip == "177.10.20.30"
    assert click.click_user_agent == IPHONE
    assert click.event_source_url == "https://go.example.com/go/curso"


def test_the_cookies_are_first_party_and_last_90_days() -> None:
    headers = [cookie.header() for cookie in World().visit().cookies]
    assert [header.split("=")[0] for header in headers] == ["rastro_vid", "_fbp", "_fbc"]
    assert all("; Max-Age=7776000; Path=/; Secure; SameSite=Lax" in header for header in headers)
    assert [header.endswith("; HttpOnly") for header in headers] == [True, False, False]


def test_a_returning_browser_keeps_its_ids() -> None:
    world = World()
    first = world.visit()
    world.now_ms += 60_000
    again = world.visit(cookies={cookie.name: cookie.value for cookie in first.cookies})
    assert first.click
    assert again.click
    assert again.click.visitor_id == first.click.visitor_id
    assert (again.click.fbp, again.click.fbc) == (first.click.fbp, first.click.fbc)
    assert again.click.tracking_token != first.click.tracking_token


def test_without_an_ad_there_is_no_fbc() -> None:
    passage = World().visit("")
    assert passage.click
    assert (passage.click.fbclid, passage.click.fbc) == (None, None)
    assert "_fbc" not in [cookie.name for cookie in passage.cookies]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024))
def test_a_parameter_is_kept_byte_for_byte(value: str) -> None:
    assert kept_parameters(f"utm_campaign={quote(value, safe='')}") == {"utm_campaign": value}


def test_a_plus_in_an_fbclid_stays_a_plus_and_elsewhere_is_a_space() -> None:
    assert kept_parameters("fbclid=a+b&utm_source=a+b%2B") == {"fbclid": "a+b", "utm_source": "a b+"}


def test_the_first_of_two_parameters_counts_and_unknown_ones_are_dropped() -> None:
    assert kept_parameters("utm_source=a&utm_source=b&other=1") == {"utm_source": "a"}


def test_a_long_value_is_cut_but_an_fbclid_never() -> None:
    kept = kept_parameters(f"utm_term={'t' * 2000}&fbclid={'f' * 3000}")
    assert len(kept["utm_term"]) == 1024
    assert len(kept["fbclid"]) == 3000
    click = World().click(f"fbclid={'f' * 2049}")
    assert (click.fbclid, click.fbc) == (None, None)
    assert World().click(f"fbclid={'F' * 2048}").fbclid == "F" * 2048


@pytest.mark.parametrize("user_agent", ["facebookexternalhit/1.1", "TelegramBot (like TwitterBot)", "Googlebot/2.1"])
def test_machines_see_a_page_and_get_no_token(user_agent: str) -> None:
    world = World()
    passage = world.visit(headers={"user-agent": user_agent})
    assert passage.answer is Answer.PREVIEW
    assert passage.location == "https://t.me/pao_bot"
    assert (passage.cookies, passage.click, world.clicks.clicks) == ((), None, {})


def test_a_prefetch_gets_nothing() -> None:
    assert World().visit(headers={"sec-purpose": "prefetch"}).answer is Answer.NO_CONTENT


def test_a_funnel_in_page_mode_shows_its_page_with_the_same_link() -> None:
    world = World(replace(FUNNEL, mode=FunnelMode.PAGE))
    passage = world.visit()
    assert passage.answer is Answer.PAGE
    assert passage.click
    assert passage.location == f"https://t.me/pao_bot?start={passage.click.tracking_token}"
    assert passage.nonce


def test_an_unknown_slug_is_not_found() -> None:
    assert World().visit(slug=Slug("nada")).answer is Answer.NOT_FOUND


def test_a_click_that_its_table_refuses_goes_to_the_queue_and_the_visitor_on() -> None:
    world = World()
    world.clicks.unavailable = True
    passage = world.visit()
    assert passage.answer is Answer.REDIRECT
    assert passage.faults == ("click_not_recorded",)
    assert world.queue.lost_clicks == [passage.click]


def test_with_table_and_queue_down_the_visitor_still_goes_on_with_a_token() -> None:
    world = World()
    world.clicks.unavailable = world.queue.unavailable = True
    passage = world.visit()
    assert passage.location
    assert "?start=" in passage.location
    assert passage.faults == ("click_not_recorded", "click_lost")


@pytest.mark.parametrize("fault", [SecretMissing("unset"), StoreUnavailable("down")])
def test_without_signing_keys_the_visitor_goes_on_without_a_token(fault: Exception) -> None:
    world = World()

    def no_keys() -> None:
        raise fault

    world.redirect._keys = no_keys  # type: ignore[assignment] # keys that cannot be had
    passage = world.visit()
    assert passage.location == "https://t.me/pao_bot"
    assert (passage.click, world.clicks.clicks) == (None, {})


def test_an_unreadable_funnel_is_unavailable_not_unknown() -> None:
    world = World()
    world.funnels.unavailable = True
    assert world.visit().answer is Answer.UNAVAILABLE


def test_the_page_reports_its_browser_ids_once_under_its_nonce() -> None:
    world = World()
    passage = world.visit("")
    assert passage.click
    assert passage.nonce
    fbc = f"fb.1.{NOW_MS}.abc"
    assert world.redirect.seen(SLUG, passage.nonce, fbp="fb.1.1790000000000.9", fbc=fbc)
    assert world.redirect.seen(SLUG, passage.nonce, fbp=None, fbc=f"fb.1.{NOW_MS}.other")
    stored = world.clicks.clicks[passage.click.tracking_token]
    assert stored.fbc == fbc
    assert stored.fbp == passage.click.fbp  # the server's own came first


def test_a_broken_report_changes_nothing() -> None:
    world = World()
    passage = world.visit("")
    assert passage.click
    assert not world.redirect.seen(SLUG, "x" * 38, fbp=None, fbc=f"fb.1.{NOW_MS}.abc")
    assert world.redirect.seen(SLUG, passage.nonce or "", fbp="nonsense", fbc="fb.x")
    assert world.clicks.clicks[passage.click.tracking_token] == passage.click


def test_status_knows_whether_the_start_arrived() -> None:
    world = World()
    passage = world.visit(AD_QUERY)
    assert passage.click
    found = world.redirect.started(SLUG, passage.nonce or "")
    assert found
    assert (found[0].token, found[1]) == (passage.click.tracking_token, False)
    world.start(passage.click.tracking_token)
    after = world.redirect.started(SLUG, passage.nonce or "")
    assert after
    assert after[1]
    assert world.redirect.started(SLUG, "nonsense") is None
