"""What each function is invoked with, and what it has to answer although no other service can be reached."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One invocation."""

    function: str
    """The logical id in the template."""
    event: str
    """The file in events/."""
    meaning: str
    """What the answer shows, for people."""
    expected: Mapping[str, object]
    """What the answer has to contain; a pattern has to match whole, and a field that is not named may be anything."""


CASES = (
    Case(
        "RedirectFunction",
        "redirect.json",
        "an ad click passes with a signed token, though cache, record and queue are down",
        {"statusCode": 302, "headers": {"location": re.compile(r"https://t\.me/rastro_demo_bot\?start=[A-Za-z0-9_-]{44}")}},
    ),
    Case(
        "TelegramWebhookFunction",
        "telegram_webhook.json",
        "an update with a wrong secret is refused",
        {"statusCode": 401},
    ),
    Case(
        "PaymentWebhookFunction",
        "payment_webhook.json",
        "a PIX notice with a wrong signature is refused",
        {"statusCode": 401},
    ),
    Case(
        "OutboxFunction",
        "outbox.json",
        "a click whose event the queue did not take is given back to the stream",
        {"batchItemFailures": [{"itemIdentifier": "100000000000000000002"}]},
    ),
    Case(
        "RollupFunction",
        "rollup.json",
        "people whose funnel cannot be read are given back to the stream",
        {"batchItemFailures": [{"itemIdentifier": "100000000000000000001"}]},
    ),
    Case(
        "CapiSenderFunction",
        "capi_sender.json",
        "a lost click that its table still refuses, and a message that is none of ours, come again",
        {
            "batchItemFailures": [
                {"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"},
                {"itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da"},
            ]
        },
    ),
    Case(
        "ReconcilerFunction",
        "reconciler.json",
        "a scheduled run says that its records are out of reach",
        {"unavailable": True},
    ),
)


def fault(case: Case, printed: str) -> str | None:
    """Return what is wrong with what ``sam local invoke`` printed, or ``None``.

    SAM CLI ends with exit code 0 when the handler raised (then it prints the error as JSON) and when it timed out (then it
    prints nothing), so what it printed is all there is to judge.
    """
    if not printed.strip():
        return "no answer: it timed out, or never started"
    try:
        answer = json.loads(printed)
    except json.JSONDecodeError:
        return f"no JSON: {printed.strip()[:200]}"
    if not _contains(answer, case.expected):
        return f"expected {dict(case.expected)}, got {printed.strip()[:300]}"
    return None


def _contains(answer: object, expected: object) -> bool:
    if isinstance(expected, Mapping):
        return isinstance(answer, Mapping) and all(
            name in answer and _contains(answer[name], value) for name, value in expected.items()
        )
    if isinstance(expected, re.Pattern):
        return isinstance(answer, str) and expected.fullmatch(answer) is not None
    return answer == expected
