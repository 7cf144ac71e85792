"""Reading settings from an environment: each function's own ``settings`` module names what it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping


class SettingsError(RuntimeError):
    """Say which variable is missing or malformed; the function cannot start."""


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a variable that has to be set; raises ``SettingsError``."""
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


def whole_number(environ: Mapping[str, str], name: str, default: int, *, at_least: int = 0) -> int:
    """Return a variable as a whole number; raises ``SettingsError`` for anything else or less."""
    text = environ.get(name, "") or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) < at_least:
        raise SettingsError(f"the environment variable {name} must be a whole number from {at_least}, not {text!r}")
    return int(text)


def positive_int(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a variable as a whole number above 0; raises ``SettingsError`` for anything else."""
    return whole_number(environ, name, default, at_least=1)


def metrics_namespace(environ: Mapping[str, str] = os.environ) -> str:
    """Return where the metrics live: by ``POWERTOOLS_METRICS_NAMESPACE``, a name that its readers know."""
    return environ.get("POWERTOOLS_METRICS_NAMESPACE", "") or "Rastro"
