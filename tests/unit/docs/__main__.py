"""``python -m tests.unit.docs`` writes the parts of pages that are made from the code."""

from __future__ import annotations

from tests.unit.docs.blocks import BLOCKS, stands, write

for (page, name), made in BLOCKS.items():
    if stands(page, name) != (content := made()):
        write(page, name, content)
        print(f"{page}: {name}")  # noqa: T201 - for the person who runs it
