"""``rastro provider`` as its operator uses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from rastro.errors import ProviderError, ProviderUnavailable, SecretMissing
from rastro.model import DAY_MS, BotId
from rastro.pix.onboarding import onboarding
from rastro.pix.provider import PROVIDERS, Notice, NoticeKind
from tests.unit.cli.conftest import API, FakeAccount, Operator

BOT, OTHER = "7000000001", "7000000002"
ADD = ("provider", "add", "openpix", "--bot", BOT)
CALLBACK = f"{API}/pix/openpix/{BOT}"


def _stored(operator: Operator, provider: str = "openpix", bot_id: str = BOT) -> Mapping[str, str]:
    document: Mapping[str, str] = json.loads(operator.vault.secrets[f"providers/{provider}/{bot_id}"])
    return document


@pytest.fixture(autouse=True)
def _bots(operator: Operator) -> None:
    operator.has_bot(BOT)
    operator.has_bot(OTHER, "outro_bot")


def test_credentials_are_asked_for_checked_stored_and_the_callback_registered(operator: Operator) -> None:
    assert operator.answering("my-app-id", "", "")(*ADD) == 0
    assert operator.answers.hidden_asked == 2
    stored = _stored(operator)
    assert set(stored) == {"app_id", "webhook_secret"}
    assert stored["app_id"] == "my-app-id"
    assert len(stored["webhook_secret"]) == 43
    assert [account.registered for _, account in operator.pix_opened if account.registered] == [[CALLBACK]]
    assert "credenciais conferidas e gravadas" in operator.out
    assert f"cadastrado pela API: {CALLBACK}" in operator.out
    for secret in stored.values():
        assert secret not in operator.out + operator.err


def test_where_the_api_cannot_the_panels_steps_are_told_with_the_exact_address(operator: Operator) -> None:
    operator.pix_like = lambda account: setattr(account, "by_api", False)
    assert operator.answering("my-app-id", "", "")(*ADD) == 0
    assert f"Endereço dos avisos (webhook): {CALLBACK}" in operator.out
    assert "No painel do provedor:" in operator.out
    assert "--reveal" in operator.out


def test_a_registration_that_fails_leaves_the_account_and_tells_the_steps(operator: Operator) -> None:
    operator.pix_like = lambda account: setattr(account, "register_fault", ProviderError("openpix refused the call with 403"))
    assert operator.answering("my-app-id", "", "")(*ADD) == 0
    assert "403" in operator.err
    assert "No painel do provedor:" in operator.out
    assert _stored(operator)["app_id"] == "my-app-id"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ProviderError("openpix refused the call with 401"), "recusou as credenciais"),
        (SecretMissing("efi certificate_pem is not set"), "recusou as credenciais"),
        (ProviderUnavailable("openpix gave no answer: ConnectTimeout"), "não respondeu"),
    ],
)
def test_credentials_that_are_not_proven_are_not_stored(operator: Operator, fault: Exception, says: str) -> None:
    operator.pix_like = lambda account: setattr(account, "fault", fault)
    assert operator.answering("my-app-id", "", "")(*ADD) == 1
    assert says in operator.err
    assert "Nada foi gravado" in operator.err
    assert operator.vault.written == []


def test_several_bots_share_one_account_each_with_its_own_callback(operator: Operator) -> None:
    document = operator.answering("my-app-id", "", "").json(*ADD, "--bot", OTHER)
    assert [account["callback_url"] for account in document["accounts"]] == [CALLBACK, f"{API}/pix/openpix/{OTHER}"]
    assert _stored(operator, bot_id=OTHER) == _stored(operator)


def test_an_empty_answer_keeps_what_is_there(operator: Operator) -> None:
    operator.vault.secrets[f"providers/openpix/{BOT}"] = '{"app_id": "old-app", "webhook_secret": "old-secret"}'
    assert operator.answering("", "", "")(*ADD) == 0
    assert "Enter mantém o atual" in operator.err
    assert _stored(operator) == {"app_id": "old-app", "webhook_secret": "old-secret"}


def test_what_is_needed_is_asked_for_until_it_is_given(operator: Operator) -> None:
    assert operator.answering("", "my-app-id", "", "")(*ADD) == 0
    assert "AppID é obrigatório" in operator.err


def test_a_sandbox_is_named_by_its_address(operator: Operator) -> None:
    assert operator.answering("my-app-id", "", "https://api.woovi-sandbox.com")(*ADD) == 0
    assert _stored(operator)["api_url"] == "https://api.woovi-sandbox.com"


def test_a_certificate_is_read_from_its_file(operator: Operator, tmp_path: Path) -> None:
    pem = tmp_path / "certificado.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n")
    answers = {"certificate_pem": str(pem), "client_id": "id", "client_secret": "secret", "pix_key": "a@example.com"}
    lines = [answers.get(field.name, "") for field in onboarding("efi").fields]
    assert operator.answering(*lines)("provider", "add", "efi", "--bot", BOT) == 0
    assert _stored(operator, "efi")["certificate_pem"].startswith("-----BEGIN CERTIFICATE-----\nAAA")


def test_credentials_come_from_a_file(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"app_id": "my-app-id", "webhook_secret": " from-the-panel "}))
    document = operator.json(*ADD, "--file", str(path))
    assert document["accounts"] == [
        {"bot_id": BOT, "callback_url": CALLBACK, "checked": True, "registered": True, "panel_steps": []}
    ]
    assert _stored(operator) == {"app_id": "my-app-id", "webhook_secret": "from-the-panel"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("my-app-id", "não é um objeto JSON"),
        ('["my-app-id"]', "não é um objeto JSON"),
        ('{"app_id": 7}', "não é um objeto JSON"),
        ('{"app_id": "my-app-id", "password": "p"}', "não conhece: password"),
        ('{"webhook_secret": "my-app-id"}', "Faltam no arquivo: app_id"),
        ("{}", "Faltam no arquivo: app_id"),
    ],
)
def test_a_file_that_is_not_right_is_refused_without_showing_it(operator: Operator, content: str, says: str) -> None:
    operator.answers.piped = content
    assert operator(*ADD, "--file", "-") == 2
    assert says in operator.err
    assert "my-app-id" not in operator.err
    assert operator.vault.written == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("provider", "add", "paypal", "--bot", BOT), 2, "Não há provedor PIX paypal"),
        (("provider", "add", "openpix"), 2, "--bot ID"),
        (("provider", "add", "openpix", "--bot", "7000000009"), 3, "não foi adicionado"),
        (("provider", "check", "openpix", "--bot", BOT), 3, ""),
        (("provider", "check", "paypal", "--bot", BOT), 2, "Não há provedor PIX paypal"),
    ],
)
def test_what_is_not_there_is_told(operator: Operator, arguments: tuple[str, ...], code: int, says: str) -> None:
    assert operator(*arguments) == code
    assert says in operator.err


def test_an_account_is_checked_and_listed(operator: Operator) -> None:
    operator.vault.secrets[f"providers/openpix/{BOT}"] = '{"app_id": "my-app-id"}'
    assert operator("provider", "check", "openpix", "--bot", BOT) == 0
    assert operator("provider", "list") == 0
    assert CALLBACK in operator.out
    assert "mercadopago" in operator.out
    operator.pix_like = lambda account: setattr(account, "fault", ProviderError("openpix refused the call with 401"))
    assert operator.json("provider", "check", "openpix", "--bot", BOT)["ok"] is False


def test_an_empty_list_says_how_an_account_is_added(operator: Operator) -> None:
    assert operator("provider", "list") == 0
    assert "rastro provider add" in operator.out


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_steps_of_every_provider_name_the_address(operator: Operator, provider: str) -> None:
    assert operator("provider", "steps", provider, "--bot", BOT) == 0
    assert f"{API}/pix/{provider}/{BOT}" in operator.out
    assert "{" not in operator.out


def test_only_secrets_of_our_own_making_are_revealed_and_only_when_asked(operator: Operator) -> None:
    operator.vault.secrets[f"providers/openpix/{BOT}"] = '{"app_id": "my-app-id", "webhook_secret": "we-made-it"}'
    operator("provider", "steps", "openpix", "--bot", BOT)
    assert "we-made-it" not in operator.out
    operator("provider", "steps", "openpix", "--bot", BOT, "--reveal")
    assert "we-made-it" in operator.out
    assert "my-app-id" not in operator.out
    assert list(operator.json("provider", "steps", "openpix", "--bot", BOT, "--reveal")["revealed"].values()) == ["we-made-it"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_can_be_moved_in(operator: Operator, provider: str) -> None:
    lines = [field.name if field.required and not field.multiline else "" for field in onboarding(provider).fields]
    assert operator.answering(*lines, "")("provider", "add", provider, "--bot", BOT) == 0
    assert isinstance(operator.pix_opened[-1][1], FakeAccount)


def test_a_callback_is_registered_anew_with_the_stored_credentials(operator: Operator) -> None:
    operator.vault.secrets[f"providers/openpix/{BOT}"] = '{"app_id": "my-app-id", "webhook_secret": "s"}'
    assert operator("provider", "check", "openpix", "--bot", BOT, "--fix") == 0
    assert f"cadastrado pela API: {CALLBACK}" in operator.out
    assert operator.pix_opened[-1][1].registered == [CALLBACK]
    assert operator.json("provider", "check", "openpix", "--bot", BOT)["registered"] is False


def test_notices_about_no_charge_of_ours_are_listed_for_the_operator(operator: Operator) -> None:
    stray = Notice(kind=NoticeKind.PAID, charge_id="c-404", amount_cents=4990, payer_name="Ana da Silva")
    operator.world.settler.take_notice("openpix", BotId(BOT), stray)
    assert operator("provider", "notices") == 0
    assert all(text in operator.out for text in ("openpix", BOT, "R$ 49,90", "c-404"))
    assert "Ana" not in operator.out
    assert [notice["charge_id"] for notice in operator.json("provider", "notices")["notices"]] == ["c-404"]


def test_where_no_notice_was_kept_it_says_so(operator: Operator) -> None:
    assert operator("provider", "notices", "--days", "2") == 0
    assert "Nenhum aviso" in operator.out


def test_older_notices_are_found_by_looking_further_back(operator: Operator) -> None:
    operator.world.settler.take_notice("openpix", BotId(BOT), Notice(kind=NoticeKind.PAID, charge_id="c-404"))
    operator.world.now_ms += 10 * DAY_MS
    assert operator.json("provider", "notices")["notices"] == []
    assert len(operator.json("provider", "notices", "--days", "11")["notices"]) == 1
