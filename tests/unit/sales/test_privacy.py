"""A person's requests over a deployment in memory: everything of theirs is found, and nothing of theirs is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rastro.errors import Conflict, StoreUnavailable
from rastro.model import (
    DAY_MS,
    ERASED_CHAT,
    BotId,
    ChatId,
    Click,
    DeliveryState,
    EventName,
    FunnelBot,
    LedgerRow,
    LedgerStatus,
    Payment,
    PaymentStatus,
    PurchaseState,
    Slug,
)
from rastro.pix.provider import Notice, NoticeKind
from rastro.sales.erasure import RULES, Action, Place, Receipt
from rastro.sales.privacy import PersonalFile, Privacy
from rastro.sales.settle import Settlement
from rastro.stores.items import bot_user_item, click_item, ledger_item, payment_item
from rastro.telegram.updates import Person
from rastro.tracking.reference import seal
from tests.fakes.personal import InMemoryPersonalCache, InMemoryPersonalRecords
from tests.fakes.stores import InMemoryClickCache
from tests.fakes.world import AD_QUERY, BOT, FUNNEL, IPHONE, PERSON, World

CHAT = PERSON.chat_id
OTHER = Person(chat_id=ChatId("2222"), first_name="Bia")
SECOND_BOT = BotId("7000000002")
TTL_MS = 7 * DAY_MS
THEIRS = (CHAT, "Ana", "ana_do_pao", "177.10.20.30", IPHONE, "IwAR-AbC_123", "vAna4567890123456789Ab", "fb.1.1789999999999.777")


class Office:
    """Who answers a person's requests to a world."""

    def __init__(self, world: World | None = None, *, cached: bool = True) -> None:
        self.world = world = world or World()
        self.cache = InMemoryClickCache()
        self.privacy = Privacy(
            bot_users=world.bot_users,
            payments=world.payments,
            funnels=world.funnels,
            ledger=world.ledger,
            records=InMemoryPersonalRecords(
                clicks=world.clicks,
                bot_users=world.bot_users,
                payments=world.payments,
                ledger=world.ledger,
                inbox=world.inbox,
            ),
            cache=InMemoryPersonalCache(self.cache) if cached else None,
            cache_ttl_ms=TTL_MS,
            now_ms=lambda: world.now_ms,
        )

    def comes(self, person: Person = PERSON, query: str = AD_QUERY) -> Click:
        """Have a person come by an ad, with a browser of their own, and write to the bot."""
        visitor = "vAna4567890123456789Ab" if person == PERSON else "vBia4567890123456789Ab"
        click = self.world.click(query, cookies={"rastro_vid": visitor, "_fbp": "fb.1.1789999999999.777"})
        self.cache.put(click)
        self.world.start(click.tracking_token, replace(person, username="ana_do_pao"))
        self.world.inbox.done[BOT, person.chat_id] = [1, 2]
        return click

    def buys(self, person: Person = PERSON) -> Payment:
        """Have a person buy and pay."""
        self.comes(person)
        payment = self.world.buy(person)
        self.world.notice(payment)
        return self.world.payment(payment.payment_id)

    def file(self, person: Person = PERSON) -> PersonalFile:
        return self.privacy.file(BOT, person.chat_id)

    def erase(self, person: Person = PERSON) -> Receipt:
        return self.privacy.erase(BOT, person.chat_id)

    def everything(self) -> str:
        """Return every record as text."""
        world = self.world
        records = [
            *map(click_item, world.clicks.clicks.values()),
            *map(click_item, self.cache.clicks.values()),
            *map(bot_user_item, world.bot_users.bot_users.values()),
            *map(payment_item, world.payments.payments.values()),
            *map(ledger_item, world.ledger.rows.values()),
            self.cache.newest,
            world.inbox.done,
        ]
        return repr(records)

    def rows(self) -> list[LedgerRow]:
        return list(self.world.ledger.rows.values())


@pytest.fixture
def office() -> Office:
    return Office()


def test_everything_of_a_person_is_found(office: Office) -> None:
    paid = office.buys()
    file = office.file()
    assert file.bot_user is not None
    assert file.payments == (paid,)
    assert [click.claimed_by for click in file.clicks] == [f"{BOT}#{CHAT}"]
    assert {row.event.key for row in file.rows} == set(office.world.ledger.rows)
    assert file.updates_known == (1, 2)
    assert [sorted(kinds) for kinds in file.cached.values()] == [["click", "fbclid", "recent", "visitor"]]
    assert not file.empty
    assert office.file(OTHER).empty


