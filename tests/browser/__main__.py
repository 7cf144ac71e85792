"""Take the pictures that the documentation shows: the redirect's page, a report's, the lab's: ``python -m tests.browser``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from stack.local import LocalStack
from tests.browser import chromium, lab_pictures, report_pictures
from tests.browser.door import PAGE, open_door
from tests.browser.visitor import DESKTOP, IPHONE_SAFARI, PHONE, WINDOWS_CHROME, visitor
from tests.fakes.world import World

IMAGES = Path("docs/images")
_PICTURES: dict[str, dict[str, Any]] = {
    "redirect-phone": {"size": PHONE, "user_agent": IPHONE_SAFARI, "device_scale_factor": 2},
    "redirect-phone-dark": {"size": PHONE, "user_agent": IPHONE_SAFARI, "device_scale_factor": 2, "color_scheme": "dark"},
    "redirect-desktop": {"size": DESKTOP, "user_agent": WINDOWS_CHROME},
}


def main() -> int:
    """Write the pictures; return the exit code."""
    path = chromium.executable()
    if path is None:
        print(f"no Chromium on the PATH: install one, or name it in {chromium.VARIABLE}", file=sys.stderr)  # noqa: T201 - for people
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium.chromium(path) as browser:
        for name, options in _PICTURES.items():
            _take(browser, IMAGES / f"{name}.png", options)
        report_pictures.take(browser, IMAGES)
        with LocalStack(smoke=False) as stack:
            lab_pictures.take(browser, stack.lab, IMAGES)
    return 0


def _take(browser: Browser, target: Path, options: dict[str, Any]) -> None:
    funnel = replace(PAGE, name="Curso de Pão Artesanal", picture_url="https://pictures.example.com/pao.svg")
    with open_door(World(funnel)) as door, visitor(browser, **options) as somebody:
        somebody.page.goto(door.url)
        somebody.pixel_calls()
        somebody.wait_until("document.querySelector('img.face').complete")
        somebody.page.screenshot(path=target, animations="disabled")


if __name__ == "__main__":
    sys.exit(main())
