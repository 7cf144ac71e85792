"""One Chromium for the tests of a module: while Playwright has it, no other test of the thread can run a loop of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        message = f"no Chromium on the PATH: install one (Debian: chromium), or name it in {chromium.VARIABLE}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with chromium.chromium(path) as started:
        yield started
