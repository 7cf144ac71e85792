from typing import Any

import pytest

from lab.errors import ControlError
from lab.pix.dialect import account_of
from lab.pix.registry import check
from lab.state import State, parse_config

BOT = {"bot_id": "7", "username": "b", "token": "7:AA", "webhook_secret": "s"}
GOOD: dict[str, Any] = {
    "api": "http://127.0.0.1:1/stage/",
    "bots": [BOT, BOT | {"bot_id": 8, "token": "8:BB"}],
    "providers": {"openpix": {"7": {"app_id": "app", "webhook_secret": "w"}}},
    "pixels": {"111": "pixel-token"},
}


def test_a_configuration_is_read() -> None:
    config = parse_config(GOOD)
    assert config.api == "http://127.0.0.1:1/stage"
    assert config.bot(None).bot_id == "7"
    assert config.bot("8").token == "8:BB"
    bot, (account,) = config.bot_by_token("8:BB"), config.accounts_at("openpix")
    assert bot is not None
    assert bot.bot_id == "8"
    assert (account.bot_id, account.credentials) == ("7", {"app_id": "app", "webhook_secret": "w"})
    assert account == account_of(State(config), "openpix", "app_id", "app")
    assert account_of(State(config), "openpix", "app_id", "") is None


def test_no_secret_shows_when_it_is_printed() -> None:
    shown = repr(parse_config(GOOD))
    assert not [secret for secret in ("7:AA", "8:BB", "pixel-token", "'app'", "'w'", "'s'") if secret in shown]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"api": None}, r"config\.api"),
        ({"bots": {}}, "bots must be a list"),
        ({"bots": [{"bot_id": "7"}]}, r"bots\[0\]\.username"),
        ({"bots": ["7"]}, r"bots\[0\] must be an object"),
        ({"providers": {"paypal": {"7": {"key": "x"}}}}, "paypal is not known"),
        ({"providers": {"openpix": {"7": {"app_id": "x"}}}}, r"providers\.openpix\.7\.webhook_secret"),
        ({"pixels": {"1": ""}}, r"pixels\.1"),
    ],
)
def test_a_wrong_configuration_says_where(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        check(parse_config(GOOD | change))


def test_a_bot_that_is_not_configured_is_an_error_with_those_that_are() -> None:
    with pytest.raises(ControlError, match="there is 7, 8") as refused:
        parse_config(GOOD).bot("9")
    assert refused.value.status == 404
    with pytest.raises(ControlError, match="no bot is configured"):
        parse_config({"api": "http://x"}).bot(None)
