"""The lab as a process of its own, for what it plays of Meta."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.campaign.laboratory import running_lab


@pytest.fixture(scope="module")
def lab_url() -> Iterator[str]:
    with running_lab() as url:
        yield url
