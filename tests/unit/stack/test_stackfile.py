from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from stack.aws import Aws
from stack.seed import DemoSecrets
from stack.stackfile import Description, read

ROOT = Path(__file__).parents[3]
NAMES = ("BotUserTable", "PaymentTable", "ClickTable", "FunnelTable", "EventTable", "InboxTable", "RollupTable")
FUNCTIONS = ("Redirect", "TelegramWebhook", "PaymentWebhook", "Outbox", "CapiSender", "Reconciler", "Rollup")


def outputs() -> dict[str, str]:
    return (
        {f"{name}Name": f"stack-{name}" for name in NAMES}
        | {f"{name}FunctionName": f"stack-{name}" for name in FUNCTIONS}
        | {"CapiQueueUrl": "http://127.0.0.1:1/0/capi", "CapiDeadLetterQueueUrl": "http://127.0.0.1:1/0/dead"}
    )


def description() -> Description:
    return Description.of(
        outputs(),
        api="http://127.0.0.1:8700",
        aws=Aws(endpoint_url="http://127.0.0.1:8701"),
        redis_url="redis://127.0.0.1:8702/0",
        lab="http://127.0.0.1:8703",
        demo=DemoSecrets(bot_webhook_secret="s").demo(),
    )


def test_the_file_has_exactly_the_fields_that_its_readers_were_promised(tmp_path: Path) -> None:
    path = tmp_path / ".rastro" / "stack.json"
    description().write(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == ["api", "aws", "redis_url", "lab", "tables", "queues", "functions", "demo"]
    assert content["api"] == "http://127.0.0.1:8700"
    assert set(content["aws"]) == {"endpoint_url", "region", "access_key_id", "secret_access_key"}
    assert content["tables"] == {
        "bot_user": "stack-BotUserTable",
        "payment": "stack-PaymentTable",
        "click": "stack-ClickTable",
        "funnel": "stack-FunnelTable",
        "event": "stack-EventTable",
        "inbox": "stack-InboxTable",
        "rollup": "stack-RollupTable",
    }
    assert content["queues"] == {"capi": "http://127.0.0.1:1/0/capi", "capi_dlq": "http://127.0.0.1:1/0/dead"}
    assert list(content["functions"]) == [
        *("redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler", "rollup"),
    ]
    assert content["demo"] == {
        "slug": "demo",
        "bot_id": "7000000001",
        "bot_username": "rastro_demo_bot",
        "webhook_secret": "s",
        "sku": "curso",
        "price_cents": 4990,
        "pixel_id": "1000000000000001",
        "provider": "openpix",
    }


def test_the_file_is_read_back_and_a_broken_one_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    assert read(path) is None
    description().write(path)
    assert read(path) == description().document()
    path.write_text("{", encoding="utf-8")
    assert read(path) is None


def test_an_output_that_the_template_does_not_have_is_noticed() -> None:
    incomplete = outputs()
    del incomplete["CapiQueueUrl"]
    with pytest.raises(KeyError, match="CapiQueueUrl"):
        Description.of(incomplete, api="", aws=Aws(endpoint_url=""), redis_url="", lab="", demo={})


def test_the_template_has_every_output_that_the_file_is_made_of() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    assert set(outputs()) <= set(template["Outputs"])
