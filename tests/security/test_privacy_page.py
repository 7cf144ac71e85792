"""The page on privacy decides on every field, and says how long each record is kept as the code and the template have it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rastro.model import DAY_MS, Attribution, BotUser, Campaign, Click, Payment, Session
from rastro.sales.erasure import BACKUP_LIFETIME_MS, DEAD_LETTER_LIFETIME_MS, RULES, STREAM_LIFETIME_MS, Place
from rastro.stores import keys
from rastro.tracking.visitor import COOKIE_MAX_AGE_SECONDS
from tests.template.cloudformation import read

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "privacy.md").read_text(encoding="utf-8")
FOR_SELLERS = (DOCS / "privacidade.md").read_text(encoding="utf-8")
PERSONAL, _, OTHERS = PAGE.partition("| not personal by themselves |")


def named(part: str) -> set[str]:
    """Return the names of fields in the tables of a part of the page."""
    return set(re.findall(r"`([a-z_]+)`", part.partition("\n## How long")[0]))


def lines() -> dict[str, str]:
    """Return the page's lifetimes by record."""
    section = PAGE.partition("\n## How long\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, flags=re.MULTILINE))


@pytest.mark.parametrize("kind", [Click, BotUser, Session, Payment, Attribution, Campaign])
def test_of_every_field_it_is_decided_whether_it_is_personal(kind: type) -> None:
    names = {field.name for field in fields(kind)} - {"campaign", "attribution"}
    assert names - named(PERSONAL) - named(OTHERS) == set()
    assert names & named(PERSONAL) & named(OTHERS) == set()


def test_whatever_is_personal_on_a_sale_or_a_click_goes_with_an_erasure() -> None:
    known = {field.name for kind in (Click, Payment, Attribution) for field in fields(kind)}
    stays_by_law, stays_as_the_clicks = {"end_to_end_id"}, {"tracking_token"}
    erased = {name for rule in RULES.values() for name in rule.fields}
    assert named(PERSONAL) & known - erased == stays_by_law | stays_as_the_clicks


@pytest.mark.parametrize(
    ("record", "lifetime_ms"),
    [
        ("click", keys.CLICK_LIFETIME_MS),
        ("event of a Purchase", keys.PURCHASE_LIFETIME_MS),
        ("another event that was parked or refused", keys.FUNNEL_EVENT_LIFETIME_MS),
        ("notice about no charge of ours (holds nobody)", keys.NOTICE_LIFETIME_MS),
        ("a person's turn (numbers of updates)", keys.TURN_LIFETIME_MS),
        ("backup of a table (point-in-time recovery)", BACKUP_LIFETIME_MS),
    ],
)
def test_a_record_is_kept_as_long_as_the_page_says(record: str, lifetime_ms: int) -> None:
    assert lines()[record] == f"{lifetime_ms // DAY_MS} days"


def test_what_the_template_keeps_is_kept_as_long_as_the_page_says() -> None:
    template = read()
    queues = template.of_type("AWS::SQS::Queue")
    days = [int(queues[name]["MessageRetentionPeriod"]) // 86_400 for name in ("CapiQueue", "CapiDeadLetterQueue")]
    assert lines()["message on a queue; dead letter"] == "{} days; {} days".format(*days)
    assert max(int(queue["MessageRetentionPeriod"]) * 1000 for queue in queues.values()) <= DEAD_LETTER_LIFETIME_MS
    cache_days = int(template.parameters["ClickCacheTtlSeconds"]["Default"]) // 86_400
    assert lines()["cache"] == f"`ClickCacheTtlSeconds`, {cache_days} days"
    assert lines()["stream of a table"] == f"{STREAM_LIFETIME_MS // 3_600_000} hours"
    assert f"`LogRetentionDays` ({template.parameters['LogRetentionDays']['Default']})" in PAGE


def test_the_cookies_live_as_long_as_the_pages_say() -> None:
    assert PAGE.count(f", {COOKIE_MAX_AGE_SECONDS // 86_400} days)") == 3
    assert f"por {COOKIE_MAX_AGE_SECONDS // 86_400} dias" in FOR_SELLERS


def test_sellers_read_the_same_lifetimes() -> None:
    assert f"{keys.CLICK_LIFETIME_MS // DAY_MS} dias no clique" in FOR_SELLERS
    assert f"{BACKUP_LIFETIME_MS // DAY_MS} dias" in FOR_SELLERS


def test_everything_that_is_encrypted_is_encrypted() -> None:
    template = read()
    tables, queues = template.of_type("AWS::DynamoDB::Table"), template.of_type("AWS::SQS::Queue")
    assert all(table["SSESpecification"] == {"SSEEnabled": True} for table in tables.values())
    assert all(queue.get("SqsManagedSseEnabled") is True for queue in queues.values())


def test_a_place_that_holds_people_is_erased_or_ends_by_itself() -> None:
    assert set(Place) - set(RULES) == {Place.STREAMS, Place.QUEUES, Place.BACKUPS}
