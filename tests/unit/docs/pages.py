"""Reading the documentation: its pages, their links and their headings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.template.cloudformation import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READMES = sorted(ROOT.glob("README*.md"))

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)"')
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


def name(page: Path) -> str:
    """Return a page's path in the repository, as a test's name shows it."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the links of a page that stay in the repository: the file, ``""`` for the page itself, and the anchor."""
    for target in _LINK.findall(_CODE.sub("", prose(page))):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def headings(page: Path) -> list[str]:
    """Return the headings of a page in their order, with their marks of level."""
    return [line for line in prose(page).splitlines() if _HEADING.match(line)]


def anchors(page: Path) -> set[str]:
    """Return what can be linked to on a page: its headings as GitHub and the site name them, and its own marks."""
    text = prose(page)
    slugs = {_NOT_IN_A_SLUG.sub("", heading.strip().lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
    return slugs | set(_ANCHOR.findall(text))


def navigation() -> list[str]:
    """Return the pages that the site's navigation leads to, in its order."""
    return list(_leaves(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))


def _leaves(entry: Any) -> Iterator[str]:
    match entry:
        case str():
            yield entry
        case list():
            for each in entry:
                yield from _leaves(each)
        case dict():
            for each in entry.values():
                yield from _leaves(each)
