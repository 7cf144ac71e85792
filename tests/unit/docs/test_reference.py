"""The reference pages are complete and true."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

import pytest

from rastro import model
from tests.template.cloudformation import ROOT, read
from tests.template.test_functions import FUNCTIONS
from tests.unit.docs.pages import DOCS

TABLES = (DOCS / "reference" / "tables.md").read_text(encoding="utf-8")
ROUTES = (DOCS / "reference" / "routes.md").read_text(encoding="utf-8")
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
FUNNEL = (DOCS / "reference" / "funnel.md").read_text(encoding="utf-8")
NESTED = {"campaign": model.Campaign, "attribution": model.Attribution, "event": model.ConversionEvent}


def section(page: str, heading: str) -> str:
    """Return what stands on a page under a heading of the second level."""
    return page.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def attributes(kind: type) -> set[str]:
    """Return the attributes that a record of a kind is stored under."""
    names: set[str] = set()
    for field in fields(kind):
        names |= attributes(NESTED[field.name]) if field.name in NESTED else {field.name}
    return names


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Click", [model.Click]),
        ("Bot user", [model.BotUser, model.Session]),
        ("Payment", [model.Payment]),
        ("Event: the delivery ledger", [model.LedgerRow, model.SendAttempt]),
        ("Inbox", [model.UnknownNotice]),
        ("Funnel", [model.BotProfile]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_every_stored_attribute_stands_on_the_page_of_tables(heading: str, kinds: list[type]) -> None:
    told = set(re.findall(r"`(\w+)`", section(TABLES, heading)))

    assert {name for kind in kinds for name in attributes(kind)} - told == set()


@pytest.mark.parametrize("kind", [model.Funnel, model.FunnelBot, model.Product, model.Pixel], ids=lambda kind: kind.__name__)
def test_every_attribute_of_a_funnel_stands_on_its_page(kind: type) -> None:
    assert {field.name for field in fields(kind) if not re.search(rf"\b{field.name}\b", FUNNEL)} == set()


def test_every_attribute_of_a_key_stands_under_its_table() -> None:
    told = set(re.findall(r"`(\w+)[`#]", TABLES))
    keyed = {
        attribute["AttributeName"]
        for properties in read().of_type("AWS::DynamoDB::Table").values()
        for attribute in properties["AttributeDefinitions"]
    }

    assert keyed - told == set()


@pytest.mark.parametrize(
    "enum", [model.PaymentStatus, model.PurchaseState, model.DeliveryState, model.LedgerStatus, model.StartPayload]
)
def test_every_state_of_a_record_stands_on_the_page_of_tables(enum: type[StrEnum]) -> None:
    assert {each.value for each in enum} - set(re.findall(r"`(\w+)`", TABLES)) == set()


def test_every_change_of_state_is_between_states_that_there_are() -> None:
    for heading, enum in (("The life of a payment", model.PaymentStatus), ("The delivery ledger", model.LedgerStatus)):
        drawing = section(ARCHITECTURE, heading)
        drawn = set(re.findall(r"^ +(\w+) -->", drawing, flags=re.MULTILINE)) | set(re.findall(r"--> (\w+):", drawing))

        assert drawn == {each.value for each in enum}


@pytest.mark.parametrize("function", ["RedirectFunction", "TelegramWebhookFunction", "PaymentWebhookFunction"])
def test_every_status_that_a_handler_answers_stands_under_its_routes(function: str) -> None:
    routes = [f"{each['Method']} {each['Path']}" for name, _, each in read().events("HttpApi") if name == function]
    told = {
        int(status)
        for route in routes
        for status in re.findall(r"^\| (\d{3}) \|", section(ROUTES, f"`{route}`"), flags=re.MULTILINE)
    }
    handler = ROOT / "functions" / FUNCTIONS[function] / "app.py"

    assert answered(handler) - told == set()
    assert told - answered(handler) == set()


def answered(handler: Path) -> set[int]:
    """Return the HTTP statuses in a handler's source."""
    numbers = (node.value for node in ast.walk(ast.parse(handler.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant))
    return {number for number in numbers if isinstance(number, int) and not isinstance(number, bool) and 200 <= number < 600}


def test_every_room_of_the_tree_stands_in_the_architecture() -> None:
    rooms = section(ARCHITECTURE, "Rooms")
    layer = ROOT / "layers" / "common" / "rastro"
    names = {path.stem for path in layer.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {"__init__"}
    functions = {f"functions/{folder}" for folder in FUNCTIONS.values()}

    assert {name for name in names if not re.search(rf"[`/]{name}`", rooms)} == set()
    assert {name for name in functions if f"`{name}`" not in rooms} == set()


STEPS = re.findall(
    r"^\| \d+ \| `([^`]+\.py)` \| `(\w+)` \|", section(ARCHITECTURE, "A walk through the code"), flags=re.MULTILINE
)


@pytest.mark.parametrize(("file", "name"), STEPS)
def test_the_walk_leads_to_names_that_are_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_walk_goes_from_a_click_to_its_purchase() -> None:
    assert STEPS[0] == ("functions/redirect/app.py", "handle")
    assert len(STEPS) > 30
