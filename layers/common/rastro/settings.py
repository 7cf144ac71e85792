"""Reading settings from an environment: each function's own ``settings`` module names what it needs."""

from __future__ import annotations

from collections.abc import Mapping


class SettingsError(RuntimeError):
    """Say which variable is missing or malformed; the function cannot start."""


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a variable that has to be set; raises ``SettingsError``."""
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


def positive_int(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a variable as a whole number above 0; raises ``SettingsError`` for anything else."""
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"the environment variable {name} must be a whole number above 0, not {text!r}")
    return int(text)
