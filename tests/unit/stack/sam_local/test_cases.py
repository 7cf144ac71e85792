from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stack.sam_local.cases import CASES, Case, fault

ROOT = Path(__file__).parents[4]
REFUSED = Case("TelegramWebhookFunction", "telegram_webhook.json", "refused", {"statusCode": 401})


@pytest.mark.parametrize(
    ("printed", "wrong"),
    [
        ('{"statusCode": 401, "headers": {}, "body": "…"}\n', None),
        ("", "no answer"),
        ("\n", "no answer"),
        ("Traceback (most recent call last):", "no JSON"),
        ('{"errorMessage": "boom", "errorType": "KeyError"}', "expected"),
        ('{"statusCode": 500}', "expected"),
        ('"401"', "expected"),
    ],
)
def test_only_the_printed_answer_counts(printed: str, wrong: str | None) -> None:
    found = fault(REFUSED, printed)
    assert found is None if wrong is None else (found or "").startswith(wrong)


def test_an_answer_is_compared_in_depth_and_may_say_more() -> None:
    case = Case("F", "f.json", "", {"headers": {"location": "a"}})
    assert fault(case, '{"headers": {"location": "a", "b": "c"}, "statusCode": 302}') is None
    assert fault(case, '{"headers": {"location": "b"}}') is not None


def test_a_pattern_has_to_match_the_whole_value() -> None:
    case = Case("F", "f.json", "", {"location": re.compile("https://t.me/[a-z]+")})
    assert fault(case, '{"location": "https://t.me/bot"}') is None
    assert fault(case, '{"location": "https://t.me/bot?start="}') is not None
    assert fault(case, '{"location": 1}') is not None


def test_every_case_has_its_event_and_every_event_its_case() -> None:
    assert {case.event for case in CASES} == {file.name for file in (ROOT / "events").iterdir()}
    for case in CASES:
        json.loads((ROOT / "events" / case.event).read_text(encoding="utf-8"))


def test_every_function_has_its_case_and_its_environment() -> None:
    environment = json.loads((ROOT / "env.local.json").read_text(encoding="utf-8"))
    assert {case.function for case in CASES} == set(environment) - {"Parameters"}
