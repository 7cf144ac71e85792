"""Option 1 and the bridge: whoever passes the redirect and is known is linked there and then, and nobody else is."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from rastro.model import BotId, BotUser, ChatId, Click, Funnel, FunnelBot, LinkSource, Reason, Slug
from rastro.sales.shop import Step
from rastro.telegram.updates import Message, Person
from tests.fakes.world import AD_QUERY, BASE_URL, BOT, FUNNEL, NOW_MS, PERSON, SLUG, World

OTHER = Person(chat_id=ChatId("2222"), first_name="Bia")


def _bot_user(world: World, person: Person = PERSON, bot_id: BotId = BOT) -> BotUser:
    bot_user = world.bot_users.get(bot_id, person.chat_id)
    assert bot_user is not None
    return bot_user


def _cookies(click: Click) -> dict[str, str]:
    return {"rastro_vid": click.visitor_id or "", "_fbp": click.fbp or "", "_fbc": click.fbc or ""}


def _bridge(world: World) -> str:
    """Return the query of the bridge that the bot offered last."""
    url = world.bot.said[-1].keyboard[0][0].url
    assert url is not None
    assert url.startswith(f"{BASE_URL}/go/{SLUG}?u=")
    return urlsplit(url).query


def test_a_returning_browser_links_its_person_at_the_redirect() -> None:
    world = World()
    first = world.click("")
    world.start(first.tracking_token)
    ad = world.click(AD_QUERY, cookies=_cookies(first))
    bot_user = _bot_user(world)
    assert (bot_user.tracking_session_id, bot_user.link_source) == (ad.tracking_token, LinkSource.REDIRECT)
    assert bot_user.first_session_id == first.tracking_token
    world.start()  # Telegram dropped the payload
    attribution = world.buy().attribution
    assert (attribution.tracking_token, attribution.link_source) == (ad.tracking_token, LinkSource.REDIRECT)
    assert attribution.click_ip == ad.click_ip


def test_an_organic_passage_never_overwrites_an_ad() -> None:
    world = World()
    ad = world.click()
    world.start(ad.tracking_token)
    world.click("", cookies=_cookies(ad))
    assert _bot_user(world).tracking_session_id == ad.tracking_token


def test_a_new_click_of_a_known_fbclid_links_an_unlinked_person_without_its_browser() -> None:
    world = World()
    world.click()
    world.start()
    world.bot_users.save(replace(_bot_user(world), fbclid="IwAR-AbC_123"))
    world.now_ms += 60_000
    again = world.click()
    bot_user = _bot_user(world)
    assert (bot_user.tracking_session_id, bot_user.link_source) == (again.tracking_token, LinkSource.REDIRECT)
    assert bot_user.visitor_id is None
    attribution = world.buy().attribution
    assert attribution.campaign.campaign_code == "NATAL26"
    assert (attribution.fbp, attribution.click_ip) == (None, None)


def test_a_shared_fbclid_never_gives_a_person_somebody_elses_click() -> None:
    world = World()
    mine = world.click()
    world.start(mine.tracking_token)
    world.now_ms += 60_000
    theirs = world.click()
    world.start(theirs.tracking_token, OTHER)
    assert world.buy().attribution.tracking_token == mine.tracking_token
    assert world.buy(OTHER).attribution.tracking_token == theirs.tracking_token


def test_an_fbclid_differs_by_case_and_length() -> None:
    world = World()
    world.start()
    world.bot_users.save(replace(_bot_user(world), fbclid="iwar-abc_123"))
    world.click()
    assert _bot_user(world).tracking_session_id is None
    assert world.buy().attribution.reason is Reason.FBCLID_UNKNOWN


def test_a_visitor_of_two_bots_is_linked_in_the_bot_of_the_funnel_only() -> None:
    other_bot = BotId("7000000002")
    other = replace(FUNNEL, slug=Slug("outro"), bots=(FunnelBot(bot_id=other_bot, username="outro_bot"),))
    world = World(FUNNEL, other)
    first = world.click("")
    world.start(first.tracking_token)
    second = world.click("", slug=Slug("outro"), cookies=_cookies(first))
    world.shop.handle(other_bot, Message(person=PERSON, text=f"/start {second.tracking_token}"), BASE_URL)
    ad = world.click(AD_QUERY, slug=Slug("outro"), cookies=_cookies(first))
    assert _bot_user(world).tracking_session_id == first.tracking_token
    assert _bot_user(world, bot_id=other_bot).tracking_session_id == ad.tracking_token


def test_a_fault_of_recognition_stops_no_visitor() -> None:
    world = World()
    first = world.click("")
    world.start(first.tracking_token)
    world.bot_users.unavailable = True
    passage = world.visit(AD_QUERY, cookies=_cookies(first))
    assert passage.location
    assert "?start=" in passage.location
    assert passage.faults == ("person_not_recognised",)
    world.bot_users.unavailable = False
    world.start()
    assert passage.click
    assert world.buy().attribution.tracking_token == passage.click.tracking_token


def test_a_bare_start_of_an_unlinked_person_offers_the_bridge_first_and_the_products_after() -> None:
    world = World()
    world.start()
    assert _bridge(world)
    assert [button.callback_data for row in world.bot.said[-1].keyboard for button in row][1:] == ["buy:curso"]
    assert world.buy().attribution.reason is Reason.DIRECT_ENTRY


def test_a_linked_person_is_offered_no_bridge() -> None:
    world = World()
    world.start(world.click().tracking_token)
    assert [button.url for row in world.bot.said[-1].keyboard for button in row] == [None]


def test_coming_back_over_the_bridge_links_with_the_earlier_ad_of_that_browser() -> None:
    world = World()
    ad = world.click()  # its start never arrived
    world.start()
    passage = world.visit(_bridge(world), cookies=_cookies(ad))
    assert _bot_user(world).tracking_session_id == ad.tracking_token  # there and then
    token = parse_qs(urlsplit(passage.location or "").query)["start"][0]
    world.start(token)
    attribution = world.buy().attribution
    assert (attribution.link_source, attribution.tracking_token) == (LinkSource.BRIDGE, ad.tracking_token)
    assert (attribution.campaign.campaign_code, attribution.click_ip) == ("NATAL26", ad.click_ip)


def test_coming_back_over_the_bridge_from_a_new_browser_gives_its_address_and_agent() -> None:
    world = World()
    world.start()
    passage = world.visit(_bridge(world))
    assert passage.click
    assert passage.click.bridge_for == f"{BOT}#{PERSON.chat_id}"
    world.start(passage.click.tracking_token)
    attribution = world.buy().attribution
    assert attribution.link_source is LinkSource.BRIDGE
    assert attribution.click_ip == "177.10.20.30"
    assert attribution.fbc is None


def test_a_bridge_that_somebody_else_uses_gives_them_nothing_of_its_owner_and_takes_no_link_from_the_owner() -> None:
    world = World()
    world.start()
    bridge = _bridge(world)
    mine = world.visit(bridge).click
    assert mine
    world.start(mine.tracking_token)
    theirs = world.visit(f"{bridge}&{AD_QUERY}").click
    assert theirs
    assert _bot_user(world).tracking_session_id == mine.tracking_token
    world.start(theirs.tracking_token, OTHER)
    assert world.buy(OTHER).attribution.link_source is LinkSource.START_PARAM
    assert world.buy().attribution.tracking_token == mine.tracking_token


def test_a_forged_or_expired_bridge_is_an_ordinary_visit() -> None:
    world = World()
    world.start()
    bridge = _bridge(world)
    assert world.click(bridge[:-1] + "!").bridge_for is None
    world.now_ms = NOW_MS + 25 * 3_600_000
    assert world.click(bridge).bridge_for is None
    assert _bot_user(world).tracking_session_id is None


def test_a_bridge_leads_back_to_the_bot_that_gave_it() -> None:
    second = FunnelBot(bot_id=BotId("7000000002"), username="segundo_bot")
    funnel: Funnel = replace(FUNNEL, bots=(*FUNNEL.bots, second))
    world = World(funnel)
    world.shop.handle(second.bot_id, Message(person=PERSON, text="/start"), BASE_URL)
    passage = world.visit(_bridge(world))
    assert passage.location
    assert passage.location.startswith("https://t.me/segundo_bot?start=")


def test_a_code_that_is_typed_or_pasted_links_like_the_one_in_the_link() -> None:
    for form in ("/start {}", "  /start   {}  ", "/start@pao_bot {}", "/START\n{}", "{}", "  {} "):
        world = World()
        token = world.click().tracking_token
        world.start()
        outcome = world.shop.handle(BOT, Message(person=PERSON, text=form.format(token)), BASE_URL)
        assert outcome.step is Step.STARTED, form
        assert _bot_user(world).tracking_session_id == token, form


def test_a_bridge_that_another_opens_first_and_comes_with_is_given_up_by_its_owner() -> None:
    world = World()
    world.start()
    theirs = world.visit(_bridge(world)).click
    assert theirs
    world.start(theirs.tracking_token, OTHER)
    attribution = world.buy().attribution
    assert (attribution.tracking_token, attribution.reason) == (None, Reason.DIRECT_ENTRY)
    assert _bot_user(world).visitor_id is None
    assert world.buy(OTHER).attribution.tracking_token == theirs.tracking_token
    world.click(AD_QUERY, cookies=_cookies(theirs))
    assert world.buy(Person(chat_id=PERSON.chat_id)).attribution.tracking_token is None


def test_a_bridge_opened_in_the_browser_of_another_known_person_ties_nobody() -> None:
    world = World()
    theirs = world.click()
    world.start(theirs.tracking_token, OTHER)
    world.start()
    world.visit(_bridge(world), cookies=_cookies(theirs))
    assert _bot_user(world).tracking_session_id is None
    assert world.buy().attribution.reason is Reason.DIRECT_ENTRY


def test_the_owner_of_a_passed_on_bridge_is_freed_the_moment_another_comes_with_it() -> None:
    world = World()
    world.start()
    theirs = world.visit(_bridge(world)).click
    assert theirs
    assert _bot_user(world).tracking_session_id == theirs.tracking_token
    world.start(theirs.tracking_token, OTHER)
    owner = _bot_user(world)
    assert (owner.tracking_session_id, owner.first_session_id, owner.visitor_id, owner.sessions) == (None, None, None, ())


def test_a_sale_before_the_persons_first_click_has_its_reason() -> None:
    world = World()
    world.start()
    payment = world.buy()
    world.notice(payment)
    world.now_ms += 30_000
    world.start(world.click("utm_campaign=natal").tracking_token)
    world.now_ms = NOW_MS + 900_000
    world.reconciler.run(lambda: True)
    assert world.payment(payment.payment_id).attribution.reason is Reason.CLICK_AFTER_SALE


def test_a_bridge_finds_the_ad_of_its_own_funnel_behind_a_newer_ad_of_another() -> None:
    other = replace(FUNNEL, slug=Slug("outro"), bots=(FunnelBot(bot_id=BotId("7000000002"), username="outro_bot"),))
    world = World(FUNNEL, other)
    mine = world.click()
    world.now_ms += 60_000
    world.click("utm_campaign=outra&fbclid=IwAR-zzz", slug=Slug("outro"), cookies=_cookies(mine))
    world.start()
    passage = world.visit(_bridge(world), cookies=_cookies(mine))
    assert passage.click
    world.start(passage.click.tracking_token)
    attribution = world.buy().attribution
    assert (attribution.link_source, attribution.tracking_token) == (LinkSource.BRIDGE, mine.tracking_token)
