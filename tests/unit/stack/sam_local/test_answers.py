from __future__ import annotations

import json
from pathlib import Path

from rastro.stores.items import funnel_of
from rastro.stores.wire import decode_item
from rastro.tracking.signing import SigningKeys
from stack.sam_local.answers import FUNNEL, demo_answers

ENVIRONMENT = json.loads((Path(__file__).parents[4] / "env.local.json").read_text(encoding="utf-8"))


def test_the_funnel_reads_back_as_the_funnel_store_reads_it() -> None:
    items = demo_answers(ENVIRONMENT)["items"]
    (funnel,) = items[ENVIRONMENT["RedirectFunction"]["FUNNEL_TABLE"]].values()
    assert funnel_of(decode_item(funnel)) == FUNNEL


def test_the_signing_keys_are_keys() -> None:
    parameters = demo_answers(ENVIRONMENT)["parameters"]
    SigningKeys.from_secret(parameters["/rastro/local/signing-keys"])
