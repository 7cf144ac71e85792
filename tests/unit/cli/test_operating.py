"""``rastro operator`` as its operator uses it."""

from __future__ import annotations

import pytest

from rastro.errors import TelegramError, TelegramUnavailable
from rastro.sales.operator import OPERATOR_SECRET, OperatorChat
from tests.unit.cli.conftest import Operator

BOT = "7000000001"


@pytest.mark.parametrize("chat", ["42", "-1001234567890"])
def test_a_chat_is_kept_once_a_first_message_came_there(operator: Operator, chat: str) -> None:
    bot = operator.has_bot(BOT)

    assert operator.json("operator", "set", "--bot", BOT, "--chat", chat) == {"bot_id": BOT, "chat_id": chat, "stored": True}

    assert OperatorChat.from_secret(operator.vault.secrets[OPERATOR_SECRET]) == OperatorChat(BOT, chat)  # type: ignore[arg-type] # plain text
    ((told, text),) = bot.said
    assert told == chat
    assert "alarmes" in text


@pytest.mark.parametrize("fault", [TelegramError("sendMessage: 403 Forbidden"), TelegramUnavailable("502")])
def test_nothing_is_kept_where_the_bot_cannot_write(operator: Operator, fault: TelegramError) -> None:
    operator.has_bot(BOT).faults["sendMessage"] = fault

    assert operator("operator", "set", "--bot", BOT, "--chat", "42") == 1

    assert OPERATOR_SECRET not in operator.vault.secrets
    assert "/start" in operator.err


def test_a_bot_that_was_not_added_tells_nobody(operator: Operator) -> None:
    assert operator("operator", "set", "--bot", "7000000009", "--chat", "42") == 3


@pytest.mark.parametrize("chat", ["@name", "", "4 2", "1" * 21])
def test_a_chat_is_a_number(operator: Operator, chat: str) -> None:
    operator.has_bot(BOT)
    assert operator("operator", "set", "--bot", BOT, "--chat", chat) == 2
