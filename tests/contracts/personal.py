"""What ``PersonalRecords`` and ``PersonalCache`` promise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from rastro.errors import Conflict
from rastro.model import BotUser, ChatId, LedgerRow, LedgerStatus, TrackingToken, VisitorId
from rastro.stores.clicks_tiered import ClickCache
from rastro.stores.ports import BotUserStore, ClickStore, Inbox, LedgerStore, PaymentStore, PersonalCache, PersonalRecords
from tests.contracts.records import BARE_BOT_USER, BOT_ID, BOT_USER, CHAT_ID, CLICK, FBCLID, NOW_MS, click, event, payment

KEY = BOT_USER.key
OTHERS_KEY = BARE_BOT_USER.key


@dataclass(frozen=True, kw_only=True)
class PersonalStores:
    """The records, and the stores that they are written by."""

    records: PersonalRecords
    clicks: ClickStore
    bot_users: BotUserStore
    payments: PaymentStore
    ledger: LedgerStore
    inbox: Inbox


def row(status: LedgerStatus = LedgerStatus.QUEUED, number: int = 1) -> LedgerRow:
    return LedgerRow(event=event(f"p-{number}"), status=status, created_at_ms=NOW_MS, updated_at_ms=NOW_MS)


class PersonalRecordsContract:
    """A subclass gives ``stores`` that are empty."""

    @pytest.fixture
    def stores(self) -> PersonalStores:
        raise NotImplementedError

    def test_the_clicks_of_a_person_are_those_that_name_them(self, stores: PersonalStores) -> None:
        came, bridge, other = click(1, bridge_for=None), click(2, bridge_for=KEY), click(3, bridge_for=OTHERS_KEY)
        for each in (came, bridge, other, click(4, bridge_for=None)):
            stores.clicks.put(each)
        stores.clicks.claim(came, KEY)
        stores.clicks.claim(other, OTHERS_KEY)
        found = {each.tracking_token: each for each in stores.records.clicks_of(KEY)}
        assert found == {came.tracking_token: replace(came, claimed_by=KEY), bridge.tracking_token: bridge}
        assert list(stores.records.clicks_of("nobody")) == []

    def test_the_clicks_of_a_browser_are_all_of_them(self, stores: PersonalStores) -> None:
        for number in range(1, 14):
            stores.clicks.put(click(number))
        stores.clicks.put(click(99, visitor_id=VisitorId("another")))
        found = list(stores.records.clicks_of_browser(VisitorId("visitor-1")))
        assert {each.tracking_token for each in found} == {f"token-{number}" for number in range(1, 14)}

    def test_every_payment_is_read(self, stores: PersonalStores) -> None:
        for number in range(1, 4):
            stores.payments.save(payment(number))
        assert {each.payment_id for each in stores.records.payments()} == {"p-1", "p-2", "p-3"}

    def test_a_click_is_replaced_and_no_longer_found_by_what_it_lost(self, stores: PersonalStores) -> None:
        stores.clicks.put(CLICK)
        after = replace(CLICK, claimed_by="erased", bridge_for=None, visitor_id=None, fbclid=None, fbc=None, click_ip=None)
        stores.records.replace_click(CLICK, after)
        assert stores.clicks.get(CLICK.tracking_token) == after
        assert stores.clicks.newest_by_fbclid(FBCLID) is None
        assert list(stores.records.clicks_of_browser(VisitorId("visitor-1"))) == []
        assert list(stores.records.clicks_of(KEY)) == []

    def test_a_click_that_keeps_its_fbclid_is_still_found_by_it(self, stores: PersonalStores) -> None:
        stores.clicks.put(CLICK)
        stores.records.replace_click(CLICK, replace(CLICK, bridge_for=None))
        assert stores.clicks.newest_by_fbclid(FBCLID) == replace(CLICK, bridge_for=None)

    def test_a_click_that_somebody_came_with_meanwhile_stays(self, stores: PersonalStores) -> None:
        stores.clicks.put(CLICK)
        stores.clicks.claim(CLICK, OTHERS_KEY)
        with pytest.raises(Conflict):
            stores.records.replace_click(CLICK, replace(CLICK, visitor_id=None))
        stored = stores.clicks.get(CLICK.tracking_token)
        assert stored == replace(CLICK, claimed_by=OTHERS_KEY)

    def test_a_click_that_is_gone_is_not_brought_back(self, stores: PersonalStores) -> None:
        with pytest.raises(Conflict):
            stores.records.replace_click(CLICK, replace(CLICK, visitor_id=None))
        assert stores.clicks.get(CLICK.tracking_token) is None

    def test_a_row_is_replaced_or_deleted(self, stores: PersonalStores) -> None:
        stores.ledger.record(row())
        expired = replace(row(), status=LedgerStatus.EXPIRED, updated_at_ms=NOW_MS + 1)
        stores.records.replace_row(row(), expired)
        assert stores.ledger.get(row().event.key) == expired
        stores.records.delete_row(expired)
        assert stores.ledger.get(row().event.key) is None

    def test_a_parked_row_that_is_given_up_no_longer_waits_for_its_pixel(self, stores: PersonalStores) -> None:
        parked = replace(row(LedgerStatus.PARKED), parked_at_ms=NOW_MS)
        stores.ledger.record(parked)
        stores.records.replace_row(parked, replace(parked, status=LedgerStatus.EXPIRED, parked_at_ms=None))
        assert list(stores.ledger.parked(parked.event.pixel_id)) == []

    def test_a_row_that_a_sender_took_meanwhile_stays(self, stores: PersonalStores) -> None:
        stores.ledger.record(row())
        claimed = stores.ledger.claim(row().event.key, now_ms=NOW_MS + 1, lease_ms=1_000)
        with pytest.raises(Conflict):
            stores.records.replace_row(row(), replace(row(), status=LedgerStatus.EXPIRED))
        with pytest.raises(Conflict):
            stores.records.delete_row(row())
        assert stores.ledger.get(row().event.key) == claimed

    def test_what_is_kept_of_a_persons_updates_is_told_and_deleted(self, stores: PersonalStores) -> None:
        assert stores.records.updates_known(BOT_ID, CHAT_ID) is None
        stores.inbox.take_turn(BOT_ID, CHAT_ID, 7, now_ms=NOW_MS, lease_ms=1_000)
        stores.inbox.end_turn(BOT_ID, CHAT_ID, 7, done=True)
        stores.inbox.take_turn(BOT_ID, ChatId("2222"), 8, now_ms=NOW_MS, lease_ms=1_000)
        stores.inbox.end_turn(BOT_ID, ChatId("2222"), 8, done=True)
        assert list(stores.records.updates_known(BOT_ID, CHAT_ID) or ()) == [7]
        stores.records.delete_turn(BOT_ID, CHAT_ID)
        stores.records.delete_turn(BOT_ID, CHAT_ID)
        assert stores.records.updates_known(BOT_ID, CHAT_ID) is None
        assert list(stores.records.updates_known(BOT_ID, ChatId("2222")) or ()) == [8]

    def test_a_bot_user_is_deleted_as_they_were_found(self, stores: PersonalStores) -> None:
        saved = stores.bot_users.save(BOT_USER)
        other = stores.bot_users.save(BARE_BOT_USER)
        stores.records.delete_bot_user(saved)
        assert stores.bot_users.get(BOT_ID, CHAT_ID) is None
        assert stores.bot_users.get(other.bot_id, other.chat_id) == other
        with pytest.raises(Conflict):
            stores.records.delete_bot_user(saved)

    def test_a_bot_user_who_wrote_meanwhile_stays(self, stores: PersonalStores) -> None:
        saved = stores.bot_users.save(BOT_USER)
        later: BotUser = stores.bot_users.save(replace(saved, first_name="Bia"))
        with pytest.raises(Conflict):
            stores.records.delete_bot_user(saved)
        assert stores.bot_users.get(BOT_ID, CHAT_ID) == later


@dataclass(frozen=True, kw_only=True)
class CacheWithPeople:
    """A cache, and its personal side."""

    cache: ClickCache
    personal: PersonalCache


class PersonalCacheContract:
    """A subclass gives a ``both`` that is empty."""

    @pytest.fixture
    def both(self) -> CacheWithPeople:
        raise NotImplementedError

    def test_everything_that_leads_to_a_click_is_found_and_forgotten(self, both: CacheWithPeople) -> None:
        both.cache.put(CLICK)
        assert sorted(both.personal.holds(CLICK)) == ["click", "fbclid", "recent", "visitor"]
        assert sorted(both.personal.forget(CLICK)) == ["click", "fbclid", "recent", "visitor"]
        assert both.personal.holds(CLICK) == []
        assert both.personal.forget(CLICK) == []
        assert both.cache.get(CLICK.tracking_token) is None
        assert both.cache.newest_by_fbclid(FBCLID) is None

    def test_what_leads_to_another_click_stays(self, both: CacheWithPeople) -> None:
        both.cache.put(click(1))
        both.cache.put(click(2))
        assert sorted(both.personal.forget(click(1))) == ["click", "recent"]
        assert both.cache.newest_by_fbclid(FBCLID) == click(2)
        assert both.cache.newest_by_visitor(VisitorId("visitor-1")) == click(2)

    def test_of_a_click_that_is_not_here_nothing_is(self, both: CacheWithPeople) -> None:
        assert both.personal.holds(replace(CLICK, tracking_token=TrackingToken("nobody"), visitor_id=None, fbclid=None)) == []
