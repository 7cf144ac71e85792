"""What the functions do on the deployed template, held against what it lets them do: nothing more, and hardly anything less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import pytest

from tests.security.conftest import Tour
from tests.security.recording import Call
from tests.template.cloudformation import Template, as_list, read

pytestmark = pytest.mark.integration

_PARAMETERS = "parameter/rastro/${Stage}/"
Grant = tuple[str, str, str]
"""A function, an action, and a resource: a logical id, ``{logical id}/index/*``, or the pattern of a parameter's name."""

FOR_WHAT_NO_JOURNEY_HAS: Mapping[Grant, str] = {
    (
        "ReconcilerFunction",
        "dynamodb:PutItem",
        "InboxTable",
    ): "a provider that is asked may tell of a charge that is none of ours",
    ("ReconcilerFunction", "sqs:DeleteMessage", "AlarmQueue"): "an alarm that rang was told to the operator; here none rings",
    ("ReconcilerFunction", "ssm:GetParameter", "operator/*"): "where the operator is told of it",
    (
        "TelegramWebhookFunction",
        "dynamodb:Query",
        "PaymentTable",
    ): "a provider's answer may name its charge without our payment id",
    ("TelegramWebhookFunction", "dynamodb:Query", "PaymentTable/index/*"): "the same, by the index of charges",
}
"""What is granted and not done on the tour, with the reason why it is granted all the same."""

AS_TIME_HAS_IT: Mapping[Grant, str] = {
    ("PaymentWebhookFunction", "dynamodb:UpdateItem", "ClickTable"): "a click that comes back only now is claimed for its person",
    ("ReconcilerFunction", "dynamodb:UpdateItem", "ClickTable"): "the same, when the sale was held for it",
}
"""What is done on some tours: which function is the first to read a click that its table had refused is a matter of seconds."""


def grants(template: Template) -> Iterator[Grant]:
    """Yield everything that the statements of the template allow."""
    for function in template.functions:
        for statement in template.statements(function):
            for resource in as_list(statement["Resource"]):
                name = _resource(resource)
                for action in as_list(statement["Action"]):
                    if not name.endswith("/index/*") or action == "dynamodb:Query":
                        yield function, action, name


def _resource(resource: Mapping[str, object]) -> str:
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)} if _PARAMETERS in text:
            return text.partition(_PARAMETERS)[2]
        case {"Fn::Sub": str(text)}:
            return text.removeprefix("${").replace(".Arn}", "")
    raise AssertionError(f"an unknown resource: {resource}")


def needed(call: Call, tour: Tour) -> Grant:
    """Return a call as the grant that it needs."""
    if call.action.startswith("ssm:"):
        return tour.functions[call.function], call.action, call.resource.split("/", 3)[3]
    name, slash, index = call.resource.partition("/")
    return tour.functions[call.function], call.action, tour.logical_ids[name] + slash + index


def covers(grant: Grant, need: Grant) -> bool:
    """Say whether a grant allows what is needed."""
    return grant[:2] == need[:2] and fnmatchcase(need[2], grant[2])


@pytest.fixture(scope="module")
def granted() -> list[Grant]:
    return list(grants(read()))


def test_the_tour_went_through(tour: Tour) -> None:
    assert tour.broke == []
    assert {call.function for call in tour.calls} == set(tour.functions)


def test_nothing_is_done_that_is_not_granted(tour: Tour, granted: list[Grant]) -> None:
    needs = {needed(call, tour) for call in tour.calls}
    assert sorted(need for need in needs if not any(covers(grant, need) for grant in granted)) == []


def test_nothing_is_granted_that_is_never_done(tour: Tour, granted: list[Grant]) -> None:
    needs = {needed(call, tour) for call in tour.calls}
    unused = {grant for grant in granted if not any(covers(grant, need) for need in needs)}
    # A query goes to an index, and is granted in one statement with its table.
    unused -= {grant for grant in granted if (*grant[:2], f"{grant[2]}/index/*") in set(granted) - unused}
    assert sorted(unused - set(FOR_WHAT_NO_JOURNEY_HAS) - set(AS_TIME_HAS_IT)) == []


def test_every_exception_is_granted_and_was_not_needed(tour: Tour, granted: list[Grant]) -> None:
    needs = {needed(call, tour) for call in tour.calls}
    assert sorted({*FOR_WHAT_NO_JOURNEY_HAS, *AS_TIME_HAS_IT} - set(granted)) == []
    assert [grant for grant in FOR_WHAT_NO_JOURNEY_HAS if any(covers(grant, need) for need in needs)] == []
