"""``rastro bot`` as its operator uses it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rastro.errors import TelegramError, TelegramUnavailable
from rastro_cli.bot_account import Webhook
from tests.fakes.world import NOW_MS
from tests.unit.cli.conftest import API, Operator, token_of

BOT = "7000000001"
TOKEN = token_of(BOT)


def test_a_bot_moves_in_with_its_token(operator: Operator) -> None:
    bot = operator.at_telegram(BOT)
    assert operator.answering(TOKEN)("bot", "add") == 0
    assert operator.answers.hidden_asked == 1
    assert operator.vault.secrets[f"bots/{BOT}/token"] == TOKEN
    secret = operator.vault.secrets[f"bots/{BOT}/webhook-secret"]
    assert len(secret) == 43
    assert bot.secret == secret
    assert bot.hook.url == f"{API}/telegram/{BOT}"
    assert bot.hook.allowed_updates == ("message", "callback_query", "my_chat_member")
    assert bot.hook.max_connections == 40
    assert set(bot.commands) == {"start", "help"}
    assert "O token vale: @pao_bot" in operator.out
    for shown in (operator.out, operator.err):
        assert TOKEN not in shown
        assert secret not in shown


def test_a_second_time_changes_no_secret_and_sets_the_webhook_right(operator: Operator) -> None:
    bot = operator.has_bot(BOT)
    bot.hook = Webhook(url="https://elsewhere.example.com/hook")
    assert operator.answering(TOKEN)("bot", "add", "--max-connections", "100") == 0
    assert operator.vault.written == []
    assert (bot.hook.url, bot.secret, bot.hook.max_connections) == (f"{API}/telegram/{BOT}", "secret-of-the-webhook", 100)


def test_a_new_secret_is_given_where_it_is_asked_for(operator: Operator) -> None:
    bot = operator.has_bot(BOT)
    assert operator.answering(TOKEN)("bot", "add", "--new-secret") == 0
    assert bot.secret == operator.vault.secrets[f"bots/{BOT}/webhook-secret"] != "secret-of-the-webhook"


@pytest.mark.parametrize("source", ["file", "pipe"])
def test_the_token_comes_from_a_file_or_a_pipe(operator: Operator, tmp_path: Path, source: str) -> None:
    operator.at_telegram(BOT)
    path = tmp_path / "token.txt"
    path.write_text(TOKEN + "\n")
    operator.answers.piped = TOKEN + "\n"
    assert operator("bot", "add", "--token-file", str(path) if source == "file" else "-") == 0
    assert operator.vault.secrets[f"bots/{BOT}/token"] == TOKEN


def test_what_is_no_token_is_asked_for_again_and_never_shown(operator: Operator) -> None:
    operator.at_telegram(BOT)
    assert operator.answering("my-password", TOKEN)("bot", "add") == 0
    assert "Isso não é um token" in operator.err
    assert "my-password" not in operator.err


@pytest.mark.parametrize("content", ["", "my-password", TOKEN + "\n" + TOKEN])
def test_a_file_without_a_token_is_refused(operator: Operator, tmp_path: Path, content: str) -> None:
    path = tmp_path / "token.txt"
    path.write_text(content)
    assert operator("bot", "add", "--token-file", str(path)) == 2
    assert operator.vault.written == []


def test_a_file_that_is_not_there_is_named(operator: Operator, tmp_path: Path) -> None:
    assert operator("bot", "add", "--token-file", str(tmp_path / "nothing")) == 2
    assert "nothing não pode ser lido" in operator.err


def test_the_end_of_the_input_ends_the_question(operator: Operator) -> None:
    assert operator("bot", "add") == 2
    assert "Falta uma resposta" in operator.err


@pytest.mark.parametrize(
    ("fault", "says"), [(TelegramError("getMe: 401"), "recusou o token"), (TelegramUnavailable("getMe"), "não respondeu")]
)
def test_a_token_that_telegram_does_not_take_is_not_stored(operator: Operator, fault: TelegramError, says: str) -> None:
    operator.at_telegram(BOT).fault = fault
    assert operator.answering(TOKEN)("bot", "add") == 1
    assert says in operator.err
    assert operator.vault.written == []


def test_a_webhook_that_is_refused_is_told(operator: Operator) -> None:
    operator.at_telegram(BOT).faults["setWebhook"] = TelegramError("setWebhook: 400 bad webhook")
    assert operator.answering(TOKEN)("bot", "add") == 1
    assert "bad webhook" in operator.err


def test_a_menu_that_is_refused_keeps_nobody_from_selling(operator: Operator) -> None:
    operator.at_telegram(BOT).faults["setMyCommands"] = TelegramError("setMyCommands: 400")
    assert operator.answering(TOKEN)("bot", "add") == 0
    assert "O menu do bot não foi gravado" in operator.err


def test_the_list_names_funnels_and_accounts(operator: Operator) -> None:
    operator.is_ready()
    operator.has_bot("7000000002")
    assert operator("bot", "list") == 0
    assert [line.rstrip() for line in operator.out.splitlines()] == [
        f"{BOT}  @pao_bot  funis: curso  provedores: openpix",
        "7000000002  -         funis: -      provedores: -",
    ]
    rows = operator.json("bot", "list")["bots"]
    assert rows[0] == {"bot_id": BOT, "username": "pao_bot", "funnels": ["curso"], "providers": ["openpix"]}


def test_an_empty_list_says_how_a_bot_is_added(operator: Operator) -> None:
    assert operator("bot", "list") == 0
    assert "rastro bot add" in operator.out


def test_a_bot_that_is_right_is_told_so(operator: Operator) -> None:
    operator.has_bot(BOT)
    document = operator.json("bot", "check", BOT)
    assert (document["ok"], document["webhook"]["pending"]) == (True, 0)
    assert [check["check"] for check in document["checks"]] == ["bot", "webhook"]


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ({"url": ""}, "O webhook aponta para -"),
        ({"url": "https://elsewhere.example.com"}, "devia apontar para https://go.example.com/telegram/7000000001"),
        ({"allowed_updates": ("message",)}, "callback_query, my_chat_member"),
        (
            {"last_error": "Wrong response from the webhook: 500", "last_error_at_ms": NOW_MS - 60_000, "pending": 3},
            "Wrong response from the webhook: 500 (na fila do Telegram: 3)",
        ),
    ],
)
def test_a_check_names_what_is_wrong(operator: Operator, hook: dict[str, object], says: str) -> None:
    bot = operator.has_bot(BOT)
    bot.hook = replace(bot.hook, **hook)  # type: ignore[arg-type]
    assert operator("bot", "check", BOT) == 1
    assert "❌" in operator.out
    assert says in operator.out


def test_an_error_of_yesterday_is_told_and_harms_nothing(operator: Operator) -> None:
    bot = operator.has_bot(BOT)
    bot.hook = replace(bot.hook, last_error="timeout", last_error_at_ms=NOW_MS - 86_400_000)
    assert operator("bot", "check", BOT) == 0
    assert "timeout" in operator.out


def test_telegrams_own_choice_of_updates_has_all_that_is_needed(operator: Operator) -> None:
    bot = operator.has_bot(BOT)
    bot.hook = replace(bot.hook, allowed_updates=())
    assert operator("bot", "check", BOT) == 0


def test_a_banned_bot_is_told(operator: Operator) -> None:
    operator.has_bot(BOT).fault = TelegramError("getMe: 401 Unauthorized")
    assert operator("bot", "check", BOT) == 1
    assert "revogado ou bot banido" in operator.out


def test_a_token_of_another_bot_is_told(operator: Operator) -> None:
    operator.has_bot(BOT)
    operator.bots[TOKEN] = operator.at_telegram("7000000002", "outro_bot")
    assert operator("bot", "check", BOT) == 1
    assert "é de outro bot: @outro_bot" in operator.out


def test_a_missing_webhook_secret_is_told(operator: Operator) -> None:
    operator.has_bot(BOT)
    del operator.vault.secrets[f"bots/{BOT}/webhook-secret"]
    assert operator("bot", "check", BOT) == 1
    assert "Falta o segredo do webhook" in operator.out


@pytest.mark.parametrize("bot_id", ["7000000009", "../secrets"])
def test_a_bot_that_was_not_added_ends_with_3(operator: Operator, bot_id: str) -> None:
    assert operator("bot", "check", bot_id) == 3


def test_a_webhook_is_set_anew_with_the_stored_token(operator: Operator) -> None:
    bot = operator.has_bot(BOT)
    bot.hook = Webhook(url="https://old.example.com/telegram/7000000001")
    assert operator("bot", "check", BOT, "--fix") == 0
    assert (bot.hook.url, bot.secret) == (f"{API}/telegram/{BOT}", "secret-of-the-webhook")
    assert operator.vault.written == []
