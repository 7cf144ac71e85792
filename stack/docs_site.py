"""The documentation's site: ``python -m stack.docs_site SCRIPTS`` builds it, for a browser without a network.

The generator leaves two scripts to other hosts: what draws diagrams, and what lets a page that is a file search. Both
come from npm (``SCRIPTS`` is the folder they are installed in) and go into the site. A page that still asks another host for
anything fails the build, and so does a broken link.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / ".rastro" / "site"
GENERATOR = ROOT / ".tools" / "docs" / "bin" / "zensical"
SHIM = "https://unpkg.com/iframe-worker/shim"
SCRIPTS = {
    "@mermaid-js/tiny/dist/mermaid.tiny.js": "mermaid.tiny.js",
    "iframe-worker/shim/index.js": "iframe-worker.js",
}
"""What is taken from the packages, and its name in the site's ``assets``."""

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc="(https?:[^"]*)"|<link\b[^>]*?\bhref="(https?:[^"]*)"[^>]*>"""
)
_CANONICAL = re.compile(r"""<link\b[^>]*?\brel="(?:canonical|prev|next)"[^>]*>""")


def at_home(page: str, depth: int) -> str:
    """Return a page that takes the script for searching from the site itself; ``depth`` is how many folders it lies deep."""
    return page.replace(SHIM, "../" * depth + "assets/iframe-worker.js")


def foreign(page: str) -> list[str]:
    """Return the addresses at other hosts that a browser would load something from."""
    return [script or link for script, link in _LOADED.findall(_CANONICAL.sub("", page))]


def finish(site: Path, scripts: Path) -> Iterator[str]:
    """Bring the scripts into a built site, and yield what a page would still load from elsewhere."""
    assets = site / "assets"
    for source, name in SCRIPTS.items():
        shutil.copyfile(scripts / "node_modules" / source, assets / name)
    for path in sorted(site.rglob("*.html")):
        page = at_home(path.read_text(encoding="utf-8"), len(path.relative_to(site).parents) - 1)
        path.write_text(page, encoding="utf-8")
        for address in foreign(page):
            yield f"{path.relative_to(site)}: {address}"


def main(scripts: Path) -> int:
    """Build the site; return 1 where a link is broken or a page is not complete by itself."""
    if subprocess.run([GENERATOR, "build", "--strict", "--clean"], cwd=ROOT, check=False).returncode:
        return 1
    problems = list(finish(SITE, scripts))
    for problem in problems:
        print(f"needs a network: {problem}", file=sys.stderr)
    if not problems:
        print(f"Open {(SITE / 'index.html').relative_to(ROOT)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
