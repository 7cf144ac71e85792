from __future__ import annotations

import json

from stack.function_logs import error_of, readable

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "app.py", line 12, in lambda_handler',
    "ValueError: boom",
    '{"level":"INFO","message":"said before"}',
]


def test_the_traceback_of_a_structured_line_is_written_out_below_it() -> None:
    line = json.dumps({"level": "ERROR", "message": "redirect_failed_open", "exception": "Traceback …\nValueError: boom"})
    assert readable(line) == f"{line}\nTraceback …\nValueError: boom"
    assert readable("plain") == "plain"
    assert readable("{not json") == "{not json"


def test_an_error_is_told_in_one_line() -> None:
    line = {"level": "ERROR", "message": "notice_not_handled", "exception": "Traceback …\nStoreUnavailable: get"}
    assert error_of([json.dumps(line)]) == "notice_not_handled (StoreUnavailable: get)"
    assert error_of([json.dumps({"level": "ERROR", "message": "amount_differs"})]) == "amount_differs"


def test_an_exception_that_nobody_caught_is_told_by_its_last_line() -> None:
    assert error_of(TRACEBACK) == "ValueError: boom"


def test_what_is_no_error_is_not_told() -> None:
    assert error_of([json.dumps({"level": "WARNING", "message": "notice_refused"}), "{", "ok"]) is None
