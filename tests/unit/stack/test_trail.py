from __future__ import annotations

from typing import Any

from rastro.explanation import Language
from rastro.model import BotId, ChatId, PixelId, TrackingToken
from stack.trail import Records, Trails
from tests.fakes.world import BOT, NOW_MS, PERSON, World

CHAT = ChatId(PERSON.chat_id)


def _trails(world: World) -> Trails:
    records = Records(
        clicks=world.clicks, bot_users=world.bot_users, payments=world.payments, funnels=world.funnels, ledger=world.ledger
    )
    return Trails(records, now_ms=lambda: world.now_ms)


def _trail(world: World, token: TrackingToken | None = None, language: Language = Language.PT) -> dict[str, Any]:
    return _trails(world).trail(BOT, CHAT, token, language)


def test_nothing_is_known_of_a_person_who_has_not_come() -> None:
    trail = _trail(World())
    assert trail == {
        "now_ms": NOW_MS,
        "token": None,
        "click": None,
        "person": None,
        "payment": None,
        "purchases": [],
        "event_ids": [],
    }


def test_a_click_is_shown_by_its_token_before_its_person_has_come() -> None:
    world = World()
    click = world.click()
    trail = _trail(world, click.tracking_token)
    assert (trail["person"], trail["token"], trail["event_ids"]) == (None, click.tracking_token, [click.pageview_event_id])
    assert trail["click"]["clicked_at_ms"] == NOW_MS
    assert trail["click"]["campaign"] == {"utm_source": "facebook", "utm_campaign": "natal", "campaign_code": "NATAL26"}
    assert (trail["click"]["claimed"], trail["click"]["bridge"]) == (False, False)


def test_a_whole_sale_is_shown_with_every_hop_and_every_event() -> None:
    world = World()
    click = world.click()
    world.start(click.tracking_token)
    payment = world.buy()
    world.now_ms += 5_000
    world.notice(payment)
    trail = _trail(world)
    assert trail["token"] == click.tracking_token
    person, sale = trail["person"], trail["payment"]
    assert (person["last_start_payload"], person["link_source"], person["link_confidence"]) == ("token", "start_param", "certain")
    assert (sale["status"], sale["paid_at_ms"], sale["delivery_state"]) == ("paid", NOW_MS + 5_000, "delivered")
    assert (sale["link_source"], sale["why"], sale["tracking_token"]) == ("start_param", None, click.tracking_token)
    assert [row["status"] for row in trail["purchases"]] == ["queued", "queued"]  # one a pixel
    assert [row["created_at_ms"] for row in trail["purchases"]] == [NOW_MS + 5_000] * 2
    prefixes = [event_id.partition("_")[0] for event_id in trail["event_ids"]]
    assert prefixes == ["pageview", "viewcontent", "checkout", "purchase"]


def test_why_there_is_no_link_is_told_in_the_language_of_the_reader() -> None:
    world = World()
    world.start()
    world.buy()
    told = {language: _trail(world, language=language)["person"]["why"] for language in Language}
    assert {why["reason"] for why in told.values()} == {"direct_entry"}
    assert "redirect" in told[Language.PT]["text"]
    assert told[Language.PT]["text"] != told[Language.EN]["text"]
    assert _trail(world)["payment"]["why"] == told[Language.PT]


def test_another_persons_sale_is_not_shown() -> None:
    world = World()
    world.start()
    world.buy()
    assert _trails(world).trail(BotId("7000000002"), CHAT, None, Language.PT)["payment"] is None


def test_the_funnels_say_how_they_lead_and_who_charges() -> None:
    (funnel,) = _trails(World()).funnels()
    assert (funnel["slug"], funnel["mode"], funnel["provider"]) == ("curso", "direct", "openpix")
    assert funnel["products"] == [{"sku": "curso", "name": "Curso de Pão", "price_cents": 4990}]


def test_a_pixel_at_which_nothing_waits_has_nothing_to_resume() -> None:
    assert _trails(World()).resume(PixelId("1000000000000001")) == 0
