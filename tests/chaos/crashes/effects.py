"""The ports as a run has them that may die at each of their effects; reading is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from rastro.model import Click
from tests.chaos.crashes.fate import Fate, Killed, Run

EFFECTS: dict[str, frozenset[str]] = {
    "clicks": frozenset(("put", "claim", "add_browser_ids")),
    "cache": frozenset(("put", "keep", "claimed", "forget")),
    "bot_users": frozenset(("save",)),
    "payments": frozenset(("save",)),
    "ledger": frozenset(("claim", "settle", "record", "requeue", "expire")),
    "funnels": frozenset(("put", "remember_campaign")),
    "inbox": frozenset(("take_turn", "end_turn", "keep_notice")),
    "sqs": frozenset(("send_message", "send_message_batch", "change_message_visibility_batch")),
    "telegram": frozenset(("send_message", "send_photo", "answer_callback", "create_invite_link")),
    "provider": frozenset(("create_charge", "refund")),
    "graph": frozenset(("send",)),
}
"""By port, what is changed outside of the process."""

T = TypeVar("T")


class Lifeline:
    """What a container's ports ask before each effect: the run that the container is at."""

    def __init__(self, fate: Fate) -> None:
        """Take the play's fate."""
        self._fate = fate
        self.run: Run | None = None

    @property
    def dead(self) -> bool:
        """Say whether the container's process is gone."""
        return self.run is not None and self.run.dead

    def effect(self, name: str, do: Callable[[], T]) -> T:
        """Have an effect in the present run."""
        assert self.run is not None, f"{name} outside of a run"
        return self._fate.effect(self.run, name, do)


class _Mortal:
    """A port whose every effect is a place to die at."""

    def __init__(self, name: str, inner: object, life: Lifeline) -> None:
        self._name = name
        self._inner = inner
        self._life = life

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._inner, method)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._life.dead:
                raise Killed(method)
            if method not in EFFECTS[self._name]:
                return attribute(*args, **kwargs)
            return self._life.effect(f"{self._name}.{method}", lambda: attribute(*args, **kwargs))

        return call


class _MortalClickRecord(_Mortal):
    """The click table, whose write is on its way while the cache is written: it may arrive though its sender is gone."""

    def begin_put(self, click: Click) -> Callable[[], bool]:
        arrived: list[bool] = []

        def arrive() -> bool:
            if not arrived:
                arrived.append(self._inner.put(click))  # type: ignore[attr-defined]
            return arrived[0]

        try:
            self._life.effect("clicks.send", lambda: None)
        except Killed:
            if self._life.run is not None and len(self._life.run.effects) - 1 in self._life.run.done:
                arrive()  # it died after sending
            raise
        return lambda: self._life.effect("clicks.put", arrive)


def mortal(name: str, inner: T, life: Lifeline) -> T:
    """Return a port as a run has it that may die."""
    return cast("T", _Mortal(name, inner, life))


def mortal_click_record(inner: T, life: Lifeline) -> T:
    """Return the click table likewise."""
    return cast("T", _MortalClickRecord("clicks", inner, life))
