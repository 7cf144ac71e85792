"""A whole campaign, right and wrong: no secret and no person in any log, metric, answer or error, and no secret in the queue."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.contracts.providers import providers
from tests.security.emitting import Deployment
from tests.security.known import PEOPLE, SECRETS, found_in

FOR_META = {"IP address", "user agent", "fbclid", "fbp"}
"""What Meta matches a browser by and takes in clear: an event on the queue is as it goes out."""
IN_A_LOST_CLICK = FOR_META | {"visitor id"}
"""A click that its table refused is on the queue whole, until it is restored."""


def _unavailable(store: str) -> Callable[[Deployment], None]:
    return lambda deployment: setattr(getattr(deployment.world, store), "unavailable", True)


def _telegram(status: int, description: str) -> Callable[[Deployment], None]:
    def refuse(deployment: Deployment) -> None:
        deployment.telegram.status = status
        deployment.telegram.answer = {"ok": False, "error_code": status, "description": description}

    return refuse


def _graph(status: int, code: int) -> Callable[[Deployment], None]:
    said = f"Invalid: {PEOPLE['fbclid']} {PEOPLE['IP address']} {SECRETS['pixel token']}"

    def refuse(deployment: Deployment) -> None:
        deployment.graph.status = status
        deployment.graph.answer = {"error": {"code": code, "message": said, "fbtrace_id": "T1", "error_user_msg": said}}

    return refuse


def _no_secret(name: str) -> Callable[[Deployment], None]:
    return lambda deployment: deployment.secrets.secrets.update({name: "não é JSON"})


FAULTS: dict[str, Callable[[Deployment], None]] = {
    "none": lambda _deployment: None,
    **{
        f"{store} unavailable": _unavailable(store) for store in ("clicks", "bot_users", "payments", "ledger", "funnels", "inbox")
    },
    "the queue refuses": _unavailable("queue"),
    "the parameter store is unavailable": lambda deployment: setattr(deployment.secrets, "unavailable", True),
    "the signing keys are broken": _no_secret("signing-keys"),
    "Telegram blocks": _telegram(403, "Forbidden: bot was blocked by the user"),
    "Telegram quotes": _telegram(
        400, f"Bad Request: button URL '{SECRETS['bot token']}?u=abc' \"{PEOPLE['first name']}\" is invalid"
    ),
    "Telegram asks to wait": _telegram(429, "Too Many Requests: retry after 30"),
    "Telegram is unreachable": lambda deployment: setattr(deployment.telegram, "broken", True),
    "Graph quotes": _graph(400, 100),
    "Graph refuses the token": _graph(401, 190),
    "Graph fails": _graph(500, 2),
    "Graph is unreachable": lambda deployment: setattr(deployment.graph, "broken", True),
    "the provider fails": lambda deployment: setattr(deployment.market.api, "fault", 500),
    "the provider refuses": lambda deployment: setattr(deployment.market.api, "fault", 422),
    "the provider is unreachable": lambda deployment: setattr(deployment.market.api, "fault", 0),
}
"""What may go wrong, each in the words of whoever fails."""


def check(deployment: Deployment, metrics: str) -> None:
    """Look through everything that was emitted."""
    everyone = {**SECRETS, **PEOPLE}
    tokens = {f"start token {number}": token for number, token in enumerate(deployment.world.clicks.clicks)}
    assert found_in(deployment.emitted.logs.getvalue(), everyone | tokens, hashes=True) == []
    assert found_in(metrics, everyone | tokens, hashes=True) == []
    errors = [answer for answer in deployment.emitted.answers if "application/json" in answer]
    assert found_in("\n".join(errors), everyone) == []
    for message in deployment.emitted.queue:
        allowed = IN_A_LOST_CLICK if json.loads(message)["kind"] == "lost_click" else FOR_META
        assert set(found_in(message, everyone)) <= allowed
    assert found_in(" ".join(deployment.graph.urls), everyone) == [], "Meta's token goes in no address"


@pytest.mark.parametrize("provider", providers())
def test_a_sale_tells_nobody_of_its_person(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = Deployment(provider)
    deployment.journey()
    assert len(deployment.market.purchases) == 2, "the journey was a sale"
    assert {row.status for row in deployment.market.purchases} == {"accepted"}
    assert deployment.emitted.logs.getvalue().count('"level"') > 4
    check(deployment, capsys.readouterr().out)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sale_that_goes_wrong_tells_nobody_of_its_person(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = Deployment("openpix")
    FAULTS[fault](deployment)
    deployment.journey()
    check(deployment, capsys.readouterr().out)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sale_that_goes_wrong_half_way_tells_nobody_of_its_person(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = Deployment("mercadopago")
    deployment.journey()
    FAULTS[fault](deployment)
    deployment.journey()
    check(deployment, capsys.readouterr().out)


def test_the_test_would_find_each_of_them() -> None:
    everyone = {**SECRETS, **PEOPLE}
    for name, value in everyone.items():
        assert name in found_in(f'{{"a": {json.dumps(value)}}}', everyone)
    assert "fbclid" in found_in(f"fbc=fb.1.1.{PEOPLE['fbclid'].upper()}", everyone)


def test_what_we_keep_of_a_person_has_no_clear_payer_and_no_text_of_theirs() -> None:
    for provider in providers():
        deployment = Deployment(provider)
        deployment.journey()
        world = deployment.world
        kept = repr(
            (world.payments.payments, world.bot_users.bot_users, world.ledger.rows, world.inbox.kept, world.clicks.clicks)
        )
        never = ("payer name", "payer CPF", "chat text")
        assert found_in(kept, {name: PEOPLE[name] for name in never}) == [], provider
        assert found_in(kept, SECRETS) == [], provider