def test_nothing_of_a_person_is_left(office: Office) -> None:
    office.buys()
    assert all(value in office.everything() for value in THEIRS)
    office.erase()
    assert [value for value in THEIRS if value in office.everything()] == []
    assert office.file().empty


def test_a_sale_stays_as_a_sale_of_its_campaign(office: Office) -> None:
    before = office.buys()
    office.erase()
    after = office.world.payment(before.payment_id)
    kept = (
        "payment_id",
        "slug",
        "sku",
        "amount_cents",
        "amount_paid_cents",
        "paid_at_ms",
        "status",
        "end_to_end_id",
        "charge_id",
    )
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.attribution.campaign == before.attribution.campaign
    assert after.attribution.link_source == before.attribution.link_source
    assert (after.chat_id, after.payer_hashes, after.erased_at_ms) == (ERASED_CHAT, {}, office.world.now_ms)


def test_a_click_stays_as_one_of_its_campaign_and_is_nobody_elses(office: Office) -> None:
    before = office.comes()
    office.erase()
    (after,) = office.world.clicks.clicks.values()
    kept = ("tracking_token", "slug", "clicked_at_ms", "campaign", "pageview_event_id", "event_source_url")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.claimed_by == ERASED_CHAT


@pytest.mark.parametrize("place", RULES)
def test_the_receipt_names_each_place_with_what_was_done_there(office: Office, place: Place) -> None:
    paid = office.buys()
    would = office.privacy.would_erase(office.file())
    receipt = office.erase()
    assert would.erased == receipt.erased
    (erased,) = (each for each in receipt.erased if each.place is place)
    expected = {Place.CACHE: 4, Place.EVENT: 2}
    assert erased.records == expected.get(place, 1)
    assert erased.action is RULES[place].action
    ids = {Place.PAYMENT: (paid.payment_id,), Place.EVENT: tuple(row.event.key for row in office.rows())}
    assert erased.ids == ids.get(place, ())


def test_nobody_stands_in_the_receipt(office: Office) -> None:
    click = office.comes()
    office.buys()
    receipt = repr(office.erase())
    assert [value for value in (*THEIRS, click.tracking_token) if value in receipt] == []


def test_looking_changes_nothing(office: Office) -> None:
    office.buys()
    before = office.everything()
    office.privacy.would_erase(office.file())
    assert office.everything() == before


def test_a_second_erasure_finds_nothing(office: Office) -> None:
    office.buys()
    office.erase()
    after = office.everything()
    again = office.erase()
    assert (again.erased, again.remaining, again.open_sales) == ((), (), ())
    assert office.everything() == after


def test_what_is_out_of_reach_ends_by_itself_at_a_time_that_is_named(office: Office) -> None:
    office.buys()
    now_ms = office.world.now_ms
    until = {each.place: each.until_ms - now_ms for each in office.erase().remaining}
    assert until == {Place.STREAMS: DAY_MS, Place.QUEUES: 14 * DAY_MS, Place.BACKUPS: 35 * DAY_MS}


@pytest.mark.parametrize("how", ["no way to it", "it does not answer"])
def test_a_cache_that_cannot_be_reached_is_named_with_its_end(how: str) -> None:
    office = Office(cached=how != "no way to it")
    office.buys()
    office.cache.unavailable = True
    would = office.privacy.would_erase(office.file())
    receipt = office.erase()
    assert would.remaining == receipt.remaining
    assert receipt.remaining[0].place is Place.CACHE
    assert receipt.remaining[0].until_ms == office.world.now_ms + TTL_MS
    assert office.file().empty


def test_other_people_stay_as_they_are(office: Office) -> None:
    office.buys(OTHER)
    before = office.everything()
    office.buys()
    office.erase()
    bias = office.file(OTHER)
    assert bias.bot_user is not None
    assert bias.bot_user.first_name == "Bia"
    assert len(bias.payments) == 1
    assert bias.clicks[0].fbclid is not None
    assert "vBia4567890123456789Ab" in office.everything()
    assert before.count("2222") == office.everything().count("2222")


def test_every_click_of_a_persons_browser_goes_but_those_that_others_came_with(office: Office) -> None:
    office.comes()
    cookies = {"rastro_vid": "vAna4567890123456789Ab"}
    unclaimed = office.world.click("utm_campaign=outra", cookies=cookies)
    lent = office.world.click("utm_campaign=emprestado", cookies=cookies)
    office.world.start(lent.tracking_token, OTHER)
    office.erase()
    clicks = office.world.clicks.clicks
    assert clicks[unclaimed.tracking_token].visitor_id is None
    assert clicks[lent.tracking_token].visitor_id is not None


