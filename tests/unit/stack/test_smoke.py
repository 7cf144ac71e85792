from __future__ import annotations

from pathlib import Path

import yaml

from stack.smoke import REQUESTS

ROOT = Path(__file__).parents[3]


class Loader(yaml.SafeLoader):
    """Reads a template as it is written; what the intrinsic functions would give does not matter here."""


Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def test_the_smoke_test_asks_every_route_of_the_template_and_no_other() -> None:
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for resource in template["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    assert routes == set(REQUESTS)
