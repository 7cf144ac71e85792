"""``rastro``, and ``python -m rastro_cli``."""

from __future__ import annotations

import os
import sys

from rastro_cli.app import run
from rastro_cli.composition import open_deployment
from rastro_cli.options import Surroundings
from rastro_cli.output import console_on
from rastro_cli.questions import TerminalAnswers


def main() -> None:
    """Run the command line of this process."""
    surroundings = Surroundings(
        environ=os.environ,
        open_deployment=open_deployment,
        console=console_on(sys.stdout),
        notes=console_on(sys.stderr),
        answers=TerminalAnswers(sys.stdin, sys.stderr, os.environ),
    )
    sys.exit(run(sys.argv[1:], surroundings))


if __name__ == "__main__":
    main()
