"""What each thing is worth that an attacker may get hold of (docs/security.md), one test a sentence."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from functions.telegram_webhook import app as telegram_webhook
from functions.telegram_webhook.app import SECRET_HEADER
from rastro.gateway import HttpRequest
from rastro.model import ChatId, DeliveryState, FunnelBot, FunnelMode, LinkSource, PaymentStatus, Reason, Slug, StartPayload
from rastro.telegram.updates import Person
from rastro.tracking import token as start_token
from rastro.tracking.reference import LIFETIME_MS, seal, unseal
from rastro.tracking.signing import SigningKeys
from tests.contracts.providers import OTHER_BOT, Market, providers
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import AD_QUERY, BASE_URL, BOT, FUNNEL, PERSON, SLUG, World
from tests.security.doors import ask

THIEF = Person(chat_id=ChatId("6666"), first_name="Eva")
PAGE = replace(FUNNEL, mode=FunnelMode.PAGE)
OTHER = replace(FUNNEL, slug=Slug("outro"), mode=FunnelMode.PAGE)
_NONCE = re.compile(r'"n":"([A-Za-z0-9_-]{38})"')


def nonce_of(world: World) -> str:
    (nonce,) = _NONCE.findall(ask(world, query=AD_QUERY).body)
    return str(nonce)


def status(world: World, nonce: str, slug: str = SLUG) -> int:
    return ask(world, f"/go/{slug}/status", slug=slug, query=f"n={nonce}").status


# a start token


def test_a_stolen_start_token_gives_the_campaign_and_nothing_of_its_owners_browser() -> None:
    world = World()
    click = world.click()
    world.start(click.tracking_token)
    world.start(click.tracking_token, THIEF)
    stolen = world.buy(THIEF).attribution
    assert stolen.campaign == click.campaign
    assert (stolen.fbp, stolen.click_ip, stolen.click_user_agent) == (None, None, None)
    assert world.clicks.clicks[click.tracking_token].claimed_by == f"{BOT}#{PERSON.chat_id}"


def test_a_start_token_stolen_before_its_owner_came_takes_the_click_from_nobody_who_is_known() -> None:
    world = World()
    owner = world.click()
    world.start(owner.tracking_token)
    second = world.click(cookies={"rastro_vid": owner.visitor_id or ""})
    world.start(second.tracking_token, THIEF)
    assert world.buy().attribution.click_ip is not None
    assert world.bot_users.bot_users[f"{BOT}#{THIEF.chat_id}"].link_source is LinkSource.START_PARAM


def test_a_start_token_opens_no_other_door() -> None:
    world = World(PAGE)
    token = world.click().tracking_token
    assert ask(world, f"/go/{SLUG}/seen", method="POST", body=json.dumps({"n": token}).encode()).status == 403
    assert status(world, token) == 403
    assert unseal(world.keys, token, now_ms=world.now_ms) is None


def test_a_start_token_is_good_at_its_own_funnels_bots_only() -> None:
    world = World(FUNNEL, replace(OTHER, bots=(FunnelBot(bot_id=OTHER_BOT, username="outro_bot"),)))
    outcome = world.start(world.click(slug=OTHER.slug).tracking_token)
    assert outcome.bot_user is not None
    assert (outcome.bot_user.last_start_payload, outcome.bot_user.reason) == (StartPayload.FOREIGN, Reason.TOKEN_FOREIGN)


@pytest.mark.parametrize("place", range(44))
def test_a_start_token_with_one_letter_changed_is_none(place: int) -> None:
    world = World()
    token = world.click().tracking_token
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    assert start_token.parse(world.keys, changed) is None


# a beacon nonce


def test_a_stolen_nonce_writes_once_and_only_what_is_missing() -> None:
    world = World(PAGE)
    nonce = nonce_of(world)
    (click,) = world.clicks.clicks.values()
    world.clicks.clicks[click.tracking_token] = replace(click, fbp=None)
    for number in (1, 2):
        body = {"n": nonce, "fbp": f"fb.1.1789999999999.{number}", "fbc": f"fb.1.1789999999999.IwAR{number}"}
        assert ask(world, f"/go/{SLUG}/seen", method="POST", body=json.dumps(body).encode()).status == 204
    assert world.clicks.clicks[click.tracking_token] == replace(click, fbp="fb.1.1789999999999.1")


def test_a_nonce_starts_no_bot_and_names_nobody() -> None:
    world = World(PAGE)
    nonce = nonce_of(world)
    outcome = world.start(nonce)
    assert outcome.bot_user is not None
    assert outcome.bot_user.last_start_payload is StartPayload.INVALID
    assert unseal(world.keys, nonce, now_ms=world.now_ms) is None


def test_a_nonce_makes_no_token_of_another_funnel() -> None:
    world = World(PAGE, OTHER)
    nonce = nonce_of(world)
    assert (status(world, nonce), status(world, nonce, OTHER.slug)) == (200, 403)


# a signed link


def test_a_signed_link_is_good_for_a_day() -> None:
    world = World()
    reference = seal(world.keys, BOT, PERSON.chat_id, now_ms=world.now_ms)
    assert unseal(world.keys, reference, now_ms=world.now_ms + LIFETIME_MS - 60_000) is not None
    assert unseal(world.keys, reference, now_ms=world.now_ms + LIFETIME_MS) is None


def test_a_signed_link_tells_nobody_whose_it_is() -> None:
    references = [seal(World().keys, BOT, ChatId(chat), now_ms=0) for chat in ("1111", "1112")]
    assert not any(text in reference for reference in references for text in (BOT, "1111", "1112"))
    assert references[0][16:] != references[1][16:]


def test_a_stolen_link_of_somebody_with_a_click_changes_nothing() -> None:
    world = World()
    world.start(world.click().tracking_token)
    before = dict(world.bot_users.bot_users)
    world.click("utm_campaign=do-ladrao&u=" + seal(world.keys, BOT, PERSON.chat_id, now_ms=world.now_ms))
    assert world.bot_users.bot_users == before


def test_a_thief_who_opens_the_bot_gives_a_stolen_link_back() -> None:
    world = World()
    world.start()
    click = world.click("fbclid=doladrao&u=" + seal(world.keys, BOT, PERSON.chat_id, now_ms=world.now_ms))
    world.start(click.tracking_token, THIEF)
    owner = world.bot_users.bot_users[f"{BOT}#{PERSON.chat_id}"]
    assert owner.visitor_id is None
    sale = world.buy().attribution
    assert (sale.fbp, sale.click_ip, sale.click_user_agent) == (None, None, None), "of the thief's browser nothing stays"


def test_a_link_sealed_with_another_key_is_none() -> None:
    foreign = SigningKeys(b"x" * 32)
    assert unseal(World().keys, seal(foreign, BOT, PERSON.chat_id, now_ms=0), now_ms=0) is None


# the address or the secret of a webhook


def post_update(world: World, bot_id: str, secret: str, update: object) -> int:
    event = {
        "pathParameters": {"bot_id": bot_id},
        "headers": {SECRET_HEADER: secret},
        "body": json.dumps(update),
        "requestContext": {"domainName": "go.example.com"},
    }
    secrets = InMemorySecrets(**{f"bots/{BOT}/webhook-secret": "s1", f"bots/{OTHER_BOT}/webhook-secret": "s2"})
    wired = telegram_webhook.Dependencies(public_url=BASE_URL, secrets=secrets, queue=world.turns)
    return telegram_webhook.handle(wired, HttpRequest(event)).status


def update(update_id: int, text: str = "/start") -> dict[str, object]:
    person = {"id": 1111, "is_bot": False, "first_name": "Ana"}
    return {"update_id": update_id, "message": {"from": person, "chat": {"id": 1111, "type": "private"}, "text": text}}


@pytest.mark.parametrize(
    ("bot_id", "secret"), [(BOT, ""), (BOT, "s2"), (BOT, "S1"), (OTHER_BOT, "s1"), ("7", ""), ("../7", "s1")]
)
def test_the_address_of_a_telegram_webhook_is_worth_nothing_without_its_bots_own_secret(bot_id: str, secret: str) -> None:
    world = World()
    assert post_update(world, bot_id, secret, update(1)) == 401
    assert (world.bot_users.bot_users, world.bot.said, world.inbox.done) == ({}, [], {})


def test_a_recorded_update_that_is_played_again_does_nothing() -> None:
    world = World()
    assert [post_update(world, BOT, "s1", update(1)) for _ in range(5)] == [200] * 5
    assert len(world.bot.said) == 1


def test_whoever_has_the_telegram_secret_sells_to_themselves_but_pays_all_the_same() -> None:
    world = World()
    press = {"update_id": 1, "callback_query": {"id": "1", "from": {"id": 6666}, "data": "buy:curso"}}
    post_update(world, BOT, "s1", press)
    (payment,) = world.payments.payments.values()
    claim = {"update_id": 2, "callback_query": {"id": "2", "from": {"id": 6666}, "data": f"paid:{payment.payment_id}"}}
    post_update(world, BOT, "s1", claim)
    assert world.payment(payment.payment_id).status is PaymentStatus.PENDING
    assert world.payment(payment.payment_id).delivery_state is DeliveryState.NONE


@pytest.mark.parametrize("name", providers())
def test_a_recorded_notice_that_is_played_again_pays_nothing_twice(name: str) -> None:
    market = Market(name)
    market.buy()
    notices = [notice for notice in market.pays() for _ in range(5)]
    assert set(market.deliver_all(notices)) == {200}
    said, purchases = len(market.world.bot.said), len(market.purchases)
    market.later(3_600)
    assert set(market.deliver_all(notices)) == {200}
    assert market.payment.status is PaymentStatus.PAID
    assert (len(market.world.bot.said), len(market.purchases)) == (said, purchases)


@pytest.mark.parametrize("name", providers())
def test_a_notice_of_one_account_is_worth_nothing_at_anothers_address(name: str) -> None:
    market = Market(name)
    market.buy()
    for notice in market.pays():
        path = {"provider": name, "bot_id": OTHER_BOT}
        assert market.deliver(notice, pathParameters=path) == 401
        others = [other for other in providers() if other != name]
        statuses = {market.deliver(notice, pathParameters={"provider": other, "bot_id": BOT}) for other in others}
        assert statuses <= {401, 404}
    assert market.is_unpaid()


def test_the_secret_of_a_webhook_without_a_signature_is_worth_a_question_to_the_provider() -> None:
    """Where only the sender is proven, not the body, a forged notice sells nothing: the provider is asked."""
    asked = []
    for market in map(Market, providers()):
        market.buy()
        (claim,) = market.claims_paid()
        if not market.notices(claim)[0].proven:
            calls = len(market.api.calls)
            assert market.deliver(claim) == 200
            assert market.is_unpaid()
            asked.append(len(market.api.calls) > calls)
    assert asked
    assert all(asked)
