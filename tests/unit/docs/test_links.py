"""Every page is reached, and every link leads somewhere: without building the site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.docs.pages import DOCS, PAGES, READMES, anchors, links, name, navigation

DECISIONS = DOCS / "adr"


def test_every_page_is_in_the_navigation_once_and_every_decision_in_their_list() -> None:
    decisions = {page for page in PAGES if page.parent == DECISIONS and page.name != "README.md"}
    listed = {DECISIONS / path for path, _ in links(DECISIONS / "README.md")}

    assert sorted(navigation()) == sorted(page.relative_to(DOCS).as_posix() for page in set(PAGES) - decisions)
    assert {name(page) for page in decisions - listed} == set()


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}")

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_of_the_site_links_out_of_it(page: Path) -> None:
    outside = [path for path, _ in links(page) if path and not (page.parent / path).resolve().is_relative_to(DOCS)]

    assert outside == []


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name)
def test_no_page_tells_of_a_machine_that_made_it(page: Path) -> None:
    assert re.findall(r"/(?:root|tmp/|work/)\S*", page.read_text(encoding="utf-8")) == []
