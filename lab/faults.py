"""The fault switches: which faults each service can have, and which request is hit.

``count`` ends a fault after so many hits; ``share`` hits that fraction, chosen by a seeded generator so that a run repeats.
``delay_ms`` is how long a ``timeout`` or ``accept_then_timeout`` keeps the connection, how long a ``slow`` answer drips, the time
that ``throttle`` and ``retry_after`` name, and otherwise the wait before the answer.

``invalid_event`` hits events, not requests: an event found invalid stays invalid however often it is sent, as at Meta, so that a
batch can be split around it. Its ``count`` and ``share`` count events.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.errors import ControlError

Service = Literal["graph", "telegram", "pix"]

INVALID_EVENT = "invalid_event"
BLOCKED_USER = "blocked_user"
_EVERYWHERE = ("http_500", "html_502", "timeout", "accept_then_timeout", "reset", "slow", "throttle", "token_error")
MODES: Mapping[Service, tuple[str, ...]] = {
    "graph": (*_EVERYWHERE, INVALID_EVENT),
    "telegram": (*_EVERYWHERE, BLOCKED_USER, "retry_after"),
    "pix": _EVERYWHERE,
}
_SEED = 20261124
_HASH_RANGE = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault as it was asked for."""

    mode: str
    count: int | None = None
    share: float | None = None
    delay_ms: int | None = None


@dataclass(slots=True)
class _Active:
    fault: Fault
    hits: int = 0
    chooser: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311 - a repeatable choice is the point
    invalid_events: set[str] = field(default_factory=set)

    @property
    def is_spent(self) -> bool:
        return self.fault.count is not None and self.hits >= self.fault.count


class FaultBoard:
    """The fault that each service has at the moment, at most one."""

    def __init__(self) -> None:
        """Start without faults."""
        self._active: dict[Service, _Active] = {}

    def put(self, service: str, document: Mapping[str, Any]) -> None:
        """Switch a fault on in place of any other; raise ``ControlError`` for one that the service cannot have."""
        name = as_service(service)
        self._active[name] = _Active(_fault(name, document))

    def end(self, service: str) -> None:
        """Switch a service's fault off."""
        self._active.pop(as_service(service), None)

    def clear(self) -> None:
        """Switch every fault off."""
        self._active.clear()

    def show(self) -> dict[str, Any]:
        """Return each service's fault with its hits, or ``None``."""
        return {service: _shown(self._active.get(service)) for service in MODES}

    def draw(self, service: Service, touches: Callable[[str], bool] = lambda _mode: True) -> Fault | None:
        """Return the fault that hits this request; ``touches`` says whether a mode concerns it at all."""
        active = self._active.get(service)
        if active is None or active.is_spent or active.fault.mode == INVALID_EVENT or not touches(active.fault.mode):
            return None
        share = active.fault.share
        if share is not None and active.chooser.random() >= share:
            return None
        active.hits += 1
        return active.fault

    def makes_invalid(self, event_key: str) -> bool:
        """Say whether the event of that key is one that ``invalid_event`` refuses, now and whenever it comes again."""
        active = self._active.get("graph")
        if active is None or active.fault.mode != INVALID_EVENT:
            return False
        if event_key in active.invalid_events:
            return True
        if active.is_spent or not _is_chosen(event_key, active.fault.share):
            return False
        active.invalid_events.add(event_key)
        active.hits += 1
        return True


def as_service(name: str) -> Service:
    """Return a service by its name, or raise ``ControlError`` with the list."""
    for service in MODES:
        if service == name:
            return service
    raise ControlError(f"{name!r} has no faults; there is {', '.join(MODES)}", 404)


def _fault(service: Service, document: Mapping[str, Any]) -> Fault:
    unknown = set(document) - {"mode", "count", "share", "delay_ms"}
    if unknown:
        raise ControlError(f"a fault has mode, count, share and delay_ms, not {', '.join(sorted(unknown))}")
    mode, count, share, delay_ms = (document.get(name) for name in ("mode", "count", "share", "delay_ms"))
    if mode not in MODES[service]:
        raise ControlError(f"{service} has no fault {mode!r}; there is {', '.join(MODES[service])}")
    if count is not None and (not _is_integer(count) or count < 1):
        raise ControlError("count must be a positive integer")
    if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1):
        raise ControlError("share must be a number from 0 to 1")
    if delay_ms is not None and (not _is_integer(delay_ms) or delay_ms < 0):
        raise ControlError("delay_ms must be a non-negative integer")
    return Fault(mode=str(mode), count=count, share=None if share is None else float(share), delay_ms=delay_ms)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_chosen(event_key: str, share: float | None) -> bool:
    if share is None:
        return True
    digest = hashlib.sha256(f"{_SEED}#{event_key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * _HASH_RANGE


def _shown(active: _Active | None) -> dict[str, Any] | None:
    if active is None:
        return None
    fault = active.fault
    given = {"mode": fault.mode, "count": fault.count, "share": fault.share, "delay_ms": fault.delay_ms}
    return {name: value for name, value in given.items() if value is not None} | {
        "hits": active.hits,
        "active": not active.is_spent,
    }
