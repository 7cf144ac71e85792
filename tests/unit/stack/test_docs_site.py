"""The documentation's site needs no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.docs_site import SCRIPTS, SHIM, at_home, finish, foreign


@pytest.mark.parametrize(
    ("page", "loads"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', ["https://cdn.example.com/a.js"]),
        ('<link rel="stylesheet" href="https://fonts.example.com/css">', ["https://fonts.example.com/css"]),
        ('<img alt="" src="http://example.com/a.png">', ["http://example.com/a.png"]),
        ('<link rel="canonical" href="https://docs.example.com/">', []),
        ('<a href="https://example.com/">read on</a>', []),
        ('<script src="../assets/a.js"></script><img src="images/a.png">', []),
    ],
)
def test_a_page_is_asked_for_what_it_loads_from_elsewhere_and_not_for_its_links(page: str, loads: list[str]) -> None:
    assert foreign(page) == loads


@pytest.mark.parametrize(("depth", "source"), [(0, "assets/iframe-worker.js"), (1, "../assets/iframe-worker.js")])
def test_a_page_finds_the_script_for_searching_from_its_folder(depth: int, source: str) -> None:
    assert at_home(f'<script src="{SHIM}"></script>', depth) == f'<script src="{source}"></script>'


def test_a_built_site_gets_its_scripts_and_is_complete_by_itself(tmp_path: Path) -> None:
    site, scripts = tmp_path / "site", tmp_path / "scripts"
    (site / "assets").mkdir(parents=True)
    (site / "guia").mkdir()
    for source in SCRIPTS:
        path = scripts / "node_modules" / source
        path.parent.mkdir(parents=True)
        path.write_text("script", encoding="utf-8")
    for page in (site / "index.html", site / "guia" / "index.html"):
        page.write_text(f'<script src="{SHIM}"></script>', encoding="utf-8")
    (site / "bad.html").write_text('<img src="https://example.com/a.png">', encoding="utf-8")

    assert list(finish(site, scripts)) == ["bad.html: https://example.com/a.png"]
    assert {path.name for path in (site / "assets").iterdir()} == set(SCRIPTS.values())
    assert '"../assets/iframe-worker.js"' in (site / "guia" / "index.html").read_text(encoding="utf-8")
