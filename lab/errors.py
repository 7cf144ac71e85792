"""What a control call was refused for."""

from __future__ import annotations


class ControlError(Exception):
    """Carry the text and the HTTP status of a refused control call."""

    def __init__(self, message: str, status: int = 400) -> None:
        """Take a text that a person can act on."""
        super().__init__(message)
        self.status = status
