"""Telling the operator of alarms by a bot of theirs, without waking anybody twice for the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rastro.errors import SecretMissing, StoreUnavailable, TelegramError
from rastro.model import BotId, ChatId, RungAlarm
from rastro.observability import logger
from rastro.stores.ports import AlarmQueue, Secrets
from rastro.telegram.alarm_texts import Severity, bulletin, severity_of
from rastro.telegram.bot import OperatorApi

OPERATOR_SECRET = "operator/chat"  # noqa: S105 - the name of a secret
QUIET_MS = 30 * 60_000
"""For how long the same alarm is not told again: one that comes and goes each minute rings once in half an hour."""
REMEMBERED = 1_000
"""How many alarms a container knows to have told; a shared topic may bring anybody's."""

OperatorApis = Callable[[BotId], OperatorApi]


@dataclass(frozen=True, slots=True)
class OperatorChat:
    """Where the operator is told: a bot of the deployment and the chat in which they opened it."""

    bot_id: BotId
    chat_id: ChatId

    @classmethod
    def from_secret(cls, text: str) -> OperatorChat:
        """Read ``{"bot_id": …, "chat_id": …}``; raises ``SecretMissing`` for anything else."""
        try:
            document = json.loads(text)
            bot_id, chat_id = str(document["bot_id"]), str(document["chat_id"])
        except (ValueError, KeyError, TypeError) as exc:
            raise SecretMissing(f"{OPERATOR_SECRET} is not the JSON that it should be") from exc
        if not (bot_id.isdigit() and chat_id.removeprefix("-").isdigit()):
            raise SecretMissing(f"{OPERATOR_SECRET} names no bot and chat")
        return cls(BotId(bot_id), ChatId(chat_id))

    def to_secret(self) -> str:
        """Return the text that ``from_secret`` reads."""
        return json.dumps({"bot_id": self.bot_id, "chat_id": self.chat_id})


class Operator:
    """Reads the alarm queue and tells what rings, in one message a run."""

    def __init__(self, *, alarms: AlarmQueue, secrets: Secrets, bots: OperatorApis, now_ms: Callable[[], int]) -> None:
        """Take the queue, the parameter store that says who the operator is, the bots, and the clock."""
        self._alarms = alarms
        self._secrets = secrets
        self._bots = bots
        self._now_ms = now_ms
        self._told_at_ms: dict[str, int] = {}

    def tell(self) -> Counter[str]:
        """Tell what rings and return how many alarms were told, kept quiet about or could not be told; never raises.

        What could not be told comes again until the queue forgets it. Without an operator there is nobody to tell: the mail is
        another way.
        """
        try:
            taken = self._alarms.take()
        except StoreUnavailable as exc:
            logger.warning("alarms_not_read", reason=str(exc))
            return Counter()
        if not taken:
            return Counter()
        ringing = self._to_tell(taken)
        outcomes = Counter({"quiet": len(taken) - len(ringing)})
        if ringing:
            try:
                self._send(ringing)
            except SecretMissing:
                outcomes["unknown"] += len(ringing)
            except (TelegramError, StoreUnavailable) as exc:
                logger.error("operator_not_told", alarms=[alarm.name for alarm in ringing], reason=str(exc))
                outcomes["not_told"] += len(ringing)
                names = {alarm.name for alarm in ringing}
                self._alarms.forget([alarm for alarm in taken if alarm.name not in names])
                return outcomes
            else:
                self._remember(ringing)
                outcomes["told"] += len(ringing)
        self._alarms.forget(taken)
        return outcomes

    def _to_tell(self, taken: Sequence[RungAlarm]) -> Sequence[RungAlarm]:
        """Return what began to ring, the newest of each alarm, unless it was told a short while ago."""
        newest: dict[str, RungAlarm] = {}
        for alarm in taken:
            known = newest.get(alarm.name)
            if alarm.rings and (known is None or known.changed_at_ms <= alarm.changed_at_ms):
                newest[alarm.name] = alarm
        now_ms = self._now_ms()
        due = [alarm for alarm in newest.values() if now_ms - self._told_at_ms.get(alarm.name, -QUIET_MS) >= QUIET_MS]
        return sorted(due, key=lambda alarm: (severity_of(alarm) is not Severity.WAKES, alarm.changed_at_ms))

    def _send(self, ringing: Sequence[RungAlarm]) -> None:
        chat = OperatorChat.from_secret(self._secrets.get(OPERATOR_SECRET))
        silent = all(severity_of(alarm) is not Severity.WAKES for alarm in ringing)
        self._bots(chat.bot_id).send_message(chat.chat_id, bulletin(ringing), silent=silent)

    def _remember(self, told: Sequence[RungAlarm]) -> None:
        now_ms = self._now_ms()
        if len(self._told_at_ms) >= REMEMBERED:
            self._told_at_ms.clear()
        self._told_at_ms.update({alarm.name: now_ms for alarm in told})
