"""What axe-core has to say against a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.node import packages

_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => ({
    rule: one.id, impact: one.impact, where: one.nodes.map((node) => node.target.join(" ") + ": " + node.failureSummary),
  }));
}"""


@cache
def _script() -> str:
    return (packages.install() / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """Return every rule that the page breaks as it is now, frames of its own included."""
    for frame in page.frames:
        frame.evaluate(_script())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
