"""The operator is told what rings, once, with a sound only where it is worth a night's sleep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rastro.errors import BotRefused, SecretMissing, StoreUnavailable, TelegramError, TelegramUnavailable
from rastro.model import BotId, ChatId, RungAlarm
from rastro.sales.operator import QUIET_MS, REMEMBERED, Operator, OperatorChat
from rastro.telegram.alarm_texts import SHOWN_AT_MOST, TEXTS, bulletin
from rastro.telegram.bot import TEXT_MAX_LENGTH, Keyboard
from tests.fakes.stores import InMemorySecrets

NOW_MS = 1_795_568_400_000
PARKED = RungAlarm(
    receipt="r1",
    name="rastro-prod-PixelParkedAlarm-1B2C3D",
    rings=True,
    changed_at_ms=NOW_MS - 1000,
    anchor="pixelparkedalarm",
)
ERRORS = replace(PARKED, receipt="r2", name="rastro-prod-HttpApiErrorsAlarm-9X", anchor="httpapierrorsalarm")
OVER = replace(PARKED, receipt="r3", rings=False, changed_at_ms=NOW_MS)


class AlarmsInMemory:
    """A queue that gives again what was not forgotten."""

    def __init__(self) -> None:
        self.waiting: list[RungAlarm] = []
        self.down = False

    def take(self) -> Sequence[RungAlarm]:
        if self.down:
            raise StoreUnavailable("switched off by the test")
        return list(self.waiting)

    def forget(self, alarms: Sequence[RungAlarm]) -> None:
        self.waiting = [alarm for alarm in self.waiting if alarm not in alarms]


class Desk:
    """An operator with a chat."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.alarms = AlarmsInMemory()
        self.secrets = InMemorySecrets(**{"operator/chat": '{"bot_id": "7000000001", "chat_id": "42"}'})
        self.said: list[tuple[BotId, ChatId, str, bool]] = []
        self.fault: TelegramError | None = None
        self.operator = Operator(
            alarms=self.alarms, secrets=self.secrets, bots=lambda bot_id: _Bot(self, bot_id), now_ms=lambda: self.now_ms
        )

    def ring(self, *alarms: RungAlarm) -> dict[str, int]:
        self.alarms.waiting += alarms
        return {outcome: times for outcome, times in self.operator.tell().items() if times}


class _Bot:
    def __init__(self, desk: Desk, bot_id: BotId) -> None:
        self._desk = desk
        self._bot_id = bot_id

    def send_message(self, chat_id: ChatId, html: str, keyboard: Keyboard = (), *, silent: bool = False) -> None:
        if self._desk.fault is not None:
            raise self._desk.fault
        self._desk.said.append((self._bot_id, chat_id, html, silent))


def test_what_rings_is_told_in_one_message_the_urgent_first() -> None:
    desk = Desk()

    assert desk.ring(PARKED, ERRORS) == {"told": 2}

    ((bot_id, chat_id, html, silent),) = desk.said
    assert (bot_id, chat_id, silent) == ("7000000001", "42", False)
    assert html.index("A API responde com erros") < html.index("Pixel parado")
    assert "(rastro-prod)" in html
    assert "docs/operations.md#pixelparkedalarm" in html
    assert desk.alarms.waiting == []


def test_what_can_wait_for_the_morning_comes_without_a_sound() -> None:
    desk = Desk()
    desk.ring(PARKED)
    assert [silent for *_, silent in desk.said] == [True]


def test_nothing_is_told_of_what_is_over() -> None:
    desk = Desk()
    assert desk.ring(OVER) == {"quiet": 1}
    assert desk.said == []
    assert desk.alarms.waiting == []


def test_an_alarm_that_comes_and_goes_rings_once_in_half_an_hour() -> None:
    desk = Desk()
    for minute in range(60):
        desk.now_ms = NOW_MS + minute * 60_000
        desk.ring(replace(PARKED, receipt=f"a{minute}", changed_at_ms=desk.now_ms), replace(OVER, receipt=f"b{minute}"))
    assert len(desk.said) == 60 * 60_000 // QUIET_MS


def test_the_same_alarm_twice_in_a_run_is_told_once() -> None:
    desk = Desk()
    assert desk.ring(PARKED, replace(PARKED, receipt="again")) == {"told": 1, "quiet": 1}
    assert desk.said[0][2].count("Pixel parado") == 1


@pytest.mark.parametrize("fault", [TelegramUnavailable("502"), BotRefused("401"), TelegramError("400")])
def test_what_telegram_does_not_take_comes_again(fault: TelegramError) -> None:
    desk = Desk()
    desk.fault = fault
    assert desk.ring(PARKED, replace(OVER, name="another")) == {"not_told": 1, "quiet": 1}
    assert desk.alarms.waiting == [PARKED]
    desk.fault = None
    assert desk.ring() == {"told": 1}


@pytest.mark.parametrize("secret", ["", "no JSON", "[]", "{}", '{"bot_id": "7", "chat_id": "@name"}', '{"bot_id": 7}'])
def test_without_an_operator_nobody_is_told_and_nothing_piles_up(secret: str) -> None:
    desk = Desk()
    desk.secrets.secrets["operator/chat"] = secret
    assert desk.ring(PARKED) == {"unknown": 1}
    assert desk.alarms.waiting == []


def test_a_queue_or_a_parameter_store_that_is_down_stops_nothing() -> None:
    desk = Desk()
    desk.secrets.unavailable = True
    assert desk.ring(PARKED) == {"not_told": 1}
    desk.alarms.down = True
    assert desk.ring() == {}


def test_the_memory_of_what_was_told_has_an_end() -> None:
    desk = Desk()
    for number in range(REMEMBERED + 5):
        desk.ring(replace(PARKED, receipt=str(number), name=f"alarm-{number}"))
    assert len(desk.operator._told_at_ms) <= REMEMBERED


def test_an_alarm_of_somebody_else_on_a_shared_topic_is_told_by_its_name() -> None:
    html = bulletin([replace(PARKED, anchor="", name="disk <full>")])
    assert html == "🟡 <b>Alarme</b>: disk &lt;full&gt;"


def test_a_message_holds_as_many_alarms_as_telegram_takes() -> None:
    every = [replace(PARKED, name=f"{'s' * 128}-{name}-1", anchor=name.lower()) for name in TEXTS]

    html = bulletin(every)

    assert len(html) <= TEXT_MAX_LENGTH
    assert html.endswith(f"… e mais {len(TEXTS) - SHOWN_AT_MOST}.")


def test_the_chat_is_read_as_it_was_written() -> None:
    chat = OperatorChat(BotId("7000000001"), ChatId("-100123"))
    assert OperatorChat.from_secret(chat.to_secret()) == chat


def test_a_chat_that_is_none_is_refused() -> None:
    with pytest.raises(SecretMissing):
        OperatorChat.from_secret('{"bot_id": "x", "chat_id": "42"}')
