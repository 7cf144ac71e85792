"""``rastro setup``: from nothing to a first sale, and taken up again where it was broken off."""

from __future__ import annotations

import pytest

from rastro.errors import ProviderError
from rastro.model import FunnelBot, Slug
from rastro_cli.bot_account import Webhook
from tests.fakes.world import World
from tests.unit.cli.conftest import API, Operator, token_of

BOT = "7000000001"
PIXEL = "1000000000000001"
ANSWERS_BOT = (token_of(BOT), "n")
ANSWERS_PIXEL = ("s", PIXEL, "EAA" + "x" * 30, "n")
ANSWERS_PROVIDER = ("openpix", "my-app-id", "", "", "n")
ANSWERS_FUNNEL = ("Curso de Pão", "pao", "Curso", "curso", "49,90", "https://example.com/curso", "n", PIXEL, "n")


@pytest.fixture
def empty(operator: Operator, world: World) -> Operator:
    world.funnels.funnels.clear()
    operator.at_telegram(BOT)
    return operator


def test_the_wizard_goes_from_nothing_to_everything(empty: Operator, world: World) -> None:
    assert empty.answering(*ANSWERS_BOT, *ANSWERS_PIXEL, *ANSWERS_PROVIDER, *ANSWERS_FUNNEL)("setup") == 0
    assert set(empty.vault.secrets) == {
        "signing-keys",
        f"bots/{BOT}/token",
        f"bots/{BOT}/webhook-secret",
        f"pixels/{PIXEL}/token",
        f"providers/openpix/{BOT}",
    }
    funnel = world.funnels.get(Slug("pao"))
    assert funnel is not None
    assert funnel.bots == (FunnelBot(bot_id=funnel.bots[0].bot_id, username="pao_bot"),)
    assert f"{API}/go/pao" in empty.out
    assert "utm_campaign={{campaign.name}}" in empty.out
    assert "Tudo pronto para vender." in empty.out
    for secret in empty.vault.secrets.values():
        assert secret not in empty.out + empty.err


def test_a_run_that_is_broken_off_is_taken_up_by_the_next(empty: Operator) -> None:
    assert empty.answering(*ANSWERS_BOT, *ANSWERS_PIXEL)("setup") == 2
    assert "O que já foi gravado fica" in empty.err
    keys = empty.vault.secrets["signing-keys"]
    assert empty.answering("n", "n", *ANSWERS_PROVIDER, *ANSWERS_FUNNEL)("setup") == 0
    assert empty.vault.secrets["signing-keys"] == keys


def test_a_run_with_everything_in_place_asks_only_for_more(operator: Operator) -> None:
    operator.is_ready()
    before = dict(operator.vault.secrets)
    assert operator.answering("", "", "", "")("setup") == 0
    assert operator.vault.secrets == before


def test_what_is_refused_is_asked_for_again(empty: Operator) -> None:
    refused = iter([ProviderError("openpix refused the call with 401")])
    empty.pix_like = lambda account: setattr(account, "fault", next(refused, None))
    bot = (token_of("7000000009"), *ANSWERS_BOT)
    provider = ("openpix", "wrong", "", "", *ANSWERS_PROVIDER)
    funnel = ("", "Curso", "a b", "pao", *ANSWERS_FUNNEL[2:])
    assert empty.answering(*bot, "s", "no pixel", *ANSWERS_PIXEL[1:], *provider, *funnel)("setup") == 0
    assert "recusou o token" in empty.err
    assert "recusou as credenciais" in empty.err
    assert "O id de um pixel só tem dígitos" in empty.err


def test_the_wizard_speaks_english(empty: Operator) -> None:
    answers = [*ANSWERS_BOT, "y", *ANSWERS_PIXEL[1:], *ANSWERS_PROVIDER, *ANSWERS_FUNNEL]
    assert empty.answering(*answers)("setup", "--lang", "en") == 0
    assert "Everything is ready to sell." in empty.out


def test_the_check_asks_nothing_and_names_what_is_missing(operator: Operator) -> None:
    operator.is_ready()
    assert operator("setup", "--check") == 0
    operator.bots[token_of(BOT)].hook = Webhook()
    del operator.vault.secrets["signing-keys"]
    del operator.vault.secrets[f"pixels/{PIXEL}/token"]
    operator.pix_like = lambda account: setattr(account, "fault", ProviderError("openpix refused the call with 401"))
    assert operator("setup", "--check") == 1
    assert operator.out.count("❌") == 5  # and the line that says what the mark means
    document = operator.json("setup", "--check")
    assert {check["check"] for check in document["checks"] if not check["ok"]} == {
        "no_keys",
        "webhook_elsewhere",
        "account_refused",
        "no_pixel_token",
    }


def test_the_check_of_nothing_names_everything(empty: Operator) -> None:
    document = empty.json("setup", "--check")
    assert (document["ok"], [check["check"] for check in document["checks"]]) == (False, ["no_keys", "no_bot", "no_funnel"])


def test_credentials_of_a_provider_that_is_none_are_told(operator: Operator) -> None:
    operator.is_ready()
    operator.vault.secrets[f"providers/paypal/{BOT}"] = '{"key": "x"}'
    operator.vault.secrets[f"providers/efi/{BOT}"] = "not json"
    assert operator("setup", "--check") == 1
    assert "não existe esse provedor" in operator.out
    assert "não tem conta no efi" in operator.out


def test_keys_that_cannot_be_read_are_told(operator: Operator) -> None:
    operator.is_ready()
    operator.vault.secrets["signing-keys"] = '{"current": "short"}'
    assert operator("setup", "--check") == 1
    assert "não podem ser lidas" in operator.out


def test_an_interruption_ends_it_and_keeps_what_is_done(empty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(empty.answers, "hidden", interrupted)
    assert empty("setup") == 130
    assert set(empty.vault.secrets) == {"signing-keys"}
