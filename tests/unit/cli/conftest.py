"""The command over a deployment in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from rastro.errors import SecretMissing, TelegramError
from rastro.meta.answer import GraphAnswer, TransportFailure
from rastro.model import DAY_MS, BotId, PixelId
from rastro.pix.provider import PixProvider
from rastro.sales.privacy import Privacy
from rastro.sales.report import Reporter
from rastro_cli.app import run
from rastro_cli.bot_account import BotAccount, BotIdentity, Webhook
from rastro_cli.composition import Deployment, Stores, wire
from rastro_cli.dead_letters import DeadLetter
from rastro_cli.installation import Installation, keys_document
from rastro_cli.options import Surroundings
from rastro_cli.output import PIPE_WIDTH
from rastro_cli.profiles import Profile
from tests.fakes.personal import InMemoryPersonalCache, InMemoryPersonalRecords
from tests.fakes.stores import InMemoryClickCache, InMemoryRollupStore, InMemorySalesBook
from tests.fakes.world import Dice, World

API = "https://go.example.com"
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


class FakeVault:
    """Secrets in memory."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.secrets: dict[str, str] = {}
        self.changed: dict[str, int] = {}
        self.written: list[str] = []
        self._now_ms = now_ms

    def get(self, name: str) -> str | None:
        return self.secrets.get(name)

    def put(self, name: str, value: str) -> None:
        self.secrets[name] = value
        self.changed[name] = self._now_ms()
        self.written.append(name)

    def changed_at_ms(self, name: str) -> int | None:
        return self.changed.get(name)

    def names(self, folder: str) -> Sequence[str]:
        return sorted(name for name in self.secrets if name.startswith(f"{folder}/"))


class FakeBotAccount:
    """A bot at Telegram, which keeps its webhook."""

    def __init__(self, bot_id: str, username: str) -> None:
        self.identity = BotIdentity(bot_id=BotId(bot_id), username=username, name="Bot")
        self.hook = Webhook()
        self.secret = ""
        self.commands: Mapping[str, str] = {}
        self.said: list[tuple[str, str]] = []
        self.fault: TelegramError | None = None
        self.faults: dict[str, TelegramError] = {}

    def me(self) -> BotIdentity:
        self._check("getMe")
        return self.identity

    def webhook(self) -> Webhook:
        self._check("getWebhookInfo")
        return self.hook

    def set_webhook(self, url: str, secret: str, allowed_updates: Sequence[str], max_connections: int) -> None:
        self._check("setWebhook")
        self.secret = secret
        self.hook = Webhook(url=url, allowed_updates=tuple(allowed_updates), max_connections=max_connections)

    def set_commands(self, commands: Mapping[str, str]) -> None:
        self._check("setMyCommands")
        self.commands = commands

    def say(self, chat_id: str, text: str) -> None:
        self._check("sendMessage")
        self.said.append((chat_id, text))

    def _check(self, method: str) -> None:
        if fault := self.faults.get(method, self.fault):
            raise fault


