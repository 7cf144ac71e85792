"""A handler that does nothing: what the runtime itself costs."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lead nowhere."""
    return {"statusCode": 204, "headers": {}, "body": ""}
