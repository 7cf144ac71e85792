"""How something is explained to people: what it means and what to do about it, in the languages that there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The languages in which things are explained."""

    PT = "pt"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What something means, and what an operator can do about it."""

    text: str
    remedy: str
