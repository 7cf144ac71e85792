"""The page on security says the limits and the routes that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.redirect.app import SEEN_MAX_BYTES
from rastro.gateway import BODY_MAX_BYTES, VALUE_MAX_LENGTH
from rastro.pix.values import TEXT_MAX_LENGTH as NOTICE_TEXT_MAX_LENGTH
from rastro.telegram.updates import DATA_MAX_BYTES, NAME_MAX_LENGTH, TEXT_MAX_LENGTH
from rastro.tracking.fbclid import FBCLID_MAX_LENGTH
from rastro.tracking.passage import PARAMETER_MAX_LENGTH, USER_AGENT_MAX_LENGTH
from rastro.tracking.reference import LIFETIME_MS
from tests.security.licences import shipped
from tests.security.test_outgoing_hosts import WAYS_OUT
from tests.template.test_routes import ROUTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "says",
    [
        f"body of any request | {BODY_MAX_BYTES} bytes",
        f"body of the beacon | {SEEN_MAX_BYTES} bytes",
        f"| {VALUE_MAX_LENGTH} characters (API Gateway",
        f"| {FBCLID_MAX_LENGTH} characters; {PARAMETER_MAX_LENGTH} characters |",
        f"user agent kept | {USER_AGENT_MAX_LENGTH} characters",
        f"| {TEXT_MAX_LENGTH}; {NAME_MAX_LENGTH} characters; {DATA_MAX_BYTES} bytes |",
        f"| {NOTICE_TEXT_MAX_LENGTH} characters; 10^12 cents |",
        f"| {LIFETIME_MS // 3_600_000} hours; worth nothing",
    ],
)
def test_a_limit_is_the_one_that_holds(says: str) -> None:
    assert says in PAGE


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if not route[1].endswith("/pix")])
def test_every_route_says_who_may_call_it(method: str, path: str) -> None:
    assert f"| `{method} {path}` |" in PAGE


def test_the_counts_are_right() -> None:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    assert f"The layer has {words[len(shipped())]} packages of others" in PAGE
    assert f"only {words[len(WAYS_OUT)]} modules of the layer open connections" in PAGE


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+\.py)`", PAGE))))
def test_every_test_that_the_page_names_is_there(name: str) -> None:
    assert (ROOT / "tests" / "security" / name).exists()
