"""The command over a deployment in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rastro.errors import SecretMissing
from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.model import PixelId
from rastro_cli.app import run
from rastro_cli.composition import Deployment, Stores, wire
from rastro_cli.dead_letters import DeadLetter
from rastro_cli.options import Surroundings
from rastro_cli.output import PIPE_WIDTH
from rastro_cli.profiles import Profile
from tests.fakes.world import World

STACK = {"aws": {}, "tables": {}, "functions": {}, "redis_url": ""}


class FakeGraph:
    """Answers every request alike and keeps what was sent."""

    def __init__(self) -> None:
        self.outcome: GraphAnswer | TransportFailure = GraphAnswer(
            status=200, body=b'{"events_received": 1, "messages": [], "fbtrace_id": "A1"}'
        )
        self.has_token = True
        self.sent: list[tuple[PixelId, Sequence[Mapping[str, Any]], str | None]] = []

    def send(
        self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None
    ) -> GraphAnswer | TransportFailure:
        if not self.has_token:
            raise SecretMissing(f"pixels/{pixel_id}/token")
        self.sent.append((pixel_id, events, test_event_code))
        return self.outcome

    def refuse(self, code: int, subcode: int | None = None, status: int = 400) -> None:
        error = {"code": code, "error_subcode": subcode, "fbtrace_id": "T1"}
        self.outcome = GraphAnswer(status=status, body=json.dumps({"error": error}).encode())


class FakeDeadLetters:
    """A dead letter queue in memory."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.moved: list[str] = []
        self.given_back: list[str] = []
        self.fault: BaseException | None = None

    def count(self) -> int:
        return len(self.bodies)

    def read(self, limit: int) -> Iterator[DeadLetter]:
        for number, body in enumerate(self.bodies[:limit]):
            yield DeadLetter(message_id=f"m{number}", receipt=f"r{number}", body=body)

    def move_back(self, letter: DeadLetter) -> None:
        if self.fault is not None:
            raise self.fault
        self.moved.append(letter.body)

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        self.given_back += [letter.message_id for letter in letters]


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
        self.graph = FakeGraph()
        self.dead_letters = FakeDeadLetters()
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
            graph=lambda: self.graph,
            dead_letters=lambda: self.dead_letters,
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
