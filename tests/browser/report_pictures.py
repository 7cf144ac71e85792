"""The pictures of a report's page for the documentation."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.browser.report_page import written

_PICTURES: dict[str, dict[str, Any]] = {
    "report-desktop": {"viewport": {"width": 1280, "height": 1320}},
    "report-phone": {"viewport": {"width": 390, "height": 1560}, "device_scale_factor": 2, "color_scheme": "dark"},
}


def take(browser: Browser, images: Path) -> None:
    """Write ``report-desktop.png`` and ``report-phone.png``."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "report.html", clicks=60_000, payments=6_000)
        for name, options in _PICTURES.items():
            context = browser.new_context(**options)
            page = context.new_page()
            page.goto(path.as_uri())
            page.screenshot(path=images / f"{name}.png", animations="disabled")
            context.close()
