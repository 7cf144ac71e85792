"""Where the figures of a benchmark go."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def write_figures(name: str, figures: Mapping[str, float], command: str) -> Path:
    """Write ``bench/results/{name}.json``: the figures, the command, the machine and the time."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {
        "figures": dict(figures),
        "command": command,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
