"""The table of what Graph answers, and what each answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rastro.meta.answer import (
    BLOCKED_SECONDS,
    THROTTLED_SECONDS,
    Action,
    GraphAnswer,
    TransportFailure,
    Verdict,
    judge,
)


def accepted(received: object = 1, **headers: str) -> GraphAnswer:
    body = {"events_received": received, "messages": [], "fbtrace_id": "Atrace"}
    return GraphAnswer(status=200, headers=headers, body=json.dumps(body).encode())


def refused(code: object, subcode: int | None = None, *, status: int = 400, headers: Any = None, **more: Any) -> GraphAnswer:
    error = {"message": "Não", "type": "OAuthException", "code": code, "fbtrace_id": "Atrace", "is_transient": False} | more
    if subcode is not None:
        error["error_subcode"] = subcode
    return GraphAnswer(status=status, headers=headers or {}, body=json.dumps({"error": error}).encode())


def usage(minutes: float, call_count: float = 100) -> dict[str, str]:
    entry = {"type": "ads_management", "call_count": call_count, "estimated_time_to_regain_access": minutes}
    return {"x-business-use-case-usage": json.dumps({"123": [entry]})}


def test_events_are_accepted_when_graph_received_all_of_them() -> None:
    assert judge(accepted(3), 3) == Verdict(action=Action.ACCEPT, fbtrace_id="Atrace")


@pytest.mark.parametrize(
    ("code", "subcode", "status", "action"),
    [
        (1, None, 500, Action.RETRY),
        (2, None, 503, Action.RETRY),
        (1, 99, 400, Action.RETRY),
        (4, 1504022, 400, Action.RETRY_SLOWLY),
        (17, 2446079, 400, Action.RETRY_SLOWLY),
        (32, None, 400, Action.RETRY_SLOWLY),
        (341, None, 400, Action.RETRY_SLOWLY),
        (613, 1487742, 400, Action.RETRY_SLOWLY),
        (80000, None, 400, Action.RETRY_SLOWLY),
        (80004, 2446079, 400, Action.RETRY_SLOWLY),
        (80014, None, 400, Action.RETRY_SLOWLY),
        (368, None, 400, Action.RETRY_SLOWLY),
        (100, 33, 400, Action.PARK),
        (190, 460, 401, Action.PARK),
        (190, None, 400, Action.PARK),
        (102, None, 400, Action.PARK),
        (104, None, 400, Action.PARK),
        (3, None, 400, Action.PARK),
        (10, None, 403, Action.PARK),
        (200, None, 403, Action.PARK),
        (299, None, 403, Action.PARK),
        (294, None, 403, Action.PARK),
        (100, 2804003, 400, Action.REJECT),
        (100, 2804009, 400, Action.REJECT),
        (100, 2804050, 400, Action.REJECT),
        (100, None, 400, Action.REJECT),
        (803, None, 404, Action.REJECT),
        (12345, None, 400, Action.REJECT),
        (12345, None, 500, Action.RETRY),
        ("100", None, 400, Action.RETRY),
        (None, None, 400, Action.RETRY),
        (100, None, 429, Action.RETRY),
    ],
)
def test_error_is_judged_by_its_code(code: object, subcode: int | None, status: int, action: Action) -> None:
    verdict = judge(refused(code, subcode, status=status), 1)

    assert verdict.action is action
    assert not verdict.doubtful
    assert verdict.fbtrace_id == "Atrace"
    assert (verdict.code, verdict.subcode) == (code if isinstance(code, int) else None, subcode)


def test_transient_error_is_retried_whatever_its_code() -> None:
    assert judge(refused(100, 2804003, is_transient=True), 1).action is Action.RETRY


def test_an_invalid_event_among_several_has_them_split() -> None:
    assert judge(refused(100, 2804050), 2).action is Action.SPLIT


def test_an_unknown_pixel_is_no_reason_to_look_for_the_bad_event() -> None:
    assert judge(refused(803), 2).action is Action.REJECT


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused(80004, headers=usage(7)), 420),
        (refused(80004, headers=usage(0)), THROTTLED_SECONDS),
        (refused(80004, headers={"x-business-use-case-usage": "nonsense"}), THROTTLED_SECONDS),
        (refused(80004, headers=usage(10**9)), 6 * 3600),
        (refused(80004, headers=usage(-1)), THROTTLED_SECONDS),
        (refused(4), THROTTLED_SECONDS),
        (refused(368), BLOCKED_SECONDS),
    ],
)
def test_throttling_asks_for_its_wait(answer: GraphAnswer, seconds: int) -> None:
    assert judge(answer, 1).wait_seconds == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        (usage(0, call_count=50), 0),
        (usage(0, call_count=96), THROTTLED_SECONDS),
        (usage(2, call_count=96), 120),
        ({"x-app-usage": json.dumps({"call_count": 97, "total_time": 3})}, THROTTLED_SECONDS),
        ({"x-ad-account-usage": json.dumps({"acc_id_util_pct": 95.5})}, THROTTLED_SECONDS),
        ({"x-app-usage": "[1, 2]"}, 0),
    ],
)
def test_accepted_events_near_a_limit_ask_for_a_pause(headers: dict[str, str], seconds: int) -> None:
    verdict = judge(accepted(1, **headers), 1)

    assert (verdict.action, verdict.wait_seconds) == (Action.ACCEPT, seconds)


@pytest.mark.parametrize(
    ("outcome", "doubtful"),
    [
        (TransportFailure.NOT_SENT, False),
        (TransportFailure.NO_ANSWER, True),
        (GraphAnswer(status=502, body=b"<html>Bad Gateway</html>"), True),
        (GraphAnswer(status=200, body=b""), True),
        (GraphAnswer(status=200, body=b"{}"), True),
        (GraphAnswer(status=200, body=b"[]"), True),
        (GraphAnswer(status=200, body=b"[" * 100_000), True),
        (GraphAnswer(status=200, body=b"\xff\xfe"), True),
        (GraphAnswer(status=302), True),
        (accepted(2), True),
        (accepted("1"), True),
        (accepted(received=True), True),
        (GraphAnswer(status=429, body=b"slow down"), False),
        (GraphAnswer(status=403, body=b"<html>"), False),
    ],
)
def test_what_is_not_graphs_own_word_is_retried(outcome: GraphAnswer | TransportFailure, doubtful: bool) -> None:  # noqa: FBT001
    assert judge(outcome, 1) == Verdict(action=Action.RETRY, doubtful=doubtful)


def test_a_request_too_large_is_split() -> None:
    assert judge(GraphAnswer(status=413, body=b"<html>"), 2).action is Action.SPLIT
