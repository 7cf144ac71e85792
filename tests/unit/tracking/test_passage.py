"""The visitor always gets on, and what was seen is written down byte for byte."""

from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.model import BotId, Campaign, ChatId, FunnelBot, FunnelMode, Slug
from rastro.tracking.passage import Answer, Passage, Visit, kept_parameters
from rastro.tracking.reference import seal
from rastro.tracking.token import parse
from rastro.tracking.traffic import Traffic
from rastro.tracking.visitor import VISITOR_COOKIE
from tests.fakes.world import AD_QUERY, BOT, FUNNEL, IPHONE, NOW_MS, SLUG, World

PAGE = replace(FUNNEL, mode=FunnelMode.PAGE)
OTHER = BotId("7000000002")
TWO_BOTS = (*FUNNEL.bots, FunnelBot(bot_id=OTHER, username="outro_bot"))
FIRST_BANNED = (replace(FUNNEL.bots[0], banned_at_ms=NOW_MS), TWO_BOTS[1])
CRAWLER = {"user-agent": "Googlebot/2.1"}


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


def test_only_a_page_gets_a_nonce_to_report_under() -> None:
    assert World().visit().nonce is None
    assert World(PAGE).visit().nonce


def test_the_page_reports_its_browser_ids_once_under_its_nonce() -> None:
    world = World(PAGE)
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
    world = World(PAGE)
    passage = world.visit("")
    assert passage.click
    assert not world.redirect.seen(SLUG, "x" * 38, fbp=None, fbc=f"fb.1.{NOW_MS}.abc")
    assert world.redirect.seen(SLUG, passage.nonce or "", fbp="nonsense", fbc="fb.x")
    assert world.clicks.clicks[passage.click.tracking_token] == passage.click


def test_status_knows_whether_the_start_arrived() -> None:
    world = World(PAGE)
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


def _visit_from(world: World, country: str | None, query: str = AD_QUERY, headers: dict[str, str] | None = None) -> Passage:
    visit = Visit(
        slug=SLUG,
        method="GET",
        raw_query=query,
        headers=headers or {"user-agent": IPHONE},
        cookies={},
        address=None,
        country=country,
        page_url="https://go.example.com/go/curso",
    )
    return world.redirect.visit(visit)


def _bridge(world: World) -> str:
    return f"u={seal(world.keys, BOT, ChatId('1111'), now_ms=world.now_ms)}"


@pytest.mark.parametrize("headers", [{"user-agent": IPHONE}, CRAWLER], ids=["person", "machine"])
def test_a_paused_funnel_turns_everybody_away_and_records_nobody(headers: dict[str, str]) -> None:
    world = World(replace(FUNNEL, paused=True))
    passage = world.visit(headers=headers)
    assert passage.answer is Answer.PAUSED
    assert (passage.location, passage.click, passage.cookies, world.clicks.clicks) == (None, None, (), {})


def test_whom_a_bot_sends_passes_a_paused_funnel_and_any_border() -> None:
    for closed in (replace(FUNNEL, paused=True), replace(FUNNEL, countries=("BR",))):
        world = World(closed)
        assert _visit_from(world, "PT", _bridge(world)).answer is Answer.REDIRECT
        assert _visit_from(world, "PT", "u=forged").answer is not Answer.REDIRECT


@pytest.mark.parametrize(
    ("countries", "country", "answer"),
    [
        ((), "PT", Answer.REDIRECT),
        (("BR", "PT"), "PT", Answer.REDIRECT),
        (("BR",), "PT", Answer.ELSEWHERE),
        (("BR",), None, Answer.REDIRECT),  # not known: the rule is not applied
    ],
)
def test_a_funnel_sells_in_its_countries(countries: tuple[str, ...], country: str | None, answer: Answer) -> None:
    world = World(replace(FUNNEL, countries=countries))
    passage = _visit_from(world, country)
    assert passage.answer is answer
    assert (passage.click is None) == (answer is Answer.ELSEWHERE) == (world.clicks.clicks == {})


def test_machines_see_the_same_page_from_everywhere() -> None:
    world = World(replace(FUNNEL, countries=("BR",)))
    assert _visit_from(world, "US", headers=CRAWLER).answer is Answer.PREVIEW


def test_a_paused_funnel_stays_paused_when_something_fails() -> None:
    assert World(replace(FUNNEL, paused=True)).redirect.plain(SLUG).answer is Answer.PAUSED


def test_a_returning_visitor_comes_to_the_same_bot() -> None:
    world = World(replace(FUNNEL, bots=TWO_BOTS))
    bots = set()
    for number in range(40):
        cookies = {VISITOR_COOKIE: f"visitor{number:015}"}
        first, again = (world.visit(cookies=cookies).click for _ in range(2))
        assert first
        assert again
        assert first.bot_id == again.bot_id
        bots.add(first.bot_id)
    assert bots == {BOT, OTHER}


def test_a_new_visitor_comes_back_to_the_bot_of_their_first_visit() -> None:
    world = World(replace(FUNNEL, bots=TWO_BOTS))
    for _ in range(20):
        first = world.visit()
        again = world.visit(cookies={cookie.name: cookie.value for cookie in first.cookies})
        assert urlsplit(again.location or "").path == urlsplit(first.location or "").path


@pytest.mark.parametrize("headers", [{"user-agent": IPHONE}, CRAWLER], ids=["person", "machine"])
def test_the_link_of_an_ad_leads_to_a_bot_that_lives(headers: dict[str, str]) -> None:
    world = World(replace(FUNNEL, bots=FIRST_BANNED))
    for _ in range(10):
        assert (world.visit(headers=headers).location or "").startswith("https://t.me/outro_bot")
    assert world.redirect.plain(SLUG).location == "https://t.me/outro_bot"
    world.redirect._keys = _no_keys  # type: ignore[assignment] # keys that cannot be had
    assert world.visit().location == "https://t.me/outro_bot"


def _no_keys() -> None:
    raise SecretMissing("unset")


def test_whom_a_bot_sent_goes_back_to_it_unless_it_is_banned() -> None:
    for bots, led_to in ((TWO_BOTS, BOT), (FIRST_BANNED, OTHER)):
        world = World(replace(FUNNEL, bots=bots))
        for _ in range(10):
            click = world.click(_bridge(world))
            assert click.bot_id == led_to


def test_a_click_is_linked_at_whichever_bot_of_the_funnel_it_arrives() -> None:
    world = World(replace(FUNNEL, bots=FIRST_BANNED))
    click = world.click()
    assert click.bot_id == OTHER
    world.start(click.tracking_token)  # at the bot whose place the other has taken: it came back to life in between
    (bot_user,) = world.bot_users.bot_users.values()
    assert (bot_user.bot_id, bot_user.tracking_session_id) == (BOT, click.tracking_token)


def test_a_prefetch_of_a_paused_funnel_is_still_a_prefetch() -> None:
    passage = World(replace(FUNNEL, paused=True)).visit(headers={"sec-purpose": "prefetch"})
    assert (passage.answer, passage.traffic) == (Answer.NO_CONTENT, Traffic.PREFETCH)
