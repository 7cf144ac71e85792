"""What ``BotUserStore`` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from rastro.errors import Conflict
from rastro.model import BotId, BotUser, ChatId, VisitorId
from rastro.stores.ports import BotUserStore
from tests.contracts.records import BARE_BOT_USER, BOT_ID, BOT_USER, CHAT_ID, FBCLID


class BotUserStoreContract:
    """A subclass gives a ``store`` that is empty."""

    @pytest.fixture
    def store(self) -> BotUserStore:
        raise NotImplementedError

    @pytest.mark.parametrize("bot_user", [BOT_USER, BARE_BOT_USER], ids=["everything set", "bare"])
    def test_a_bot_user_comes_back_as_saved(self, store: BotUserStore, bot_user: BotUser) -> None:
        saved = store.save(bot_user)
        assert saved == replace(bot_user, version=1)
        assert store.get(bot_user.bot_id, bot_user.chat_id) == saved

    def test_a_stranger_is_nobody(self, store: BotUserStore) -> None:
        store.save(BOT_USER)
        assert store.get(BotId("7000000002"), CHAT_ID) is None
        assert store.get(BOT_ID, ChatId("9")) is None

    def test_a_second_save_takes_away_what_became_none(self, store: BotUserStore) -> None:
        saved = store.save(BOT_USER)
        store.save(replace(saved, fbclid=None, visitor_id=None, sessions=()))
        found = store.get(BOT_ID, CHAT_ID)
        assert found == replace(BOT_USER, fbclid=None, visitor_id=None, sessions=(), version=2)
        assert store.by_fbclid(FBCLID) == []

    @pytest.mark.parametrize("version", [0, 1, 3])
    def test_a_save_over_another_version_is_a_conflict(self, store: BotUserStore, version: int) -> None:
        store.save(store.save(BOT_USER))
        with pytest.raises(Conflict):
            store.save(replace(BOT_USER, first_name="lost", version=version))
        found = store.get(BOT_ID, CHAT_ID)
        assert found is not None
        assert (found.first_name, found.version) == (BOT_USER.first_name, 2)

    def test_a_save_of_one_that_was_never_stored_is_a_conflict(self, store: BotUserStore) -> None:
        with pytest.raises(Conflict):
            store.save(replace(BOT_USER, version=1))

    def test_people_are_found_by_fbclid_and_browser_over_all_bots(self, store: BotUserStore) -> None:
        people = [replace(BOT_USER, chat_id=ChatId(str(number))) for number in range(6)]
        people.append(replace(BOT_USER, bot_id=BotId("7000000002")))
        for person in people:
            store.save(person)
        store.save(BARE_BOT_USER)
        expected = {person.key for person in people}
        assert {person.key for person in store.by_fbclid(FBCLID)} == expected
        assert {person.key for person in store.by_visitor(VisitorId("visitor-1"))} == expected
        assert store.by_fbclid(FBCLID.lower()) == []
        assert store.by_visitor(VisitorId("nobody")) == []


class BotUserStoreRaces:
    """What holds when many write at once; for stores that several processes share."""

    @pytest.fixture
    def store(self) -> BotUserStore:
        raise NotImplementedError

    def test_of_saves_at_once_one_wins(self, store: BotUserStore) -> None:
        saved = store.save(BOT_USER)

        def rename(name: str) -> bool:
            try:
                store.save(replace(saved, first_name=name))
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            won = list(threads.map(rename, "abcdefgh"))
        found = store.get(BOT_ID, CHAT_ID)
        assert won.count(True) == 1
        assert found is not None
        assert (found.first_name, found.version) == ("abcdefgh"[won.index(True)], 2)
