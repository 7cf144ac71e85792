from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.console import Console

from stack.demo import Demo
from stack.local import LocalStack

pytestmark = pytest.mark.integration


@pytest.fixture
def without_cache(local_stack: LocalStack) -> Iterator[LocalStack]:
    local_stack.redis_stop()
    yield local_stack
    local_stack.redis_start()


def test_the_whole_sale_goes_through_and_is_attributed_with_the_cache_gone(without_cache: LocalStack) -> None:
    assert Demo(without_cache.description.document(), Console(quiet=True)).play()