def test_of_somebody_elses_click_by_a_link_of_theirs_only_the_link_goes(office: Office) -> None:
    world = office.world
    world.start()
    click = world.click("utm_campaign=x&u=" + seal(world.keys, BOT, CHAT, now_ms=world.now_ms))
    world.start(click.tracking_token, OTHER)
    before = world.clicks.clicks[click.tracking_token]
    assert before.bridge_for == f"{BOT}#{CHAT}"
    office.erase()
    assert world.clicks.clicks[click.tracking_token] == replace(before, bridge_for=None)


# what waits to be told


def test_a_purchase_that_waits_is_no_longer_told(office: Office) -> None:
    paid = office.buys()
    assert {row.status for row in office.rows()} == {LedgerStatus.QUEUED}
    office.erase()
    assert {row.status for row in office.rows()} == {LedgerStatus.EXPIRED}
    assert all(row.event.payload["user_data"] == {} for row in office.rows())
    assert all(row.event.payload["custom_data"]["value"] == 49.9 for row in office.rows())
    assert office.world.payment(paid.payment_id).purchase_state is PurchaseState.EXPIRED
    assert office.world.ledger.claim(office.rows()[0].event.key, now_ms=office.world.now_ms, lease_ms=1) is None


def test_a_parked_purchase_no_longer_waits_for_its_pixel(office: Office) -> None:
    office.buys()
    for row in office.rows():
        office.world.ledger.rows[row.event.key] = replace(row, status=LedgerStatus.PARKED, parked_at_ms=1)
    office.erase()
    assert {(row.status, row.parked_at_ms) for row in office.rows()} == {(LedgerStatus.EXPIRED, None)}


def test_a_held_purchase_is_not_released_later(office: Office) -> None:
    office.world.start()
    payment = office.world.buy()
    office.world.notice(payment)
    assert {row.status for row in office.rows()} == {LedgerStatus.HELD}
    office.erase()
    office.world.now_ms += DAY_MS
    office.world.reconciler.run(lambda: True)
    assert {row.status for row in office.rows()} == {LedgerStatus.EXPIRED}


def test_a_purchase_that_was_told_stays_told_of_nobody(office: Office) -> None:
    office.buys()
    for row in office.rows():
        office.world.ledger.rows[row.event.key] = replace(row, status=LedgerStatus.ACCEPTED, accepted_at_ms=5)
    office.erase()
    assert {(row.status, row.accepted_at_ms) for row in office.rows()} == {(LedgerStatus.ACCEPTED, 5)}
    assert all(row.event.payload["user_data"] == {} for row in office.rows())


@pytest.mark.parametrize("name", [EventName.PAGE_VIEW, EventName.VIEW_CONTENT, EventName.INITIATE_CHECKOUT])
def test_another_event_that_waits_for_its_pixel_is_deleted(office: Office, name: EventName) -> None:
    from rastro.meta.event import initiate_checkout, page_view, view_content  # noqa: PLC0415 - of this test alone
    from rastro.sales.outbox import attribution_of  # noqa: PLC0415

    paid = office.buys()
    person, now_ms = office.file().bot_user, office.world.now_ms
    assert person is not None
    assert person.tracking_session_id is not None
    click, pixel = office.world.clicks.clicks[person.tracking_session_id], FUNNEL.pixels[1]
    made = {
        EventName.PAGE_VIEW: page_view(click, pixel, now_ms=now_ms),
        EventName.VIEW_CONTENT: view_content(
            person, attribution_of(person, click), click.tracking_token, FUNNEL, pixel, now_ms=now_ms
        ),
        EventName.INITIATE_CHECKOUT: initiate_checkout(paid, pixel, now_ms=now_ms),
    }
    row = LedgerRow(event=made[name], status=LedgerStatus.PARKED, created_at_ms=1, updated_at_ms=1, parked_at_ms=1)
    office.world.ledger.record(row)
    office.erase()
    assert office.world.ledger.get(row.event.key) is None


def test_an_event_that_is_being_sent_is_waited_for(office: Office) -> None:
    office.buys()
    key = office.rows()[0].event.key
    office.world.ledger.claim(key, now_ms=office.world.now_ms, lease_ms=1_000)
    before = office.everything()
    with pytest.raises(Conflict):
        office.erase()
    assert office.everything() == before
    office.world.now_ms += 2_000
    office.erase()
    assert office.world.ledger.rows[key].status is LedgerStatus.EXPIRED


