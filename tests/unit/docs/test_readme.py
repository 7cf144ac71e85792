"""The two READMEs say the same, each in its language."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.template.cloudformation import ROOT
from tests.unit.docs.pages import headings, links

ENGLISH, PORTUGUESE = ROOT / "README.md", ROOT / "README.pt-BR.md"
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)\b")


def code(readme: Path) -> list[str]:
    """Return the blocks of code of a README; comments and drawings are in its language, and left out."""
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", readme.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [re.sub(r"\s+# .*$", "", block, flags=re.MULTILINE) for language, block in blocks if language != "mermaid"]


def test_they_have_the_same_sections() -> None:
    levels = [[line.split(" ")[0] for line in headings(readme)] for readme in (ENGLISH, PORTUGUESE)]

    assert levels[0] == levels[1]


def test_they_show_the_same_code() -> None:
    assert code(ENGLISH) == code(PORTUGUESE)


def test_they_show_the_same_pictures_and_tables() -> None:
    shown = [
        [re.findall(r"docs/images/[\w.-]+", text), sum(line.startswith("|--") for line in text.splitlines())]
        for text in (readme.read_text(encoding="utf-8") for readme in (ENGLISH, PORTUGUESE))
    ]

    assert shown[0] == shown[1]


def test_they_link_to_the_same_pages() -> None:
    targets = [{path for path, _ in links(readme)} - {"README.md", "README.pt-BR.md"} for readme in (ENGLISH, PORTUGUESE)]
    in_both_languages = {"docs/guia/problemas.md", "docs/troubleshooting.md", "docs/privacidade.md", "docs/privacy.md"}

    assert targets[0] - in_both_languages == targets[1] - in_both_languages


def test_they_show_the_two_commands_before_anything_else_is_explained() -> None:
    for readme in (ENGLISH, PORTUGUESE):
        text = readme.read_text(encoding="utf-8")
        first = text.split("\n## ")[1]

        assert "make demo" in first
        assert "make dev" in first


def test_every_make_target_that_they_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {target for readme in (ENGLISH, PORTUGUESE) for target in MAKE.findall(readme.read_text(encoding="utf-8"))}

    assert {target for target in named if target not in targets} - {"and", "e", "alone", "sozinho"} == set()


def test_what_they_say_was_measured_is_what_was_measured() -> None:
    results = ROOT / "bench" / "results"

    def figures(name: str) -> dict[str, float]:
        document: dict[str, dict[str, float]] = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
        return document["figures"]

    scenarios, campaign = figures("scenarios"), figures("campaign")
    assert scenarios["journeys"] > 50
    assert (scenarios["with_evidence_linked_share"], scenarios["invented_or_foreign"]) == (1.0, 0)
    assert (campaign["purchases"], campaign["accepted"]) == (10_000, campaign["valid"])
    assert (campaign["lost"], campaign["doubled_unrecorded"]) == (0, 0)
    chaos = figures("chaos")
    assert chaos["faults"] > 80
    assert (chaos["lost"], chaos["doubled"]) == (0, 0)
    assert figures("linking")["ratio_1m_to_1k"] < 1.1
    assert figures("report")["seconds_for_1m_clicks"] < 60
