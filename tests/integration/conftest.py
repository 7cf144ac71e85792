"""The local stack that the integration tests share: started once a session, with the real template, on free ports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stack.local import LocalStack


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    """A stack of this test session's own, which leaves nothing behind; its start includes the smoke test."""
    with LocalStack() as stack:
        yield stack