# a sale that is not over


def test_an_open_sale_is_named(office: Office) -> None:
    office.comes()
    payment = office.world.buy()
    assert office.privacy.would_erase(office.file()).open_sales == (payment.payment_id,)
    assert office.erase().open_sales == (payment.payment_id,)


def test_what_is_paid_after_an_erasure_is_a_sale_of_nobody(office: Office) -> None:
    office.comes()
    payment = office.world.buy()
    office.erase()
    said = len(office.world.bot.said)
    assert office.world.notice(payment).settlement is Settlement.PAID
    paid = office.world.payment(payment.payment_id)
    assert (paid.status, paid.amount_paid_cents) == (PaymentStatus.PAID, 4990)
    assert (paid.payer_hashes, paid.purchase_state, paid.delivery_state) == ({}, PurchaseState.NONE, DeliveryState.UNREACHABLE)
    assert office.rows() == []
    office.world.now_ms += DAY_MS
    office.world.reconciler.run(lambda: True)
    assert len(office.world.bot.said) == said
    assert office.world.payment(payment.payment_id).due_at_ms is None


def test_a_person_who_writes_again_is_a_new_one(office: Office) -> None:
    click = office.comes()
    office.erase()
    office.world.now_ms += 1_000
    outcome = office.world.start(click.tracking_token)
    assert outcome.bot_user is not None
    assert (outcome.bot_user.created_at_ms, outcome.bot_user.visitor_id) == (office.world.now_ms, None)


# finding the person


def test_a_payer_is_found_by_their_name_or_by_the_id_of_the_transfer(office: Office) -> None:
    transfer = "E18236120202611250130s0123456789"
    office.comes()
    payment = office.world.buy()
    paid = Notice(
        kind=NoticeKind.PAID,
        payment_id=payment.payment_id,
        amount_cents=payment.amount_cents,
        end_to_end_id=transfer,
        payer_name="Ana Maria da Silva",
    )
    office.world.settler.take_notice("openpix", BOT, paid)
    for payer in ("ANA MARIA DA SILVA", "ana silva", transfer):
        assert [found.payment_id for found in office.privacy.payments_of_payer(payer)] == [payment.payment_id]
    for nobody in ("Ana Souza", "Ana", "", "Silva", f"{transfer[:-1]}0", "Padaria LTDA"):
        assert office.privacy.payments_of_payer(nobody) == []


def test_a_person_has_one_id_in_every_bot() -> None:
    second = replace(FUNNEL, slug=Slug("outro"), bots=(FunnelBot(bot_id=SECOND_BOT, username="outro_bot"),))
    office = Office(World(FUNNEL, second))
    office.comes()
    office.world.people.meet(SECOND_BOT, PERSON, start_param="")
    assert list(office.privacy.bots_of(CHAT)) == [BOT, SECOND_BOT]
    office.erase()
    assert list(office.privacy.bots_of(CHAT)) == [SECOND_BOT]


# a run that breaks off


@pytest.mark.parametrize("method", ["replace_click", "replace_row", "delete_turn", "delete_bot_user", "save"])
def test_an_erasure_that_broke_off_is_gone_on_with(office: Office, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office.buys()
    target = office.world.payments if method == "save" else office.privacy._records

    def fail(*_: object) -> None:
        raise StoreUnavailable("switched off by the test")

    with monkeypatch.context() as patch:
        patch.setattr(target, method, fail)
        with pytest.raises(StoreUnavailable):
            office.erase()
    office.erase()
    assert [value for value in THEIRS if value in office.everything()] == []


def test_a_record_that_is_written_meanwhile_is_read_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.buys()
    records = office.privacy._records
    delete = records.delete_bot_user

    def with_a_race(bot_user: object) -> None:
        monkeypatch.setattr(records, "delete_bot_user", delete)
        stored = office.world.bot_users.bot_users[f"{BOT}#{CHAT}"]
        office.world.bot_users.save(replace(stored, first_name="Ana Paula"))
        delete(bot_user)  # type: ignore[arg-type] # the bot user that the call was made with

    monkeypatch.setattr(records, "delete_bot_user", with_a_race)
    receipt = office.erase()
    assert office.file().empty
    assert {erased.place: erased.records for erased in receipt.erased}[Place.BOT_USER] == 1


def test_each_rule_deletes_or_says_which_fields_go() -> None:
    assert all((rule.action is Action.DELETED) == (not rule.fields) for rule in RULES.values())
