"""What ``Inbox`` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rastro.model import ChatId, Turn, UnknownNotice
from rastro.stores.keys import TURNS_KNOWN
from rastro.stores.ports import Inbox
from tests.contracts.records import BOT_ID, CHAT_ID, NOW_MS

LEASE_MS = 1_000
NOTICE = UnknownNotice(
    notice_id="n1",
    provider="openpix",
    bot_id=BOT_ID,
    kind="paid",
    received_at_ms=NOW_MS,
    payment_id="p-9",
    charge_id="c-9",
    end_to_end_id="E1",
    amount_cents=4990,
)


def take(inbox: Inbox, update_id: int, *, now_ms: int = NOW_MS, chat_id: ChatId = CHAT_ID) -> Turn:
    return inbox.take_turn(BOT_ID, chat_id, update_id, now_ms=now_ms, lease_ms=LEASE_MS)


class InboxContract:
    """A subclass gives an ``inbox`` that is empty."""

    @pytest.fixture
    def inbox(self) -> Inbox:
        raise NotImplementedError

    def test_a_person_has_one_turn_at_a_time(self, inbox: Inbox) -> None:
        assert take(inbox, 1) is Turn.TAKEN
        assert take(inbox, 2) is Turn.BUSY
        assert take(inbox, 1) is Turn.BUSY
        assert take(inbox, 3, chat_id=ChatId("2222")) is Turn.TAKEN
        inbox.end_turn(BOT_ID, CHAT_ID, 1, done=True)
        assert take(inbox, 2) is Turn.TAKEN

    def test_what_was_done_is_not_done_again(self, inbox: Inbox) -> None:
        take(inbox, 1)
        inbox.end_turn(BOT_ID, CHAT_ID, 1, done=True)
        assert take(inbox, 1) is Turn.REPEATED
        take(inbox, 2)
        assert take(inbox, 1) is Turn.REPEATED, "also while another has the turn"

    def test_what_was_not_done_may_come_again(self, inbox: Inbox) -> None:
        take(inbox, 1)
        inbox.end_turn(BOT_ID, CHAT_ID, 1, done=False)
        assert take(inbox, 1) is Turn.TAKEN

    def test_a_turn_that_nobody_ended_lapses(self, inbox: Inbox) -> None:
        take(inbox, 1)
        assert take(inbox, 1, now_ms=NOW_MS + LEASE_MS - 1) is Turn.BUSY
        assert take(inbox, 1, now_ms=NOW_MS + LEASE_MS) is Turn.TAKEN

    def test_who_comes_back_late_ends_nobody_elses_turn(self, inbox: Inbox) -> None:
        take(inbox, 1)
        assert take(inbox, 2, now_ms=NOW_MS + LEASE_MS) is Turn.TAKEN
        inbox.end_turn(BOT_ID, CHAT_ID, 1, done=True)
        assert take(inbox, 3, now_ms=NOW_MS + LEASE_MS) is Turn.BUSY
        assert take(inbox, 1, now_ms=NOW_MS + LEASE_MS) is Turn.REPEATED

    def test_the_last_updates_are_known(self, inbox: Inbox) -> None:
        for update_id in range(TURNS_KNOWN + 1):
            assert take(inbox, update_id) is Turn.TAKEN
            inbox.end_turn(BOT_ID, CHAT_ID, update_id, done=True)
        assert take(inbox, 1) is Turn.REPEATED
        assert take(inbox, TURNS_KNOWN) is Turn.REPEATED
        assert take(inbox, 0) is Turn.TAKEN, "the oldest is forgotten"

    def test_ending_a_turn_that_was_never_taken_harms_nothing(self, inbox: Inbox) -> None:
        inbox.end_turn(BOT_ID, CHAT_ID, 7, done=False)
        assert take(inbox, 7) is Turn.TAKEN

    def test_a_notice_is_kept_once_and_listed_under_its_day(self, inbox: Inbox) -> None:
        inbox.keep_notice(NOTICE)
        inbox.keep_notice(replace(NOTICE, received_at_ms=NOW_MS + 5))
        later = replace(NOTICE, notice_id="n2", received_at_ms=NOW_MS + 1, payment_id=None, amount_cents=None)
        inbox.keep_notice(later)
        day = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
        assert list(inbox.notices(day)) == [NOTICE, later]
        assert list(inbox.notices(day + timedelta(days=1))) == []


class InboxRaces:
    """For adapters to something that several reach at once."""

    def test_of_many_at_once_one_has_the_turn(self, inbox: Inbox) -> None:
        with ThreadPoolExecutor(8) as pool:
            turns = list(pool.map(lambda _: take(inbox, 1), range(16)))
        assert turns.count(Turn.TAKEN) == 1
        assert turns.count(Turn.BUSY) == 15
