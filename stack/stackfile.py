"""``.rastro/stack.json``: where a running stack is; the path can be set by ``RASTRO_STACK_FILE``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stack.aws import Aws
from stack.files import write_whole

VARIABLE = "RASTRO_STACK_FILE"
_TABLES = {
    "bot_user": "BotUserTableName",
    "payment": "PaymentTableName",
    "click": "ClickTableName",
    "funnel": "FunnelTableName",
    "event": "EventTableName",
    "inbox": "InboxTableName",
    "rollup": "RollupTableName",
}
_QUEUES = {"capi": "CapiQueueUrl", "capi_dlq": "CapiDeadLetterQueueUrl"}
_FUNCTIONS = {
    "redirect": "RedirectFunctionName",
    "telegram_webhook": "TelegramWebhookFunctionName",
    "payment_webhook": "PaymentWebhookFunctionName",
    "outbox": "OutboxFunctionName",
    "capi_sender": "CapiSenderFunctionName",
    "reconciler": "ReconcilerFunctionName",
    "rollup": "RollupFunctionName",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Everything that a client of a running stack needs to know, under the names of the file."""

    api: str
    """Base of the HTTP API, no trailing slash."""
    aws: Aws
    redis_url: str
    lab: str
    tables: Mapping[str, str]
    queues: Mapping[str, str]
    """The URLs of the queues."""
    functions: Mapping[str, str]
    demo: Mapping[str, Any]
    """The seeded funnel: slug, bot_id, bot_username, webhook_secret, sku, price_cents, pixel_id, provider."""

    @classmethod
    def of(
        cls, outputs: Mapping[str, str], *, api: str, aws: Aws, redis_url: str, lab: str, demo: Mapping[str, Any]
    ) -> Description:
        """Describe a stack by the outputs of its template; raises ``KeyError`` for an output that is missing."""
        return cls(
            api=api,
            aws=aws,
            redis_url=redis_url,
            lab=lab,
            tables={name: outputs[output] for name, output in _TABLES.items()},
            queues={name: outputs[output] for name, output in _QUEUES.items()},
            functions={name: outputs[output] for name, output in _FUNCTIONS.items()},
            demo=demo,
        )

    def document(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Write the file."""
        write_whole(path, json.dumps(self.document(), indent=2) + "\n")


def read(path: Path) -> dict[str, Any] | None:
    """Return the content of a stack file, ``None`` when there is no readable one."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
