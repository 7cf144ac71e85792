"""``rastro keys`` as its operator uses it."""

from __future__ import annotations

import json

import pytest

from rastro.model import DAY_MS
from rastro.tracking.signing import SigningKeys
from tests.fakes.world import World
from tests.unit.cli.conftest import Operator


def test_init_makes_keys_that_the_functions_read(operator: Operator) -> None:
    assert operator("keys", "init") == 0
    assert "criadas" in operator.out
    keys = SigningKeys.from_secret(operator.vault.secrets["signing-keys"])
    assert (len(keys.current), keys.previous) == (32, None)


def test_init_leaves_keys_that_are_there(operator: Operator) -> None:
    assert operator.json("keys", "init") == {"created": True}
    made = operator.vault.secrets["signing-keys"]
    assert operator.json("keys", "init") == {"created": False}
    assert operator.vault.secrets["signing-keys"] == made


def test_init_does_not_write_over_what_it_cannot_read(operator: Operator) -> None:
    operator.vault.secrets["signing-keys"] = "{}"
    assert operator("keys", "init") == 1
    assert operator.vault.secrets["signing-keys"] == "{}"


def test_rotate_keeps_the_key_of_now_as_the_previous_one(operator: Operator) -> None:
    operator("keys", "init")
    before = SigningKeys.from_secret(operator.vault.secrets["signing-keys"])
    assert operator("keys", "rotate") == 0
    after = SigningKeys.from_secret(operator.vault.secrets["signing-keys"])
    assert after.previous == before.current
    assert json.loads(operator.vault.secrets["signing-keys"])["current"] not in operator.out


@pytest.mark.parametrize(("days", "options", "code"), [(6, (), 2), (8, (), 0), (6, ("--force",), 0)])
def test_rotate_waits_until_no_link_of_the_oldest_key_is_in_use(
    operator: Operator, world: World, days: int, options: tuple[str, ...], code: int
) -> None:
    operator("keys", "init")
    operator("keys", "rotate")
    kept = operator.vault.secrets["signing-keys"]
    world.now_ms += days * DAY_MS
    assert operator("keys", "rotate", *options) == code
    assert (operator.vault.secrets["signing-keys"] == kept) is (code != 0)


def test_rotate_without_keys_says_how_they_are_made(operator: Operator) -> None:
    assert operator("keys", "rotate") == 3
    assert "rastro keys init --profile local" in operator.err
