"""The configuration of the lab: where Rastro is, and the bots, accounts and pixels that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.errors import ControlError

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A bot as BotFather knows it, with the secret of its webhook."""

    bot_id: str
    username: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at a PIX provider; its notices go to one bot's callback address."""

    provider: str
    bot_id: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __hash__(self) -> int:
        """Hash by what names it."""
        return hash((self.provider, self.bot_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that exists in the world outside Rastro."""

    api: str = ""
    bots: tuple[Bot, ...] = ()
    accounts: tuple[Account, ...] = ()
    pixels: Mapping[str, str] = field(default_factory=dict, repr=False)
    window: str = ""
    """Where the page of the lab reads Rastro's records; empty where nobody shows them."""

    def bot(self, bot_id: str | None) -> Bot:
        """Return a bot by its id, the first one without; raise ``ControlError`` where there is none."""
        if not self.bots:
            raise ControlError("no bot is configured: PUT /_/config first", 409)
        if bot_id is None:
            return self.bots[0]
        for bot in self.bots:
            if bot.bot_id == bot_id:
                return bot
        known = ", ".join(bot.bot_id for bot in self.bots)
        raise ControlError(f"bot {bot_id} is not configured; there is {known}", 404)

    def bot_by_token(self, token: str) -> Bot | None:
        """Return the bot that a token belongs to."""
        return next((bot for bot in self.bots if bot.token == token), None)

    def accounts_at(self, provider: str) -> list[Account]:
        """Return the accounts at a provider."""
        return [account for account in self.accounts if account.provider == provider]


@dataclass(slots=True)
class State:
    """The one thing that every counterpart shares; a reset leaves it as it is."""

    config: Config = field(default_factory=Config)


def parse_config(document: Mapping[str, Any]) -> Config:
    """Read the body of ``PUT /_/config``; raise ``ControlError`` saying which part is wrong."""
    return Config(
        api=_text(document, "api", "config").rstrip("/"),
        bots=tuple(_bot(entry, index) for index, entry in enumerate(_list(document, "bots"))),
        accounts=tuple(
            _account(provider, bot_id, entry)
            for provider, bots in _mapping(document, "providers").items()
            for bot_id, entry in _mapping({provider: bots}, provider).items()
        ),
        pixels={str(pixel_id): _plain(token, f"pixels.{pixel_id}") for pixel_id, token in _mapping(document, "pixels").items()},
        window=_text(document, "window", "config").rstrip("/") if document.get("window") else "",
    )


def _bot(entry: object, index: int) -> Bot:
    where = f"bots[{index}]"
    if not isinstance(entry, dict):
        raise ControlError(f"{where} must be an object")
    return Bot(
        bot_id=_text(entry, "bot_id", where),
        username=_text(entry, "username", where),
        token=_text(entry, "token", where),
        webhook_secret=_text(entry, "webhook_secret", where),
    )


def _account(provider: str, bot_id: str, entry: object) -> Account:
    where = f"providers.{provider}.{bot_id}"
    if not isinstance(entry, dict):
        raise ControlError(f"{where} must be an object")
    credentials = {str(name): _plain(value, f"{where}.{name}") for name, value in entry.items()}
    return Account(provider=str(provider), bot_id=str(bot_id), credentials=credentials)


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise ControlError(f"{name} must be an object")
    return value


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name, [])
    if not isinstance(value, list):
        raise ControlError(f"{name} must be a list")
    return value


def _text(document: Mapping[str, Any], name: str, where: str) -> str:
    return _plain(document.get(name), f"{where}.{name}")


def _plain(value: object, where: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ControlError(f"{where} must be a non-empty text")
    return value
