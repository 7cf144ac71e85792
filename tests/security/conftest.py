"""A tour of the deployed template: journeys over HTTP, with everything written down that the functions do and say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from stack.deploy import STACK_NAME
from stack.progress import Silent
from stack.seed import STAGE
from tests.scenarios.journeys import JOURNEYS
from tests.scenarios.matrix import funnels_of, play_all
from tests.scenarios.stage import Stage, own_stage
from tests.security.afterwards import AFTERWARDS, Afterwards
from tests.security.recording import Call, Recording, logged, recorded

LOG_DELAY_SECONDS = 3


@dataclass(frozen=True, kw_only=True)
class Tour:
    """What was done and said."""

    calls: frozenset[Call]
    logical_ids: Mapping[str, str]
    """Of the functions, tables and queues, by their physical names."""
    functions: Mapping[str, str]
    """Logical ids by the short names."""
    logs: Sequence[str]
    queued: Sequence[str]
    secrets: Mapping[str, str]
    people: Mapping[str, str]
    """What the records know of people, by what it is."""
    requests_to_graph: str
    broke: Sequence[str]


@pytest.fixture(scope="session")
def tour() -> Iterator[Tour]:
    """Play the journeys, and afterwards what no journey has."""
    journeys = list(enumerate((*JOURNEYS, AFTERWARDS)))
    with own_stage(Silent(), funnels_of(journeys)) as stage, recorded(stage.stack, stage.throttle) as recording:
        outcomes = play_all(stage, journeys[:-1])
        Afterwards(stage, number=len(JOURNEYS)).play()
        time.sleep(LOG_DELAY_SECONDS)
        yield _tour(stage, recording, [outcome.broke for outcome in outcomes.values() if outcome.broke is not None])


def _tour(stage: Stage, recording: Recording, broke: Sequence[str]) -> Tour:
    stack = stage.stack
    resources = stack.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    logical = {each["PhysicalResourceId"].rpartition("/")[2]: each["LogicalResourceId"] for each in resources}
    return Tour(
        calls=frozenset(recording.calls),
        logical_ids=logical,
        functions={name: logical[function] for name, function in stack.functions.items()},
        logs=logged(stack),
        queued=tuple(recording.queued),
        secrets=_secrets(stage),
        people=_people(stage),
        requests_to_graph=json.dumps([{**each, "body": None} for each in stage.lab.call("GET", "graph/requests")]),
        broke=broke,
    )


def _secrets(stage: Stage) -> Mapping[str, str]:
    """Return every text of the parameter store that is long enough to be a secret."""
    pages = stage.stack.client("ssm").get_paginator("get_parameters_by_path")
    found: dict[str, str] = {}
    for page in pages.paginate(Path=f"/rastro/{STAGE}", Recursive=True, WithDecryption=True):
        for parameter in page["Parameters"]:
            for name, value in _texts(parameter["Value"]):
                if len(value) >= 12 and not value.startswith("http"):
                    found[f"{parameter['Name']} {name}"] = value
    return found


def _texts(value: str) -> Iterator[tuple[str, str]]:
    try:
        document: Any = json.loads(value)
    except ValueError:
        document = value
    if isinstance(document, dict):
        yield from ((name, str(text)) for name, text in document.items() if "id" not in name and text)
    else:
        yield "", value


def _people(stage: Stage) -> Mapping[str, str]:
    """Return what the tables hold of people that is long enough to be told from anything else."""
    dynamodb = stage.stack.client("dynamodb")
    names = (
        "chat_id",
        "visitor_id",
        "fbclid",
        "fbp",
        "fbc",
        "click_ip",
        "click_user_agent",
        "tracking_token",
        "first_name",
        "username",
    )
    found: dict[str, str] = {}
    for table in ("bot_user", "click", "payment"):
        for page in dynamodb.get_paginator("scan").paginate(TableName=stage.stack.tables[table]):
            for item in page["Items"]:
                for name in names:
                    value = item.get(name, {}).get("S", "")
                    if len(value) >= 8:
                        found[f"{name} {value}"] = value
    return found
