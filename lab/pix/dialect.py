"""What a PIX provider's dialect has to speak, and what every dialect is given.

A dialect answers the provider's API (``work``) and words its notices: each a list, since a provider may send several for one
change or none at all. A new provider is a module with a ``Dialect`` and a line in ``lab.pix.registry``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeGuard

from lab.faults import Fault, Service
from lab.pix.book import Charge, ChargeBook, Refund
from lab.state import Account, JsonObject, State
from lab.wire import Answer, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One notice, ready to be posted."""

    event: str
    """What it is called in the control interface."""
    body: bytes
    headers: Mapping[str, str]
    path_suffix: str = ""
    """What the provider appends to the path of the callback address (``/pix``)."""
    query: str = ""
    """What it appends to its query, without ``?``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a provider tries again: the seconds before each further try, and which answers it takes."""

    waits_seconds: Sequence[float]
    accepts: Callable[[int], bool] = field(default=lambda status: 200 <= status < 300)  # noqa: PLR2004 - any 2xx
    gives_up_on: Callable[[int], bool] = field(default=lambda _status: False)
    """Which answers end it at once, without another try."""


class SendsNotices(Protocol):
    """The way out of the notices."""

    def start(self, charge: Charge, outgoing: Outgoing) -> object:
        """Begin to deliver a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a dialect works with."""

    state: State
    book: ChargeBook
    notifier: SendsNotices
    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    """An id nobody had before, 32 hexadecimal digits."""
    lab_url: Callable[[], str]


class Refused(Exception):
    """A request that the provider refuses, in its own words."""

    def __init__(self, body: JsonObject | str, status: int = 400) -> None:
        """Take the answer's body, or a message that the dialect puts into its own shape."""
        super().__init__(str(body))
        self.body = body
        self.status = status


class Dialect(Protocol):
    """One provider, for all of its accounts; a ``lab.wire.Counterpart`` by ``PixCounterpart``."""

    def answer(self, call: Call) -> Answer:
        """Do what a request asks for; raise ``Refused``."""

    def refusal(self, message: str, status: int) -> JsonObject:
        """Word an error as the provider does."""

    def paid(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notices of a charge that was just paid."""

    def expired(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notices of a charge whose time is over."""

    def refunded(self, charge: Charge, refund: Refund) -> Sequence[Outgoing]:
        """Return the notices of money given back."""

    def disputed(self, charge: Charge) -> Sequence[Outgoing]:
        """Return the notices of a charge whose payer's bank asks for the money back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A dialect before it is given its surroundings."""

    provider: str
    credentials: tuple[str, ...]
    """What each of its accounts must be configured with."""
    retries: Retries
    speak: Callable[[Surroundings], Dialect]
    seal: Callable[[Account, bytes], Mapping[str, str]] | None = None
    """The headers that prove a body, for a provider whose proof covers it; elsewhere those of any notice do (and its query)."""


class PixCounterpart:
    """A dialect as a service of the outside world: with faults, and a record of every request."""

    service: Service = "pix"

    def __init__(self, provider: str, dialect: Dialect, *, now_ms: Callable[[], int], requests: list[JsonObject]) -> None:
        """Take the dialect, the clock, and the list that all providers write their requests to."""
        self._provider = provider
        self._dialect = dialect
        self._now_ms = now_ms
        self._requests = requests

    def work(self, call: Call) -> Answer:
        """Answer a request."""
        try:
            return self._dialect.answer(call)
        except Refused as exc:
            body = exc.body if isinstance(exc.body, dict) else self._dialect.refusal(exc.body, exc.status)
            return Answer(status=exc.status, body=body)

    def touches(self, mode: str, call: Call) -> bool:  # noqa: ARG002 - the port's signature
        """Every request can be hit."""
        return True

    def faulty(self, fault: Fault, call: Call) -> Answer:  # noqa: ARG002 - the port's signature
        """Word a fault as the provider does."""
        if fault.mode == "throttle":
            seconds = max(1, -(-(fault.delay_ms or 0) // 1000))
            body = self._dialect.refusal("Too many requests", 429)
            return Answer(status=429, body=body, headers={"Retry-After": str(seconds)})
        if fault.mode == "token_error":
            return Answer(status=401, body=self._dialect.refusal("Unauthorized", 401))
        return Answer(status=500, body=self._dialect.refusal("Internal Server Error", 500))

    def record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        """Keep a request with its answer, never with its credentials."""
        entry: JsonObject = {
            "provider": self._provider,
            "at_ms": self._now_ms(),
            "method": call.method,
            "path": f"/{call.path}",
            "body": dict(call.fields),
            "status": answer.status if answer else None,
        }
        if fault:
            entry["fault"] = fault.mode
        self._requests.append(entry)


def json_bytes(document: JsonObject) -> bytes:
    """Return a notice's body as most providers write it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def account_of(state: State, provider: str, credential: str, value: str) -> Account | None:
    """Return the account of a provider that a credential belongs to."""
    if not value:
        return None
    return next((entry for entry in state.config.accounts_at(provider) if entry.credentials.get(credential) == value), None)


def is_positive_integer(value: object) -> TypeGuard[int]:
    """Say whether a JSON value is a whole number above zero."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