class FakeAccount:
    """An account at a provider that can be asked and takes callbacks."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.credentials = credentials
        self.registered: list[str] = []
        self.by_api = True
        self.fault: Exception | None = None
        self.register_fault: Exception | None = None

    def check(self) -> None:
        if self.fault:
            raise self.fault

    def register_callback(self, url: str) -> bool:
        if self.register_fault:
            raise self.register_fault
        self.registered.append(url)
        return self.by_api


class ScriptedAnswers:
    """Answers that a test wrote down; a hidden one is told apart."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.hidden_asked = 0
        self.piped = ""
        self.edit_to: Callable[[str], str | None] = lambda _text: None

    def line(self) -> str | None:
        return self.lines.pop(0) if self.lines else None

    def hidden(self) -> str | None:
        self.hidden_asked += 1
        return self.line()

    def rest(self) -> str:
        return self.piped

    def edit(self, text: str) -> str | None:
        return self.edit_to(text)


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
        self.rollup = InMemoryRollupStore()
        self.cache = InMemoryClickCache()
        self.vault = FakeVault(lambda: world.now_ms)
        self.bots: dict[str, FakeBotAccount] = {}
        self.pix_opened: list[tuple[str, FakeAccount]] = []
        self.pix_like: Callable[[FakeAccount], None] = lambda _account: None
        self.answers = ScriptedAnswers()
        self._dice = Dice()
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
            answers=self.answers,
        )
        code = run(arguments, surroundings)
        self.out, self.err = out.getvalue(), err.getvalue()
        return int(code)

    def answering(self, *lines: str) -> Operator:
        """Have these answers ready."""
        self.answers.lines = list(lines)
        return self

    def has_bot(self, bot_id: str = "7000000001", username: str = "pao_bot") -> FakeBotAccount:
        """Have a bot at Telegram, added already."""
        bot = self.at_telegram(bot_id, username)
        self.vault.secrets[f"bots/{bot_id}/token"] = token_of(bot_id)
        self.vault.secrets[f"bots/{bot_id}/webhook-secret"] = "secret-of-the-webhook"
        bot.set_webhook(f"{API}/telegram/{bot_id}", "secret-of-the-webhook", ("message", "callback_query", "my_chat_member"), 40)
        return bot

    def at_telegram(self, bot_id: str = "7000000001", username: str = "pao_bot") -> FakeBotAccount:
        """Have a bot at Telegram that was not added."""
        bot = self.bots[token_of(bot_id)] = FakeBotAccount(bot_id, username)
        return bot

    def is_ready(self) -> None:
        """Have everything that the funnel of the world needs."""
        self.has_bot()
        self.vault.secrets["signing-keys"] = keys_document("A" * 43, None)
        self.vault.secrets["providers/openpix/7000000001"] = '{"app_id": "app", "webhook_secret": "s"}'
        for pixel_id in ("1000000000000001", "1000000000000002"):
            self.vault.secrets[f"pixels/{pixel_id}/token"] = "EAAtoken"

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
                inbox=world.inbox,
            ),
            graph=lambda: self.graph,
            dead_letters=lambda: self.dead_letters,
            installation=self._installation,
            reporter=lambda: Reporter(rollup=self.rollup, book=InMemorySalesBook(world.payments), funnels=world.funnels),
            privacy=self._privacy,
            courier=world.courier,
            keys=lambda: world.keys,
            attribution_window_days=7,
            repair_window_ms=900_000,
            now_ms=lambda: world.now_ms,
        )

    def _privacy(self) -> Privacy:
        world = self.world
        return Privacy(
            bot_users=world.bot_users,
            payments=world.payments,
            funnels=world.funnels,
            ledger=world.ledger,
            records=InMemoryPersonalRecords(
                clicks=world.clicks,
                bot_users=world.bot_users,
                payments=world.payments,
                ledger=world.ledger,
                inbox=world.inbox,
            ),
            cache=InMemoryPersonalCache(self.cache),
            cache_ttl_ms=7 * DAY_MS,
            now_ms=lambda: world.now_ms,
        )

    def _installation(self) -> Installation:
        return Installation(
            vault=self.vault,
            api_url=API,
            telegram=self._telegram,
            pix=self._pix,
            token_bytes=self._dice.token_bytes,
        )

    def _telegram(self, token: str) -> BotAccount:
        unknown = FakeBotAccount("0", "")
        unknown.fault = TelegramError("getMe: 401 Unauthorized")
        return self.bots.get(token, unknown)

    def _pix(self, name: str, credentials: Mapping[str, str]) -> PixProvider:
        account = FakeAccount(credentials)
        self.pix_like(account)
        self.pix_opened.append((name, account))
        return cast("PixProvider", account)


def token_of(bot_id: str) -> str:
    """Return the token of a bot of these tests."""
    return f"{bot_id}:{'t' * 35}"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)
