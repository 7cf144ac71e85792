"""The command over a deployment in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rastro_cli.app import run
from rastro_cli.composition import Deployment, Stores, wire
from rastro_cli.options import Surroundings
from rastro_cli.output import PIPE_WIDTH
from rastro_cli.profiles import Profile
from tests.fakes.world import World

STACK = {"aws": {}, "tables": {}, "functions": {}, "redis_url": ""}


class Operator:
    """Runs command lines and keeps what was printed."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        stack_file = folder / "stack.json"
        stack_file.write_text(json.dumps(STACK))
        self.environ: dict[str, str] = {
            "RASTRO_PROFILE": "local",
            "RASTRO_STACK_FILE": str(stack_file),
            "RASTRO_PROFILES_FILE": str(folder / "profiles.toml"),
        }
        self.opened: list[Profile] = []
        self.out = ""
        self.err = ""

    def __call__(self, *arguments: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        surroundings = Surroundings(
            environ=self.environ,
            open_deployment=self._open,
            console=Console(file=out, width=PIPE_WIDTH, highlight=False, emoji=False),
            notes=Console(file=err, width=PIPE_WIDTH, highlight=False, emoji=False),
        )
        code = run(arguments, surroundings)
        self.out, self.err = out.getvalue(), err.getvalue()
        return int(code)

    def json(self, *arguments: str) -> Mapping[str, Any]:
        """Run a command line with ``--json`` and return its document."""
        self(*arguments, "--json")
        document: Mapping[str, Any] = json.loads(self.out)
        return document

    def _open(self, profile: Profile) -> Deployment:
        self.opened.append(profile)
        world = self.world
        return wire(
            profile.name,
            Stores(
                clicks=world.clicks,
                bot_users=world.bot_users,
                payments=world.payments,
                funnels=world.funnels,
                ledger=world.ledger,
            ),
            courier=world.courier,
            keys=lambda: world.keys,
            attribution_window_days=7,
            repair_window_ms=900_000,
            now_ms=lambda: world.now_ms,
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)
