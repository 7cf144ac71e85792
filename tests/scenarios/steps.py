"""What can happen in a journey, as data. People, browsers, clicks and fbclids have names, the same all journey long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

ANA = "Ana"
BRUNO = "Bruno"


class FunnelName(StrEnum):
    """The funnels of a journey."""

    FIRST = "curso"
    SECOND = "outro"
    """Another one, with a bot of its own and a page before it."""


class Spoiled(Enum):
    """How a token is changed on its way."""

    NOT = "as it is"
    FORGED = "one character exchanged"
    CUT = "its end cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Somebody opens an ad's link."""

    name: str
    by: str = ANA
    campaign: str | None = "natal"
    """``None``: the link stands in no ad."""
    fbclid: str | None = ""
    """``""``: one of its own; a name: the same fbclid as every click with that name; ``None``: none."""
    browser: str = "phone"
    funnel: FunnelName = FunnelName.FIRST
    refused: bool = False
    """The click table throttles every try to write this click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowBridge:
    """Somebody opens the link of the first button that the bot gave to ``owner``."""

    name: str
    by: str = ANA
    owner: str = ANA
    browser: str = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldClick:
    """A click of long ago is still in the table, and its token still in somebody's chat."""

    name: str
    days_ago: int
    by: str = ANA


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPerson:
    """Somebody is known from the system before, with an fbclid on record and no token."""

    fbclid: str
    who: str = ANA


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSale:
    """The operator imports a sale that the system before made a moment ago, every field of its click NONE."""

    payment_id: str
    fbclid: str | None
    """On its bot user; ``None``: there is none either."""
    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST


@dataclass(frozen=True, slots=True)
class Repair:
    """The operator repairs a payment."""

    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Somebody opens the bot; ``click`` is whose token arrives with it, ``None``: Telegram brings none."""

    click: str | None = None
    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST
    spoiled: Spoiled = Spoiled.NOT
    times: int = 1
    """How often Telegram delivers the same update."""


@dataclass(frozen=True, slots=True)
class Write:
    """Somebody writes to the bot; ``{A}`` stands for the token of click A, ``{bot}`` for the bot's name."""

    text: str
    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Buy:
    """Somebody presses the button and gets a PIX code."""

    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Somebody pays the PIX code that they got."""

    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST
    times: int = 1
    """How often the provider gives notice of it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody blocks the bot."""

    by: str = ANA


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Things happen in the same moment."""

    steps: tuple[Start | Buy, ...]


@dataclass(frozen=True, slots=True)
class FlushCache:
    """Redis loses everything."""


@dataclass(frozen=True, slots=True)
class WithoutCache:
    """Redis is down from here to the end."""


@dataclass(frozen=True, slots=True)
class LoseClick:
    """A click is in no store any more: not in Redis, not in the table."""

    click: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Time passes."""

    seconds: float


Step = (
    Click
    | FollowBridge
    | OldClick
    | OldPerson
    | ImportSale
    | Repair
    | Start
    | Write
    | Buy
    | Pay
    | Block
    | AtOnce
    | FlushCache
    | WithoutCache
    | LoseClick
    | Pass
)
