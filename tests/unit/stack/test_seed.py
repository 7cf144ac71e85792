from __future__ import annotations

import json

from lab.pix.registry import SPEAKERS, check
from lab.state import parse_config
from rastro.tracking.signing import SigningKeys
from stack.seed import BOT, DEMO, PIXEL, DemoSecrets


def test_the_signing_key_is_one_that_the_functions_take() -> None:
    keys = SigningKeys.from_secret(DemoSecrets().parameters()["signing-keys"])
    assert len(keys.current) == 32
    assert keys.previous is None


def test_each_secret_of_the_demo_has_the_name_that_the_functions_ask_for() -> None:
    assert set(DemoSecrets().parameters()) == {
        "signing-keys",
        f"bots/{BOT.bot_id}/token",
        f"bots/{BOT.bot_id}/webhook-secret",
        f"pixels/{PIXEL.pixel_id}/token",
    } | {f"providers/{speaker.provider}/{BOT.bot_id}" for speaker in SPEAKERS}


def test_the_lab_takes_its_configuration_and_holds_the_same_secrets_as_the_functions() -> None:
    demo_secrets = DemoSecrets(lab="http://lab")
    parameters = demo_secrets.parameters()
    config = parse_config(demo_secrets.lab_config("http://127.0.0.1:8700"))
    check(config)
    bot = config.bot(BOT.bot_id)
    assert bot.token == parameters[f"bots/{BOT.bot_id}/token"]
    assert bot.webhook_secret == parameters[f"bots/{BOT.bot_id}/webhook-secret"]
    assert config.pixels == {PIXEL.pixel_id: parameters[f"pixels/{PIXEL.pixel_id}/token"]}
    for account in config.accounts:
        secret = json.loads(parameters[f"providers/{account.provider}/{BOT.bot_id}"])
        assert secret == {**account.credentials, "api_url": f"http://lab/{account.provider}"}


def test_no_two_stacks_share_a_secret_and_none_is_shown_by_accident() -> None:
    first, second = DemoSecrets(), DemoSecrets()
    assert not set(first.parameters().values()) & set(second.parameters().values())
    assert repr(first) == "DemoSecrets(lab='')"


def test_the_demo_leads_to_its_bot_and_sells_one_product_to_one_pixel() -> None:
    assert DEMO.bot(BOT.bot_id) == BOT
    assert [product.sku for product in DEMO.products] == ["curso"]
    assert DEMO.pixels == (PIXEL,)
