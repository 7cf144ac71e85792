"""The command on the local stack."""

from __future__ import annotations

import pytest

from stack.local import LocalStack
from tests.integration.cli.imported import Rastro


@pytest.fixture
def rastro(local_stack: LocalStack) -> Rastro:
    return Rastro(local_stack.stack_file)
