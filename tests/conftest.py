"""The local stack that the integration and browser tests share: started once a session, with the real template, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from stack.local import LocalStack

# An example may take as long as it likes: machines are shared, and a time in a test is a test of the machine.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    """A stack of this test session's own, which leaves nothing behind; its start includes the smoke test."""
    from stack.local import LocalStack  # noqa: PLC0415 - unit tests do without it

    with LocalStack() as stack:
        yield stack
